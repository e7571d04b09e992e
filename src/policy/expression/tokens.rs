//! The words of an expression with their places. Rhai says where a part begins but not where it
//! ends; with the tokens both are known, and what the language does not have is named early.

use std::ops::Range;

use super::codes;
use super::problem::{Problems, problem};
use crate::policy::diagnostic::Problem;

/// One word of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes of the text.
    pub(super) span: Range<usize>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// Digits with all that belongs to them, without a sign.
    Number,
    /// Text in double quotes.
    Text,
    /// An operator, bracket or separator, as written.
    Symbol(&'static str),
}

/// Symbols of Rhai, longer ones before those they begin with.
const SYMBOLS: &[&str] = &[
    "!in", "===", "!==", "...", "..=", "**=", "<<=", ">>=", "::<", "**", "==", "!=", "<=", ">=", "=<", "=>",
    "<>", "&&", "||", "??", "?.", "?[", "..", "::", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<",
    ">>", "++", "--", "->", "<-", "+", "-", "*", "/", "%", "<", ">", "=", "!", "&", "|", "^", "~", "?", "(",
    ")", "[", "]", "{", "}", ",", ".", ";", ":", "#", "@", "$",
];

/// Splits a text into tokens; comments and space are left out.
///
/// # Errors
/// Text that is not closed, and characters no token begins with.
pub(super) fn scan(text: &str) -> Result<Vec<Token>, Problems> {
    let mut scanner = Scanner { text, at: 0, problems: Vec::new() };
    let mut tokens = Vec::new();
    while let Some(token) = scanner.next_token() {
        tokens.push(token);
    }
    if scanner.problems.is_empty() { Ok(tokens) } else { Err(scanner.problems) }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    problems: Vec<Problem>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest().chars().nth(ahead)
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|character| !wanted(character)).unwrap_or(rest.len());
    }

    fn next_token(&mut self) -> Option<Token> {
        loop {
            self.skip_while(|character| character.is_ascii_whitespace());
            let start = self.at;
            let first = self.peek(0)?;
            let kind = match first {
                '/' if matches!(self.peek(1), Some('/' | '*')) => {
                    self.comment();
                    continue;
                }
                'a'..='z' | 'A'..='Z' | '_' => {
                    self.skip_while(|character| character.is_ascii_alphanumeric() || character == '_');
                    Kind::Word
                }
                '0'..='9' => {
                    self.number();
                    Kind::Number
                }
                '"' => {
                    self.quoted('"');
                    Kind::Text
                }
                '\'' | '`' => {
                    self.wrong_quotes(first);
                    continue;
                }
                _ => {
                    let Some(symbol) = self.symbol() else {
                        self.unknown(first);
                        continue;
                    };
                    Kind::Symbol(symbol)
                }
            };
            return Some(Token { kind, span: start..self.at });
        }
    }

    fn comment(&mut self) {
        if self.peek(1) == Some('/') {
            self.skip_while(|character| character != '\n');
            return;
        }
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth = depth.saturating_sub(1);
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else if let Some(character) = self.peek(0) {
                self.at += character.len_utf8();
            } else {
                self.problems.push(problem(&codes::SYNTAX, start..self.at, "this comment has no end"));
                return;
            }
        }
    }

    fn number(&mut self) {
        if self.peek(0) == Some('0') && matches!(self.peek(1), Some('x' | 'X' | 'o' | 'O' | 'b' | 'B')) {
            self.at += 2;
            self.skip_while(|character| character.is_ascii_hexdigit() || character == '_');
            return;
        }
        let digits = |character: char| character.is_ascii_digit() || character == '_';
        self.skip_while(digits);
        if self.peek(0) == Some('.') {
            let takes_period = self.peek(1).is_none_or(|next| {
                next.is_ascii_digit() || !(next == '_' || next == '.' || next.is_ascii_alphabetic())
            });
            if takes_period && self.peek(1).is_some() {
                self.at += 1;
                self.skip_while(digits);
            }
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let signed = matches!(self.peek(1), Some('+' | '-'));
            if signed || self.peek(1).is_some_and(|next| next.is_ascii_digit()) {
                self.at += 1 + usize::from(signed);
                self.skip_while(digits);
            }
        }
    }

    /// From an opening quote past the closing one, on one line unless continued with `\`. A doubled
    /// quote stands for itself.
    fn quoted(&mut self, quote: char) {
        let start = self.at;
        self.at += quote.len_utf8();
        while let Some(character) = self.peek(0) {
            if character == '\n' {
                break;
            }
            self.at += character.len_utf8();
            match character {
                '\\' => {
                    if self.peek(0) == Some('\r') && self.peek(1) == Some('\n') {
                        self.at += 1;
                    }
                    self.at += self.peek(0).map_or(0, char::len_utf8);
                }
                _ if character == quote => {
                    if self.peek(0) == Some(quote) {
                        self.at += quote.len_utf8();
                    } else {
                        return;
                    }
                }
                _ => {}
            }
        }
        self.problems.push(Problem {
            help: format!("close it with {quote} on the same line"),
            ..problem(&codes::SYNTAX, start..self.at, "this text has no closing quote")
        });
    }

    fn wrong_quotes(&mut self, quote: char) {
        let start = self.at;
        let known = self.problems.len();
        self.quoted(quote);
        self.problems.truncate(known);
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        let inner = quoted.trim_matches(quote);
        let plain = !inner.contains(['"', '\\', '\n', '$']);
        self.problems.push(Problem {
            help: "text stands in double quotes; put the whole expression in single quotes in the file"
                .to_owned(),
            suggestion: plain.then(|| format!("\"{inner}\"")),
            ..problem(&codes::SYNTAX, start..self.at, format!("text can't stand between {quote} and {quote}"))
        });
    }

    fn symbol(&mut self) -> Option<&'static str> {
        let rest = self.rest();
        let symbol = SYMBOLS.iter().copied().find(|&symbol| {
            rest.strip_prefix(symbol).is_some_and(|after| {
                symbol != "!in"
                    || !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
            })
        })?;
        self.at += symbol.len();
        Some(symbol)
    }

    fn unknown(&mut self, first: char) {
        let start = self.at;
        let ours = ascii_for(first);
        if ours.is_some() || first.is_ascii() {
            self.at += first.len_utf8();
        } else {
            self.skip_while(|character| !character.is_ascii() && ascii_for(character).is_none());
        }
        let found = self.text.get(start..self.at).unwrap_or_default();
        let found = found.escape_debug();
        let help = match ours {
            Some(ascii) => format!("write {ascii}"),
            None => "names are made of a-z, 0-9 and _; text stands in double quotes; a file's column is \
                     written col(\"…\")"
                .to_owned(),
        };
        self.problems.push(Problem {
            help,
            suggestion: ours.map(str::to_owned),
            ..problem(&codes::SYNTAX, start..self.at, format!("`{found}` can't stand in an expression"))
        });
    }
}

/// What to write for a character that an input method or a word processor puts in place of ours.
fn ascii_for(character: char) -> Option<&'static str> {
    Some(match character {
        '（' => "(",
        '）' => ")",
        '，' | '、' => ",",
        '“' | '”' | '„' | '＂' => "\"",
        '＝' => "==",
        '＞' => ">",
        '＜' => "<",
        '≥' => ">=",
        '≤' => "<=",
        '≠' => "!=",
        '！' => "!",
        '＋' => "+",
        '－' | '−' | '–' => "-",
        '×' | '＊' => "*",
        '÷' | '／' => "/",
        '．' | '。' => ".",
        '【' | '［' => "[",
        '】' | '］' => "]",
        '？' => "?",
        '＆' => "&&",
        '｜' => "||",
        '％' => "%",
        '\u{3000}' | '\u{a0}' => " ",
        _ => return None,
    })
}
