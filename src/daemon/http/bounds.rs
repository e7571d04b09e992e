//! Holds requests to their number, size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::connections::Connection;
use super::failure::busy;
use super::{Api, body, failure};

/// How many requests that write are served at once.
pub(super) const WRITES: usize = 64;
/// The longest a request may take to be served.
const TIME: Duration = Duration::from_secs(30);

/// Refuses a request where too many are served, or one takes too long.
pub(super) async fn bounded(State(api): State<Api>, request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let (request, _held) = if request.method().is_safe() {
        (request, None)
    } else {
        let (request, memory) = match body::whole(request, &api.bodies).await {
            Ok(whole) => whole,
            Err(refused) => return refused.into_response(),
        };
        let Ok(place) = Arc::clone(&api.writes).try_acquire_owned() else { return busy() };
        (request, Some((memory, place)))
    };
    let _served = connection.as_ref().map(Connection::serve);
    match tokio::time::timeout(TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the request took too long; what it asked for may be done all the same, and may be asked for again",
        ),
    }
}
