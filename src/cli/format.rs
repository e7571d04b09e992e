//! `guanxi fmt`: the layout of policy files.

use std::io::Read;
use std::path::PathBuf;

use serde_json::json;

use super::arguments::{Common, Layout};
use super::failure::Failure;
use super::print::{self, Out};
use super::{difference, open};
use crate::policy::{self, Files};
use crate::ports::{edit, files};

/// What became of one file.
struct Formatted {
    name: String,
    before: String,
    /// `None` where it is no TOML and left alone.
    after: Option<String>,
}

impl Formatted {
    fn changed(&self) -> Option<&str> {
        self.after.as_deref().filter(|after| *after != self.before)
    }
}

pub(super) fn execute(common: &Common, command: &Layout, out: &mut Out) -> Result<(), Failure> {
    if command.stdin {
        return from_stdin(command, out);
    }
    let mut all = Vec::new();
    for (path, text) in texts(common, command)? {
        let file = formatted(&path.display().to_string(), text);
        if let Some(after) = file.changed().filter(|_| !command.check) {
            edit::replace(&path, after)?;
        }
        all.push(file);
    }
    report(common, command, &all, out)?;
    let is_broken = all.iter().any(|file| file.after.is_none());
    let differs = command.check && all.iter().any(|file| file.changed().is_some());
    if is_broken || differs { print::told() } else { Ok(()) }
}

/// The files that are named, or all policies and policy tests.
fn texts(common: &Common, command: &Layout) -> Result<Vec<(PathBuf, String)>, Failure> {
    if !command.files.is_empty() {
        let read = |path: &PathBuf| Ok((path.clone(), edit::read(path)?));
        return command.files.iter().map(read).collect();
    }
    let mut texts = files::read_tests(&common.policies)?;
    texts.extend(files::read(&common.policies, &common.scripts)?.policies);
    Ok(texts.into_iter().map(|(name, text)| (common.policies.join(name), text)).collect())
}

/// From stdin to stdout, as editors ask.
fn from_stdin(command: &Layout, out: &mut Out) -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| Failure::input(format_args!("stdin: {error}")))?;
    let file = formatted("stdin", text);
    let Some(after) = &file.after else { return print::told() };
    if !command.check {
        out.text(after)?;
        return Ok(());
    }
    match file.changed() {
        Some(after) => {
            out.text(&difference::unified("stdin", &file.before, after))?;
            print::told()
        }
        None => Ok(()),
    }
}

/// Lays out a text; says what is wrong with one that is no TOML.
fn formatted(name: &str, before: String) -> Formatted {
    let after = match policy::format(name, &before) {
        Ok(after) => Some(after),
        Err(problems) => {
            let files = Files { policies: [(name.to_owned(), before.clone())].into(), ..Files::default() };
            print::message(policy::render(&problems, &files, open::colored()));
            print::message(format_args!("{name} is left as it is"));
            None
        }
    };
    Formatted { name: name.to_owned(), before, after }
}

fn report(common: &Common, command: &Layout, all: &[Formatted], out: &mut Out) -> Result<(), Failure> {
    let changed: Vec<&Formatted> = all.iter().filter(|file| file.changed().is_some()).collect();
    let broken = all.iter().filter(|file| file.after.is_none()).count();
    if common.json {
        let names = |wanted: &dyn Fn(&Formatted) -> bool| -> Vec<&str> {
            all.iter().filter(|file| wanted(file)).map(|file| file.name.as_str()).collect()
        };
        out.json(&json!({
            "checked": all.len(),
            "changed": names(&|file| file.changed().is_some()),
            "unreadable": names(&|file| file.after.is_none()),
            "written": !command.check,
        }))?;
        return Ok(());
    }
    for file in &changed {
        if command.check {
            out.text(&difference::unified(&file.name, &file.before, file.changed().unwrap_or_default()))?;
        } else {
            out.line(&file.name)?;
        }
    }
    let said = if command.check { "would change" } else { "changed" };
    let unread = if broken > 0 { format!(", {broken} left as they are") } else { String::new() };
    print::message(format_args!("{} of {} files {said}{unread}", changed.len(), all.len()));
    Ok(())
}
