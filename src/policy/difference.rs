//! How two policy sets differ: table by table, and key by key where a table was edited.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::Value;

use super::Files;
use super::mask::is_secret;
use super::script::meaning;

/// A table, a customer field or a script, with the file it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredTable<'files> {
    /// The file as named when loaded; of several the first.
    pub file: &'files str,
    /// What it says; a script's text without layout and comments.
    pub content: Value,
}

/// A table that one set has otherwise than another, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChange {
    /// `kind.name`; a script by its path.
    pub table: String,
    /// The file it stands in; where it is gone, stood in.
    pub file: String,
    /// What became of it.
    #[serde(flatten)]
    pub change: Change,
}

/// What became of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Edited {
        /// What, in order of the keys.
        keys: Vec<KeyChange>,
    },
}

/// A key of a table that says something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The path within the table, with entries of lists by their name, id or number: `levels.key.top`; empty where the
    /// whole is one value.
    pub key: String,
    /// What it said, as TOML in one line; `None` where it was not there.
    pub before: Option<String>,
    /// What it says now; `None` where it is gone.
    pub after: Option<String>,
}

/// What stands for what channels keep secret.
const HIDDEN: &str = "(hidden)";
/// What stands for a script's text.
const SCRIPT: &str = "(its text)";
/// The ending of scripts.
const SCRIPTS: &str = ".rhai";
/// Where scripts stand, as people say it.
const SCRIPTS_FOLDER: &str = "the scripts";

/// The tables of a set by `kind.name`; customer fields one by one, since several files may declare them, and the keys of
/// `[settings]` likewise. Text that is no TOML has none.
#[must_use]
pub fn declared_tables(files: &Files) -> BTreeMap<String, DeclaredTable<'_>> {
    let mut tables = BTreeMap::new();
    for (path, text) in &files.scripts {
        tables.insert(
            path.clone(),
            DeclaredTable { file: SCRIPTS_FOLDER, content: Value::String(meaning(text)) },
        );
    }
    for (file, text) in &files.policies {
        let Ok(kinds) = text.parse::<toml::Table>() else { continue };
        for (kind, named) in kinds {
            let Value::Table(named) = named else { continue };
            for (name, content) in named {
                match content {
                    Value::Table(fields) if kind == "customer" && name == "fields" => {
                        for (field, content) in fields {
                            add(&mut tables, format!("customer.{field}"), DeclaredTable { file, content });
                        }
                    }
                    content => add(&mut tables, format!("{kind}.{name}"), DeclaredTable { file, content }),
                }
            }
        }
    }
    tables
}

/// Adds a table, or the rest of one whose parts stand in several files.
fn add<'files>(
    tables: &mut BTreeMap<String, DeclaredTable<'files>>,
    name: String,
    added: DeclaredTable<'files>,
) {
    match (tables.get_mut(&name), added) {
        (
            Some(DeclaredTable { content: Value::Table(known), .. }),
            DeclaredTable { content: Value::Table(rest), .. },
        ) => known.extend(rest),
        (_, added) => {
            tables.insert(name, added);
        }
    }
}

/// What was added, removed and edited from one set to another, in order of the names.
#[must_use]
pub fn differences(old: &Files, new: &Files) -> Vec<TableChange> {
    let (before, after) = (declared_tables(old), declared_tables(new));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter_map(|name| {
        let (file, change) = match (before.get(name), after.get(name)) {
            (None, Some(added)) => (added.file, Change::Added),
            (Some(removed), None) => (removed.file, Change::Removed),
            (Some(was), Some(is)) if was.content != is.content => (is.file, edited(name, was, is)),
            _ => return None,
        };
        Some(TableChange { table: name.clone(), file: file.to_owned(), change })
    });
    changed.collect()
}

fn edited(table: &str, was: &DeclaredTable<'_>, is: &DeclaredTable<'_>) -> Change {
    if table.ends_with(SCRIPTS) {
        let text = Some(SCRIPT.to_owned());
        return Change::Edited {
            keys: vec![KeyChange { key: String::new(), before: text.clone(), after: text }],
        };
    }
    let mut found = Found { hides: table.starts_with("channel."), keys: Vec::new() };
    found.compare("", Some(&was.content), Some(&is.content));
    Change::Edited { keys: found.keys }
}

/// The keys that differ.
struct Found {
    /// Whether the table may hold secrets.
    hides: bool,
    keys: Vec<KeyChange>,
}

impl Found {
    fn compare(&mut self, path: &str, was: Option<&Value>, is: Option<&Value>) {
        match (was, is) {
            (was, is) if was == is => {}
            (Some(Value::Table(was)), Some(Value::Table(is))) => {
                let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
                for key in keys {
                    self.compare(&joined(path, key), was.get(key), is.get(key));
                }
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) if are_tables(was) && are_tables(is) => {
                self.compare_lists(path, was, is);
            }
            (was, is) => {
                let (before, after) = (self.said(path, was), self.said(path, is));
                self.keys.push(KeyChange { key: path.to_owned(), before, after });
            }
        }
    }

    /// Compares lists of tables entry by entry, by what the entries are called where all have a name of their own.
    fn compare_lists(&mut self, path: &str, was: &[Value], is: &[Value]) {
        let names = names(was).zip(names(is));
        let Some((before, after)) = names else {
            for index in 0..was.len().max(is.len()) {
                self.compare(&joined(path, &(index + 1).to_string()), was.get(index), is.get(index));
            }
            return;
        };
        let entry = |names: &[&str], list: &'_ [Value], name: &str| {
            let at = names.iter().position(|known| *known == name)?;
            list.get(at).cloned()
        };
        let all = before.iter().chain(after.iter().filter(|name| !before.contains(name)));
        for name in all {
            let (was, is) = (entry(&before, was, name), entry(&after, is, name));
            self.compare(&joined(path, name), was.as_ref(), is.as_ref());
        }
        let kept = |names: &[&str], others: &[&str]| {
            names.iter().copied().filter(|name| others.contains(name)).collect::<Vec<_>>().join(", ")
        };
        let (was, is) = (kept(&before, &after), kept(&after, &before));
        if was != is {
            let key = format!("{path} (order)");
            self.keys.push(KeyChange { key, before: Some(was), after: Some(is) });
        }
    }

    fn said(&self, path: &str, value: Option<&Value>) -> Option<String> {
        let value = value?;
        if self.hides && (path.split('.').any(is_secret) || holds_secret(value)) {
            return Some(HIDDEN.to_owned());
        }
        Some(in_one_line(value))
    }
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Table(table) => table.iter().any(|(key, value)| is_secret(key) || holds_secret(value)),
        Value::Array(items) => items.iter().any(holds_secret),
        _ => false,
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn are_tables(list: &[Value]) -> bool {
    list.iter().all(Value::is_table)
}

/// What the entries of a list are called, where each has a name that no other has.
fn names(list: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> =
        list.iter().map(|entry| entry.get("id").or(entry.get("name"))?.as_str()).collect::<Option<_>>()?;
    let different: BTreeSet<&str> = names.iter().copied().collect();
    (different.len() == names.len()).then_some(names)
}

/// A value as TOML in one line.
fn in_one_line(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{key} = {}", in_one_line(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Text in the quotes that need no escapes, as people write expressions; with them where it has lines.
fn quoted(text: &str) -> String {
    let is_plain = |quote: char| !text.contains(quote) && !text.contains(char::is_control);
    if is_plain('"') && !text.contains('\\') {
        format!("\"{text}\"")
    } else if is_plain('\'') {
        format!("'{text}'")
    } else {
        format!("{text:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(policy: &str) -> Files {
        let policies = BTreeMap::from([("a.toml".to_owned(), policy.to_owned())]);
        Files { policies, scripts: BTreeMap::new() }
    }

    /// The differences, a line each.
    fn said(old: &str, new: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for TableChange { table, change, .. } in differences(&set(old), &set(new)) {
            match change {
                Change::Added => lines.push(format!("+ {table}")),
                Change::Removed => lines.push(format!("- {table}")),
                Change::Edited { keys } => {
                    for KeyChange { key, before, after } in keys {
                        let text = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
                        lines.push(format!("{table} {key}: {} → {}", text(before), text(after)));
                    }
                }
            }
        }
        lines
    }

    #[test]
    fn levels_and_steps_are_told_by_their_names_wherever_they_stand() {
        let old = "[tier.t]\nlevels = [{ name = \"a\", top = \"1%\" }, { name = \"b\", when = 'x > 1' }, { name = \"c\" }]\n";
        let new = "[tier.t]\nlevels = [{ name = \"b\", when = 'x > 2' }, { name = \"a\", top = \"1%\" }, { name = \"d\" }]\n";
        assert_eq!(
            said(old, new),
            [
                "tier.t levels.b.when: \"x > 1\" → \"x > 2\"",
                "tier.t levels.c: { name = \"c\" } → nothing",
                "tier.t levels.d: nothing → { name = \"d\" }",
                "tier.t levels (order): \"a, b\" → \"b, a\"",
            ]
            .map(|line| line.replace("\"a, b\"", "a, b").replace("\"b, a\"", "b, a"))
        );
    }

    #[test]
    fn entries_without_names_are_told_by_their_number_and_tables_by_what_became_of_them() {
        let old = "[settings]\ntimezone = \"UTC\"\n[ledger.g]\n[[ledger.g.entry]]\namount = '2'\n[score.s]\nvalue = '1'\n";
        let new = "[settings]\ntimezone = \"Asia/Tokyo\"\n[ledger.g]\n[[ledger.g.entry]]\namount = '3'\n[score.n]\nvalue = '1'\n";
        assert_eq!(
            said(old, new),
            [
                "ledger.g entry.1.amount: \"2\" → \"3\"",
                "+ score.n",
                "- score.s",
                "settings.timezone : \"UTC\" → \"Asia/Tokyo\"",
            ]
        );
        assert_eq!(said(old, &format!("# only a remark\n{old}")), [""; 0]);
    }

    #[test]
    fn what_channels_keep_secret_is_not_told() {
        let channel = |secret: &str, header: &str| {
            format!(
                "[channel.c.webhook]\nurl = \"http://x\"\nsecret = [\"{secret}\"]\nheaders = {{ a = \"{header}\" }}\n\
                 [action.a]\nurl = \"{secret}\"\n"
            )
        };
        assert_eq!(
            said(&channel("KEY", "b"), &channel("KEY2", "KEY")),
            [
                "action.a url: \"KEY\" → \"KEY2\"",
                "channel.c webhook.headers.a: (hidden) → (hidden)",
                "channel.c webhook.secret: (hidden) → (hidden)",
            ]
        );
        let added = said("[channel.c]\ntitle = \"t\"\n", &channel("KEY", "KEY").replace("[action", "[other"));
        assert!(!added.join("\n").contains("KEY\""), "{added:?}");
    }

    #[test]
    fn a_table_over_several_files_is_one() {
        let mut both = set("[guard.g]\ntags = [\"a\"]\n");
        both.policies.insert("b.toml".to_owned(), "[guard.g.cap]\nmax = 2\n".to_owned());
        let one = set("[guard.g]\ntags = [\"a\"]\n[guard.g.cap]\nmax = 2\n");
        assert_eq!(differences(&one, &both), []);
    }
}
