//! A value laid out: space between its parts, expressions, arrays that are too long or in several lines.

use std::borrow::Cow;

use toml_parser::decoder::Encoding;
use toml_parser::lexer::TokenKind;
use toml_parser::{ParseError, Raw, Span};

use super::statement::Piece;
use crate::policy::expression::layout::laid_out;
use crate::policy::raw::Form;

/// Longer lines are broken where an array allows it.
pub(super) const WIDTH: usize = 120;

const INDENT: usize = 2;

/// A piece as it will be written.
#[derive(Clone, Debug)]
struct Word<'t> {
    kind: TokenKind,
    text: Cow<'t, str>,
    gap: usize,
}

/// The lines of a value, the first of which stands after so many characters.
pub(super) fn lines(value: &[Piece<'_>], form: Option<&'static Form>, begun: usize) -> Vec<String> {
    let mut words = spelled(value, form);
    mend_commas(&mut words);
    let lines = broken(&words);
    let is_long = |(number, line): (usize, &String)| {
        let before = if number == 0 { begun } else { 0 };
        before + line.chars().count() > WIDTH
    };
    if lines.iter().enumerate().any(is_long) {
        return one_item_a_line(&words).unwrap_or(lines);
    }
    lines
}

/// The pieces with their expressions laid out.
fn spelled<'t>(value: &[Piece<'t>], form: Option<&'static Form>) -> Vec<Word<'t>> {
    let mut walk = Walk { around: vec![Around { form, is_table: false }], key: None, after_dot: false };
    let mut words = Vec::with_capacity(value.len());
    for (index, piece) in value.iter().enumerate() {
        let form = walk.pass(piece, value.get(index + 1).map(|next| next.kind));
        let text = form.and_then(|form| respelled(piece, form)).map_or(Cow::Borrowed(piece.text), Cow::Owned);
        words.push(Word { kind: piece.kind, text, gap: piece.gap });
    }
    words
}

/// What the parts of a value take, as one goes along.
struct Walk {
    /// The value, and the arrays and inline tables within that are open.
    around: Vec<Around>,
    /// What the key takes whose value comes next.
    key: Option<&'static Form>,
    after_dot: bool,
}

#[derive(Clone, Copy)]
struct Around {
    form: Option<&'static Form>,
    is_table: bool,
}

impl Walk {
    /// Passes a piece; what it takes where it is a value.
    fn pass(&mut self, piece: &Piece<'_>, next: Option<TokenKind>) -> Option<&'static Form> {
        let around = *self.around.last()?;
        let is_key = around.is_table && matches!(next, Some(TokenKind::Equals | TokenKind::Dot));
        let form = if around.is_table { self.key } else { around.form };
        let after_dot = std::mem::replace(&mut self.after_dot, piece.kind == TokenKind::Dot);
        match piece.kind {
            TokenKind::Dot | TokenKind::Equals | TokenKind::Newline | TokenKind::Comment => {}
            _ if is_key => {
                let of = if after_dot { self.key } else { around.form };
                self.key = of.and_then(|form| form.under(piece.text.trim_matches(['"', '\''])));
            }
            kind if opens(kind) => {
                self.around.push(Around { form, is_table: kind == TokenKind::LeftCurlyBracket });
            }
            kind if closes(kind) => {
                self.around.pop();
            }
            TokenKind::LiteralString | TokenKind::BasicString => return form,
            _ => {}
        }
        None
    }
}

const fn opens(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket)
}

const fn closes(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket)
}

/// A string that is an expression, laid out; `None` where it is fine or best left alone.
fn respelled(piece: &Piece<'_>, form: &Form) -> Option<String> {
    let text = decoded(piece)?;
    if !form.is_expression(&text) {
        return None;
    }
    let laid = laid_out(&text)?;
    let needs_escape = laid.contains(['"', '\\']);
    let fits_literal = !laid.contains('\'');
    if piece.kind == TokenKind::BasicString && !(needs_escape && fits_literal) {
        return (laid != text && !needs_escape).then(|| format!("\"{laid}\""));
    }
    (fits_literal && (laid != text || piece.kind == TokenKind::BasicString)).then(|| format!("'{laid}'"))
}

fn decoded(piece: &Piece<'_>) -> Option<String> {
    let encoding = match piece.kind {
        TokenKind::LiteralString => Encoding::LiteralString,
        TokenKind::BasicString => Encoding::BasicString,
        _ => return None,
    };
    let raw = Raw::new_unchecked(piece.text, Some(encoding), Span::new_unchecked(0, piece.text.len()));
    let (mut text, mut problem) = (String::new(), None::<ParseError>);
    let _kind = raw.decode_scalar(&mut text, &mut problem);
    let is_sound = problem.is_none() && !text.chars().any(char::is_control);
    is_sound.then_some(text)
}

/// A comma after the last item of an array stands where its bracket closes on another line, and only there.
fn mend_commas(words: &mut Vec<Word<'_>>) {
    let mut index = 0;
    while let Some(word) = words.get(index) {
        if word.kind == TokenKind::RightSquareBracket {
            let before = words.get(..index).unwrap_or_default();
            let is_solid = |word: &Word<'_>| !matches!(word.kind, TokenKind::Newline | TokenKind::Comment);
            let last = before.iter().rposition(is_solid).unwrap_or_default();
            let kind = before.get(last).map(|word| word.kind);
            match (kind, last + 1 == index) {
                (Some(TokenKind::Comma), true) => {
                    words.remove(last);
                    index -= 1;
                }
                (Some(TokenKind::Comma | TokenKind::LeftSquareBracket), _) | (_, true) => {}
                (_, false) => {
                    words.insert(last + 1, Word { kind: TokenKind::Comma, text: Cow::Borrowed(","), gap: 0 });
                    index += 1;
                }
            }
        }
        index += 1;
    }
}

/// A value in the lines that it has, each indented by what is open where it begins.
fn broken(words: &[Word<'_>]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    for of_line in words.split(|word| word.kind == TokenKind::Newline) {
        let closing = of_line.iter().take_while(|word| closes(word.kind)).count();
        let indent = if lines.is_empty() { 0 } else { INDENT * depth.saturating_sub(closing) };
        for word in of_line {
            depth = if opens(word.kind) {
                depth + 1
            } else {
                depth.saturating_sub(usize::from(closes(word.kind)))
            };
        }
        let text = line(of_line);
        if text.is_empty() {
            // One empty line at most, and none before what closes.
            if lines.last().is_some_and(|line| !line.is_empty()) {
                lines.push(text);
            }
            continue;
        }
        if closing > 0 && lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.push(format!("{}{text}", " ".repeat(indent)));
    }
    lines
}

/// An array with each of its items on a line; `None` for what is no array of several, and where comments stand in it.
fn one_item_a_line(words: &[Word<'_>]) -> Option<Vec<String>> {
    let [first, items @ .., last] = words else { return None };
    let is_array = first.kind == TokenKind::LeftSquareBracket && last.kind == TokenKind::RightSquareBracket;
    if !is_array || items.iter().any(|word| word.kind == TokenKind::Comment) {
        return None;
    }
    let mut lines = vec!["[".to_owned()];
    let mut depth = 0_usize;
    let mut item: Vec<Word<'_>> = Vec::new();
    for word in items {
        match word.kind {
            TokenKind::Newline if depth > 0 => return None,
            TokenKind::Newline => continue,
            TokenKind::Comma if depth == 0 => {
                lines.push(format!("{}{},", " ".repeat(INDENT), line(&item)));
                item.clear();
                continue;
            }
            kind if opens(kind) => depth += 1,
            kind if closes(kind) => depth = depth.saturating_sub(1),
            _ => {}
        }
        item.push(word.clone());
    }
    if !item.is_empty() {
        lines.push(format!("{}{},", " ".repeat(INDENT), line(&item)));
    }
    lines.push("]".to_owned());
    (lines.len() > 3).then_some(lines)
}

/// One line.
fn line(words: &[Word<'_>]) -> String {
    let mut out = String::new();
    let mut before: Option<TokenKind> = None;
    for word in words {
        out.push_str(&" ".repeat(before.map_or(0, |before| space(before, word))));
        out.push_str(word.text.trim_end_matches(['\r', '\n']));
        before = Some(word.kind);
    }
    out
}

/// How much space comes between two words of a line. More than one lines up with other lines.
fn space(before: TokenKind, word: &Word<'_>) -> usize {
    use TokenKind::{
        Atom, Comma, Comment, Dot, Equals, LeftCurlyBracket, LeftSquareBracket, RightCurlyBracket,
        RightSquareBracket,
    };
    match (before, word.kind) {
        (_, Comma | Dot) | (Dot, _) | (LeftCurlyBracket, RightCurlyBracket) => 0,
        (_, Comment | Equals) | (Comma, _) => word.gap.max(1),
        (LeftSquareBracket, _) | (_, RightSquareBracket) => 0,
        (LeftCurlyBracket | Equals, _) | (_, RightCurlyBracket) => 1,
        // A date and a time of day may have a space between them.
        (Atom, Atom) => word.gap.min(1),
        _ => word.gap,
    }
}
