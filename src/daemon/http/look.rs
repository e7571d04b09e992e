//! What there is to look at.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Api, failure};
use crate::daemon::status as told;

/// `GET /v1/status`.
pub(super) async fn status(State(api): State<Api>) -> Response {
    let shared = Arc::clone(&api.shared);
    match tokio::task::spawn_blocking(move || told::status(&shared)).await {
        Ok(Ok(status)) => Json(status).into_response(),
        Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string()),
        Err(fault) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
    }
}
