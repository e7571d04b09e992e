//! The structure holds: who may import what, who may name which library, what the top level shows.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules each module may use besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ports", &["model", "policy"]),
    ("policy", &["model"]),
    ("archive", &["model"]),
    ("evaluate", &["model", "policy"]),
    ("care", &["model", "policy"]),
    ("intake", &["model", "ports", "policy", "evaluate", "archive"]),
    ("emit", &["model", "ports", "policy", "archive", "care"]),
    ("engine", &["model", "ports", "policy", "archive", "evaluate", "care", "schedule"]),
    ("schedule", &["model", "policy"]),
    ("explain", &["model", "policy", "archive", "evaluate", "care", "engine", "schedule"]),
    ("rehearsal", &["model", "ports", "policy", "archive", "evaluate", "engine", "schedule"]),
    ("simulate", &["model", "policy", "archive", "engine", "schedule", "rehearsal"]),
    ("report", &["model", "policy", "archive"]),
    ("policy_test", &["model", "ports", "policy", "archive", "evaluate", "engine", "rehearsal", "explain"]),
    ("plan", &["model", "policy", "archive", "evaluate", "care", "engine", "schedule", "rehearsal"]),
    ("demo", &["model", "ports"]),
    (
        "daemon",
        &[
            "model", "ports", "policy", "archive", "evaluate", "care", "intake", "emit", "engine",
            "schedule", "explain", "plan",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "ports",
            "policy",
            "archive",
            "evaluate",
            "care",
            "intake",
            "emit",
            "engine",
            "demo",
            "daemon",
            "schedule",
            "explain",
            "rehearsal",
            "simulate",
            "plan",
            "report",
            "policy_test",
        ],
    ),
];

/// Words that only some places may name, with those places as path prefixes under `src`.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["archive/"]),
    ("rhai::", &["policy/expression/", "policy/script/"]),
    ("SystemTime::now", &["ports/system.rs"]),
    ("Utc::now", &["ports/system.rs"]),
    ("Local::now", &["ports/system.rs"]),
    ("getrandom", &["ports/system.rs"]),
    ("env::var", &["ports/system.rs"]),
    ("println!", &["cli/"]),
];

/// Modules that compute and do nothing else.
const PURE: &[&str] = &["model/", "policy/", "evaluate/", "care/", "schedule/"];

/// What the pure modules must not name: clocks, files, threads, and maps whose order is not fixed by their keys.
const IMPURE: &[&str] =
    &["std::fs", "std::net", "std::thread", "Instant::now", "tokio", "std::collections::HashMap"];

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                if name.contains("tests") {
                    continue;
                }
                found.insert(name, code(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// The lines before the unit tests, without comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

fn used_modules(text: &str) -> Vec<String> {
    let paths = text.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
        None => vec![rest],
    });
    paths
        .map(|path| path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect())
        .filter(|name: &String| MAY_USE.iter().any(|(module, _)| module == name))
        .collect()
}

#[test]
fn a_module_uses_only_what_the_architecture_allows() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let from = module(&file).to_owned();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == from) else { continue };
        for used in used_modules(&text) {
            if used != from && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_is_under_the_rules() {
    for file in sources().keys() {
        let name = module(file);
        assert!(
            ["lib", "main"].contains(&name) || MAY_USE.iter().any(|(module, _)| *module == name),
            "{file}: add its module to the rules"
        );
    }
}

#[test]
fn libraries_and_the_clock_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (word, places) in ONLY_IN {
            if text.contains(word) && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file} names {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_modules_name_nothing_impure() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !PURE.iter().any(|place| file.starts_with(place)) {
            continue;
        }
        wrong
            .extend(IMPURE.iter().filter(|word| text.contains(**word)).map(|word| format!("{file}: {word}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_top_level_shows_what_was_agreed() {
    const AGREED: &[&str] =
        &["Cargo.toml", "Cargo.lock", "src", "policies", "scripts", "tests", "README.md", "LICENSE"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in AGREED {
        assert!(root.join(name).exists(), "{name} is missing");
    }
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || name == "target" || AGREED.contains(&name.as_str()),
            "{name} does not belong at the top"
        );
    }
}
