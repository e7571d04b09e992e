//! One customer, and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Refused;
use super::parameters::{Nothing, Parameters, bad};
use super::read::read;
use super::{Api, failure};
use crate::daemon::customer as known;
use crate::engine::Engine;
use crate::explain::{ExplainError, Question, explain};

/// `GET /v1/customers/{id}`.
pub(super) async fn customer(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<Value>, Refused> {
    let Ok(Path(id)) = id else { return Err(nobody().into()) };
    let shared = Arc::clone(&api.shared);
    let found =
        read(&api, move |archive, active| Ok(known::customer(archive, &active.set, &id, shared.now())?));
    found.await?.map(Json).ok_or_else(|| nobody().into())
}

/// What to explain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    name: Option<String>,
    days: Option<String>,
}

/// `GET /v1/customers/{id}/explain`.
pub(super) async fn explained(
    State(api): State<Api>,
    id: Result<Path<String>, PathRejection>,
    Parameters(why): Parameters<Why>,
) -> Result<Json<Value>, Refused> {
    let Ok(Path(id)) = id else { return Err(nobody().into()) };
    let days = days(why.days.as_deref())?;
    let shared = Arc::clone(&api.shared);
    let told = read(&api, move |archive, active| {
        let engine = Engine::new(Arc::clone(&active.set.compiled), Arc::clone(&shared.outside.clock))?;
        let question = Question { customer: &id, name: why.name.as_deref(), now: shared.now(), days };
        match explain(archive, &engine, &question) {
            Ok(told) => Ok(Ok(json!(told))),
            Err(error @ (ExplainError::NoCustomer { .. } | ExplainError::Topic(_))) => Ok(Err(error)),
            Err(error) => Err(error.into()),
        }
    });
    told.await?.map(Json).map_err(|error| {
        let code = if matches!(error, ExplainError::Topic(_)) { "no_such_name" } else { "no_such_customer" };
        failure(StatusCode::NOT_FOUND, code, &error.to_string()).into()
    })
}

/// How many days to look ahead.
fn days(days: Option<&str>) -> Result<u32, Refused> {
    const USUAL: u32 = 60;
    const MOST: u32 = 366;
    let Some(days) = days else { return Ok(USUAL) };
    let days = days.parse().ok().filter(|days| *days <= MOST);
    days.ok_or_else(|| bad(&format!("days is a whole number up to {MOST}")).into())
}

fn nobody() -> Response {
    failure(StatusCode::NOT_FOUND, "no_such_customer", "no customer is known by this id")
}
