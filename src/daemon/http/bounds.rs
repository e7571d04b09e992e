//! Holds requests to their number and time.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::{Api, failure};

/// The longest a request may take.
const TIME: Duration = Duration::from_secs(30);

/// Refuses a request where too many are served, or one takes too long.
pub(super) async fn bounded(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Ok(_place) = api.places.try_acquire() else {
        return failure(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many requests at once; try again");
    };
    match tokio::time::timeout(TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the request took too long; what it asked for may be done all the same, and may be asked for again",
        ),
    }
}
