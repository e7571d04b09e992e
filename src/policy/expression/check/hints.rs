//! What to do instead, for mistakes that are made often.

use super::{Checker, conversion, is_function};
use crate::model::{Type, Value};
use crate::policy::expression::builtin;
use crate::policy::expression::problem::nearest;
use crate::policy::expression::tree::{Node, NodeKind};

/// Functions as other languages call them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("length", "len"),
    ("size", "len"),
    ("lowercase", "lower"),
    ("to_lower", "lower"),
    ("uppercase", "upper"),
    ("to_upper", "upper"),
    ("strip", "trim"),
    ("isnull", "is_missing"),
    ("is_null", "is_missing"),
    ("is_empty", "is_missing"),
    ("to_number", "number"),
    ("parse_number", "number"),
    ("least", "min"),
    ("greatest", "max"),
    ("ceiling", "ceil"),
    ("log", "ln"),
    ("power", "pow"),
    ("datediff", "days_since"),
    ("days_ago", "days_since"),
    ("getdate", "now"),
    ("current_date", "today"),
    ("dayofweek", "weekday"),
];

/// Figures of events, which metrics make.
const FIGURES: &[&str] =
    &["sum", "count", "avg", "average", "mean", "median", "first", "last", "distinct", "mode"];

/// What to write for a function that does not exist.
pub(super) fn function_elsewhere(name: &str) -> Option<&'static str> {
    ELSEWHERE.iter().find(|(theirs, _)| *theirs == name.to_lowercase()).map(|(_, ours)| *ours)
}

/// Whether a function is looked for that metrics stand for.
pub(super) fn is_figure(name: &str) -> bool {
    FIGURES.contains(&name.to_lowercase().as_str())
}

/// What to do about two values that can't be compared.
pub(super) fn comparing(left: &Node, right: &Node) -> String {
    for (text, other) in [(left, right), (right, left)] {
        let NodeKind::Literal(Value::Text(written)) = &text.kind else { continue };
        match &other.ty {
            Type::Number if written.trim().parse::<f64>().is_ok() => {
                return format!("a number stands without quotes: {}", written.trim());
            }
            Type::Number => return "a number is compared with a number".to_owned(),
            Type::Bool => return "it is a condition by itself: write x or !x".to_owned(),
            Type::Time => return "ask for days: days_since(x) < 30, or x > now() - 30".to_owned(),
            _ => {}
        }
    }
    match (&left.ty, &right.ty) {
        (Type::Bool, _) | (_, Type::Bool) => "a condition stands by itself: write x or !x".to_owned(),
        (Type::Time, Type::Date) | (Type::Date, Type::Time) => {
            "turn both into days: days_since(x) < days_since(y)".to_owned()
        }
        (left, right) if conversion(left, right).is_empty() => conversion(right, left).to_owned(),
        (left, right) => conversion(left, right).to_owned(),
    }
}

/// What to do about operands that arithmetic does not take.
pub(super) fn computing(left: &Node, right: &Node) -> String {
    let sides = [left, right];
    if sides.iter().any(|node| matches!(node.ty, Type::Date | Type::Time)) {
        return "a date or time moves by a number of days: x + 30; the difference of two is in days"
            .to_owned();
    }
    for node in sides {
        if let NodeKind::Literal(Value::Text(written)) = &node.kind
            && written.trim().parse::<f64>().is_ok()
        {
            return format!("a number stands without quotes: {}", written.trim());
        }
    }
    let wrong = sides.into_iter().find(|node| node.ty != Type::Number);
    wrong.map_or("", |node| conversion(&node.ty, &Type::Number)).to_owned()
}

impl Checker<'_> {
    /// What to write for a name nobody declared: in words and, where one can be told, in its place.
    pub(super) fn instead_of(&self, written: &str) -> (String, Option<String>) {
        let known = |path: &str| self.names.resolve(&path.split('.').collect::<Vec<_>>()).is_some();
        if is_function(written) || self.names.function(written).is_some() {
            let takes_nothing =
                builtin::named(written).is_some_and(|function| function.parameters.is_empty());
            let call = if takes_nothing { "()" } else { "(…)" };
            return (format!("`{written}` is a function: write {written}{call}"), None);
        }
        let lower = written.to_lowercase();
        if matches!(lower.as_str(), "true" | "false") {
            return (format!("write {lower}"), Some(lower));
        }
        if let Some((top, part)) = written.split_once('.') {
            let candidates = [format!("{top}.data.{part}"), part.to_owned()];
            if let Some(near) = candidates.into_iter().find(|candidate| known(candidate)) {
                return (format!("did you mean `{near}`?"), Some(near));
            }
        }
        let candidates = self.names.candidates();
        if let Some(near) = nearest(written, candidates.iter().map(String::as_str)) {
            return (format!("did you mean `{near}`?"), Some(near.to_owned()));
        }
        let help = match written.split_once('.') {
            Some((top, _)) if self.names.class(top).is_some() => {
                format!("declare it in the `data` of `{top}`; it is written {top}.data.key")
            }
            Some(("event", _)) => {
                "there is no event here; figures of events are made by a [metric.…]".to_owned()
            }
            Some(_) => {
                "only segments, tiers and quadrants have parts: x.data.key; figures of events are made by a [metric.…]"
                    .to_owned()
            }
            None => format!("declare a value named `{written}`; text stands in double quotes"),
        };
        (help, None)
    }
}
