//! Holding what happened against what was expected.

use toml::Value as Toml;

use super::PolicyTestError;
use super::case::Expect;
use super::facts::{float, instant, misfit};
use crate::archive::{Archive, TouchFilter, TouchRow};
use crate::engine::{Engine, EngineError};
use crate::evaluate::{CutPoints, Evaluator, Goal};
use crate::model::facts::FactBatch;
use crate::model::touch::TouchState;
use crate::model::{Timestamp, Value};

/// The differences between one expectation and what the run decided, in words.
pub(super) fn differences(
    expect: &Expect,
    engine: &Engine,
    archive: &Archive,
    now: Timestamp,
) -> Result<Vec<String>, PolicyTestError> {
    let mut found = Vec::new();
    let values = values(expect, engine, archive, now)?;
    for ((name, expected), value) in expect.values.iter().zip(values) {
        if !equal(expected, value.as_ref()) {
            let value = value.map_or_else(|| "missing".to_owned(), |value| value.to_string());
            found.push(format!("{}: {name} is {value}, expected {}", expect.customer, plain(expected)));
        }
    }
    let filter = TouchFilter { customer: Some(&expect.customer), ..TouchFilter::default() };
    let mut touches = archive.touches(&filter, 1_000)?;
    for (state, guards) in [
        (TouchState::Suppressed, &expect.suppressed),
        (TouchState::Waiting, &expect.waiting),
        (TouchState::Expired, &expect.expired),
    ] {
        found.extend(
            guards.iter().filter_map(|(action, guard)| {
                guard_difference(expect, (state, action, guard), &touches, now)
            }),
        );
    }
    // Receivers took all that earlier steps queued.
    touches.retain(|row| row.touch.state == TouchState::Queued && row.touch.queued == Some(now));
    if let Some(expected) = &expect.touches {
        found.extend(touch_difference(expect, expected, &touches));
    }
    for (action, entries) in &expect.payload {
        for (key, expected) in entries {
            let touch = touches.iter().find(|row| *row.touch.action == **action);
            let text = touch.and_then(|row| row.touch.payload.get(key)).map(text);
            if text.as_deref() != Some(expected) {
                let text = text.unwrap_or_else(|| "not there".to_owned());
                found.push(format!(
                    "{}: {action}: `{key}` is {text:?}, expected {expected:?}",
                    expect.customer
                ));
            }
        }
    }
    Ok(found)
}

/// Whether a touch of an action is in a state because of a guard; one that is over came to it in this step.
fn guard_difference(
    expect: &Expect,
    (state, action, guard): (TouchState, &str, &str),
    touches: &[TouchRow],
    now: Timestamp,
) -> Option<String> {
    let of_action = || touches.iter().filter(|row| *row.touch.action == *action);
    let is_meant = |row: &TouchRow| {
        row.touch.state == state
            && row.guard.as_deref().unwrap_or_default() == guard
            && (state == TouchState::Waiting || row.state_at == now)
    };
    if of_action().any(is_meant) {
        return None;
    }
    let said = of_action().map(|row| {
        let guard = row.guard.as_ref().map_or_else(String::new, |guard| format!(" by guard `{guard}`"));
        let reason = &row.touch.reason;
        let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
        format!("{}{guard}{reason}", row.touch.state)
    });
    let said: Vec<String> = said.collect();
    let said = if said.is_empty() { "not there".to_owned() } else { said.join(", ") };
    let by = if guard.is_empty() { "by no guard".to_owned() } else { format!("by guard `{guard}`") };
    Some(format!("{}: {action} is {said}, expected {state} {by}", expect.customer))
}

fn touch_difference(expect: &Expect, expected: &[String], touches: &[TouchRow]) -> Option<String> {
    let mut expected = expected.to_vec();
    expected.sort();
    let mut queued: Vec<&str> = touches.iter().map(|row| &*row.touch.action).collect();
    queued.sort_unstable();
    (expected != queued).then(|| {
        let list = |items: &[&str]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        format!("{}: touches are {}, expected {}", expect.customer, list(&queued), list(&expected))
    })
}

fn text(content: &serde_json::Value) -> String {
    content.as_str().map_or_else(|| content.to_string(), str::to_owned)
}

/// The values an expectation names, in its order, as they stand after the run.
fn values(
    expect: &Expect,
    engine: &Engine,
    archive: &Archive,
    now: Timestamp,
) -> Result<Vec<Option<Value>>, PolicyTestError> {
    let policy = engine.policy();
    let named = |name: &String| {
        policy.named(name).ok_or_else(|| misfit(format!("`{name}` is no value of the policy set")))
    };
    let expressions = expect.values.keys().map(named).collect::<Result<Vec<_>, _>>()?;
    let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
    let mut evaluator = Evaluator::new(policy, engine.plan(), &goal).map_err(EngineError::from)?;
    let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
    archive.batch_of(evaluator.request(now), now, &[&expect.customer], &mut facts)?;
    if facts.is_empty() {
        return Err(misfit(format!("customer `{}` is not known at this step", expect.customer)));
    }
    let cuts = CutPoints::new(engine.plan(), policy, archive.cut_points()?);
    let decisions = evaluator.evaluate(&mut facts, now, &cuts).map_err(EngineError::from)?;
    let columns = expressions.iter().enumerate().map(|(index, expression)| {
        decisions.expression(index)?.value(0, &expression.root.ty, &facts.dictionary)
    });
    Ok(columns.collect())
}

/// Numbers to nine digits, since an expectation is written by hand.
fn equal(expected: &Toml, value: Option<&Value>) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0);
    match (expected, value) {
        (Toml::String(word), None) => word == "missing",
        (Toml::Integer(expected), Some(Value::Number(number))) => near(float(*expected), *number),
        (Toml::Float(expected), Some(Value::Number(number))) => near(*expected, *number),
        (Toml::Boolean(expected), Some(Value::Bool(flag))) => expected == flag,
        (Toml::String(expected), Some(Value::Text(text))) => **expected == **text,
        (Toml::String(_) | Toml::Datetime(_), Some(Value::Date(day))) => plain(expected) == day.to_string(),
        (Toml::String(_) | Toml::Datetime(_), Some(Value::Time(at))) => {
            instant(expected).is_ok_and(|expected| expected == *at)
        }
        _ => false,
    }
}

fn plain(expected: &Toml) -> String {
    expected.as_str().map_or_else(|| expected.to_string(), str::to_owned)
}
