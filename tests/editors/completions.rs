//! `guanxi completions`, `guanxi man` and the help texts.

use std::collections::BTreeSet;
use std::process::Command;

use crate::desk::{Desk, printed};

/// The names of all commands, as `--help` lists them.
fn commands(desk: &Desk) -> Vec<String> {
    let help = printed(&desk.guanxi(&["--help"]), 0);
    let listed = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<String> =
        names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(names.len() >= 19 && names.contains(&"fmt".to_owned()), "{names:?}");
    names
}

#[test]
fn every_shell_gets_every_command_and_the_values_there_are_to_choose_from() {
    let desk = Desk::with(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&desk.guanxi(&["completions", shell]), 0);
        for name in commands(&desk) {
            assert!(script.contains(&name), "{shell} lacks {name}");
        }
        // Values are not completed by all.
        if ["bash", "zsh", "fish"].contains(&shell) {
            for value in ["suppressed", "jsonl"] {
                assert!(script.contains(value), "{shell} lacks {value}");
            }
        }
    }
    let unknown = printed(&desk.guanxi(&["completions", "tcl"]), 1);
    assert!(unknown.contains("possible values: bash"), "{unknown}");
}

#[test]
fn bash_reads_its_completions_and_completes_by_them() {
    let desk = Desk::with(&[]);
    let script = printed(&desk.guanxi(&["completions", "bash"]), 0);
    let ask = "COMP_WORDS=(guanxi touches --state sup); COMP_CWORD=3; _guanxi guanxi sup --state; printf '%s' \"${COMPREPLY[*]}\"";
    let Ok(output) = Command::new("bash").args(["--norc", "-c", &format!("{script}\n{ask}")]).output() else {
        eprintln!("bash is not there: its completions are not tried");
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "suppressed",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_manual_page_has_every_command_with_its_arguments_and_the_exit_codes() {
    let desk = Desk::with(&[]);
    let page = printed(&desk.guanxi(&["man"]), 0);
    for name in commands(&desk).iter().filter(|name| *name != "help") {
        assert!(page.contains(&format!(".SS \"guanxi {name}")), "{name} is missing in:\n{page}");
    }
    for part in [".SH NAME", ".SH SYNOPSIS", ".SH \"EXIT STATUS\"", "guanxi runs approve", "suppressed"] {
        assert!(page.contains(part), "{part} is missing in:\n{page}");
    }
}

#[test]
fn every_command_and_flag_has_a_help_text() {
    let desk = Desk::with(&[]);
    let mut seen = BTreeSet::new();
    let mut asked: Vec<Vec<String>> = commands(&desk).into_iter().map(|name| vec![name]).collect();
    while let Some(words) = asked.pop() {
        if words.last().is_some_and(|word| word == "help") {
            continue;
        }
        let all: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = printed(&desk.guanxi(&all), 0);
        assert!(!help.starts_with("Usage"), "{words:?} says nothing of itself");
        for line in help
            .lines()
            .filter(|line| line.trim_start().starts_with(['-', '<']) && !line.starts_with("          "))
        {
            let described = line.trim().split("  ").filter(|part| !part.trim().is_empty()).count() > 1;
            let continues = help
                .lines()
                .skip_while(|other| *other != line)
                .nth(1)
                .is_some_and(|next| next.starts_with("          "));
            assert!(described || continues, "{words:?}: no help for `{line}`");
        }
        if let Some(listed) = help.split("Commands:\n").nth(1) {
            let names = listed.split("\n\n").next().unwrap_or_default().lines();
            let within = names.filter_map(|line| line.split_whitespace().next());
            asked.extend(within.map(|name| words.iter().cloned().chain([name.to_owned()]).collect()));
        }
        seen.insert(words);
    }
    assert!(seen.len() >= 22, "{seen:?}");
}
