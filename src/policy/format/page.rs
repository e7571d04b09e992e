//! Statements put together in lines: empty lines between tables, `=` under `=`.

use super::statement::{Comment, Statement};
use super::value;
use crate::policy::kind::KINDS;
use crate::policy::raw::{Form, form};

/// A statement whose value is laid out.
enum Laid<'t> {
    Blank,
    Comment(&'t str),
    Header { text: &'t str, path: &'t [String], comment: Option<Comment<'t>> },
    Entry { key: &'t str, value: Vec<String>, comment: Option<Comment<'t>> },
}

/// The lines of a text.
pub(super) fn lines(statements: &[Statement<'_>]) -> Vec<String> {
    let laid = laid(statements);
    let mut page = Page::default();
    for (index, statement) in laid.iter().enumerate() {
        match statement {
            Laid::Blank => page.blank(),
            Laid::Comment(text) => {
                if page.opens_table(rest(&laid, index)) {
                    page.separate();
                }
                page.put((*text).to_owned());
                page.in_heading = true;
            }
            Laid::Header { text, path, comment } => {
                if !page.in_heading && page.is_another(path) {
                    page.separate();
                }
                page.put((*text).to_owned());
                page.comment(*comment);
                page.after_header = true;
                page.table = path;
            }
            Laid::Entry { key, value, comment } => {
                let width = page.width(&laid, index);
                let (first, others) =
                    value.split_first().map_or(("", &[][..]), |(first, others)| (first, others));
                page.put(format!("{key:<width$} = {first}"));
                page.lines.extend_from_slice(others);
                page.comment(*comment);
            }
        }
    }
    page.end()
}

fn laid<'t>(statements: &'t [Statement<'t>]) -> Vec<Laid<'t>> {
    let mut table: &[String] = &[];
    let mut laid = Vec::with_capacity(statements.len());
    for statement in statements {
        laid.push(match statement {
            Statement::Blank => Laid::Blank,
            Statement::Comment(text) => Laid::Comment(text),
            Statement::Header { text, path, comment } => {
                table = path;
                Laid::Header { text, path, comment: *comment }
            }
            Statement::Entry { key, path, value, comment } => {
                let begun = key.chars().count() + " = ".len();
                let value = value::lines(value, form_of(table, path), begun);
                Laid::Entry { key, value, comment: *comment }
            }
        });
    }
    laid
}

fn rest<'s, 't>(laid: &'s [Laid<'t>], index: usize) -> &'s [Laid<'t>] {
    laid.get(index..).unwrap_or_default()
}

/// What an entry takes.
fn form_of(table: &[String], path: &[String]) -> Option<&'static Form> {
    let mut parts = table.iter().chain(path);
    let name = parts.next()?;
    let kind = KINDS.iter().find(|kind| kind.name == name)?;
    if !kind.single {
        parts.next()?;
    }
    let first = form::of_key(kind.keys, parts.next()?)?;
    parts.try_fold(first, |form, part| form.under(part))
}

/// What is written so far.
#[derive(Default)]
struct Page<'t> {
    lines: Vec<String>,
    /// The table whose keys come.
    table: &'t [String],
    /// Whether the last line is a header.
    after_header: bool,
    /// Whether the last line is a comment that belongs to what follows.
    in_heading: bool,
}

impl Page<'_> {
    fn put(&mut self, line: String) {
        self.lines.push(line);
        self.after_header = false;
        self.in_heading = false;
    }

    /// An empty line as it was written: one is enough, and none stands under a header or at the top.
    fn blank(&mut self) {
        if !self.after_header {
            self.separate();
        }
        self.in_heading = false;
    }

    /// An empty line, unless there is one.
    fn separate(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// A comment at the end of the last line, in its old column if it can be.
    fn comment(&mut self, comment: Option<Comment<'_>>) {
        let (Some(comment), Some(line)) = (comment, self.lines.last_mut()) else { return };
        let length = line.chars().count();
        line.push_str(&" ".repeat(comment.column.saturating_sub(length).max(1)));
        line.push_str(comment.text);
    }

    /// Whether a header begins another table, not a part of the last.
    fn is_another(&self, path: &[String]) -> bool {
        match path {
            [test] if test == "test" => true,
            [test, ..] if test == "test" => false,
            [kind, name, ..] => self.table.first() != Some(kind) || self.table.get(1) != Some(name),
            _ => self.table.first() != path.first(),
        }
    }

    /// Whether comments are followed at once by the header of another table, and are the first of them.
    fn opens_table(&self, laid: &[Laid<'_>]) -> bool {
        let after = laid.iter().find(|statement| !matches!(statement, Laid::Comment(_)));
        !self.in_heading && matches!(after, Some(Laid::Header { path, .. }) if self.is_another(path))
    }

    /// The width of the keys that an entry is lined up with.
    fn width(&self, laid: &[Laid<'_>], index: usize) -> usize {
        if self.table.first().is_some_and(|first| first == "test") {
            return 0;
        }
        let is_short = |statement: &Laid<'_>| key(statement).is_some_and(|key| key.chars().count() == 1);
        let own = laid.get(index).is_some_and(is_short);
        let joins = |statement: &&Laid<'_>| match statement {
            Laid::Comment(_) => true,
            Laid::Entry { .. } => is_short(statement) == own,
            Laid::Blank | Laid::Header { .. } => false,
        };
        let before = laid.get(..index).unwrap_or_default().iter().rev();
        // What takes several lines ends a block.
        let before = before.take_while(joins).take_while(|statement| !is_broken(statement));
        let after = rest(laid, index).iter().take_while(joins);
        let mut width = before.filter_map(key).map(|key| key.chars().count()).max().unwrap_or_default();
        for statement in after {
            width = width.max(key(statement).map_or(0, |key| key.chars().count()));
            if is_broken(statement) {
                break;
            }
        }
        width
    }

    fn end(mut self) -> Vec<String> {
        while self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines
    }
}

fn key<'s>(statement: &'s Laid<'_>) -> Option<&'s str> {
    match statement {
        Laid::Entry { key, .. } => Some(key),
        _ => None,
    }
}

/// Whether a value stands in several lines.
fn is_broken(statement: &Laid<'_>) -> bool {
    matches!(statement, Laid::Entry { value, .. } if value.len() > 1 || value.iter().any(|line| line.contains('\n')))
}
