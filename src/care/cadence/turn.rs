//! One customer's turn in one run: the enrolment as it is from now on, and the steps that are due.

use super::due::{Due, due, due_within, next_due};
use super::enrol::{Base, Changed, End, Sight, Terms, Verdict, decide};
use super::moved::SAME_CYCLE;
use super::stagger::stagger;
use super::timeline::Rhythm;
use crate::model::Timestamp;
use crate::model::enrolment::Enrolment;

/// What comes of one customer in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Why, in a word.
    pub verdict: Verdict,
    /// An enrolment that ended and is followed by another, as it is to be kept.
    pub replaced: Option<Enrolment>,
    /// The enrolment as it is to be kept; `None` where there is nothing to write.
    pub enrolment: Option<Enrolment>,
    /// What becomes of touches not sent yet.
    pub unsent: Unsent,
    /// The steps that are due, in order of time.
    pub found: Vec<Found>,
}

/// What becomes of touches not sent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// They stay.
    Stay,
    /// All are cancelled, since the enrolment ended.
    Cancelled(End),
    /// Those of steps that are gone or due only later are cancelled.
    Moved,
}

/// A step that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which, and when.
    pub due: Due,
    /// The number of the enrolment.
    pub enrolment: u32,
    /// Whether it is found later than its grace.
    pub late: bool,
}

/// The steps a turn looks at.
struct Window {
    /// Those due after this, to `now`.
    after: Timestamp,
    /// Those found late are recorded from here on.
    recorded_from: Timestamp,
}

/// Decides all of one customer. `former` is the customer's last enrolment in this cadence.
#[must_use]
pub fn turn(former: Option<&Enrolment>, sight: &Sight<'_>, terms: &Terms<'_>) -> Turn {
    let verdict = decide(former, sight, terms);
    let mut turn = Turn { verdict, replaced: None, enrolment: None, unsent: Unsent::Stay, found: Vec::new() };
    match (verdict, former) {
        (Verdict::Continues, Some(former)) => go_on(&mut turn, former, former.counts_from(), sight, terms),
        (Verdict::Moves(base), Some(former)) => {
            turn.unsent = Unsent::Moved;
            go_on(&mut turn, former, base, sight, terms);
        }
        (Verdict::Resumes(base), Some(former)) => {
            let resumed = Enrolment { ended: None, reason: None, ..counted(former, base, terms) };
            step_on(&mut turn, resumed, &beginning(sight, terms), sight, terms);
        }
        (Verdict::RestsMoved(base), Some(former)) => turn.enrolment = Some(counted(former, base, terms)),
        (Verdict::Ends(end), Some(former)) => {
            turn.enrolment = Some(ended(former, end, sight.now));
            turn.unsent = Unsent::Cancelled(end);
        }
        (Verdict::Enrols { number, base }, former) => {
            let begun = begun(number, base, sight, terms);
            step_on(&mut turn, begun, &beginning(sight, terms), sight, terms);
            if let Some(former) = former.filter(|former| former.ended.is_none()) {
                turn.replaced = Some(ended(former, End::AnchorMoved, sight.now));
                turn.unsent = Unsent::Cancelled(End::AnchorMoved);
            }
            drop_if_empty(&mut turn);
        }
        (Verdict::Outside | Verdict::Rests, _) | (_, None) => {}
    }
    turn
}

/// The turn of an event that enrols its customer, counted from `at`; nothing where nothing of it is within the
/// grace or ahead.
#[must_use]
pub fn for_event(number: u32, event: &str, at: Timestamp, sight: &Sight<'_>, terms: &Terms<'_>) -> Turn {
    let base = Base { at: at.plus(stagger(terms.name, sight.customer, terms.stagger)), offset: 0 };
    let verdict = Verdict::Enrols { number, base };
    let mut turn = Turn { verdict, replaced: None, enrolment: None, unsent: Unsent::Stay, found: Vec::new() };
    let begun = Enrolment { event: Some(event.into()), ..begun(number, base, sight, terms) };
    step_on(&mut turn, begun, &beginning(sight, terms), sight, terms);
    drop_if_empty(&mut turn);
    turn
}

/// An enrolment with nothing to come, and nothing due, is none.
fn drop_if_empty(turn: &mut Turn) {
    if turn.found.is_empty() && turn.enrolment.as_ref().is_some_and(|enrolment| enrolment.ended.is_some()) {
        turn.enrolment = None;
        if turn.replaced.is_none() {
            turn.verdict = Verdict::Outside;
        }
    }
}

fn begun(number: u32, base: Base, sight: &Sight<'_>, terms: &Terms<'_>) -> Enrolment {
    Enrolment {
        number,
        identity: None,
        event: None,
        started: sight.now,
        base: base.at,
        offset: base.offset,
        distance: terms.distance(),
        next: None,
        ended: None,
        reason: None,
    }
}

fn counted(former: &Enrolment, base: Base, terms: &Terms<'_>) -> Enrolment {
    Enrolment { base: base.at, offset: base.offset, distance: terms.distance(), ..former.clone() }
}

fn ended(former: &Enrolment, end: End, now: Timestamp) -> Enrolment {
    Enrolment { next: None, ended: Some(now), reason: Some(end.as_str().into()), ..former.clone() }
}

/// What was due before an enrolment began is sent within the grace; later, it is not this customer's.
fn beginning(sight: &Sight<'_>, terms: &Terms<'_>) -> Window {
    Window { after: terms.grace_start(sight.started), recorded_from: sight.now }
}

fn go_on(turn: &mut Turn, former: &Enrolment, base: Base, sight: &Sight<'_>, terms: &Terms<'_>) {
    let moved = base != former.counts_from();
    let is_due = former.next.is_some_and(|next| next <= sight.now);
    if !moved && !is_due && sight.changed == Changed::No {
        return;
    }
    let undecided = former.next.unwrap_or(sight.now);
    let mut window = Window { after: undecided.plus(-1), recorded_from: undecided };
    if moved && former.distance == terms.distance() {
        // What a moved anchor made due is recorded where it is too late.
        let since = former.started.max(sight.now.plus(-SAME_CYCLE)).plus(-1);
        window.after = window.after.min(since);
        window.recorded_from = window.after;
    }
    match sight.changed {
        Changed::No => {}
        Changed::Edited => window.after = window.after.min(terms.grace_start(sight.started)),
        Changed::Slept => {
            window = beginning(sight, terms);
        }
    }
    if sight.changed != Changed::No {
        turn.unsent = Unsent::Moved;
    }
    step_on(turn, counted(former, base, terms), &window, sight, terms);
    if turn.enrolment.as_ref() == Some(former) {
        turn.enrolment = None;
    }
}

/// Finds what is due, and what is next.
fn step_on(turn: &mut Turn, mut enrolment: Enrolment, window: &Window, sight: &Sight<'_>, terms: &Terms<'_>) {
    let timeline = terms.timeline(enrolment.counts_from());
    let found = due_within(&timeline, terms.steps, window.after, sight.now).into_iter().filter_map(|due| {
        let late = terms.is_late(due.at, sight.started);
        let is_owed = !late || due.at >= window.recorded_from;
        is_owed.then_some(Found { due, enrolment: enrolment.number, late })
    });
    turn.found = found.collect();
    if let (Rhythm::Days(_), Some(last)) = (terms.rhythm, turn.found.last())
        && let Some(start) = timeline.place(last.due.cycle).and_then(|place| timeline.start(place))
    {
        enrolment.base = start;
        enrolment.offset = last.due.cycle;
    }
    enrolment.next = next_due(&timeline, terms.steps, sight.now);
    if enrolment.next.is_none() && terms.rhythm == Rhythm::Once {
        enrolment.ended = Some(sight.now);
        enrolment.reason = Some(End::Completed.as_str().into());
    }
    turn.enrolment = Some(enrolment);
}

/// When a step of a cycle of an enrolment is due; `None` where the cadence has no such step or cycle.
#[must_use]
pub fn due_of(enrolment: &Enrolment, cycle: i64, step: &str, terms: &Terms<'_>) -> Option<Timestamp> {
    let timeline = terms.timeline(enrolment.counts_from());
    let step = terms.steps.iter().find(|known| *known.id == *step)?;
    due(&timeline, step, timeline.place(cycle)?)
}
