//! The text of a script: read once when the policy set is loaded.

use std::ops::Range;
use std::sync::Arc;

use rhai::{AST, LexError, ParseError, ParseErrorType, Position};

use super::engine::{ENGINE, LIMITS};

/// A script that could be read.
#[derive(Clone)]
pub(crate) struct Script {
    /// The file, relative to the scripts folder.
    pub(crate) file: Arc<str>,
    pub(super) tree: Arc<AST>,
}

/// What is wrong with the text of a script, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
    /// What.
    pub(crate) message: String,
    /// What to do; may be empty.
    pub(crate) help: &'static str,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The first thing that is no Rhai, that scripts can't do, or that stands outside of functions.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, Flaw> {
        if text.len() > LIMITS.text {
            let message = format!("this script is longer than {} KiB", LIMITS.text / 1024);
            return Err(Flaw { span: 0..0, message, help: "" });
        }
        let tree = ENGINE.compile(text).map_err(|error| explain(&error, text))?;
        if let Some(statement) = tree.statements().first() {
            let at = statement.position();
            return Err(Flaw {
                span: word_at(text, at),
                message: "this stands outside of functions".to_owned(),
                help: "a script holds functions only: they keep no state and see nothing but what they are given",
            });
        }
        Ok(Self { file: file.into(), tree: Arc::new(tree) })
    }

    /// How many parameters the functions of a name take.
    pub(crate) fn arities(&self, name: &str) -> Vec<usize> {
        let named = self.tree.iter_functions().filter(|function| function.name == name);
        let mut arities: Vec<usize> = named.map(|function| function.params.len()).collect();
        arities.sort_unstable();
        arities
    }

    /// The names of its functions, by name.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.tree.iter_functions().map(|function| function.name.to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A script without comments and layout; as it stands where it can't be read.
pub(crate) fn meaning(text: &str) -> String {
    let readable = text.len() <= LIMITS.text;
    let compact = readable.then(|| ENGINE.compact_script(text).ok()).flatten();
    compact.unwrap_or_else(|| text.to_owned())
}

fn explain(error: &ParseError, text: &str) -> Flaw {
    let ParseError(kind, at) = error;
    let span = word_at(text, *at);
    let found = text.get(span.clone()).unwrap_or_default();
    let (message, help) = match &**kind {
        ParseErrorType::Reserved(word) | ParseErrorType::BadInput(LexError::ImproperSymbol(word, _))
            if outside(word) =>
        {
            (
                format!("`{word}` is not allowed in a script"),
                "scripts are pure: they compute a value of what they are given",
            )
        }
        ParseErrorType::Reserved(word) => (format!("`{word}` is not allowed in a script"), ""),
        ParseErrorType::VariableUndefined(name) => (
            format!("nothing is named `{name}` here"),
            "a function sees its parameters and its own variables",
        ),
        ParseErrorType::UnexpectedEOF => ("the script ends too early".to_owned(), ""),
        ParseErrorType::BadInput(LexError::UnexpectedInput(_)) if found.starts_with('|') => (
            "functions without a name are not allowed in a script".to_owned(),
            "write a loop, or a named function and Fn(\"name\")",
        ),
        other => (other.to_string(), ""),
    };
    Flaw { span, message, help }
}

fn outside(word: &str) -> bool {
    matches!(word, "eval" | "print" | "debug" | "import" | "export" | "module" | "package")
}

/// The word at a place, at least one character; the last one for a place behind the end.
fn word_at(text: &str, at: Position) -> Range<usize> {
    let line = at.line().unwrap_or(1);
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let column = at.position().unwrap_or(1).saturating_sub(1);
    let start = before + rest.chars().take(column).map(char::len_utf8).sum::<usize>();
    let here = text.get(start..).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word: usize = here.chars().take_while(|&c| is_word(c)).map(char::len_utf8).sum();
    match here.chars().next() {
        Some(_) if word > 0 => start..start + word,
        Some(first) => start..start + first.len_utf8(),
        None => {
            let end = text.trim_end().len();
            let last = text.get(..end).and_then(|text| text.chars().next_back()).map_or(0, char::len_utf8);
            end - last..end
        }
    }
}
