//! HTTP: rows come in, the daemon is looked at and told what to do.
//!
//! A request is held to a size, a time and a number; a client that dawdles holds nothing but its connection. Looking
//! never goes through the writer's thread.

mod access;
mod body;
mod bounds;
mod connections;
mod failure;
mod health;
mod look;
mod outbox;
mod parameters;
mod person;
mod read;
mod serve;
mod take;
mod tell;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};

pub use self::access::Access;
pub(super) use self::access::is_loopback;
pub(super) use self::failure::failure;
pub use self::token::{TokenError, Tokens, keep_reading};
use super::reload::Asked;
use super::state::Shared;

/// What handlers need.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) shared: Arc<Shared>,
    pub(super) reload: mpsc::Sender<Asked>,
    access: Arc<Access>,
    /// Places of requests that write.
    writes: Arc<Semaphore>,
    /// Places of looks at the store.
    reads: Arc<Semaphore>,
    /// KiB that bodies may take.
    bodies: Arc<Semaphore>,
}

/// Serves until told to stop, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    access: Access,
    shared: Arc<Shared>,
    reload: mpsc::Sender<Asked>,
    stop: watch::Receiver<bool>,
) {
    let api = Api {
        shared,
        reload,
        access: Arc::new(access),
        writes: Arc::new(Semaphore::new(bounds::WRITES)),
        reads: Arc::new(Semaphore::new(read::READS)),
        bodies: Arc::new(Semaphore::new(body::ALL_KIB)),
    };
    serve::serve(listener, router(api), stop).await;
}

/// All routes.
fn router(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(look::metrics))
        .route("/v1/status", get(look::status))
        .route("/v1/policies", get(look::policies))
        .route("/v1/customers", post(take::customers))
        .route("/v1/customers/{id}", get(person::customer))
        .route("/v1/events", post(take::events))
        .route("/v1/reload", post(tell::reload))
        .route("/v1/runs", get(look::runs).post(tell::run))
        .route("/v1/runs/{id}/approve", post(tell::approve))
        .route("/v1/runs/{id}/reject", post(tell::reject))
        .route("/v1/touches", get(look::touches))
        .route("/v1/outbox/{id}/retry", post(outbox::retry))
        .route("/v1/outbox/{id}/drop", post(outbox::drop))
        .layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state(api.clone(), bounds::bounded))
        .fallback(|| async { failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            failure(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes another method")
        })
        .layer(middleware::from_fn_with_state(api.clone(), access::allowed))
        .with_state(api)
}
