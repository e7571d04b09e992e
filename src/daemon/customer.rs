//! All that is known of one customer, as `GET /v1/customers/{id}` shows it.

use serde_json::{Map, Value as Json, json};

use super::policy_set::PolicySet;
use super::status::touch_row;
use crate::archive::{Archive, ArchiveError, TouchFilter};
use crate::evaluate::{CutPlan, CutPoints, EvaluateError, Evaluator, Goal};
use crate::model::Timestamp;
use crate::model::enrolment::Enrolment;
use crate::model::facts::{ClassRequest, FactBatch};
use crate::model::schema::ClassShape;
use crate::model::standing::{NEVER, NO_PLACE, Place, Transition};
use crate::policy::Compiled;
use crate::policy::expression::Expression;

/// The most enrolments, transitions and touches that are shown, each.
const SHOWN: usize = 50;

/// Why a customer can't be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The store.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The evaluation.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

/// All that is known of a customer at an instant; `None` where nobody is known by that id. Fields are shown as they
/// are, personal ones too. Values are those of the instant; what compares customers goes by the cut points of the last
/// runs, so that one customer can be looked at without looking at all.
///
/// # Errors
/// [`LookError`].
pub fn customer(
    archive: &Archive,
    set: &PolicySet,
    asked: &str,
    now: Timestamp,
) -> Result<Option<Json>, LookError> {
    let policy = &set.compiled;
    let _still = archive.snapshot()?;
    let id = archive.customer_of(asked)?;
    let fields = policy.schema.customer.iter().map(|field| &*field.name);
    let names: Vec<&str> = fields.chain(policy.values.iter().map(|value| &*value.name)).collect();
    let expressions: Vec<Expression> = names.iter().filter_map(|name| policy.named(name)).collect();
    let plan = CutPlan::new(policy);
    let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
    let mut evaluator = Evaluator::new(policy, &plan, &goal)?;
    let cuts = CutPoints::new(&plan, policy, archive.cut_points()?);
    let mut request = evaluator.request(now).clone();
    let classes = 0..policy.schema.classes.len();
    request.classes = classes.map(|class| ClassRequest { class, previous: true }).collect();
    let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
    archive.batch_of(&request, now, &[&id], &mut facts)?;
    let Some(&known_since) = facts.known_since.first() else { return Ok(None) };
    let standing = standing(policy, &facts);
    let decisions = evaluator.evaluate(&mut facts, now, &cuts)?;
    let value = |index: usize| {
        let expression = expressions.get(index)?;
        decisions.expression(index)?.value(0, &expression.root.ty, &facts.dictionary)
    };
    let shown = |range: std::ops::Range<usize>| -> Map<String, Json> {
        let found = names.iter().enumerate().skip(range.start).take(range.len());
        found.map(|(index, name)| ((*name).to_owned(), json!(value(index)))).collect()
    };
    let declared = policy.schema.customer.len();
    Ok(Some(json!({
        "id": id,
        "known_since": Timestamp(known_since).to_string(),
        "now": now.to_string(),
        "policy_version": &*policy.version,
        "fields": shown(0..declared),
        "values": shown(declared..names.len()),
        "standing": standing,
        "standing_as_of": archive.standing_as_of(&id)?.map(|at| at.to_string()),
        "enrolments": archive.enrolments(&id, SHOWN)?.iter().map(enrolment).collect::<Vec<_>>(),
        "transitions": archive.transitions(Some(&id), SHOWN)?.iter().map(transition).collect::<Vec<_>>(),
        "touches": archive
            .touches(&TouchFilter { customer: Some(&id), ..TouchFilter::default() }, SHOWN)?
            .iter()
            .map(touch_row)
            .collect::<Vec<_>>(),
    })))
}

/// Where the last runs left the first customer of a batch.
fn standing(policy: &Compiled, facts: &FactBatch) -> Map<String, Json> {
    let mut standing = Map::new();
    for (class, shape) in policy.schema.classes.iter().enumerate() {
        let Some(prior) = facts.prior.classes.get(class).and_then(Option::as_ref) else { continue };
        let since = prior.since.first().copied().filter(|since| *since != NEVER);
        let place = |places: &[Place]| places.first().and_then(|place| named(shape, *place));
        standing.insert(
            shape.name.to_string(),
            json!({
                "place": place(&prior.place).filter(|_| since.is_some()),
                "since": since.map(|since| Timestamp(since).to_string()),
                "previous": place(&prior.previous),
            }),
        );
    }
    standing
}

/// A place by its name; of a segment, whether the customer is in it.
fn named(shape: &ClassShape, place: Place) -> Option<Json> {
    match &shape.places {
        _ if place == NO_PLACE => None,
        None => Some((place == 1).into()),
        Some(names) => names.get(usize::from(place)).map(|name| (**name).into()),
    }
}

fn enrolment((cadence, enrolment): &(String, Enrolment)) -> Json {
    json!({
        "cadence": cadence,
        "number": enrolment.number,
        "event": enrolment.event.as_deref(),
        "started": enrolment.started.to_string(),
        "next": enrolment.next.map(|at| at.to_string()),
        "ended": enrolment.ended.map(|at| at.to_string()),
        "reason": enrolment.reason.as_deref(),
    })
}

fn transition((run, transition): &(i64, Transition)) -> Json {
    json!({
        "run": run,
        "value": &*transition.value,
        "from": transition.from.as_deref(),
        "to": transition.to.as_deref(),
        "cause": transition.cause.as_str(),
    })
}
