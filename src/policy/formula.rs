//! An expression in a file: read with its place, then typed at its place.

use super::codes;
use super::expression::reason;
use super::expression::{Expected, Expression, Names, Syntax};
use super::names::{Known, Scope, Seen, Target};
use super::raw::{At, Place, Reader, Sink};

/// An expression as it stands in a file.
#[derive(Debug)]
pub(crate) struct Formula {
    /// As written.
    pub(crate) text: At<String>,
    syntax: Option<Syntax>,
}

/// What checks go by.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Where problems go.
    pub(crate) sink: &'a Sink<'a>,
    /// What there is to speak of.
    pub(crate) known: &'a Known,
    /// Whether the table that is checked counts.
    pub(crate) enabled: bool,
}

impl Context<'_> {
    /// Whether some customer may be such that all of `hold` hold and none of `fail`; false only where
    /// that is certain.
    pub(crate) fn can_be(self, hold: &[&Expression], fail: &[&Expression]) -> bool {
        let names = Seen { known: self.known, scope: Scope::Customer };
        reason::can_be(&names, hold, fail)
    }
}

impl Formula {
    /// Reads the expression under a key.
    pub(crate) fn read(reader: &Reader<'_>, key: &str) -> Option<Self> {
        reader.word(key).map(|text| Self::parse(text, reader.sink))
    }

    /// Reads an expression.
    pub(crate) fn parse(text: At<String>, sink: &Sink<'_>) -> Self {
        let syntax = match Syntax::parse(&text.value) {
            Ok(syntax) => Some(syntax),
            Err(problems) => {
                for problem in problems {
                    sink.within(&text, problem);
                }
                None
            }
        };
        Self { text, syntax }
    }

    /// The paths it uses, each with its place in the file.
    pub(crate) fn paths(&self, sink: &Sink<'_>) -> Vec<(Vec<String>, Place)> {
        let Some(syntax) = &self.syntax else { return Vec::new() };
        syntax.paths().into_iter().map(|(path, span)| (path, sink.part(&self.text, &span))).collect()
    }

    /// The functions it calls, each with its place in the file.
    pub(crate) fn calls(&self, sink: &Sink<'_>) -> Vec<(&str, Place)> {
        let Some(syntax) = &self.syntax else { return Vec::new() };
        syntax.calls().into_iter().map(|(name, span)| (name, sink.part(&self.text, &span))).collect()
    }

    /// The tags it asks for by `tagged`.
    pub(crate) fn tags(&self) -> Vec<&str> {
        self.syntax.as_ref().map(Syntax::tags).unwrap_or_default()
    }

    /// Reports calls of functions that do not count.
    pub(crate) fn check_calls(&self, context: Context<'_>) {
        for (name, place) in self.calls(context.sink) {
            let known = context.known.functions.iter().find(|function| &*function.name == name);
            if context.enabled && known.is_some_and(|function| !function.enabled) {
                disabled(context.sink, &place, &format!("function.{name}"));
            }
        }
    }

    /// Types it over a customer or an event.
    pub(crate) fn check(
        &self,
        context: Context<'_>,
        scope: Scope,
        expected: &Expected,
    ) -> Option<Expression> {
        self.check_calls(context);
        let mut can_be_typed = true;
        for (path, place) in self.paths(context.sink) {
            match context.known.target(scope, &path) {
                Target::Value(index) => {
                    let value = context.known.values.get(index)?;
                    can_be_typed &= value.ty.is_some();
                    if context.enabled {
                        context.known.used.borrow_mut().insert(index);
                    }
                    if context.enabled && !value.enabled {
                        disabled(context.sink, &place, &format!("{}.{}", value.kind, value.name));
                    }
                }
                Target::Broken => can_be_typed = false,
                Target::Ambiguous(name) => ambiguous(context.sink, &place, &name),
                Target::Other => {}
            }
        }
        if !can_be_typed {
            return None;
        }
        self.check_names(&Seen { known: context.known, scope }, expected, context.sink)
    }

    /// Types it over any names.
    pub(crate) fn check_names(
        &self,
        names: &dyn Names,
        expected: &Expected,
        sink: &Sink<'_>,
    ) -> Option<Expression> {
        match self.syntax.as_ref()?.check(names, expected) {
            Ok((expression, warnings)) => {
                for warning in warnings {
                    sink.within(&self.text, warning);
                }
                Some(expression)
            }
            Err(problems) => {
                for problem in problems {
                    sink.within(&self.text, problem);
                }
                None
            }
        }
    }
}

/// Reports the use of a table that does not count.
pub(crate) fn disabled(sink: &Sink<'_>, place: &Place, what: &str) {
    sink.problem(&codes::together::DISABLED, place, format!("`{what}` is disabled"))
        .help("enable it, or disable what uses it as well")
        .report();
}

fn ambiguous(sink: &Sink<'_>, place: &Place, name: &str) {
    sink.problem(
        &codes::together::AMBIGUOUS,
        place,
        format!("`{name}` may mean the event's or the customer's"),
    )
    .help(format!("write `event.{name}` or `customer.{name}`"))
    .suggest(Some(format!("event.{name}")))
    .report();
}
