//! Where the tables, keys and entries of a policy set stand in its files.

use std::ops::Range;
use std::sync::Arc;

use super::files::Files;
use super::raw::{Content, Declared, Node, Place, Sink, Table, merge, parse};
use super::render::position;

/// Finds what a policy set declares in its files.
pub struct Locations<'f> {
    files: &'f Files,
    declared: Declared,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as named when loaded.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: usize,
    /// Its bytes.
    pub span: Range<usize>,
}

impl<'f> Locations<'f> {
    /// Looks through the files of a set.
    #[must_use]
    pub fn of(files: &'f Files) -> Self {
        let sink = Sink::new(files);
        let tables =
            files.policies.iter().map(|(file, text)| parse(&Arc::from(file.as_str()), text, &sink)).collect();
        Self { files, declared: merge(tables, &sink) }
    }

    /// Where something stands: kind and name of a table, then keys, an entry of a list by its `name` or `id`. What
    /// is not said stands where the last part of the path does that is. `None` where there is no such table.
    #[must_use]
    pub fn find(&self, path: &[&str]) -> Option<Location> {
        let (kind, rest) = path.split_first()?;
        let (name, keys) = rest.split_first()?;
        let table = self.declared.get(kind)?.get(*name)?;
        Some(Location::of(within(&table.value, keys).unwrap_or(&table.place), self.files))
    }
}

impl Location {
    /// Where a part of one of these files is.
    pub(crate) fn of(place: &Place, files: &Files) -> Self {
        let text = files.policies.get(&*place.file).map_or("", String::as_str);
        Self { file: Arc::clone(&place.file), line: position(text, place.start).0, span: place.span() }
    }
}

/// The place of the last part of a path that is there.
fn within<'t>(table: &'t Table, keys: &[&str]) -> Option<&'t Place> {
    let (key, rest) = keys.split_first()?;
    let entry = table.get(key)?;
    Some(beneath(&entry.node, rest).unwrap_or(&entry.key.place))
}

fn beneath<'t>(node: &'t Node, keys: &[&str]) -> Option<&'t Place> {
    match &node.content {
        Content::Table(table) => within(table, keys),
        Content::Array(items) => {
            let (name, rest) = keys.split_first()?;
            let item = items.iter().find(|item| is_named(item, name))?;
            Some(beneath(item, rest).unwrap_or(&item.place))
        }
        _ => None,
    }
}

fn is_named(item: &Node, name: &str) -> bool {
    let Content::Table(table) = &item.content else { return false };
    ["name", "id"].iter().any(|key| {
        table.get(key).is_some_and(|entry| matches!(&entry.node.content, Content::Text(text) if text == name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keys_and_entries_are_found_and_what_is_not_said_where_its_table_is() {
        let mut files = Files::default();
        let tier = "[tier.pyramid]\nby = 'x'\nlevels = [\n  { name = \"key\", top = \"1%\" },\n  { name = \"rest\" },\n]\n";
        let cadence = "[cadence.care]\n[[cadence.care.step]]\nid = \"one\"\n[[cadence.care.step]]\nid = \"two\"\nwhen = 'y'\n";
        files.policies.insert("a.toml".to_owned(), tier.to_owned());
        files.policies.insert("b.toml".to_owned(), cadence.to_owned());
        let locations = Locations::of(&files);
        let line = |path: &[&str]| locations.find(path).map(|found| (found.file.to_string(), found.line));
        let at = |file: &str, line: usize| Some((file.to_owned(), line));
        assert_eq!(line(&["tier", "pyramid"]), at("a.toml", 1));
        assert_eq!(line(&["tier", "pyramid", "by"]), at("a.toml", 2));
        assert_eq!(line(&["tier", "pyramid", "levels", "rest"]), at("a.toml", 5));
        assert_eq!(line(&["tier", "pyramid", "among"]), at("a.toml", 1));
        assert_eq!(line(&["cadence", "care", "step", "two", "when"]), at("b.toml", 6));
        assert_eq!(line(&["cadence", "care", "step", "one", "when"]), at("b.toml", 2));
        assert_eq!(line(&["tier", "other"]), None);
    }
}
