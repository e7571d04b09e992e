//! A policy set with the text it came from: read from folders, kept in the store, compared with another.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::policy::diagnostic::Diagnostic;
use crate::policy::{self, Compiled, DeclaredTable, Files};
use crate::ports::files::{self, FolderError, FolderTexts};

/// A set that passed every check.
#[derive(Clone, Debug)]
pub struct PolicySet {
    /// The text.
    pub files: Arc<Files>,
    /// What it means.
    pub compiled: Arc<Compiled>,
    /// Warnings.
    pub warnings: Arc<[Diagnostic]>,
}

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
pub enum PolicySetError {
    /// The folders can't be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The text has errors.
    #[error("the policies have {}", counted(diagnostics))]
    Invalid {
        /// The text.
        files: Box<Files>,
        /// Every problem.
        diagnostics: Vec<Diagnostic>,
    },
}

impl PolicySet {
    /// Reads and checks the set in two folders.
    ///
    /// # Errors
    /// The folders can't be read or the set has errors.
    pub fn read(policies: &Path, scripts: &Path) -> Result<Self, PolicySetError> {
        Self::check(as_files(files::read(policies, scripts)?))
    }

    /// Checks a set.
    ///
    /// # Errors
    /// The set has errors.
    pub fn check(files: Files) -> Result<Self, PolicySetError> {
        let outcome = policy::load(&files);
        match outcome.compiled {
            Some(compiled) => Ok(Self {
                files: Arc::new(files),
                compiled: Arc::new(compiled),
                warnings: outcome.diagnostics.into(),
            }),
            None => Err(PolicySetError::Invalid { files: Box::new(files), diagnostics: outcome.diagnostics }),
        }
    }

    /// How many tables of each kind the set has, as people say it.
    #[must_use]
    pub fn summary(&self) -> String {
        let compiled = &self.compiled;
        [
            ("value", compiled.values.len()),
            ("cadence", compiled.cadences.len()),
            ("trigger", compiled.triggers.len()),
            ("guard", compiled.guards.len()),
            ("action", compiled.actions.len()),
            ("channel", compiled.channels.len()),
            ("source", compiled.sources.len()),
            ("schedule", compiled.schedules.len()),
        ]
        .into_iter()
        .filter(|&(_, count)| count > 0)
        .map(|(noun, count)| plural(count, noun))
        .collect::<Vec<_>>()
        .join(", ")
    }
}

/// The texts read from folders as the checks take them.
#[must_use]
pub fn as_files(texts: FolderTexts) -> Files {
    Files { policies: texts.policies, scripts: texts.scripts }
}

/// What an edit did, by the names of tables and the files they stand in, in one line; what was removed, by the files
/// it stood in.
#[must_use]
pub fn changes(old: &Files, new: &Files) -> String {
    let (before, after) = (policy::declared_tables(old), policy::declared_tables(new));
    let added = after.iter().filter(|(name, _)| !before.contains_key(*name));
    let removed = before.iter().filter(|(name, _)| !after.contains_key(*name));
    let changed = after
        .iter()
        .filter(|(name, table)| before.get(*name).is_some_and(|former| former.content != table.content));
    let parts = [
        listed("added", added.collect()),
        listed("removed", removed.collect()),
        listed("changed", changed.collect()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "nothing but comments, layout or order changed".to_owned()
    } else {
        parts.join("; ")
    }
}

/// `changed tier.pyramid in value.toml, trigger.overdue, trigger.quiet in care.toml and 3 more`.
fn listed(verb: &str, named: Vec<(&String, &DeclaredTable<'_>)>) -> Option<String> {
    const SHOWN: usize = 8;
    let more = named.len().saturating_sub(SHOWN);
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, table) in named.into_iter().take(SHOWN) {
        by_file.entry(table.file).or_default().push(name);
    }
    let shown: Vec<String> =
        by_file.into_iter().map(|(file, names)| format!("{} in {file}", names.join(", "))).collect();
    let shown = shown.join(", ");
    match (shown.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(format!("{verb} {shown}")),
        (false, more) => Some(format!("{verb} {shown} and {more} more")),
    }
}

/// `2 errors and 1 warning`.
#[must_use]
pub fn counted(diagnostics: &[Diagnostic]) -> String {
    use crate::policy::diagnostic::Severity;
    let errors =
        diagnostics.iter().filter(|diagnostic| diagnostic.problem.code.severity() == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}

/// `1 error`, `2 errors`.
#[must_use]
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(files: &[(&str, &str)]) -> Files {
        let policies = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Files { policies, scripts: BTreeMap::new() }
    }

    #[test]
    fn an_edit_is_told_by_the_names_of_tables_wherever_they_stand() {
        let old = set(&[(
            "a.toml",
            "[customer.fields]\nname = \"text\"\n[score.a]\nvalue = '1'\n[score.b]\nvalue = '2'\n",
        )]);
        let new = set(&[
            ("a.toml", "[score.b]\nvalue = '3'\n[score.c]\nvalue = '2'\n"),
            ("b.toml", "# moved\n[customer.fields]\nname = \"text\"\nphone = \"text\"\n"),
        ]);
        assert_eq!(
            changes(&old, &new),
            "added score.c in a.toml, customer.phone in b.toml; removed score.a in a.toml; changed score.b in a.toml"
        );
        assert_eq!(changes(&old, &old), "nothing but comments, layout or order changed");
    }

    #[test]
    fn many_names_are_cut_short() {
        let scores: Vec<String> =
            (0..11).map(|index| format!("[score.s{index:02}]\nvalue = '1'\n")).collect();
        let text = scores.concat();
        let changes = changes(&set(&[]), &set(&[("a.toml", &text)]));
        assert!(changes.ends_with("score.s07 in a.toml and 3 more"), "{changes}");
    }
}
