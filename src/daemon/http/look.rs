//! What there is to look at: lists, a page at a time, latest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::{Refused, busy};
use super::parameters::{Nothing, Parameters, bad, cursor, page};
use super::read::{place, read};
use super::{Api, failure};
use crate::archive::TouchFilter;
use crate::daemon::{metrics as counted, policies as sets, status as told};
use crate::model::touch::TouchState;

/// Which runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    limit: Option<String>,
    cursor: Option<String>,
}

/// Which touches.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Touches {
    customer: Option<String>,
    action: Option<String>,
    state: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// `GET /v1/status`.
pub(super) async fn status(
    State(api): State<Api>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<Value>, Refused> {
    let shared = Arc::clone(&api.shared);
    Ok(Json(read(&api, move |archive, _| Ok(told::status(&shared, archive)?)).await?))
}

/// `GET /v1/policies`.
pub(super) async fn policies(
    State(api): State<Api>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Json<Value> {
    Json(sets::policies(&api.shared.active(), &api.shared.reload_report()))
}

/// `GET /v1/runs`.
pub(super) async fn runs(
    State(api): State<Api>,
    Parameters(asked): Parameters<Runs>,
) -> Result<Json<Value>, Refused> {
    let (limit, before) = (page(asked.limit.as_deref())?, cursor(asked.cursor.as_deref())?);
    let rows = read(&api, move |archive, _| Ok(archive.runs_before(before, limit + 1)?)).await?;
    let rows = rows.iter().map(|row| (row.id, told::run_row(row))).collect();
    Ok(Json(paged("runs", rows, limit)))
}

/// `GET /v1/touches`.
pub(super) async fn touches(
    State(api): State<Api>,
    Parameters(asked): Parameters<Touches>,
) -> Result<Json<Value>, Refused> {
    let (limit, before) = (page(asked.limit.as_deref())?, cursor(asked.cursor.as_deref())?);
    let state = asked.state.as_deref().map(state).transpose()?;
    let rows = read(&api, move |archive, _| {
        // Touches know their customer by the id that stayed.
        let customer = asked.customer.as_deref().map(|id| archive.customer_of(id)).transpose()?;
        let (customer, action) = (customer.as_deref(), asked.action.as_deref());
        Ok(archive.touches(&TouchFilter { customer, action, state, before }, limit + 1)?)
    });
    let rows = rows.await?;
    let rows = rows.iter().map(|row| (row.number, told::touch_row(row))).collect();
    Ok(Json(paged("touches", rows, limit)))
}

fn state(word: &str) -> Result<TouchState, Refused> {
    let words = || TouchState::ALL.map(TouchState::as_str).join(", ");
    TouchState::parse(word).ok_or_else(|| bad(&format!("state is one of {}", words())).into())
}

/// A page of rows, of which one more was looked up than it has, to tell whether there is a next page.
fn paged(name: &str, mut rows: Vec<(i64, Value)>, limit: usize) -> Value {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(number, _)| number.to_string());
    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    json!({ name: rows, "next": next })
}

/// `GET /metrics`, in the text format that every scraper reads.
pub(super) async fn metrics(State(api): State<Api>, Parameters(Nothing {}): Parameters<Nothing>) -> Response {
    let Some(place) = place(&api).await else { return busy() };
    let shared = Arc::clone(&api.shared);
    let page = tokio::task::spawn_blocking(move || {
        let _place = place;
        counted::page(&shared)
    });
    match page.await {
        Ok(Ok(page)) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
        }
        Ok(Err(fault)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
        Err(fault) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
    }
}
