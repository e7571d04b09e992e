//! How an expression is laid out: its words with the usual space between them.

use std::ops::Range;

use super::syntax::{Part, PartKind, Syntax};
use super::tokens::{self, Kind, Token};

/// Words that take a space on both sides.
const KEYWORDS: &[&str] = &["if", "else", "in"];

/// An expression without comments and layout; as it stands where it can't be read.
pub(crate) fn meaning(text: &str) -> String {
    let Ok(tokens) = tokens::scan(text) else { return text.to_owned() };
    let words: Vec<&str> = tokens.iter().filter_map(|token| text.get(token.span.clone())).collect();
    words.join(" ")
}

/// The same expression in the usual layout. `None` where it is best left alone: what can't be read, what holds
/// comments, and what was broken into lines by hand.
pub(crate) fn laid_out(text: &str) -> Option<String> {
    let tokens = tokens::scan(text).ok()?;
    if text.contains('\n') || has_comments(text, &tokens) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut before = Before::Start;
    for token in &tokens {
        let word = text.get(token.span.clone())?;
        let (is_prefix, spaced) = place(before, token.kind, word);
        if spaced {
            out.push(' ');
        }
        out.push_str(word);
        before = after(token.kind, word, is_prefix);
    }
    means_the_same(text, &out).then_some(out)
}

/// What stands before a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Start,
    /// After it comes no space.
    Opening,
    /// A sign of the operand that follows.
    Prefix,
    /// A word that can be called.
    Name,
    /// Another end of an operand.
    Operand,
    /// What wants an operand after it.
    Operator,
    /// `{`, after which there is a space.
    Brace,
}

/// Whether a word is a sign of what follows, and whether a space comes before it.
fn place(before: Before, kind: Kind, word: &str) -> (bool, bool) {
    let ends = matches!(before, Before::Name | Before::Operand);
    let is_prefix = kind != Kind::Text && (word == "!" || (matches!(word, "-" | "+") && !ends));
    let joins = matches!(
        (before, kind),
        (Before::Start | Before::Opening | Before::Prefix, _)
            | (_, Kind::Symbol(")" | "]" | "," | "." | "?." | ";"))
            | (Before::Name, Kind::Symbol("(" | "["))
            | (Before::Operand, Kind::Symbol("["))
            | (Before::Brace, Kind::Symbol("}"))
    );
    (is_prefix, !joins)
}

fn after(kind: Kind, word: &str, is_prefix: bool) -> Before {
    match (kind, word) {
        _ if is_prefix => Before::Prefix,
        (Kind::Symbol("(" | "[" | "." | "?."), _) => Before::Opening,
        (Kind::Symbol("{"), _) => Before::Brace,
        (Kind::Symbol(")" | "]" | "}") | Kind::Number | Kind::Text, _) => Before::Operand,
        (Kind::Word, word) if KEYWORDS.contains(&word) => Before::Operator,
        (Kind::Word, _) => Before::Name,
        (Kind::Symbol(_), _) => Before::Operator,
    }
}

/// Whether anything but space stands between the words.
fn has_comments(text: &str, tokens: &[Token]) -> bool {
    let starts = tokens.iter().map(|token| token.span.start).chain([text.len()]);
    let ends = [0].into_iter().chain(tokens.iter().map(|token| token.span.end));
    let mut gaps = ends.zip(starts).map(|(end, start)| Range { start: end, end: start });
    gaps.any(|gap| text.get(gap).is_some_and(|gap| !gap.trim().is_empty()))
}

/// A space may join or part words for Rhai's own reading: `- 1 ** 2` is not `-1 ** 2`.
fn means_the_same(one: &str, other: &str) -> bool {
    match (Syntax::parse(one), Syntax::parse(other)) {
        (Ok(one), Ok(other)) => same(&one.root, &other.root),
        _ => false,
    }
}

fn same(one: &Part, other: &Part) -> bool {
    let all = |ones: &[Part], others: &[Part]| {
        ones.len() == others.len() && ones.iter().zip(others).all(|(one, other)| same(one, other))
    };
    match (&one.kind, &other.kind) {
        (PartKind::Unary(sign, one), PartKind::Unary(other_sign, other)) => {
            sign == other_sign && same(one, other)
        }
        (PartKind::Binary(sign, left, right), PartKind::Binary(other_sign, other_left, other_right)) => {
            sign == other_sign && same(left, other_left) && same(right, other_right)
        }
        (PartKind::In(subject, list), PartKind::In(other_subject, other_list)) => {
            same(subject, other_subject) && all(list, other_list)
        }
        (PartKind::If(condition, yes, no), PartKind::If(other_condition, other_yes, other_no)) => {
            same(condition, other_condition) && same(yes, other_yes) && same(no, other_no)
        }
        (PartKind::Coalesce(left, right), PartKind::Coalesce(other_left, other_right)) => {
            same(left, other_left) && same(right, other_right)
        }
        (PartKind::Call(name, _, arguments), PartKind::Call(other_name, _, other_arguments)) => {
            name == other_name && all(arguments, other_arguments)
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "what fails here fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::{laid_out, meaning, tokens};

    #[test]
    fn words_have_the_usual_space_between_them() {
        for (text, expected) in [
            ("a>1", "a > 1"),
            ("  a  >  1  ", "a > 1"),
            ("a&&!b||( c )", "a && !b || (c)"),
            ("-a*-1", "-a * -1"),
            ("a - -b", "a - -b"),
            ("max( a,7 )", "max(a, 7)"),
            ("at_least (pyramid,\"key\")", "at_least(pyramid, \"key\")"),
            ("source in[\"a\",\"b\"]", "source in [\"a\", \"b\"]"),
            ("source !in [ \"a\" ]", "source !in [\"a\"]"),
            ("if a>0{b/a}else{1}", "if a > 0 { b / a } else { 1 }"),
            ("if (a) { 1 } else if !b { 2 } else { 3 }", "if (a) { 1 } else if !b { 2 } else { 3 }"),
            ("pyramid . data.visits", "pyramid.data.visits"),
            ("x??0", "x ?? 0"),
            ("name==\"a  &&b\"", "name == \"a  &&b\""),
            ("2**3", "2 ** 3"),
            ("(a)*(b)", "(a) * (b)"),
        ] {
            assert_eq!(laid_out(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_or_was_laid_out_by_hand_is_left_alone() {
        for text in ["a >", "a > 1 /* why */", "a &&\n  b", "let x = 1", "'a'", ""] {
            assert_eq!(laid_out(text), None, "{text}");
        }
    }

    #[test]
    fn a_space_that_has_a_meaning_stays() {
        let laid = laid_out("- 1 ** 2");
        assert!(laid.is_none() || laid.as_deref() == Some("-1 ** 2"), "{laid:?}");
    }

    /// Laid out as they should be.
    const SOUND: &[&str] = &[
        "orders >= 3 && days_since_order > max(2 * order_gap, 14)",
        "if starts_with(name, \"C \") { \"cancelled\" } else { -amount }",
        "!(a || !b) && c.data.visits in [\"x  y\", \"z\"]",
        "-a ** 2 ?? (0 - 1.5) * -b % 7",
        "at_least(pyramid, \"key\") && opted_out != true",
    ];

    /// The words of a text with other spaces between them.
    fn respaced(text: &str, spaces: &[usize]) -> String {
        let tokens = tokens::scan(text).unwrap();
        let mut out = String::new();
        for (token, spaces) in tokens.iter().zip(spaces.iter().cycle()) {
            let word = &text[token.span.clone()];
            let is_letter = |letter: Option<char>| letter.is_some_and(|l| l.is_alphanumeric() || l == '_');
            let needs = is_letter(out.chars().last()) && is_letter(word.chars().next());
            let merges = out.ends_with(['!', '-', '*', '?', '&', '=']) && !is_letter(word.chars().next());
            out.push_str(&" ".repeat((*spaces).max(usize::from(needs || merges))));
            out.push_str(word);
        }
        out
    }

    proptest! {
        #[test]
        fn any_layout_of_an_expression_becomes_the_usual_one(
            text in prop::sample::select(SOUND), spaces in prop::collection::vec(0_usize..3, 1..40)
        ) {
            let odd = respaced(text, &spaces);
            prop_assert_eq!(meaning(&odd), meaning(text));
            let laid = laid_out(&odd);
            prop_assert_eq!(laid.as_deref(), Some(text), "{}", odd);
        }
    }
}
