//! Paths relative to the data folder.

use crate::policy::codes;
use crate::policy::raw::{At, Sink};

/// Reports a path that leaves the data folder.
pub(crate) fn check(path: &At<String>, sink: &Sink<'_>) -> bool {
    let text = path.value.as_str();
    let why = if text.starts_with(['/', '\\']) || text.chars().nth(1) == Some(':') {
        "is absolute"
    } else if text.contains('\\') {
        "has a backslash; folders are separated by `/`"
    } else if text.split('/').any(|part| part == "..") {
        "leaves the data folder"
    } else if text.ends_with('/') || text.chars().any(char::is_control) {
        "names no file"
    } else {
        return true;
    };
    bad(path, why, sink);
    false
}

/// Reports a path.
pub(crate) fn bad(path: &At<String>, why: &str, sink: &Sink<'_>) {
    sink.problem(&codes::table::BAD_PATH, &path.place, format!("the path `{}` {why}", path.value))
        .help("paths are relative to the data folder and stay in it, as in \"inbox/orders*.csv\"")
        .report();
}

/// The path without `.` parts and doubled slashes, to compare with others.
pub(crate) fn normal(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}
