//! `guanxi init`: a small set of policies to begin with, with tests, and some customers to try it on.

mod sample;

use serde_json::json;

use super::arguments::{Common, Init};
use super::failure::Failure;
use super::print::Out;
use super::times;
use crate::ports::edit;
use crate::{policy, policy_test};

/// The files that are the same for everybody, by path.
const SET: &[(&str, &str)] = &[
    ("policies/archive.toml", include_str!("set/policies/archive.toml")),
    ("policies/lapsing.toml", include_str!("set/policies/lapsing.toml")),
    ("policies/lapsing.test.toml", include_str!("set/policies/lapsing.test.toml")),
    (".gitignore", include_str!("set/gitignore")),
    (".taplo.toml", include_str!("set/taplo.toml")),
];

/// What to try first, each with what comes of it.
const NEXT: [(&str, &str); 3] = [
    ("guanxi check", "reads the policies and says what is wrong with them"),
    ("guanxi test", "runs their tests"),
    ("guanxi once", "imports the inbox, decides who is to be called, and writes out/calls-….csv"),
];

pub(super) fn execute(common: &Common, command: &Init, out: &mut Out) -> Result<(), Failure> {
    let clock = times::clock(command.at.now.as_deref(), chrono_tz::UTC)?;
    let today = clock.now();
    let made = [
        ("policies/.policy.schema.json", as_text(&policy::schema())),
        ("policies/.test.schema.json", as_text(&policy_test::schema())),
        ("inbox/customers.csv", sample::customers()),
        ("inbox/orders.csv", sample::orders(today)),
    ];
    let made = made.iter().map(|(path, text)| (*path, text.as_str()));
    let files: Vec<(&str, &str)> = SET.iter().copied().chain(made).collect();
    edit::fill(&command.folder, files.iter().copied())?;
    let folder = command.folder.display();
    let mut paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    paths.sort_unstable();
    if common.json {
        let next: Vec<&str> = NEXT.iter().map(|(command, _)| *command).collect();
        out.json(&json!({ "folder": folder.to_string(), "files": paths, "next": next }))?;
        return Ok(());
    }
    out.line(format_args!("{folder} holds a policy set to begin with: {} files", paths.len()))?;
    out.line(format_args!("\nNow, after `cd {folder}`:"))?;
    for (command, does) in NEXT {
        out.line(format_args!("  {command:<13} {does}"))?;
    }
    Ok(())
}

fn as_text(schema: &serde_json::Value) -> String {
    format!("{schema:#}\n")
}
