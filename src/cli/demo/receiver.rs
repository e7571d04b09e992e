//! A receiver of webhooks, so that the demo has somewhere to send them: says thank you and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;

/// Starts it; the count is of touches received.
pub(super) fn start(listener: TcpListener) -> Arc<AtomicU64> {
    let received = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&received);
    let route = post(move |_body: Bytes| {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::ready(StatusCode::NO_CONTENT)
    });
    tokio::spawn(async move {
        // Without it the demo's webhooks are retried, which the status shows.
        let _ = axum::serve(listener, Router::new().route("/touches", route)).await;
    });
    received
}
