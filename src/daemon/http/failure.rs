//! Errors as every answer has them: `{"error": {"code", "message", …}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error with a code for programs and a message for people.
pub(in crate::daemon) fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// An answer that ends a request early.
#[derive(Debug)]
pub(super) struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// The daemon is on its way out.
pub(super) fn stopping() -> Response {
    failure(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the program is stopping")
}

/// There is no place for the request at the moment.
pub(super) fn busy() -> Response {
    let mut response =
        failure(StatusCode::SERVICE_UNAVAILABLE, "busy", "too much is asked for at once; try again");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
