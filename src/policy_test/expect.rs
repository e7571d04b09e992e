//! Holding what happened against what was expected.

use std::collections::BTreeSet;

use super::PolicyTestError;
use super::because::Asker;
use super::case::{Expect, ExpectedText, ExpectedValue, Fate, Guarded};
use super::verdict::Difference;
use crate::archive::{Archive, TouchFilter, TouchRow};
use crate::engine::{Engine, EngineError};
use crate::evaluate::{CutPoints, Evaluator, Goal};
use crate::model::facts::FactBatch;
use crate::model::touch::TouchState;
use crate::model::{Timestamp, Value};
use crate::policy::Location;

/// The differences between one expectation and what the run decided.
pub(super) fn differences(
    expect: &Expect,
    engine: &Engine,
    archive: &mut Archive,
    now: Timestamp,
) -> Result<Vec<Difference>, PolicyTestError> {
    let mut found = Vec::new();
    let values = values(expect, engine, archive, now)?;
    for (index, expected) in expect.values.iter().enumerate() {
        let value = values.as_ref().and_then(|values| values.get(index)?.as_ref());
        let mut difference = value_difference(&expect.customer, expected, value);
        if let Some(difference) = &mut difference {
            let mut asker = Asker { engine, archive: &mut *archive, customer: &expect.customer, now };
            difference.because = match &values {
                Some(_) => asker.value(&expected.name)?,
                None => vec![format!("`{}` is not known yet at this step", expect.customer)],
            };
        }
        found.extend(difference);
    }
    let filter = TouchFilter { customer: Some(&expect.customer), ..TouchFilter::default() };
    let touches = archive.touches(&filter, usize::MAX)?;
    found.extend(
        expect
            .guarded
            .iter()
            .filter_map(|guarded| guard_difference(&expect.customer, guarded, &touches, now)),
    );
    // Receivers took all that earlier steps queued.
    let is_new = |row: &&TouchRow| row.touch.state == TouchState::Queued && row.touch.queued == Some(now);
    let queued: Vec<&TouchRow> = touches.iter().filter(is_new).collect();
    if let Some((expected, place)) = &expect.touches {
        let mut asker = Asker { engine, archive, customer: &expect.customer, now };
        found.extend(touch_difference((expected, place), &queued, &touches, &mut asker)?);
    }
    found.extend(
        expect.payload.iter().filter_map(|expected| text_difference(&expect.customer, expected, &queued)),
    );
    Ok(found)
}

/// The values an expectation names, in its order, as they stand after the run; `None` where nobody is known by its id.
fn values(
    expect: &Expect,
    engine: &Engine,
    archive: &Archive,
    now: Timestamp,
) -> Result<Option<Vec<Option<Value>>>, PolicyTestError> {
    if expect.values.is_empty() {
        return Ok(None);
    }
    let policy = engine.policy();
    let expressions: Vec<_> = expect.values.iter().filter_map(|value| policy.named(&value.name)).collect();
    let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
    let mut evaluator = Evaluator::new(policy, engine.plan(), &goal).map_err(EngineError::from)?;
    let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
    archive.batch_of(evaluator.request(now), now, &[&expect.customer], &mut facts)?;
    if facts.is_empty() {
        return Ok(None);
    }
    let cuts = CutPoints::new(engine.plan(), policy, archive.cut_points()?);
    let decisions = evaluator.evaluate(&mut facts, now, &cuts).map_err(EngineError::from)?;
    let columns = expressions.iter().enumerate().map(|(index, expression)| {
        decisions.expression(index)?.value(0, &expression.root.ty, &facts.dictionary)
    });
    Ok(Some(columns.collect()))
}

fn value_difference(customer: &str, expected: &ExpectedValue, found: Option<&Value>) -> Option<Difference> {
    let is_equal = match (&expected.value, found) {
        (_, None) => expected.may_be_missing,
        (Some(expected), Some(found)) => equal(expected, found),
        (None, Some(_)) => false,
    };
    let said = |value: Option<&Value>| value.map_or_else(|| "missing".to_owned(), Value::to_string);
    (!is_equal).then(|| Difference {
        customer: customer.to_owned(),
        what: expected.name.clone(),
        expected: said(expected.value.as_ref()),
        found: said(found),
        because: Vec::new(),
        place: expected.place.clone(),
    })
}

/// Numbers to nine digits, since an expectation is written by hand.
fn equal(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(one), Value::Number(other)) => {
            (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
        }
        _ => expected == found,
    }
}

/// Whether a touch of an action came to a state because of a guard; one that is over came to it in this step.
fn guard_difference(
    customer: &str,
    expected: &Guarded,
    touches: &[TouchRow],
    now: Timestamp,
) -> Option<Difference> {
    let state = match expected.fate {
        Fate::Suppressed => TouchState::Suppressed,
        Fate::Waiting => TouchState::Waiting,
        Fate::Expired => TouchState::Expired,
    };
    let of_action = || touches.iter().filter(|row| *row.touch.action == *expected.action);
    let is_meant = |row: &TouchRow| {
        row.touch.state == state
            && row.guard.as_deref().unwrap_or_default() == expected.guard
            && (state == TouchState::Waiting || row.state_at == now)
    };
    if of_action().any(is_meant) {
        return None;
    }
    let by = match expected.guard.as_str() {
        "" => "no guard".to_owned(),
        guard => format!("guard `{guard}`"),
    };
    // The latest is what the expectation was about.
    let latest = of_action().next();
    Some(Difference {
        customer: customer.to_owned(),
        what: expected.action.clone(),
        expected: format!("{state} by {by}"),
        found: latest.map_or_else(|| "no touch".to_owned(), state_of),
        because: latest
            .map(|row| row.touch.reason.clone())
            .filter(|reason| !reason.is_empty())
            .into_iter()
            .collect(),
        place: expected.place.clone(),
    })
}

/// What has become of a touch, and by which guard.
fn state_of(row: &TouchRow) -> String {
    let guard = row.guard.as_ref().map_or_else(String::new, |guard| format!(" by guard `{guard}`"));
    format!("{}{guard}", row.touch.state)
}

fn touch_difference(
    (expected, place): (&[String], &Location),
    queued: &[&TouchRow],
    touches: &[TouchRow],
    asker: &mut Asker<'_>,
) -> Result<Option<Difference>, PolicyTestError> {
    let mut found: Vec<&str> = queued.iter().map(|row| &*row.touch.action).collect();
    found.sort_unstable();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    if expected == found {
        return Ok(None);
    }
    let mut because = Vec::new();
    for action in without(&expected, &found) {
        because.extend(why_not(action, touches, asker)?);
    }
    because.extend(without(&found, &expected).into_iter().map(|action| why(action, queued)));
    let list = |items: &[&str]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    Ok(Some(Difference {
        customer: asker.customer.to_owned(),
        what: "touches".to_owned(),
        expected: list(&expected),
        found: list(&found),
        because,
        place: place.clone(),
    }))
}

/// Those of the first list that the second has fewer of, each once.
fn without<'a>(some: &[&'a str], others: &[&str]) -> BTreeSet<&'a str> {
    let count = |list: &[&str], name: &str| list.iter().filter(|known| **known == name).count();
    some.iter().filter(|name| count(some, name) > count(others, name)).copied().collect()
}

/// Why there is a touch.
fn why(action: &str, queued: &[&TouchRow]) -> String {
    let because = queued.iter().find(|row| *row.touch.action == *action).map(|row| &row.touch.because);
    let Some(because) = because else { return String::new() };
    let step = because.step.as_ref().map_or_else(String::new, |step| format!(", step `{step}`"));
    format!("`{action}` is due by `{}.{}`{step}", because.kind, because.name)
}

/// Why there is no touch.
fn why_not(
    action: &str,
    touches: &[TouchRow],
    asker: &mut Asker<'_>,
) -> Result<Vec<String>, PolicyTestError> {
    let latest = touches.iter().find(|row| *row.touch.action == *action);
    let is_new = |row: &&TouchRow| row.state_at == asker.now || row.touch.state == TouchState::Waiting;
    if let Some(row) = latest.filter(is_new) {
        let reason = &row.touch.reason;
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return Ok(vec![format!("`{action}` is {}{reason}", state_of(row))]);
    }
    let mut reasons = vec![format!("nothing made `{action}` due at this step")];
    reasons.extend(asker.no_touch(action)?);
    Ok(reasons)
}

fn text_difference(customer: &str, expected: &ExpectedText, queued: &[&TouchRow]) -> Option<Difference> {
    let ExpectedText { action, key, text, place } = expected;
    let touch = queued.iter().find(|row| *row.touch.action == **action);
    let found = touch.and_then(|row| row.touch.payload.get(key)).map(content);
    (found.as_ref() != Some(text)).then(|| Difference {
        customer: customer.to_owned(),
        what: format!("{action}.{key}"),
        expected: format!("{text:?}"),
        found: match (&found, touch) {
            (Some(found), _) => format!("{found:?}"),
            (None, Some(_)) => "not in the payload".to_owned(),
            (None, None) => "no touch".to_owned(),
        },
        because: Vec::new(),
        place: place.clone(),
    })
}

fn content(content: &serde_json::Value) -> String {
    content.as_str().map_or_else(|| content.to_string(), str::to_owned)
}
