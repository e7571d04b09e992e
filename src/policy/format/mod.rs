//! The layout of policy files: space, alignment, lines, and the expressions in them. What a file says, the order in
//! which it says it and its comments stay.
//!
//! The text is taken apart into statements ([`statement`]), whose values are laid out ([`value`]) and put together
//! again in lines ([`page`]).

mod page;
mod statement;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::files::Files;
use super::raw::{Sink, parse};

/// Lays out the text of a policy file, or of a policy test where the name of the file says so.
///
/// # Errors
/// Text that is no TOML: what is wrong with it. It is best left alone.
pub fn format(file: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let files = Files { policies: [(file.to_owned(), text.to_owned())].into(), ..Files::default() };
    let sink = Sink::new(&files);
    parse(&Arc::from(file), text, &sink);
    let problems = sink.into_found();
    if !problems.is_empty() {
        return Err(problems);
    }
    let newline = if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(page::lines(&statement::all(text)).join(newline))
}
