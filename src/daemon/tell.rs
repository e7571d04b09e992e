//! What the daemon is told over HTTP: to read the policies again, to evaluate now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::sync::oneshot;

use super::http::{Api, failure};
use super::{runs, status};
use crate::engine::Whom;
use crate::policy::compiled::Scope;

/// `POST /v1/reload`: reads the policies again, changed or not, and answers with what became of them. 422 where they
/// can't be used and what was active stays so.
pub(super) async fn reload(State(api): State<Api>) -> Response {
    let (told, heard) = oneshot::channel();
    if api.reload.send(Some(told)).await.is_err() || heard.await.is_err() {
        return stopping();
    }
    let report = api.shared.reload_report();
    let code = if report.successful { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    (code, Json(status::reload(&api.shared.active(), &report))).into_response()
}

/// `POST /v1/runs`: evaluates everything now and answers with what the run did.
pub(super) async fn run(State(api): State<Api>) -> Response {
    let shared = Arc::clone(&api.shared);
    let ran = api.shared.writer.call(move |store| {
        let now = shared.now();
        runs::decide(&shared, store, now, (Scope::Everything, &Whom::Everybody), "request")
    });
    match ran.await {
        Ok(Ok(report)) => Json(json!({ "run": status::last_report(&report) })).into_response(),
        Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "run", &error.to_string()),
        Err(_) => stopping(),
    }
}

fn stopping() -> Response {
    failure(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the program is stopping")
}
