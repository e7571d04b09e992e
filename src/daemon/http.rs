//! HTTP on a loopback address. Requests are bounded in size, time and number.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::error;

use super::reload::Asked;
use super::state::Shared;
use super::{status, tell};
use crate::intake::{self, BodyError, BodyKind, BodyReport};

/// The largest body.
const BODY: usize = 10 << 20;
/// The longest a request may take.
const TIME: Duration = Duration::from_secs(30);
/// How many requests are served at once.
const AT_ONCE: usize = 64;

/// What handlers need.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) shared: Arc<Shared>,
    pub(super) reload: mpsc::Sender<Asked>,
    places: Arc<Semaphore>,
}

/// Serves until told to stop, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    reload: mpsc::Sender<Asked>,
    mut stop: watch::Receiver<bool>,
) {
    let told = async move {
        // An error means that the daemon is gone, which is a reason to stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router(shared, reload)).with_graceful_shutdown(told).await {
        error!(%error, "HTTP can't be served any more");
    }
}

/// All routes.
fn router(shared: Arc<Shared>, reload: mpsc::Sender<Asked>) -> Router {
    let api = Api { shared, reload, places: Arc::new(Semaphore::new(AT_ONCE)) };
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/v1/status", get(show_status))
        .route("/v1/customers", post(customers))
        .route("/v1/events", post(events))
        .route("/v1/reload", post(tell::reload))
        .route("/v1/runs", post(tell::run))
        .route("/v1/runs/{id}/approve", post(tell::approve))
        .route("/v1/runs/{id}/reject", post(tell::reject))
        .fallback(|| async { failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            failure(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes another method")
        })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(api.clone(), bounded))
        .with_state(api)
}

pub(super) fn failure(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}

/// Holds requests to their number and time, and keeps out web pages that reach for this machine.
async fn bounded(State(api): State<Api>, request: Request, next: Next) -> Response {
    if !local(request.headers()) {
        return failure(StatusCode::FORBIDDEN, "forbidden", "the Host header must name this machine");
    }
    if request.method() != Method::GET && request.headers().contains_key(header::ORIGIN) {
        return failure(StatusCode::FORBIDDEN, "forbidden", "web pages can't write here");
    }
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

/// Whether the request was meant for a loopback name: a page elsewhere may have its own name resolve to
/// this machine.
fn local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let host = host.to_str().unwrap_or_default();
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    name == "localhost"
        || name
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

async fn readyz(State(api): State<Api>) -> Response {
    let alive = !api.shared.writer.is_stopped();
    match status::not_ready(&api.shared, alive) {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(reason) => failure(StatusCode::SERVICE_UNAVAILABLE, "not_ready", &reason),
    }
}

async fn show_status(State(api): State<Api>) -> Response {
    let shared = Arc::clone(&api.shared);
    match tokio::task::spawn_blocking(move || status::status(&shared)).await {
        Ok(Ok(status)) => Json(status).into_response(),
        Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string()),
        Err(fault) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
    }
}

async fn customers(State(api): State<Api>, body: Result<Bytes, BytesRejection>) -> Response {
    take(&api, BodyKind::Customers, body).await
}

async fn events(State(api): State<Api>, body: Result<Bytes, BytesRejection>) -> Response {
    take(&api, BodyKind::Events, body).await
}

async fn take(api: &Api, kind: BodyKind, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return failure(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "a body has at most 10 MB; send the rows in parts, or as a file in the inbox",
            );
        }
        Err(rejection) => {
            return failure(StatusCode::BAD_REQUEST, "unreadable", &rejection.body_text());
        }
    };
    let shared = Arc::clone(&api.shared);
    let stored = api.shared.writer.call(move |store| {
        let policy = Arc::clone(store.engine.policy());
        intake::body(&mut store.archive, &policy, kind, &body, shared.now())
    });
    match stored.await {
        Ok(Ok(report)) => {
            api.shared.events_arrived.notify_one();
            answer(&report)
        }
        Ok(Err(error @ (BodyError::Empty | BodyError::NotJson(_)))) => {
            failure(StatusCode::BAD_REQUEST, "unreadable", &error.to_string())
        }
        Ok(Err(error)) => {
            error!(%error, "rows that came over HTTP can't be stored");
            failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string())
        }
        Err(stopped) => failure(StatusCode::SERVICE_UNAVAILABLE, "stopping", &stopped.to_string()),
    }
}

/// 200 with counts and the errors of rows; 400 where no row was valid.
fn answer(report: &BodyReport) -> Response {
    let tally = &report.tally;
    let errors: Vec<_> = report
        .errors
        .iter()
        .map(|error| json!({ "index": error.index, "field": error.field, "message": error.reason.to_string() }))
        .collect();
    let counts = json!({
        "rows": tally.rows, "new": tally.new, "same": tally.same, "replaced": tally.replaced,
        "forgotten": tally.forgotten, "rejected": tally.rejected, "errors": errors,
    });
    if tally.rows > 0 && tally.rejected == tally.rows {
        let error = json!({ "error": {
            "code": "no_valid_row", "message": "no row was valid; nothing was stored", "rows": tally.rows,
            "errors": errors,
        } });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    Json(counts).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_local() {
        let headers = |host: &str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        for host in ["127.0.0.1:7611", "localhost", "localhost:80", "[::1]:7611", "127.0.0.2"] {
            assert!(local(&headers(host)), "{host}");
        }
        for host in ["example.com", "localhost.example.com:7611", "10.0.0.1", "[2001:db8::1]:80"] {
            assert!(!local(&headers(host)), "{host}");
        }
    }
}
