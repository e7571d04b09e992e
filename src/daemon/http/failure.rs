//! Errors as every answer has them: `{"error": {"code", "message", …}}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error with a code for programs and a message for people.
pub(in crate::daemon) fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// The daemon is on its way out.
pub(super) fn stopping() -> Response {
    failure(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the program is stopping")
}
