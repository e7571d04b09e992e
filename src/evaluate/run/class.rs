//! Steps of ranks, segments, tiers and quadrants.

use super::frame::Frame;
use super::{Setting, Work};
use crate::evaluate::class::clock::Clocks;
use crate::evaluate::class::quadrant::Coordinate;
use crate::evaluate::class::{self, Former, quadrant, segment, tier};
use crate::evaluate::cut::Part;
use crate::evaluate::graph::op::Op;
use crate::evaluate::kernel::{Flags, Numbers, fill_rows, number, time};
use crate::model::cut::Figure;
use crate::model::standing::{ClassDecision, NEVER, NO_PLACE, PendingClock, Place, PriorClass};
use crate::model::{Column, Dictionary, NumberColumn, Timestamp, Value};
use crate::policy::compiled::{Axis, Quadrant, Segment, Split, Tier, ValueKind};

pub(super) fn step(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    dictionary: &mut Dictionary,
    work: &mut Work,
    out: &mut Column,
) {
    match (&frame.node.op, out) {
        (Op::Rank(cut), Column::Number(out)) => rank(frame, setting, *cut, out),
        (Op::Decide(class), _) => decide(frame, setting, *class, work),
        (Op::Contends(class, holds), Column::Flag(out)) => {
            out.valid.reset(frame.rows, true);
            contends(frame, setting, *class, *holds, &mut out.values);
        }
        (Op::AtLeast(class, level), Column::Flag(out)) => {
            let places = places(work, *class);
            out.valid.reset(frame.rows, true);
            fill_rows(&mut out.values, frame.rows, |row| {
                places.get(row).is_some_and(|&place| place != NO_PLACE && place <= *level)
            });
        }
        (Op::PlaceSince(class), Column::Number(out)) => since(frame, setting, *class, work, out),
        (Op::Place(class), out) => {
            let values = place_values(setting, *class);
            constants(places(work, *class).iter().copied(), &values, dictionary, out);
        }
        (Op::PlaceBefore(class), out) => {
            let values = place_values(setting, *class);
            let Some(prior) = frame.facts.prior(*class) else { return };
            let Some(Some(decision)) = work.decisions.get(*class) else { return };
            let before = (0..frame.rows).map(|row| place_before(prior, decision, row));
            constants(before, &values, dictionary, out);
        }
        (Op::PlaceData(class, key), out) => {
            let values = data(setting, *class, key);
            constants(places(work, *class).iter().copied(), &values, dictionary, out);
        }
        _ => {}
    }
}

fn definition(setting: Setting<'_>, class: usize) -> Option<(usize, &ValueKind)> {
    let value = setting.owners.get(class).copied().flatten()?;
    setting.policy.values.get(value).map(|definition| (value, &definition.kind))
}

fn places(work: &Work, class: usize) -> &[Place] {
    work.decisions.get(class).and_then(Option::as_ref).map_or(&[], |decision| &decision.place)
}

/// Ranks everybody who is in the population; others have none.
fn rank(frame: &Frame<'_>, setting: Setting<'_>, cut: usize, out: &mut NumberColumn) {
    let population = setting.cuts.population(cut);
    let of = frame.numbers(0);
    let among = frame.view(1).map(|_| frame.flags(1));
    out.clear();
    for row in 0..frame.rows {
        let is_among = among.is_none_or(|among| among.values.get(row));
        let value = of.get(row).filter(|_| is_among);
        out.push(value.and_then(|value| population.rank(value)));
    }
    number::settle(out);
}

fn decide(frame: &Frame<'_>, setting: Setting<'_>, class: usize, work: &mut Work) {
    let Some((value, kind)) = definition(setting, class) else { return };
    let Some(prior) = frame.facts.prior(class) else { return };
    let Some(out) = work.decisions.get_mut(class) else { return };
    let out = out.get_or_insert_default();
    let pending = &frame.facts.prior.pending;
    let clocks = clocks(setting, class, pending, Some(&mut work.pending));
    match kind {
        ValueKind::Segment(definition) => {
            segments(frame, setting, (value, definition), prior, clocks, out);
        }
        ValueKind::Tier(definition) => tiers(frame, setting, (value, definition), prior, clocks, out),
        ValueKind::Quadrant(definition) => quadrants(frame, setting, (value, definition), prior, out),
        ValueKind::Metric(_) | ValueKind::Ledger(_) | ValueKind::Score(_) | ValueKind::Rank(_) => {}
    }
}

fn clocks<'a>(
    setting: Setting<'_>,
    class: usize,
    pending: &'a [PendingClock],
    started: Option<&'a mut Vec<PendingClock>>,
) -> Clocks<'a> {
    let class = u32::try_from(class).unwrap_or(u32::MAX);
    Clocks::new(class, setting.moment.now, setting.moment.timezone, pending, started)
}

/// A segment's columns.
#[derive(Clone, Copy)]
struct SegmentColumns<'a> {
    when: Flags<'a>,
    leave_when: Option<Flags<'a>>,
}

impl<'a> SegmentColumns<'a> {
    fn of(frame: &Frame<'a>, segment: &Segment) -> (Self, Numbers<'a>) {
        let leave_when = segment.leave_when.is_some().then(|| frame.flags(1));
        let by = frame.numbers(1 + usize::from(leave_when.is_some()));
        (Self { when: frame.flags(0), leave_when }, by)
    }

    fn facts(&self, row: usize, admitted: bool) -> segment::Facts {
        let when = self.when.values.get(row);
        let leaves = self.leave_when.map_or(!when, |leave_when| leave_when.values.get(row));
        segment::Facts { when, leaves, admitted }
    }
}

fn segments(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    (value, definition): (usize, &Segment),
    prior: &PriorClass,
    mut clocks: Clocks<'_>,
    out: &mut ClassDecision,
) {
    let (columns, by) = SegmentColumns::of(frame, definition);
    let last = definition.best.as_ref().map(|_| last_admitted(setting, value));
    class::decide(prior, out, |row, former| {
        let admitted = last.is_none_or(|last| {
            let newcomer = by.get(row).zip(frame.facts.ids.get(row));
            last.zip(newcomer)
                .is_some_and(|((value, id), (own, own_id))| own > value || (own >= value && own_id <= id))
        });
        segment::place(definition, row, former, columns.facts(row, admitted), &mut clocks)
    });
}

/// The last customer that `best` let in, if it was made in this very run: between refreshes nobody new enters.
fn last_admitted(setting: Setting<'_>, value: usize) -> Option<(f64, &str)> {
    let cut = setting.plan.find(value, Part::Best)?;
    match &setting.cuts.made_now(cut)?.figure {
        Figure::Best(Some((value, id))) => Some((*value, id)),
        _ => None,
    }
}

fn contends(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    class: usize,
    holds: bool,
    out: &mut crate::model::Bitmap,
) {
    let (Some((_, ValueKind::Segment(definition))), Some(prior)) =
        (definition(setting, class), frame.facts.prior(class))
    else {
        return out.reset(frame.rows, false);
    };
    let (columns, _) = SegmentColumns::of(frame, definition);
    let mut clocks = clocks(setting, class, &frame.facts.prior.pending, None);
    fill_rows(out, frame.rows, |row| {
        let Some(former) = former(prior, row) else { return false };
        let facts = columns.facts(row, false);
        let asked = if holds { segment::holds } else { segment::wants };
        asked(definition, row, former, facts, &mut clocks)
    });
}

fn former(prior: &PriorClass, row: usize) -> Option<Former> {
    Some(Former { place: *prior.place.get(row)?, first: *prior.since.get(row)? == NEVER })
}

/// A tier's columns in one row.
struct TierRow<'a> {
    row: usize,
    among: Option<Flags<'a>>,
    by: Option<Numbers<'a>>,
    conditions: &'a [Flags<'a>],
}

impl tier::Facts for TierRow<'_> {
    fn among(&self) -> bool {
        self.among.is_none_or(|among| among.values.get(self.row))
    }

    fn by(&self) -> Option<f64> {
        self.by?.get(self.row)
    }

    fn when(&self, index: usize) -> bool {
        self.conditions.get(index).is_some_and(|when| when.values.get(self.row))
    }
}

fn tiers(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    (value, definition): (usize, &Tier),
    prior: &PriorClass,
    mut clocks: Clocks<'_>,
    out: &mut ClassDecision,
) {
    let among = definition.among.is_some().then(|| frame.flags(0));
    let first_by = usize::from(among.is_some());
    let by = definition.by.is_some().then(|| frame.numbers(first_by));
    let first_condition = first_by + usize::from(by.is_some());
    let conditions: Vec<_> =
        (first_condition..frame.node.operands.len()).map(|index| frame.flags(index)).collect();
    let thresholds: Vec<_> = (0..definition.levels.len())
        .map(|level| setting.cuts.threshold(setting.plan.find(value, Part::Level(level))?))
        .collect();
    class::decide(prior, out, |row, former| {
        let facts = TierRow { row, among, by, conditions: &conditions };
        let held = tier::level(definition, &thresholds, &facts);
        tier::place(definition, row, former, held, &mut clocks)
    });
}

fn quadrants(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    (value, definition): (usize, &Quadrant),
    prior: &PriorClass,
    out: &mut ClassDecision,
) {
    let split = |axis: &Axis, part| match axis.split {
        Split::At(split) => Some(split),
        _ => setting.cuts.threshold(setting.plan.find(value, part)?),
    };
    let (x_split, y_split) = (split(&definition.x, Part::X), split(&definition.y, Part::Y));
    let (x, y) = (frame.numbers(0), frame.numbers(1));
    class::decide(prior, out, |row, former| {
        let x = Coordinate { value: x.get(row), split: x_split, margin: definition.x.margin };
        let y = Coordinate { value: y.get(row), split: y_split, margin: definition.y.margin };
        quadrant::place(former, x, y)
    });
}

/// Since when the place is held: now where it changed or was given first; missing where there is no place.
fn since(frame: &Frame<'_>, setting: Setting<'_>, class: usize, work: &Work, out: &mut NumberColumn) {
    out.clear();
    let (Some(prior), Some(Some(decision))) = (frame.facts.prior(class), work.decisions.get(class)) else {
        return;
    };
    let rows = decision.place.iter().zip(&prior.since).enumerate();
    for (row, (&place, &since)) in rows {
        let is_new = decision.first.get(row) || decision.changed.get(row);
        let since = if is_new { setting.moment.now } else { Timestamp(since) };
        out.push((place != NO_PLACE).then(|| time::instant(since)));
    }
}

fn place_before(prior: &PriorClass, decision: &ClassDecision, row: usize) -> Place {
    let before = if decision.changed.get(row) { prior.place.get(row) } else { prior.previous.get(row) };
    before.copied().unwrap_or(NO_PLACE)
}

/// What a class's places are as values.
fn place_values(setting: Setting<'_>, class: usize) -> Vec<Option<Value>> {
    match definition(setting, class) {
        Some((_, ValueKind::Tier(tier))) => {
            tier.levels.iter().map(|level| Some(Value::text(level.name.clone()))).collect()
        }
        Some((_, ValueKind::Quadrant(quadrant))) => {
            quadrant.cells.iter().map(|cell| Some(Value::text(cell.name.clone()))).collect()
        }
        Some((_, ValueKind::Segment(_))) => vec![Some(Value::Bool(false)), Some(Value::Bool(true))],
        _ => Vec::new(),
    }
}

/// What a class's places carry under a key.
fn data(setting: Setting<'_>, class: usize, key: &str) -> Vec<Option<Value>> {
    match definition(setting, class) {
        Some((_, ValueKind::Tier(tier))) => {
            tier.levels.iter().map(|level| level.data.get(key).cloned()).collect()
        }
        Some((_, ValueKind::Quadrant(quadrant))) => {
            quadrant.cells.iter().map(|cell| cell.data.get(key).cloned()).collect()
        }
        Some((_, ValueKind::Segment(segment))) => vec![None, segment.data.get(key).cloned()],
        _ => Vec::new(),
    }
}

/// One of a few values a row, by place.
fn constants(
    places: impl Iterator<Item = Place>,
    values: &[Option<Value>],
    dictionary: &mut Dictionary,
    out: &mut Column,
) {
    out.clear();
    let value = |place: Place| values.get(usize::from(place)).and_then(Option::as_ref);
    match out {
        Column::Number(out) => places.for_each(|place| out.push(value(place).and_then(as_number))),
        Column::Flag(out) => places.for_each(|place| {
            out.push(match value(place) {
                Some(Value::Bool(flag)) => Some(*flag),
                _ => None,
            });
        }),
        Column::Code(out) => {
            let code = |value: &Option<Value>| match value {
                Some(Value::Text(text)) => Some(dictionary.code(text)),
                _ => None,
            };
            let codes: Vec<_> = values.iter().map(code).collect();
            places.for_each(|place| out.push(codes.get(usize::from(place)).copied().flatten()));
        }
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Date(day) => Some(f64::from(day.0)),
        Value::Time(at) => Some(time::instant(*at)),
        Value::Text(_) | Value::Bool(_) => None,
    }
}
