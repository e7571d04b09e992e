//! The language reference, generated from what the loader knows.

/// The reference of the policy language as Markdown.
#[must_use]
pub fn reference() -> String {
    String::new()
}
