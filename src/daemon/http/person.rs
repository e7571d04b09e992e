//! One customer.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::failure::Refused;
use super::parameters::{Nothing, Parameters};
use super::read::read;
use super::{Api, failure};
use crate::daemon::customer as known;

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

fn nobody() -> Response {
    failure(StatusCode::NOT_FOUND, "no_such_customer", "no customer is known by this id")
}
