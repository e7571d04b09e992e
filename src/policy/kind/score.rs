//! `[score.NAME]`: a value by expression, or a rank in the population.

use crate::model::Type;
use crate::policy::compiled::{Rank, ValueKind};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::names::Scope;
use crate::policy::raw::{Constraint, Key, Reader, form, key};

/// Keys of `[score.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("value", form::EXPRESSION, "The value, of any type. Either this or `rank`."),
    key(
        "rank",
        form::NUMBER_EXPRESSION,
        "Where the customer stands in the population, from 0, the lowest, to 1.",
    ),
    key("among", form::CONDITION, "Who is in the population of `rank`. Default all who have the value."),
];

/// What holds among the keys of `[score.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] =
    &[Constraint::One(&["value", "rank"]), Constraint::Needs("among", &["rank"])];

/// As written.
#[derive(Debug)]
pub(crate) struct RawScore {
    value: Option<Formula>,
    rank: Option<Formula>,
    among: Option<Formula>,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawScore {
    reader.excludes("value", "rank", "a score is either an expression or a rank");
    if reader.entry("value").is_none() && reader.entry("rank").is_none() {
        reader.missing("value");
    }
    if reader.entry("rank").is_none() {
        reader.useless("among", "only a rank has a population");
    }
    RawScore {
        value: Formula::read(reader, "value"),
        rank: Formula::read(reader, "rank"),
        among: Formula::read(reader, "among"),
    }
}

impl RawScore {
    /// Its expressions.
    pub(crate) fn formulas(&self) -> Vec<&Formula> {
        self.value.iter().chain(&self.rank).chain(&self.among).collect()
    }

    /// Checks it; also tells its type.
    pub(crate) fn check(&self, context: Context<'_>) -> (Option<ValueKind>, Option<Type>) {
        let among = self.among.as_ref().map(|among| among.check(context, Scope::Customer, &Expected::Bool));
        if let Some(value) = &self.value {
            let value = value.check(context, Scope::Customer, &Expected::Any);
            let ty = value.as_ref().map(|value| value.root.ty.clone());
            return (value.map(ValueKind::Score), ty);
        }
        let Some(rank) = &self.rank else { return (None, None) };
        let of = rank.check(context, Scope::Customer, &Expected::Number);
        let kind = match (of, among) {
            (Some(of), None) => Some(ValueKind::Rank(Rank { of, among: None })),
            (Some(of), Some(Some(among))) => Some(ValueKind::Rank(Rank { of, among: Some(among) })),
            _ => None,
        };
        (kind, Some(Type::Number))
    }
}
