//! Text to untyped tree: Rhai parses, and its errors become problems with their places.

use std::sync::LazyLock;

use rhai::{Engine, LexError, OptimizationLevel, ParseError, ParseErrorType, Position, Stmt};

use super::codes;
use super::convert::Converter;
use super::places::Places;
use super::problem::{Problems, problem};
use super::shape::{LONGEST, Shape, too_large};
use super::syntax::Part;
use super::tokens;
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
        return problem(&codes::SYNTAX, last, message);
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
                format!("a condition is expected here, but this is {is}"),
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
            problem(&codes::SYNTAX, span, format!("`{token}` is expected before `{found}`"))
        }
        ParseErrorType::BadInput(LexError::UnexpectedInput(_)) | ParseErrorType::ExprExpected(_) => {
            problem(&codes::SYNTAX, span, format!("`{found}` is not expected here"))
        }
        ParseErrorType::UnknownOperator(_) => {
            problem(&codes::SYNTAX, span, format!("`{found}` is no operator here"))
        }
        other => problem(&codes::SYNTAX, span, format!("`{found}` does not fit here: {other}")),
    }
}

fn past_end(position: Position, places: &Places) -> bool {
    places.is_past_end(position)
}
