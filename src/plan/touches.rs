//! The touches of two courses of events that began from one store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::PlanError;
use super::change::{ActionChange, Cancelled, ReasonChange, StateChange, TouchChanges, TouchSample};
use super::sample::Sample;
use crate::archive::{Archive, TouchRow};
use crate::model::touch::TouchState;

/// A touch as the two courses left it; a side is `None` where it has none such.
#[derive(Default)]
pub(super) struct Pair {
    pub(super) before: Option<TouchRow>,
    pub(super) after: Option<TouchRow>,
    /// Whether it waited or was queued when the courses began.
    was_unsent: bool,
}

/// Touches of some customers that either course made or led to another state, in order of customer and id.
pub(super) fn pairs(
    stored: &Archive,
    [before, after]: [&Archive; 2],
    range: (&str, &str),
    last: i64,
) -> Result<Vec<Pair>, PlanError> {
    let mut found: BTreeMap<(Arc<str>, Arc<str>), Pair> = BTreeMap::new();
    let key = |row: &TouchRow| (Arc::clone(&row.touch.customer), Arc::clone(&row.touch.id));
    for row in before.touches_made(range, last)? {
        let pair = found.entry(key(&row)).or_default();
        pair.before = Some(row);
    }
    for row in after.touches_made(range, last)? {
        let pair = found.entry(key(&row)).or_default();
        pair.after = Some(row);
    }
    for unsent in stored.touches_unsent(range)? {
        let (was, is) = (before.touch(&unsent.touch.id)?, after.touch(&unsent.touch.id)?);
        let stays = |side: &Option<TouchRow>| side.as_ref().is_some_and(|row| is_alike(row, &unsent));
        if stays(&was) && stays(&is) {
            continue;
        }
        let pair = found.entry(key(&unsent)).or_default();
        pair.was_unsent = true;
        pair.before = pair.before.take().or(was);
        pair.after = pair.after.take().or(is);
    }
    Ok(found.into_values().collect())
}

fn is_alike(one: &TouchRow, other: &TouchRow) -> bool {
    one.touch.state == other.touch.state && one.guard == other.guard
}

/// Whether a touch left or may still leave.
const fn counts(row: &TouchRow) -> bool {
    matches!(row.touch.state, TouchState::Waiting | TouchState::Queued | TouchState::Delivered)
}

/// The trigger or cadence a touch is of.
fn because(row: &TouchRow) -> String {
    format!("{}.{}", row.touch.because.kind, row.touch.because.name)
}

fn sample(row: &TouchRow) -> TouchSample {
    let waits = row.touch.state == TouchState::Waiting;
    TouchSample {
        id: row.touch.id.to_string(),
        customer: row.touch.customer.to_string(),
        because: because(row),
        step: row.touch.because.step.clone(),
        state: row.touch.state.to_string(),
        guard: row.guard.clone().filter(|_| waits),
    }
}

impl Pair {
    /// Its side with the edit, and without where there is none.
    fn shown(&self) -> Option<&TouchRow> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Whether both sides are sent, with other words or over another channel. What waits has no words yet.
    fn says_otherwise(&self) -> bool {
        let has_words =
            |row: &TouchRow| matches!(row.touch.state, TouchState::Queued | TouchState::Delivered);
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if has_words(before) && has_words(after) => {
                let (was, is) = (&before.touch, &after.touch);
                was.channel != is.channel || was.payload != is.payload || was.because != is.because
            }
            _ => false,
        }
    }

    /// Whether the side without the edit counts, and the one with it.
    pub(super) fn counts(&self) -> [bool; 2] {
        [&self.before, &self.after].map(|side| side.as_ref().is_some_and(counts))
    }
}

/// What is added up of touches.
#[derive(Default)]
pub(super) struct Touches {
    actions: BTreeMap<String, OfAction>,
    cancelled: BTreeMap<(String, String), (String, Sample<TouchSample>)>,
}

#[derive(Default)]
struct OfAction {
    added: Sample<TouchSample>,
    removed: Sample<TouchSample>,
    same: Sample<TouchSample>,
    reworded: u64,
    reasons: BTreeMap<String, ReasonChange>,
    /// By state without the edit and with it.
    states: BTreeMap<TouchState, [u64; 2]>,
}

impl Touches {
    /// Takes in a touch.
    pub(super) fn take(&mut self, pair: &Pair, most: usize) {
        let Some(shown) = pair.shown() else { return };
        let action = shown.touch.action.to_string();
        self.take_cancelled(pair, most);
        let of = self.actions.entry(action).or_default();
        for (side, row) in [&pair.before, &pair.after].into_iter().enumerate() {
            let count =
                row.as_ref().and_then(|row| of.states.entry(row.touch.state).or_default().get_mut(side));
            if let Some(count) = count {
                *count += 1;
            }
        }
        let because = because(shown);
        let empty = || ReasonChange { because: because.clone(), ..ReasonChange::default() };
        let reason = of.reasons.entry(because.clone()).or_insert_with(empty);
        match pair.counts() {
            [false, true] => {
                reason.added += 1;
                of.added.note(most, || sample(shown));
            }
            [true, false] => {
                reason.removed += 1;
                let without = pair.before.as_ref().unwrap_or(shown);
                of.removed.note(most, || sample(without));
            }
            [true, true] => {
                reason.same += 1;
                of.same.note(most, || sample(shown));
                of.reworded += u64::from(pair.says_otherwise());
            }
            [false, false] => {}
        }
    }

    /// Notes a touch that was to be sent and that only the edit takes back.
    fn take_cancelled(&mut self, pair: &Pair, most: usize) {
        let is_cancelled = |side: &&TouchRow| side.touch.state == TouchState::Cancelled;
        let Some(cancelled) = pair.after.as_ref().filter(is_cancelled) else { return };
        if !pair.was_unsent || pair.before.as_ref().is_some_and(|row| is_cancelled(&row)) {
            return;
        }
        let key = (cancelled.touch.action.to_string(), because(cancelled));
        let first = || (cancelled.touch.reason.clone(), Sample::default());
        let (_, touches) = self.cancelled.entry(key).or_insert_with(first);
        touches.note(most, || sample(cancelled));
    }

    /// What it came to; guards are told of by runs.
    pub(super) fn finish(self) -> (TouchChanges, Vec<Cancelled>) {
        let actions = self.actions.into_iter().map(|(action, of)| ActionChange {
            action,
            added: of.added,
            removed: of.removed,
            same: of.same,
            reworded: of.reworded,
            reasons: of.reasons.into_values().collect(),
            states: of
                .states
                .into_iter()
                .map(|(state, [before, after])| StateChange { state: state.to_string(), before, after })
                .collect(),
        });
        let cancelled = self.cancelled.into_iter().map(|((action, because), (reason, touches))| Cancelled {
            action,
            because,
            reason,
            touches,
        });
        (TouchChanges { actions: actions.collect(), guards: Vec::new() }, cancelled.collect())
    }
}
