//! HTTP on a loopback address. Requests are bounded in size, time and number.

mod access;
mod bounds;
mod failure;
mod health;
mod look;
mod take;
mod tell;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::error;

pub(super) use self::failure::failure;
use super::reload::Asked;
use super::state::Shared;

/// The largest body.
const BODY: usize = 10 << 20;
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
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(look::metrics))
        .route("/v1/status", get(look::status))
        .route("/v1/customers", post(take::customers))
        .route("/v1/events", post(take::events))
        .route("/v1/reload", post(tell::reload))
        .route("/v1/runs", post(tell::run))
        .route("/v1/runs/{id}/approve", post(tell::approve))
        .route("/v1/runs/{id}/reject", post(tell::reject))
        .fallback(|| async { failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            failure(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes another method")
        })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(api.clone(), bounds::bounded))
        .layer(middleware::from_fn(access::allowed))
        .with_state(api)
}
