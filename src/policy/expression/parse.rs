//! Text to untyped tree: Rhai parses, and its errors become problems with their places.

use std::sync::LazyLock;

use rhai::{Engine, LexError, OptimizationLevel, ParseError, ParseErrorType, Position, Stmt};

use super::codes;
use super::convert::Converter;
use super::places::Places;
use super::problem::{Problems, problem};
use super::shape::{LONGEST, Shape, too_large};
use super::syntax::Part;
use super::tokens::{self, Kind};
use crate::policy::diagnostic::Problem;

/// Only parses: it has no functions, and every limit is set. Constants are not folded, as Rhai's
/// numbers are not ours (`7 / 2` would become 3).
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    const DEPTH: usize = 200;
    let mut engine = Engine::new_raw();
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_allow_looping(false);
    engine.set_allow_anonymous_fn(false);
    engine.set_allow_statement_expression(false);
    engine.set_allow_switch_expression(false);
    engine.set_allow_loop_expressions(false);
    engine.set_max_expr_depths(DEPTH, DEPTH);
    engine.set_max_functions(0);
    engine.set_max_operations(1);
    engine.set_max_call_levels(0);
    engine.set_max_variables(0);
    engine.set_max_string_size(LONGEST);
    engine.set_max_array_size(LONGEST);
    engine.set_max_map_size(1);
    engine.set_max_strings_interned(0);
    engine
});

/// Reads an expression.
///
/// # Errors
/// What is no expression of the language.
pub(super) fn parse(text: &str) -> Result<Part, Problems> {
    if text.len() > LONGEST {
        return Err(vec![too_large(0..text.len(), "this expression is too long")]);
    }
    let tokens = tokens::scan(text)?;
    let shape = Shape::of(text, &tokens)?;
    let places = Places::of(text, &tokens);
    let tree = ENGINE.compile_expression(text).map_err(|error| vec![explain(&error, &shape, &places)])?;
    let converter = Converter { shape: &shape, places: &places };
    match tree.statements() {
        [Stmt::Expr(expression)] => converter.convert(expression).map_err(|problem| vec![*problem]),
        _ => Err(vec![problem(&codes::NOT_IN_LANGUAGE, 0..text.len(), "this is no expression")]),
    }
}

/// What Rhai found wrong, in our words and at our place.
fn explain(error: &ParseError, shape: &Shape<'_>, places: &Places) -> Problem {
    let ParseError(kind, position) = error;
    let at_end = matches!(**kind, ParseErrorType::UnexpectedEOF) || past_end(*position, places);
    if at_end {
        let last = shape.tokens.last().map_or(0..shape.text.len(), |token| token.span.clone());
        let message = "the expression ends too early: something is missing after this";
        let ends = shape.tokens.len().checked_sub(1).map_or("", |index| shape.at(index));
        let help = if ends == "%" { "a share is written as a number: 50% is 0.5" } else { "" };
        return Problem { help: help.to_owned(), ..problem(&codes::SYNTAX, last, message) };
    }
    let index = places.token(*position);
    let span = shape.tokens.get(index).map_or(0..shape.text.len(), |token| token.span.clone());
    let found = shape.at(index);
    match &**kind {
        ParseErrorType::ExprTooDeep => too_large(span, "this expression is nested too deeply"),
        ParseErrorType::LiteralTooLarge(..) => too_large(span, "this literal is too large"),
        ParseErrorType::Reserved(word) => Problem {
            help: "give the value another name".to_owned(),
            ..problem(
                &codes::SYNTAX,
                span,
                format!("`{word}` is a word of the expression syntax and can't be a name"),
            )
        },
        ParseErrorType::MismatchedType(_, is) => {
            let end = shape.tokens.get(shape.literal_end(index)).map_or(span.end, |token| token.span.end);
            problem(
                &codes::WRONG_TYPE,
                span.start..end,
                format!(
                    "a condition is expected here, but this is {}",
                    if is.contains("string") { "text" } else { is }
                ),
            )
        }
        ParseErrorType::BadInput(LexError::MalformedEscapeSequence(sequence)) => problem(
            &codes::SYNTAX,
            span,
            format!("`{sequence}` is no escape; in text write `\\\\` for a backslash, `\\\"` for a quote"),
        ),
        ParseErrorType::BadInput(LexError::MalformedNumber(number)) => {
            problem(&codes::SYNTAX, span, format!("`{number}` is no number"))
        }
        ParseErrorType::MissingToken(token, _) if !token.is_empty() => {
            let help = match (token.as_str(), found, shape.at(opened(shape, index))) {
                (")", ",", "in" | "!in") => "a list stands between [ and ]: x in [\"a\", \"b\"]",
                _ => unexpected(shape, index),
            };
            Problem {
                help: help.to_owned(),
                ..problem(&codes::SYNTAX, span, format!("`{token}` is expected before `{found}`"))
            }
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(_)) | ParseErrorType::ExprExpected(_) => Problem {
            help: unexpected(shape, index).to_owned(),
            ..problem(&codes::SYNTAX, span, format!("`{found}` is not expected here"))
        },
        ParseErrorType::UnknownOperator(_) => {
            problem(&codes::SYNTAX, span, format!("`{found}` is no operator here"))
        }
        other => problem(&codes::SYNTAX, span, format!("`{found}` does not fit here: {other}")),
    }
}

/// What stands before the bracket that a token is in.
fn opened(shape: &Shape<'_>, index: usize) -> usize {
    let mut depth = 0_usize;
    for before in (0..index).rev() {
        match shape.at(before) {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" if depth == 0 => return before.wrapping_sub(1),
            "(" | "[" | "{" => depth -= 1,
            _ => {}
        }
    }
    usize::MAX
}

/// What may have been meant by a token that does not fit.
fn unexpected(shape: &Shape<'_>, index: usize) -> &'static str {
    let kind = |index: usize| shape.tokens.get(index).map(|token| token.kind);
    let before = index.wrapping_sub(1);
    match (kind(before), shape.at(before), shape.at(index)) {
        (Some(Kind::Number), _, ",") if kind(index + 1) == Some(Kind::Number) => {
            "numbers have no separators: write 1000, or 1_000"
        }
        (Some(Kind::Number), ..) if kind(index) == Some(Kind::Word) => {
            "numbers have no units; days are plain numbers: x > 30"
        }
        (_, "&&" | "||", "<" | "<=" | ">" | ">=" | "==" | "!=") => "name it again: x >= 3 && x < 10",
        _ => "",
    }
}

fn past_end(position: Position, places: &Places) -> bool {
    places.is_past_end(position)
}
