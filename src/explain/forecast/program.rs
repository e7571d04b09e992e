//! What runs of one scope ask of a customer.

use std::ops::Range;

use crate::care::cadence::{Standing, Start, Terms};
use crate::engine::{Engine, Selection, cadence_expressions, trigger_conditions};
use crate::evaluate::{CutPoints, Decisions, EvaluateError, Evaluator, Goal};
use crate::model::facts::{EventRequest, FactBatch, FactRequest};
use crate::model::standing::{NO_PLACE, PendingClock, Place};
use crate::model::{Column, Date, Timestamp, civil};
use crate::policy::compiled::{Anchor, Scope, Shape};

/// The program of one scope.
pub(super) struct Program {
    pub(super) scope: Scope,
    pub(super) selection: Selection,
    pub(super) evaluator: Evaluator,
    /// The classes its runs decide.
    pub(super) decided: Vec<usize>,
    /// Per trigger of the selection the columns of its condition, or of its audience.
    triggers: Vec<Range<usize>>,
    /// Per cadence of the selection.
    cadences: Vec<CadenceColumns>,
}

/// Where a cadence's answers stand.
struct CadenceColumns {
    audience: Option<usize>,
    stop_when: Option<usize>,
    anchor: Option<usize>,
    /// By step.
    whens: Vec<Option<usize>>,
}

/// What a run at one instant finds of a customer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sighting {
    /// Per decided class.
    pub(super) places: Vec<Placed>,
    /// Per trigger of the selection: whether its condition and audience hold.
    pub(super) triggers: Vec<bool>,
    /// Per cadence of the selection.
    pub(super) cadences: Vec<InCadence>,
}

/// What becomes of a customer in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) class: usize,
    pub(super) place: Place,
    pub(super) first: bool,
    pub(super) changed: bool,
    pub(super) clock: Option<PendingClock>,
}

/// How a customer stands with regard to a cadence.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InCadence {
    pub(super) standing: Standing,
    pub(super) anchor: Option<Timestamp>,
    /// By step.
    pub(super) whens: Vec<bool>,
}

impl Placed {
    fn of(class: usize, decisions: &Decisions<'_>) -> Self {
        let decision = decisions.classes.get(class).and_then(Option::as_ref);
        let clock = decisions.pending.iter().find(|clock| usize::try_from(clock.class) == Ok(class));
        Self {
            class,
            place: decision.and_then(|decision| decision.place.first().copied()).unwrap_or(NO_PLACE),
            first: decision.is_some_and(|decision| decision.first.get(0)),
            changed: decision.is_some_and(|decision| decision.changed.get(0)),
            clock: clock.copied(),
        }
    }

    /// The place that conditions lead to, whether or not it counts already.
    pub(super) fn wanted(&self) -> Place {
        self.clock.map_or(self.place, |clock| clock.to)
    }
}

impl Program {
    pub(super) fn new(engine: &Engine, scope: &Scope, now: Timestamp) -> Result<Self, EvaluateError> {
        let policy = engine.policy();
        let selection = Selection::of(policy, scope);
        let plain = engine.goal(&selection);
        let mut evaluator = Evaluator::new(policy, engine.plan(), &plain)?;
        let decided = evaluator.request(now).classes.iter().map(|request| request.class).collect();
        let mut expressions = plain.expressions.clone();
        let mut column = 0;
        let mut next = |count: usize| {
            column += count;
            column - count..column
        };
        let chosen: Vec<_> =
            selection.triggers.iter().filter_map(|&index| policy.triggers.get(index)).collect();
        let mut triggers: Vec<Range<usize>> =
            chosen.iter().map(|trigger| next(trigger_conditions(trigger).count())).collect();
        let mut cadences = Vec::new();
        for cadence in selection.cadences.iter().filter_map(|&index| policy.cadences.get(index)) {
            let mut one = |is_there: bool| is_there.then(|| next(1).start);
            cadences.push(CadenceColumns {
                audience: one(cadence.audience.is_some()),
                stop_when: one(cadence.stop_when.is_some()),
                anchor: one(matches!(cadence.anchor, Anchor::Value(_))),
                whens: cadence.steps.iter().map(|step| one(step.when.is_some())).collect(),
            });
            debug_assert_eq!(
                cadence_expressions(cadence).count(),
                cadence.steps.iter().filter(|step| step.when.is_some()).count()
                    + usize::from(cadence.audience.is_some())
                    + usize::from(cadence.stop_when.is_some())
                    + usize::from(matches!(cadence.anchor, Anchor::Value(_)))
            );
        }
        for (columns, trigger) in triggers.iter_mut().zip(&chosen) {
            if !matches!(trigger.shape, Shape::When(_)) {
                *columns = next(trigger.audience.iter().count());
                expressions.extend(&trigger.audience);
            }
        }
        if expressions.len() > plain.expressions.len() {
            let goal = Goal { classes: selection.classes.clone(), expressions };
            evaluator = Evaluator::new(policy, engine.plan(), &goal)?;
        }
        Ok(Self { scope: scope.clone(), selection, evaluator, decided, triggers, cadences })
    }

    /// Looks at the first customer of a batch as a run at an instant would. `terms` are those of all cadences.
    pub(super) fn look(
        &mut self,
        facts: &mut FactBatch,
        now: Timestamp,
        cuts: &CutPoints,
        terms: &[Terms<'_>],
    ) -> Result<Sighting, EvaluateError> {
        let Self { evaluator, decided, triggers, cadences, selection, .. } = self;
        let decisions = evaluator.evaluate(facts, now, cuts)?;
        let own = selection.cadences.iter().filter_map(|&index| terms.get(index));
        Ok(Sighting {
            places: decided.iter().map(|&class| Placed::of(class, &decisions)).collect(),
            triggers: triggers
                .iter()
                .map(|columns| columns.clone().all(|column| holds(&decisions, column)))
                .collect(),
            cadences: cadences
                .iter()
                .zip(own)
                .map(|(columns, terms)| InCadence::of(columns, terms, &decisions))
                .collect(),
        })
    }
}

fn holds(decisions: &Decisions<'_>, column: usize) -> bool {
    matches!(decisions.expression(column), Some(Column::Flag(flags)) if flags.values.get(0))
}

impl InCadence {
    fn of(columns: &CadenceColumns, terms: &Terms<'_>, decisions: &Decisions<'_>) -> Self {
        let holds = |column: usize| holds(decisions, column);
        Self {
            standing: if columns.stop_when.is_some_and(holds) {
                Standing::Stopped
            } else if columns.audience.is_none_or(holds) {
                Standing::In
            } else {
                Standing::Out
            },
            anchor: columns.anchor.and_then(|column| anchor(decisions, column, terms)),
            whens: columns.whens.iter().map(|when| when.is_none_or(holds)).collect(),
        }
    }
}

/// The date or time that the customer's cycles count from; a date begins at its local midnight.
#[expect(clippy::cast_possible_truncation, reason = "days and instants are whole numbers in range")]
fn anchor(decisions: &Decisions<'_>, column: usize, terms: &Terms<'_>) -> Option<Timestamp> {
    let Some(Column::Number(numbers)) = decisions.expression(column) else { return None };
    let number = numbers.get(0)?;
    if terms.start == Start::Date {
        return civil::midnight(Date(number as i32), terms.zone);
    }
    Some(Timestamp(number as i64))
}

/// All that several requests ask for.
pub(super) fn united(requests: impl IntoIterator<Item = FactRequest>) -> FactRequest {
    let mut whole = FactRequest::default();
    for request in requests {
        let fields = request.customer.into_iter().filter(|field| !whole.customer.contains(field));
        let fields: Vec<usize> = fields.collect();
        whole.customer.extend(fields);
        for event in request.events {
            match whole.events.iter_mut().find(|known| known.event == event.event) {
                None => whole.events.push(event),
                Some(known) => join(known, event),
            }
        }
        for class in request.classes {
            match whole.classes.iter_mut().find(|known| known.class == class.class) {
                None => whole.classes.push(class),
                Some(known) => known.previous |= class.previous,
            }
        }
    }
    whole.customer.sort_unstable();
    whole
}

fn join(known: &mut EventRequest, other: EventRequest) {
    known.after = known.after.zip(other.after).map(|(one, other)| one.min(other));
    known.ids |= other.ids;
    known.fields.extend(other.fields);
    known.fields.sort_unstable();
    known.fields.dedup();
}
