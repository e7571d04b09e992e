//! One customer at an instant: everything as the columns of a run give it, so that any expression can be told part by
//! part.

use std::sync::Arc;

use crate::archive::Archive;
use crate::engine::{Engine, cadence_expressions, trigger_conditions};
use crate::evaluate::scalar::{Moment, Row};
use crate::evaluate::{CutPoints, EvaluateError, Evaluator, Goal, ScriptFailure};
use crate::model::facts::{ClassRequest, FactBatch, FactRequest};
use crate::model::standing::{NEVER, NO_PLACE, Place};
use crate::model::{Timestamp, Type, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{GuardKind, ValueKind};
use crate::policy::expression::tree::{Expression, Node, NodeKind, Reference};

/// Finds everything that any expression over a customer may speak of.
pub struct Lens {
    policy: Arc<Compiled>,
    evaluator: Evaluator,
    expressions: Vec<Expression>,
    /// `expiring(ledger, days)` of the set: the ledger; their columns and those of the days come last.
    lapsing: Vec<usize>,
}

/// One customer at an instant.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The customer.
    pub id: Arc<str>,
    /// When the customer came first.
    pub known_since: Timestamp,
    /// When, and what local days mean.
    pub moment: Moment,
    /// By value of the policy.
    pub values: Vec<Option<Value>>,
    /// By field of the customer.
    pub fields: Vec<Option<Value>>,
    /// By class of the schema.
    pub classes: Vec<Standing>,
    policy: Arc<Compiled>,
    /// Per `expiring(ledger, days)` of the set: the ledger, the days, what lapses.
    lapsing: Vec<(usize, Option<f64>, Option<f64>)>,
}

/// Where a customer stands in a class, as a run at the instant would have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// The place.
    pub place: Place,
    /// Since when; `None` in no place.
    pub since: Option<Timestamp>,
    /// The place before.
    pub previous: Option<Value>,
    /// The place that the last run left, and since when; `None` where none placed the customer.
    pub stored: Option<(Place, Timestamp)>,
    /// The clock that runs on: to which place, and since when.
    pub clock: Option<(Place, Timestamp)>,
}

impl Lens {
    /// Over everything of a policy set.
    ///
    /// # Errors
    /// The set can't be turned into a program.
    pub fn new(engine: &Engine) -> Result<Self, EvaluateError> {
        let policy = engine.policy();
        let fields = policy.schema.customer.iter().map(|field| &field.name);
        let names = policy.values.iter().map(|value| &value.name).chain(fields);
        let mut expressions: Vec<Expression> = names.filter_map(|name| policy.named(name)).collect();
        for class in 0..policy.schema.classes.len() {
            // A class that no value owns keeps its columns, so that they can be counted.
            let owner = owner(policy, class).unwrap_or_default();
            let ty = policy.values.get(owner).map_or(Type::Bool, |value| value.ty.clone());
            for (kind, ty) in [(NodeKind::Since(owner), Type::Time), (NodeKind::Previous(owner), ty)] {
                expressions.push(Expression { text: "".into(), root: Node { kind, ty, span: 0..0 } });
            }
        }
        let mut lapsing = Vec::new();
        each_expression(policy, &mut |expression| {
            expression.root.each(&mut |node| {
                if let NodeKind::Expiring(ledger, days) = &node.kind {
                    lapsing.push(*ledger);
                    let whole =
                        |node: &Node| Expression { text: expression.text.clone(), root: node.clone() };
                    expressions.extend([whole(days), whole(node)]);
                }
            });
        });
        let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
        let evaluator = Evaluator::new(policy, engine.plan(), &goal)?;
        Ok(Self { policy: Arc::clone(policy), evaluator, expressions, lapsing })
    }

    /// What a batch must hold for a look at `now`.
    pub fn request(&mut self, now: Timestamp) -> FactRequest {
        let mut request = self.evaluator.request(now).clone();
        let classes = 0..self.policy.schema.classes.len();
        request.classes = classes.map(|class| ClassRequest { class, previous: true }).collect();
        request
    }

    /// An empty batch to read into.
    #[must_use]
    pub fn batch(&self) -> FactBatch {
        FactBatch { dictionary: self.evaluator.dictionary(), ..FactBatch::default() }
    }

    /// Reads a customer's facts as known at `now`; `None` where nobody is known by this id.
    ///
    /// # Errors
    /// The store's.
    pub fn read(
        &mut self,
        archive: &Archive,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<FactBatch>, crate::archive::ArchiveError> {
        let request = self.request(now);
        let mut facts = self.batch();
        archive.batch_of(&request, now, &[id], &mut facts)?;
        Ok(Some(facts).filter(|facts| !facts.is_empty()))
    }

    /// Sees the first customer of a batch at an instant.
    ///
    /// # Errors
    /// The batch lacks what was requested.
    pub fn see(
        &mut self,
        facts: &mut FactBatch,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Subject, EvaluateError> {
        let Self { policy, evaluator, expressions, lapsing } = self;
        let decisions = evaluator.evaluate(facts, now, cuts)?;
        let value = |index: usize| {
            let expression = expressions.get(index)?;
            decisions.expression(index)?.value(0, &expression.root.ty, &facts.dictionary)
        };
        let number = |index: usize| match value(index) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
        let (values, fields) = (policy.values.len(), policy.schema.customer.len());
        let first_class = values + fields;
        let classes = policy.schema.classes.len();
        let standing = |class: usize| {
            let prior = facts.prior.classes.get(class).and_then(Option::as_ref);
            let stored = prior.and_then(|prior| Some((*prior.place.first()?, *prior.since.first()?)));
            let decision = decisions.classes.get(class).and_then(Option::as_ref);
            let clock = decisions.pending.iter().find(|clock| usize::try_from(clock.class) == Ok(class));
            Standing {
                place: decision.and_then(|decision| decision.place.first().copied()).unwrap_or(NO_PLACE),
                since: match value(first_class + 2 * class) {
                    Some(Value::Time(at)) => Some(at),
                    _ => None,
                },
                previous: value(first_class + 2 * class + 1),
                stored: stored
                    .filter(|(_, since)| *since != NEVER)
                    .map(|(place, since)| (place, Timestamp(since))),
                clock: clock.map(|clock| (clock.to, clock.since)),
            }
        };
        let first_lapsing = first_class + 2 * classes;
        let lapsing = lapsing.iter().enumerate().map(|(index, ledger)| {
            (*ledger, number(first_lapsing + 2 * index), number(first_lapsing + 2 * index + 1))
        });
        Ok(Subject {
            id: facts.ids.get(0).unwrap_or_default().into(),
            known_since: Timestamp(facts.known_since.first().copied().unwrap_or_default()),
            moment: Moment { now, timezone: policy.settings.timezone },
            values: (0..values).map(value).collect(),
            fields: (values..first_class).map(value).collect(),
            classes: (0..classes).map(standing).collect(),
            lapsing: lapsing.collect(),
            policy: Arc::clone(policy),
        })
    }

    /// For whom functions from scripts failed so far.
    pub fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.evaluator.script_failures()
    }
}

impl Subject {
    /// Where the customer stands in the class of a value, by the value's index.
    #[must_use]
    pub fn standing(&self, value: usize) -> Option<&Standing> {
        self.classes.get(self.policy.values.get(value)?.kind.class()?)
    }
}

impl Row for Subject {
    fn get(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Id => Some(Value::Text(Arc::clone(&self.id))),
            Reference::KnownSince => Some(Value::Time(self.known_since)),
            Reference::Customer(field) => self.fields.get(*field).cloned().flatten(),
            Reference::Value(value) => self.values.get(*value).cloned().flatten(),
            Reference::Data(value, key) => {
                let place = self.standing(*value)?.place;
                self.policy.values.get(*value)?.kind.data(place)?.get(key).cloned()
            }
            Reference::EventAt | Reference::EventId | Reference::Event(_) | Reference::Raw(_) => None,
        }
    }

    fn place(&self, value: usize) -> Option<Place> {
        Some(self.standing(value)?.place).filter(|place| *place != NO_PLACE)
    }

    fn since(&self, value: usize) -> Option<Timestamp> {
        self.standing(value)?.since
    }

    fn previous(&self, value: usize) -> Option<Value> {
        self.standing(value)?.previous.clone()
    }

    fn expiring(&self, value: usize, days: f64) -> Option<f64> {
        let same = |asked: Option<f64>| asked.is_some_and(|asked| asked.to_bits() == days.to_bits());
        self.lapsing.iter().find(|(ledger, asked, _)| *ledger == value && same(*asked))?.2
    }
}

/// The value that owns a class of the schema.
#[must_use]
pub(super) fn owner(policy: &Compiled, class: usize) -> Option<usize> {
    policy.values.iter().position(|value| value.kind.class() == Some(class))
}

/// Shows every expression over a customer alone; those over events are not among them.
pub fn each_expression<'a>(policy: &'a Compiled, visit: &mut dyn FnMut(&'a Expression)) {
    for value in &policy.values {
        value_expressions(&value.kind).into_iter().for_each(&mut *visit);
    }
    for trigger in &policy.triggers {
        let audience = trigger.audience.iter().filter(|_| trigger.happening().is_some());
        trigger_conditions(trigger).chain(audience).for_each(&mut *visit);
    }
    policy.cadences.iter().flat_map(cadence_expressions).for_each(&mut *visit);
    for guard in &policy.guards {
        guard.audience.iter().for_each(&mut *visit);
        match &guard.kind {
            GuardKind::Block(block) => visit(&block.when),
            GuardKind::Hours(hours) => hours.timezone.iter().for_each(&mut *visit),
            GuardKind::Capacity(capacity) => {
                let reserve = capacity.reserve.iter().map(|entry| &entry.when);
                capacity.by.iter().chain(&capacity.first).chain(reserve).for_each(&mut *visit);
            }
            GuardKind::Holdout(_) | GuardKind::Cap(_) | GuardKind::BlastRadius(_) => {}
        }
    }
    policy.actions.iter().filter_map(|action| action.priority.as_ref()).for_each(visit);
}

/// The expressions of a value over the customer.
fn value_expressions(kind: &ValueKind) -> Vec<&Expression> {
    match kind {
        ValueKind::Metric(_) | ValueKind::Ledger(_) => Vec::new(),
        ValueKind::Score(value) => vec![value],
        ValueKind::Rank(rank) => std::iter::once(&rank.of).chain(&rank.among).collect(),
        ValueKind::Segment(segment) => {
            let best = segment.best.iter().map(|best| &best.by);
            std::iter::once(&segment.when).chain(&segment.leave_when).chain(best).collect()
        }
        ValueKind::Tier(tier) => {
            let levels = tier.levels.iter().filter_map(|level| level.when.as_ref());
            tier.by.iter().chain(&tier.among).chain(levels).collect()
        }
        ValueKind::Quadrant(quadrant) => vec![&quadrant.x.value, &quadrant.y.value],
    }
}
