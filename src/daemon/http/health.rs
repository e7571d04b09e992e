//! Whether the daemon lives and works, for those that watch it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Api, failure};
use crate::daemon::status;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// `GET /readyz`: 503 with the reason where it can't do its work.
pub(super) async fn readyz(State(api): State<Api>) -> Response {
    match status::not_ready(&api.shared) {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(reason) => failure(StatusCode::SERVICE_UNAVAILABLE, "not_ready", &reason),
    }
}
