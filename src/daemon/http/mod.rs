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
mod openapi;
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
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::routing::{MethodRouter, get, post};
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

/// A path, what may be asked of it, and who answers.
type Route = (Method, &'static str, MethodRouter<Api>);

/// All that is served; `openapi.json` describes it.
fn routes() -> Vec<Route> {
    vec![
        (Method::GET, "/healthz", get(health::healthz)),
        (Method::GET, "/readyz", get(health::readyz)),
        (Method::GET, "/metrics", get(look::metrics)),
        (Method::GET, openapi::PATH, get(openapi::openapi)),
        (Method::GET, "/v1/status", get(look::status)),
        (Method::GET, "/v1/policies", get(look::policies)),
        (Method::POST, "/v1/customers", post(take::customers)),
        (Method::GET, "/v1/customers/{id}", get(person::customer)),
        (Method::GET, "/v1/customers/{id}/explain", get(person::explained)),
        (Method::POST, "/v1/events", post(take::events)),
        (Method::POST, "/v1/reload", post(tell::reload)),
        (Method::GET, "/v1/runs", get(look::runs)),
        (Method::POST, "/v1/runs", post(tell::run)),
        (Method::POST, "/v1/runs/{id}/approve", post(tell::approve)),
        (Method::POST, "/v1/runs/{id}/reject", post(tell::reject)),
        (Method::GET, "/v1/touches", get(look::touches)),
        (Method::POST, "/v1/outbox/{id}/retry", post(outbox::retry)),
        (Method::POST, "/v1/outbox/{id}/drop", post(outbox::drop)),
    ]
}

fn router(api: Api) -> Router {
    let add = |router: Router<Api>, (_, path, answers): Route| router.route(path, answers);
    let nowhere = || async { failure(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path") };
    let otherwise = || async {
        failure(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes another method")
    };
    routes()
        .into_iter()
        .fold(Router::new(), add)
        .layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn_with_state(api.clone(), bounds::bounded))
        .fallback(nowhere)
        .method_not_allowed_fallback(otherwise)
        .layer(middleware::from_fn_with_state(api.clone(), access::allowed))
        .with_state(api)
}
