//! The whole report as JSON, in full precision.

use serde_json::{Map, Value as Json, json};

use super::Shown;
use crate::report::{Difference, Flow, GoalReport, Group, Outcome, Slice, Standing};

pub(super) fn report(shown: &Shown<'_>) -> Json {
    let report = shown.report;
    json!({
        "from": shown.asked.from.to_string(),
        "to": shown.asked.now.to_string(),
        "history_from": report.history_from.map(|at| at.to_string()),
        "columns": report.columns.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "standings": report.standings.iter().map(standing).collect::<Vec<_>>(),
        "outcomes": report.outcomes.iter().map(|outcome| self::outcome(shown, outcome)).collect::<Vec<_>>(),
        "newcomers": shown.asked.goal.map(|goal| json!({
            "goal": { "event": shown.event(goal), "within": goal.within.to_string() },
            "by": shown.by(),
            "groups": report.newcomers.iter().map(|slice| {
                let mut object = group(slice.treated);
                object.insert("value".to_owned(), slice.value.clone().into());
                Json::Object(object)
            }).collect::<Vec<_>>(),
        })),
    })
}

fn standing(standing: &Standing) -> Json {
    let flow =
        |flow: &Flow| json!({ "from": flow.from, "to": flow.to, "data": flow.data, "policy": flow.policy });
    json!({
        "kind": standing.kind,
        "name": &*standing.name,
        "title": standing.title,
        "places": standing.places.iter().map(|counts| json!({
            "place": counts.place,
            "customers": counts.counts,
        })).collect::<Vec<_>>(),
        "flows": standing.flows.iter().map(flow).collect::<Vec<_>>(),
    })
}

fn outcome(shown: &Shown<'_>, outcome: &Outcome) -> Json {
    let touches: Map<String, Json> =
        outcome.touches.iter().map(|(state, count)| (state.to_string(), (*count).into())).collect();
    json!({
        "kind": outcome.kind,
        "name": outcome.name,
        "title": outcome.title,
        "enrolments": outcome.enrolments.as_ref().map(|enrolments| json!({
            "started": enrolments.started,
            "ended": enrolments.ended,
            "open": enrolments.open,
        })),
        "touches": touches,
        "suppressed_by": outcome.suppressed_by,
        "goal": outcome.goal.as_ref().map(|found| goal(shown, found)),
    })
}

fn goal(shown: &Shown<'_>, found: &GoalReport) -> Json {
    let lift = &found.lift;
    json!({
        "event": shown.event(found.goal),
        "within": found.goal.within.to_string(),
        "declared": found.is_own,
        "treated": group(found.treated),
        "held_out": group(found.held_out),
        "lift": {
            "verdict": lift.verdict.as_str(),
            "says": lift.sentence(),
            "difference": lift.difference.map(|Difference { value, low, high }| json!({
                "value": value, "low": low, "high": high, "confidence": 0.95,
            })),
        },
        "by": shown.by(),
        "slices": found.slices.iter().map(slice).collect::<Vec<_>>(),
    })
}

fn slice(slice: &Slice) -> Json {
    json!({ "value": slice.value, "treated": group(slice.treated), "held_out": group(slice.held_out) })
}

fn group(group: Group) -> Map<String, Json> {
    Map::from_iter([
        ("customers".to_owned(), group.customers.into()),
        ("reached".to_owned(), group.reached.into()),
        ("share".to_owned(), group.proportion().share().into()),
        ("too_early".to_owned(), group.early.into()),
    ])
}
