//! What the tokens alone show to be wrong: brackets that don't match, operators of other languages,
//! statements. Said here because the place and the remedy are plainest here.

use std::ops::Range;

use super::codes;
use super::problem::{Problems, problem};
use super::tokens::{Kind, Token};
use crate::policy::diagnostic::Problem;

/// Longest text of an expression, bytes.
pub(super) const LONGEST: usize = 16 * 1024;
/// Most tokens of an expression.
const MOST_TOKENS: usize = 4_000;
/// Deepest nesting of brackets, and most prefix operators in a row.
const DEEPEST: usize = 32;
/// Most parts of a name like `pyramid.data.visits`.
const MOST_PARTS: usize = 8;

/// Tokens with the pairs of their brackets.
pub(super) struct Shape<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    /// For each bracket the index of the other one.
    pub(super) partner: Vec<Option<usize>>,
}

impl<'a> Shape<'a> {
    /// Pairs brackets and looks for what the language does not have.
    ///
    /// # Errors
    /// Everything found.
    pub(super) fn of(text: &'a str, tokens: &'a [Token]) -> Result<Self, Problems> {
        if tokens.is_empty() {
            return Err(vec![problem(&codes::SYNTAX, 0..text.len(), "an expression is expected here")]);
        }
        if tokens.len() > MOST_TOKENS {
            return Err(vec![too_large(0..text.len(), "this expression is too long")]);
        }
        let mut shape = Self { text, tokens, partner: vec![None; tokens.len()] };
        let mut problems = Vec::new();
        shape.pair(&mut problems);
        for index in 0..tokens.len() {
            problems.extend(shape.word(index).or_else(|| shape.symbol(index)));
        }
        problems.extend(shape.too_deep());
        problems.sort_by_key(|problem| problem.span.start);
        if problems.is_empty() { Ok(shape) } else { Err(problems) }
    }

    /// The text of a token, empty past the ends.
    pub(super) fn at(&self, index: usize) -> &'a str {
        self.tokens.get(index).and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    fn before(&self, index: usize) -> &'a str {
        index.checked_sub(1).map_or("", |before| self.at(before))
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    fn span(&self, index: usize) -> Range<usize> {
        self.tokens.get(index).map_or(self.text.len()..self.text.len(), |token| token.span.clone())
    }

    /// Whether a token can end an operand, so that an operator may follow.
    fn ends_operand(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Number | Kind::Text) => true,
            Some(Kind::Word) => !matches!(self.at(index), "in" | "if" | "else"),
            Some(Kind::Symbol(symbol)) => matches!(symbol, ")" | "]" | "}"),
            None => false,
        }
    }

    fn pair(&mut self, problems: &mut Problems) {
        let mut open: Vec<(usize, &'static str)> = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let Kind::Symbol(symbol) = token.kind else { continue };
            match symbol {
                "(" => open.push((index, ")")),
                "[" => open.push((index, "]")),
                "{" => open.push((index, "}")),
                ")" | "]" | "}" => match open.last().copied() {
                    Some((start, wanted)) if wanted == symbol => {
                        open.pop();
                        self.join(start, index);
                    }
                    Some((_, wanted)) => {
                        problems.push(Problem {
                            help: format!("close with `{wanted}` first"),
                            ..problem(
                                &codes::SYNTAX,
                                token.span.clone(),
                                format!("`{symbol}` does not fit here"),
                            )
                        });
                        return;
                    }
                    None => problems.push(problem(
                        &codes::SYNTAX,
                        token.span.clone(),
                        format!("this `{symbol}` closes nothing"),
                    )),
                },
                _ => {}
            }
        }
        for (index, wanted) in open {
            problems.push(Problem {
                help: format!("add `{wanted}`"),
                ..problem(
                    &codes::SYNTAX,
                    self.span(index),
                    format!("this `{}` is never closed", self.at(index)),
                )
            });
        }
    }

    fn join(&mut self, start: usize, end: usize) {
        if let Some(slot) = self.partner.get_mut(start) {
            *slot = Some(end);
        }
        if let Some(slot) = self.partner.get_mut(end) {
            *slot = Some(start);
        }
    }

    fn word(&self, index: usize) -> Option<Problem> {
        if self.kind(index) != Some(Kind::Word) {
            return None;
        }
        let after_operand = index.checked_sub(1).is_some_and(|before| self.ends_operand(before));
        let next = self.kind(index + 1);
        let before_operand =
            matches!(next, Some(Kind::Word | Kind::Number | Kind::Text)) || self.at(index + 1) == "(";
        match self.at(index) {
            word @ ("and" | "AND" | "And") if after_operand => Some(self.instead(index, word, "&&")),
            word @ ("or" | "OR" | "Or") if after_operand => Some(self.instead(index, word, "||")),
            word @ ("contains" | "starts_with" | "ends_with" | "like" | "LIKE") if after_operand => {
                let function = if word.eq_ignore_ascii_case("like") { "contains" } else { word };
                Some(self.not_operator(index, &format!("write {function}(text, part)")))
            }
            "then" if after_operand => Some(self.not_operator(index, BRANCHES)),
            "between" | "BETWEEN" if after_operand => Some(self.not_operator(index, BOTH_ENDS)),
            "not" if self.at(index + 1) == "in" => Some(Problem {
                span: self.span(index).start..self.span(index + 1).end,
                ..self.instead(index, "not in", "!in")
            }),
            word @ ("not" | "NOT") if !after_operand && before_operand => {
                Some(self.instead(index, word, "!"))
            }
            "is" if after_operand => Some(self.instead(index, "is", "==")),
            word @ ("null" | "nil" | "void") => Some(Problem {
                help: "ask is_missing(x) or is_known(x), or supply a default: x ?? 0".to_owned(),
                ..problem(&codes::SYNTAX, self.span(index), format!("there is no `{word}` here"))
            }),
            word @ ("let" | "const" | "fn" | "while" | "loop" | "for" | "do" | "until" | "return"
            | "throw" | "break" | "continue" | "switch" | "match" | "try" | "catch" | "import"
            | "export" | "private" | "var") => Some(Problem {
                help: "an expression has no statements; they live in scripts".to_owned(),
                ..problem(
                    &codes::NOT_IN_LANGUAGE,
                    self.span(index),
                    format!("`{word}` can't stand in an expression"),
                )
            }),
            _ => None,
        }
    }

    fn not_operator(&self, index: usize, help: &str) -> Problem {
        let message = format!("`{}` is no operator here", self.at(index));
        Problem { help: help.to_owned(), ..problem(&codes::SYNTAX, self.span(index), message) }
    }

    fn instead(&self, index: usize, found: &str, ours: &str) -> Problem {
        Problem {
            help: format!("write `{ours}`"),
            suggestion: Some(ours.to_owned()),
            ..problem(&codes::SYNTAX, self.span(index), format!("`{found}` is no operator here"))
        }
    }

    fn symbol(&self, index: usize) -> Option<Problem> {
        let Some(Kind::Symbol(symbol)) = self.kind(index) else { return None };
        match symbol {
            "=" | "===" => Some(Problem {
                help: "comparing is written `==`".to_owned(),
                ..self.instead(index, symbol, "==")
            }),
            "!==" | "<>" => Some(self.instead(index, symbol, "!=")),
            "=<" => Some(self.instead(index, symbol, "<=")),
            "=>" => Some(self.instead(index, symbol, ">=")),
            "&" => Some(self.instead(index, symbol, "&&")),
            "|" => Some(self.instead(index, symbol, "||")),
            "^" => Some(self.instead(index, symbol, "**")),
            "[" if self.before(index) != "in" && self.before(index) != "!in" => Some(Problem {
                help: "a list stands only to the right of `in`: x in [\"a\", \"b\"]".to_owned(),
                ..problem(
                    &codes::NOT_IN_LANGUAGE,
                    self.bracketed(index),
                    "there is neither a list nor an index here",
                )
            }),
            "." => self.period(index),
            "{" => self.block(index),
            "(" | ")" | "[" | "]" | "}" | "," | "+" | "-" | "*" | "/" | "%" | "**" | "<" | ">" | "<="
            | ">=" | "==" | "!=" | "&&" | "||" | "!" | "??" | "!in" => None,
            "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "**=" | "<<=" | ">>=" => Some(Problem {
                help: "an expression has no statements; they live in scripts".to_owned(),
                ..problem(&codes::NOT_IN_LANGUAGE, self.span(index), "an expression can't assign")
            }),
            ".." | "..=" | "..." => Some(Problem {
                help: BOTH_ENDS.to_owned(),
                ..problem(&codes::NOT_IN_LANGUAGE, self.span(index), "there are no ranges here")
            }),
            _ => {
                let message = format!("`{symbol}` can't stand in an expression");
                let help = match symbol {
                    "?" | ":" => BRANCHES,
                    ";" => "an expression is one value: leave `;` out",
                    _ => "",
                };
                Some(Problem {
                    help: help.to_owned(),
                    ..problem(&codes::NOT_IN_LANGUAGE, self.span(index), message)
                })
            }
        }
    }

    /// A period joins two words, and no call follows.
    fn period(&self, index: usize) -> Option<Problem> {
        let joins = index.checked_sub(1).and_then(|before| self.kind(before)) == Some(Kind::Word)
            && self.kind(index + 1) == Some(Kind::Word);
        let called = self.kind(index + 1) == Some(Kind::Word) && self.at(index + 2) == "(";
        if called {
            let function = self.at(index + 1);
            return Some(Problem {
                help: format!("write {function}(x) for x.{function}()"),
                ..problem(
                    &codes::NOT_IN_LANGUAGE,
                    self.span(index).start..self.span(index + 1).end,
                    "there are no methods here",
                )
            });
        }
        (!joins).then(|| {
            problem(&codes::SYNTAX, self.span(index), "a `.` stands only between the parts of a name")
        })
    }

    /// A block follows the condition of an `if`, or `else`, and holds one expression.
    fn block(&self, index: usize) -> Option<Problem> {
        let opens =
            self.before(index) == "else" || index.checked_sub(1).is_some_and(|b| self.ends_operand(b));
        (!opens).then(|| Problem {
            help: "braces belong to `if c { a } else { b }`; group with ( and )".to_owned(),
            ..problem(&codes::NOT_IN_LANGUAGE, self.bracketed(index), "a block can't stand here")
        })
    }

    /// The last token of a literal that may begin with signs and brackets, which Rhai works in.
    pub(super) fn literal_end(&self, first: usize) -> usize {
        let mut last = first;
        while matches!(self.at(last), "-" | "+" | "(") {
            last += 1;
        }
        let closing = (first..last).filter_map(|index| self.partner.get(index).copied().flatten()).max();
        last.max(closing.unwrap_or(last))
    }

    fn bracketed(&self, index: usize) -> Range<usize> {
        let end = self.partner.get(index).copied().flatten().unwrap_or(index);
        self.span(index).start..self.span(end).end
    }

    /// Nesting so deep that reading it could exhaust the stack.
    fn too_deep(&self) -> Option<Problem> {
        let (mut depth, mut prefixes, mut parts) = (0_usize, 0_usize, 0_usize);
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Symbol("(" | "[" | "{") => depth += 1,
                Kind::Symbol(")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            let prefix = matches!(token.kind, Kind::Symbol("-" | "+" | "!" | "--" | "++"));
            prefixes = if prefix { prefixes + 1 } else { 0 };
            parts = match token.kind {
                Kind::Symbol(".") => parts + 1,
                Kind::Word => parts,
                _ => 0,
            };
            if depth > DEEPEST || prefixes > DEEPEST || parts >= MOST_PARTS {
                return Some(too_large(self.span(index), "this expression is nested too deeply"));
            }
        }
        None
    }
}

const BRANCHES: &str = "a choice of two is written if c { a } else { b }";
const BOTH_ENDS: &str = "compare with both ends: x >= 1 && x <= 5";

/// An expression past a limit.
pub(super) fn too_large(span: Range<usize>, message: &str) -> Problem {
    Problem {
        help: "split it: give parts of it a name as [score.…] or [segment.…] and use those".to_owned(),
        ..problem(&codes::TOO_LARGE, span, message)
    }
}
