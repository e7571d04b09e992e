//! What there is to look at.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Api, failure};
use crate::daemon::{metrics as counted, status as told};

/// `GET /v1/status`.
pub(super) async fn status(State(api): State<Api>) -> Response {
    let shared = Arc::clone(&api.shared);
    match tokio::task::spawn_blocking(move || told::status(&shared)).await {
        Ok(Ok(status)) => Json(status).into_response(),
        Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string()),
        Err(fault) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
    }
}

/// `GET /metrics`, in the text format that every scraper reads.
pub(super) async fn metrics(State(api): State<Api>) -> Response {
    let shared = Arc::clone(&api.shared);
    match tokio::task::spawn_blocking(move || counted::page(&shared)).await {
        Ok(Ok(page)) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page).into_response()
        }
        Ok(Err(fault)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
        Err(fault) => failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", &fault.to_string()),
    }
}
