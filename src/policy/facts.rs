//! What is known of fields and values beyond their types: the ranges of counts, ranks, days and of
//! what is declared with `min` and `max`.

use super::compiled::{Fades, Ledger, Metric, Take, ValueKind, Window};
use super::expression::reason::{self, Domain, Facts, Known as Kind, Precision, Range};
use super::expression::tree::Reference;
use super::names::{Known, Scope, Seen};
use crate::model::Type;
use crate::model::schema::FieldShape;
use crate::model::time::DAY;

/// Sums and means are rounded to this many parts of one.
const PARTS: f64 = 1_000_000.0;

/// Of a name at a place.
pub(crate) fn of_name(known: &Known, scope: Scope, reference: &Reference) -> Option<Facts> {
    match (reference, scope) {
        (Reference::Customer(field), _) => known.fields.get(*field).map(of_field),
        (Reference::Event(field), Scope::Event(event)) => {
            known.events.get(event)?.shape.fields.get(*field).map(of_field)
        }
        (Reference::Value(value), _) => known.values.get(*value)?.facts.clone(),
        _ => None,
    }
}

/// Of a field: a number lies between `min` and `max`.
#[must_use]
pub fn of_field(field: &FieldShape) -> Facts {
    let mut facts = Facts::of_type(&field.ty);
    if field.ty == Type::Number {
        let low = field.min.unwrap_or(f64::NEG_INFINITY);
        facts.domain.known = Kind::Number(Range::between(low, field.max.unwrap_or(f64::INFINITY)));
    }
    facts
}

/// Of a value.
pub(crate) fn of_value(kind: &ValueKind, ty: &Type, known: &Known) -> Facts {
    match kind {
        ValueKind::Metric(metric) => of_metric(metric, ty, known),
        ValueKind::Ledger(ledger) => of_ledger(ledger, known),
        ValueKind::Score(value) => reason::facts(&Seen { known, scope: Scope::Customer }, &value.root, None),
        ValueKind::Rank(_) => Facts::of(Domain::numbers(Range::between(0.0, 1.0)).or_missing()),
        ValueKind::Segment(_) | ValueKind::Tier(_) | ValueKind::Quadrant(_) => Facts::of_type(ty),
    }
}

fn of_metric(metric: &Metric, ty: &Type, known: &Known) -> Facts {
    let names = Seen { known, scope: Scope::Event(metric.event) };
    let filter = metric.filter.as_ref().map(|filter| &filter.root);
    let of = metric.of.as_ref().map(|of| reason::facts(&names, &of.root, filter));
    let of = of.unwrap_or_else(|| Facts::of_type(ty));
    let weighs = metric.half_life.is_some();
    match metric.take {
        Take::Count => Facts::of(Domain::numbers(Range::from(0.0).whole())),
        Take::Distinct => Facts::of(Domain::numbers(Range::from(0.0).whole()).or_missing()),
        Take::Sum => Facts {
            domain: Domain::numbers(sum(&of.domain.range())),
            precision: if weighs { Precision::Rounded } else { of.precision },
            is_past: false,
        },
        Take::Mean => Facts {
            domain: Domain::numbers(widened(&of.domain.range())).or_missing(),
            precision: of.precision.max(Precision::Rounded),
            is_past: false,
        },
        Take::Median => Facts {
            domain: Domain::numbers(of.domain.range().stepped(|end| end)).or_missing(),
            precision: of.precision,
            is_past: false,
        },
        Take::Min | Take::Max | Take::First | Take::Last | Take::Mode => {
            Facts { domain: of.domain.or_missing(), ..of }
        }
        Take::DaysSinceFirst | Take::DaysSinceLast | Take::MedianGapDays | Take::MeanGapDays => days(metric),
    }
}

/// Its entries together; nothing that fades or lapses changes a sign.
fn of_ledger(ledger: &Ledger, known: &Known) -> Facts {
    let fades = matches!(ledger.fades, Fades::HalfLife(_));
    let mut range = Range::point(0.0);
    let mut precision = if fades { Precision::Rounded } else { Precision::Exact };
    for entry in &ledger.entries {
        let names = Seen { known, scope: Scope::Event(entry.event) };
        let filter = entry.filter.as_ref().map(|filter| &filter.root);
        let amount = reason::facts(&names, &entry.amount.root, filter);
        let amounts = sum(&amount.domain.range());
        range = Range::between(range.low.min(amounts.low), range.high.max(amounts.high));
        precision = precision.max(amount.precision);
    }
    Facts { domain: Domain::numbers(range), precision, is_past: false }
}

/// No events give 0, and each adds its own sign.
fn sum(of: &Range) -> Range {
    let low = if of.low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    let high = if of.high <= 0.0 { 0.0 } else { f64::INFINITY };
    Range::between(low, high)
}

/// Days are not negative and, without a shift, not longer than the window.
fn days(metric: &Metric) -> Facts {
    let most = match (metric.within, metric.before) {
        (Window::Sliding(within), None) => within as f64 / DAY as f64,
        _ => f64::INFINITY,
    };
    Facts {
        domain: Domain::numbers(Range::between(0.0, most)).or_missing(),
        precision: Precision::Continuous,
        is_past: false,
    }
}

/// Lets rounding step over an end that is not round itself.
fn widened(range: &Range) -> Range {
    let is_round = |end: f64| Range::point((end * PARTS).round() / PARTS).ends_at(end);
    let slack = |end: f64| if is_round(end) { 0.0 } else { 1.0 / PARTS };
    Range::between(range.low - slack(range.low), range.high + slack(range.high))
}
