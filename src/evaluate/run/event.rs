//! Steps between customers and their events: windows, aggregates, spreading.

use super::frame::Frame;
use super::{Setting, Work};
use crate::evaluate::aggregate::{self, Events, Same, Times};
use crate::evaluate::graph::NodeId;
use crate::evaluate::graph::op::{Op, Space};
use crate::evaluate::kernel::{choose, time};
use crate::model::civil;
use crate::model::{Column, Duration, Timestamp};
use crate::policy::compiled::Window;
use crate::policy::expression::Moment;

pub(super) fn step(frame: &Frame<'_>, setting: Setting<'_>, work: &mut Work, out: &mut Column) {
    match (&frame.node.op, out) {
        (Op::Spread, out) => spread(frame, out),
        (Op::Window(window, before), Column::Flag(out)) => {
            let (after, until) = bounds(*window, *before, &setting.moment);
            let (after, until) = (after.map(time::instant), time::instant(until));
            aggregate::window(frame.numbers(0), after, until, frame.rows, out);
        }
        (Op::Unanswered(other), Column::Flag(out)) => {
            let (Some(first), Some(other)) =
                (times(frame, frame.node.space), times(frame, Space::Event(*other)))
            else {
                return;
            };
            let same = frame.view(0).zip(frame.view(1)).map(|(first, other)| Same { first, other });
            aggregate::unanswered(first, other, same, out);
        }
        (Op::Aggregate(take), out) => {
            if let Some((events, _)) = events(frame) {
                let now = time::instant(setting.moment.now);
                aggregate::aggregate(*take, events, now, &mut work.scratch, out);
            }
        }
        (Op::Fading(take, half_life, before), out) => {
            if let Some((events, at)) = events(frame) {
                let (_, end) = bounds(Window::All, *before, &setting.moment);
                let half_life = time::instant(Timestamp(*half_life));
                let end = time::instant(end);
                aggregate::fading(*take, events, at, end, half_life, out);
            }
        }
        _ => {}
    }
}

fn spread(frame: &Frame<'_>, out: &mut Column) {
    let Some(operand) = frame.view(0) else { return };
    let from: Option<&NodeId> = frame.node.operands.first();
    let from = from.and_then(|&id| frame.nodes.get(id)).map(|node| node.space);
    match (from, times(frame, frame.node.space)) {
        (Some(Space::Customer), Some(events)) => choose::gather(operand, events.offsets, out),
        _ => choose::copy(operand, frame.rows, out),
    }
}

fn times<'a>(frame: &Frame<'a>, space: Space) -> Option<Times<'a>> {
    let Space::Event(kind) = space else { return None };
    frame.facts.events(kind).map(|events| Times { offsets: &events.offsets, at: &events.at })
}

/// The events that an aggregate puts together, and when they happened.
fn events<'a>(frame: &Frame<'a>) -> Option<(Events<'a>, &'a [f64])> {
    let which = frame.node.operands.first().and_then(|&id| frame.nodes.get(id))?;
    let times = times(frame, which.space)?;
    let events = Events { offsets: times.offsets, which: frame.flags(0), of: frame.view(1)? };
    Some((events, times.at))
}

/// The ends of a window: after the first, up to the second. A shift moves both back.
#[must_use]
pub fn bounds(window: Window, before: Option<Duration>, moment: &Moment) -> (Option<Timestamp>, Timestamp) {
    let shift = |at: Timestamp| before.map_or(at, |before| before.before(at, moment.timezone));
    let after = match window {
        Window::All => None,
        Window::Sliding(length) => Some(shift(moment.now.plus(length.saturating_neg()))),
        Window::This(period) => {
            let start = civil::local(moment.now, moment.timezone)
                .and_then(|local| civil::start_of(period, local.date()))
                .and_then(|day| civil::midnight(day.into(), moment.timezone));
            Some(shift(start.unwrap_or(moment.now)).plus(-1))
        }
    };
    (after, shift(moment.now))
}
