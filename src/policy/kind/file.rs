//! `[channel.NAME.file]`: lines or rows added to a file.

use super::path;
use crate::policy::codes;
use crate::policy::compiled::{File, FileFormat};
use crate::policy::raw::{At, Constraint, Form, Key, Part, Reader, Sink, key, takes};

/// Keys of `[channel.NAME.file]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "path",
        takes("text", Form::Word),
        "With {date} {month} {action} {channel}; relative to the data folder; no two channels share a path.",
    )
    .needed(),
    key(
        "format",
        takes("csv or jsonl", Form::Words(&["csv", "jsonl"])),
        "How rows are written. Default by the path's ending.",
    ),
    key(
        "columns",
        takes("list of texts", Form::List(1, &Form::Word)),
        "Of a CSV file: taken from the payload, then from id, customer, action, due.",
    ),
];

/// `file` as a part of a channel.
pub(crate) static PART: Part = Part {
    title: "file",
    keys: KEYS,
    constraints: &[Constraint::Where { key: "format", words: &["csv"], other: "columns", needed: true }],
};

const PLACEHOLDERS: &[&str] = &["date", "month", "action", "channel"];

/// As written.
pub(crate) struct RawFile {
    /// Where the path stands.
    pub(crate) path: Option<At<String>>,
    format: Option<FileFormat>,
    /// The columns.
    pub(crate) columns: Vec<At<String>>,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawFile {
    let path = reader.required("path", reader.word("path"));
    let path = path.filter(|path| path::check(path, reader.sink) && check_placeholders(path, reader.sink));
    let format = format(reader, path.as_ref());
    let columns = reader.words("columns");
    match format {
        Some(FileFormat::Csv) if reader.entry("columns").is_none() => reader.missing("columns"),
        Some(FileFormat::JsonLines) => reader.useless("columns", "a JSONL file has whole objects"),
        _ => {}
    }
    if let Some(entry) = reader.entry("columns")
        && matches!(&entry.node.content, crate::policy::raw::Content::Array(items) if items.is_empty())
    {
        reader
            .sink
            .problem(&codes::table::EMPTY, &entry.node.place, "a CSV file needs at least one column")
            .report();
    }
    RawFile { path, format, columns }
}

fn format(reader: &Reader<'_>, path: Option<&At<String>>) -> Option<FileFormat> {
    if reader.entry("format").is_some() {
        let words = [("csv", FileFormat::Csv), ("jsonl", FileFormat::JsonLines)];
        return reader.choice("format", &words).map(|format| format.value);
    }
    let extension = path?.value.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "csv" => Some(FileFormat::Csv),
        "jsonl" => Some(FileFormat::JsonLines),
        _ => {
            reader.missing("format");
            None
        }
    }
}

fn check_placeholders(path: &At<String>, sink: &Sink<'_>) -> bool {
    let mut rest = path.value.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (_, after) = rest.split_at(at);
        let name = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        match name {
            Some((name, after)) if PLACEHOLDERS.contains(&name) => rest = after,
            _ => {
                let said = name.map_or_else(
                    || "a bracket that stands alone".to_owned(),
                    |(name, _)| format!("`{{{name}}}`"),
                );
                path::bad(
                    path,
                    &format!("has {said}; known are {{date}} {{month}} {{action}} {{channel}}"),
                    sink,
                );
                return false;
            }
        }
    }
    true
}

impl RawFile {
    /// What is compiled of it.
    pub(crate) fn compiled(self) -> Option<File> {
        let columns = self.columns.into_iter().map(|column| column.value).collect();
        Some(File { path: path::normal(&self.path?.value), format: self.format?, columns })
    }
}
