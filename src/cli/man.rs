//! `guanxi man`: the manual page, for `man -l -` and packages.

use std::fmt::Write;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::failure::Failure;
use super::print::Out;

const EXIT: &[(&str, &str)] = &[
    ("0", "Fine."),
    ("1", "What was given is wrong, or a check failed."),
    ("2", "There are changes (plan)."),
    ("70", "A fault of the program or the machine."),
];

pub(super) fn execute(out: &mut Out) -> Result<(), Failure> {
    out.text(&page()?)?;
    Ok(())
}

/// One page for the program and all its commands.
fn page() -> std::io::Result<String> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let man = Man::new(command.clone()).manual("guanxi");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        describe(&mut roff, "guanxi", command);
    }
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT {
        roff.control("TP", []).text([bold(*code)]).text([roman(*meaning)]);
    }
    roff.to_writer(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// A command with its own arguments, and those within it.
fn describe(roff: &mut Roff, before: &str, command: &Command) {
    let name = format!("{before} {}", command.get_name());
    roff.control("SS", [usage(&name, command).as_str()]);
    if let Some(about) = command.get_long_about().or_else(|| command.get_about()) {
        roff.text([roman(about.to_string())]);
    }
    let own =
        command.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help");
    for argument in own {
        let mut said = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let words: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|_| argument.get_action().takes_values())
            .map(|value| value.get_name().to_owned())
            .collect();
        if !words.is_empty() {
            let _ = write!(said, " ({})", words.join(", "));
        }
        roff.control("TP", []).text([bold(argument.to_string())]).text([roman(said)]);
    }
    for within in command.get_subcommands().filter(|within| within.get_name() != "help") {
        describe(roff, &name, within);
    }
}

fn usage(name: &str, command: &Command) -> String {
    let places: Vec<String> = command.get_positionals().map(ToString::to_string).collect();
    [name.to_owned()].into_iter().chain(places).collect::<Vec<_>>().join(" ")
}
