//! Shorthand for problems, and the nearest of some valid words.

use std::ops::Range;

use crate::policy::diagnostic::{Code, Problem};

/// Everything found so far.
pub(super) type Problems = Vec<Problem>;

/// A problem without label, help or suggestion.
pub(super) fn problem(code: &'static Code, span: Range<usize>, message: impl Into<String>) -> Problem {
    Problem {
        code,
        span,
        message: message.into(),
        label: String::new(),
        help: String::new(),
        suggestion: None,
    }
}

/// The word most like `found`, if any is like it; among equals the first by alphabet.
pub(super) fn nearest<'a>(found: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = found.chars().count();
    let most = (length / 3).max(1);
    let folded = found.to_lowercase();
    words
        .into_iter()
        .filter(|word| !word.is_empty() && word.chars().count().abs_diff(length) <= most)
        .map(|word| (strsim::damerau_levenshtein(&folded, &word.to_lowercase()), word))
        .filter(|&(distance, word)| distance <= most && distance < word.chars().count().max(length))
        .min()
        .map(|(_, word)| word)
}

/// `"a", "b" or "c"`; long lists are cut.
pub(super) fn quoted_list<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let total = words.len();
    let mut shown: Vec<String> = words.take(SHOWN).map(|word| format!("\"{word}\"")).collect();
    if total > SHOWN {
        return format!("{} and {} more", shown.join(", "), total - SHOWN);
    }
    match shown.pop() {
        Some(last) if shown.is_empty() => last,
        Some(last) => format!("{} or {last}", shown.join(", ")),
        None => String::new(),
    }
}
