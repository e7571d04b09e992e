//! Reads the keys of one table: knows which there are, and reports whatever does not fit.

use super::form::{Form, Part, Takes};
use super::sink::{Report, Sink};
use super::suggest::nearest;
use super::tree::{At, Content, Entry, Node, Place, Table};
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::diagnostic::Code;

/// A key that a table may have.
#[derive(Debug)]
pub(crate) struct Key {
    /// As written.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) takes: Takes,
    /// What it means, for the reference.
    pub(crate) meaning: &'static str,
    /// Whether no such table can do without it.
    pub(crate) needed: bool,
}

/// A key with what it takes and means.
pub(crate) const fn key(name: &'static str, takes: Takes, meaning: &'static str) -> Key {
    Key { name, takes, meaning, needed: false }
}

impl Key {
    /// A key that no such table can do without.
    pub(crate) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }
}

/// One table about to be read.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// Where problems go.
    pub(crate) sink: &'a Sink<'a>,
    table: &'a Table,
    /// The place that stands for the table as a whole: its name.
    pub(crate) place: &'a Place,
    keys: &'static [Key],
    common: &'static [Key],
}

impl<'a> Reader<'a> {
    /// Begins to read a table that has these keys, and reports any other.
    pub(crate) fn new(
        sink: &'a Sink<'a>,
        table: &'a Table,
        place: &'a Place,
        keys: &'static [Key],
        common: &'static [Key],
    ) -> Self {
        let reader = Self { sink, table, place, keys, common };
        for entry in &table.entries {
            reader.check_key(&entry.key);
        }
        reader
    }

    fn known_keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().chain(self.common)
    }

    fn known(&self, key: &str) -> Option<&'static Key> {
        self.known_keys().find(|known| known.name == key)
    }

    /// Whether a key is declared with a form of this sort: what is read is what editors are told of.
    fn takes(&self, key: &str, sort: impl Fn(&Form) -> bool) -> bool {
        self.known(key).is_some_and(|known| known.takes.form.may_be(sort))
    }

    fn check_key(&self, key: &At<String>) {
        let name = key.value.as_str();
        let names: Vec<&str> = self.known_keys().map(|known| known.name).collect();
        if !names.contains(&name) {
            self.sink
                .problem(&codes::table::UNKNOWN_KEY, &key.place, format!("`{name}` is no key of this table"))
                .nearest(name, &names, false)
                .report();
        }
    }

    /// The entry of a key; also one whose key is reported as misspelt for it, so that what it says is
    /// checked as well and nothing is reported as missing.
    pub(crate) fn entry(&self, key: &str) -> Option<&'a Entry> {
        debug_assert!(self.known(key).is_some(), "{key} is not among the keys of its table");
        self.table
            .get(key)
            .or_else(|| self.table.entries.iter().find(|entry| self.is_slip_for(&entry.key.value, key)))
    }

    fn is_slip_for(&self, written: &str, key: &str) -> bool {
        let is_known = self.known_keys().any(|known| known.name == written);
        !is_known && nearest(written, self.known_keys().map(|known| known.name)) == Some(key)
    }

    /// Begins to report a problem with the table as a whole.
    pub(crate) fn problem(&self, code: &'static Code, message: impl Into<String>) -> Report<'a> {
        self.sink.problem(code, self.place, message)
    }

    /// Reports that a key is missing.
    pub(crate) fn missing(&self, key: &str) {
        let takes = self.known(key).map_or("", |known| known.takes.words);
        self.problem(&codes::table::MISSING_KEY, format!("`{key}` is missing"))
            .help(format!("add `{key} = …` ({takes})"))
            .report();
    }

    /// Reports a missing key unless it is there; gives back what was read.
    pub(crate) fn required<T>(&self, key: &str, read: Option<T>) -> Option<T> {
        debug_assert!(self.known(key).is_some_and(|known| known.needed), "{key} is not declared as needed");
        self.required_here(key, read)
    }

    /// Likewise for a key that is needed only beside some others.
    pub(crate) fn required_here<T>(&self, key: &str, read: Option<T>) -> Option<T> {
        if read.is_none() && self.entry(key).is_none() {
            self.missing(key);
        }
        read
    }

    /// Reports a value of the wrong type.
    pub(crate) fn wrong(&self, entry: &Entry, wanted: &str) {
        wrong(self.sink, &entry.key.value, &entry.node, wanted);
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Option<At<String>> {
        let entry = self.entry(key)?;
        text(self.sink, &entry.key.value, &entry.node)
    }

    /// A text that is not empty.
    pub(crate) fn word(&self, key: &str) -> Option<At<String>> {
        self.text(key).filter(|text| not_empty(self.sink, key, text))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        debug_assert!(self.takes(key, |form| matches!(form, Form::Flag)), "{key}");
        let entry = self.entry(key)?;
        if let Content::Bool(flag) = entry.node.content {
            return Some(flag);
        }
        self.wrong(entry, "true or false");
        None
    }

    /// A finite number.
    pub(crate) fn number(&self, key: &str) -> Option<At<f64>> {
        debug_assert!(self.takes(key, |form| matches!(form, Form::Number(_))), "{key}");
        let entry = self.entry(key)?;
        let found = number(&entry.node);
        if found.is_none() {
            self.wrong(entry, "a number");
        }
        found
    }

    /// A whole number within the bounds that the key is declared with.
    pub(crate) fn whole(&self, key: &str) -> Option<u32> {
        let entry = self.entry(key)?;
        let Some(Key { takes: Takes { form: Form::Whole(least, most), .. }, .. }) = self.known(key) else {
            debug_assert!(false, "{key} is not declared as a whole number");
            return None;
        };
        let Content::Integer(found) = entry.node.content else {
            self.wrong(entry, "a whole number");
            return None;
        };
        let fits = u32::try_from(found).ok().filter(|found| (least..=most).contains(&found));
        if fits.is_none() {
            let message = format!("`{key}` must be from {least} to {most}, not {found}");
            self.sink.problem(&codes::table::OUT_OF_RANGE, &entry.node.place, message).report();
        }
        fits
    }

    /// A duration.
    pub(crate) fn duration(&self, key: &str) -> Option<At<Duration>> {
        debug_assert!(self.takes(key, |form| matches!(form, Form::Duration | Form::Fixed)), "{key}");
        let entry = self.entry(key)?;
        let Content::Text(text) = &entry.node.content else {
            self.wrong(entry, "a duration in quotes, as in \"90d\"");
            return None;
        };
        match Duration::parse(text) {
            Ok(value) => Some(At { value, place: entry.node.place.clone() }),
            Err(error) => {
                self.sink
                    .problem(
                        &codes::table::BAD_DURATION,
                        &entry.node.place,
                        format!("`{text}` is no duration: {error}"),
                    )
                    .help("a whole number and a unit: s, m, h, d, w, mo or y")
                    .report();
                None
            }
        }
    }

    /// A duration of fixed length above zero, in milliseconds.
    pub(crate) fn fixed(&self, key: &str) -> Option<i64> {
        let duration = self.duration(key)?;
        fixed(self.sink, key, &duration)
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&self, key: &str, words: &[(&'static str, T)]) -> Option<At<T>> {
        let is_declared = |form: &Form| matches!(form, Form::Words(declared) if declared.iter().eq(words.iter().map(|(word, _)| word)));
        debug_assert!(self.takes(key, is_declared), "{key}");
        let text = self.text(key)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(At { value: *value, place: text.place });
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.sink
            .problem(&codes::table::NOT_A_WORD, &text.place, format!("`{}` can't be `{key}`", text.value))
            .nearest(&text.value, &names, true)
            .report();
        None
    }

    /// A list of texts, none empty, none twice. Empty where the key is absent.
    pub(crate) fn words(&self, key: &str) -> Vec<At<String>> {
        debug_assert!(self.takes(key, |form| matches!(form, Form::List(..))), "{key}");
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let Content::Array(items) = &entry.node.content else {
            self.wrong(entry, "a list of texts");
            return Vec::new();
        };
        let mut words: Vec<At<String>> = Vec::new();
        for item in items {
            let Some(word) = text(self.sink, key, item) else { continue };
            if let Some(first) = words.iter().find(|known| known.value == word.value) {
                self.sink
                    .problem(
                        &codes::table::REPEATED,
                        &word.place,
                        format!("`{}` is listed twice", word.value),
                    )
                    .related(&first.place, "first listed here")
                    .help("keep one of the two")
                    .report();
            } else if not_empty(self.sink, key, &word) {
                words.push(word);
            }
        }
        words
    }

    /// A table within, of the keys that its key is declared with.
    pub(crate) fn table(&self, key: &str) -> Option<Reader<'a>> {
        let (place, table) = self.plain_table(key)?;
        Some(Reader::new(self.sink, table, place, self.part(key)?.keys, &[]))
    }

    fn part(&self, key: &str) -> Option<&'static Part> {
        let part = self.known(key).and_then(|known| known.takes.form.part());
        debug_assert!(part.is_some(), "{key} is not declared as a table of its own keys");
        part
    }

    /// A table within whose keys are free, with the place of its own key.
    pub(crate) fn plain_table(&self, key: &str) -> Option<(&'a Place, &'a Table)> {
        let entry = self.entry(key)?;
        if let Content::Table(table) = &entry.node.content {
            return Some((&entry.key.place, table));
        }
        self.wrong(entry, "a table");
        None
    }

    /// Tables one after the other, as under `[[header]]`.
    pub(crate) fn tables(&self, key: &str) -> Vec<Reader<'a>> {
        let keys = self.part(key).map_or(&[][..], |part| part.keys);
        let tables = self.plain_tables(key).into_iter();
        tables.map(|(place, table)| Reader::new(self.sink, table, place, keys, &[])).collect()
    }

    /// Tables one after the other whose keys are free, each with its place.
    pub(crate) fn plain_tables(&self, key: &str) -> Vec<(&'a Place, &'a Table)> {
        let Some(entry) = self.entry(key) else { return Vec::new() };
        let Content::Array(items) = &entry.node.content else {
            self.wrong(entry, "a list of tables");
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            match &item.content {
                Content::Table(table) => tables.push((&item.place, table)),
                _ => wrong(self.sink, key, item, "a list of tables"),
            }
        }
        tables
    }

    /// Reports two keys that exclude each other.
    pub(crate) fn excludes(&self, key: &str, other: &str, help: &str) {
        if let (Some(_), Some(entry)) = (self.entry(key), self.entry(other)) {
            self.sink
                .problem(
                    &codes::table::EXCLUDES,
                    &entry.key.place,
                    format!("`{key}` and `{other}` exclude each other"),
                )
                .help(help)
                .report();
        }
    }

    /// Reports a key that has no effect here.
    pub(crate) fn useless(&self, key: &str, why: &str) {
        if let Some(entry) = self.entry(key) {
            self.sink
                .problem(
                    &codes::table::NO_EFFECT,
                    &entry.key.place,
                    format!("`{key}` has no effect here: {why}"),
                )
                .help("take it out")
                .report();
        }
    }
}

/// A text.
pub(crate) fn text(sink: &Sink<'_>, key: &str, node: &Node) -> Option<At<String>> {
    if let Content::Text(text) = &node.content {
        return Some(At { value: text.clone(), place: node.place.clone() });
    }
    wrong(sink, key, node, "text in quotes");
    None
}

/// A finite number.
pub(crate) fn number(node: &Node) -> Option<At<f64>> {
    let value = match node.content {
        Content::Integer(integer) => integer as f64,
        Content::Float(float) if float.is_finite() => float,
        _ => return None,
    };
    Some(At { value, place: node.place.clone() })
}

/// A duration of fixed length above zero, in milliseconds.
pub(crate) fn fixed(sink: &Sink<'_>, key: &str, duration: &At<Duration>) -> Option<i64> {
    match duration.value.fixed() {
        Some(0) => {
            sink.problem(
                &codes::table::OUT_OF_RANGE,
                &duration.place,
                format!("`{key}` must be longer than nothing"),
            )
            .report();
            None
        }
        Some(milliseconds) => Some(milliseconds),
        None => {
            sink.problem(
                &codes::table::CALENDAR_DURATION,
                &duration.place,
                format!("`{key}` can't follow the calendar: months and years differ in length"),
            )
            .help("say it in days, as in \"90d\" or \"365d\"")
            .report();
            None
        }
    }
}

fn not_empty(sink: &Sink<'_>, key: &str, text: &At<String>) -> bool {
    let is_empty = text.value.trim().is_empty();
    if is_empty {
        sink.problem(&codes::table::EMPTY, &text.place, format!("`{key}` is empty")).report();
    }
    !is_empty
}

/// Reports a value of the wrong type.
pub(crate) fn wrong(sink: &Sink<'_>, key: &str, node: &Node, wanted: &str) {
    let message = format!("`{key}` must be {wanted}, not {}", node.content.description());
    sink.problem(&codes::table::WRONG_TYPE, &node.place, message).report();
}
