//! Rows over HTTP: all valid ones are stored before the answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::error;

use super::{Api, failure};
use crate::intake::{self, BodyError, BodyKind, BodyReport};

/// `POST /v1/customers`.
pub(super) async fn customers(State(api): State<Api>, body: Bytes) -> Response {
    take(&api, BodyKind::Customers, body).await
}

/// `POST /v1/events`.
pub(super) async fn events(State(api): State<Api>, body: Bytes) -> Response {
    take(&api, BodyKind::Events, body).await
}

async fn take(api: &Api, kind: BodyKind, body: Bytes) -> Response {
    let shared = Arc::clone(&api.shared);
    let stored = api.shared.writer.call(move |store| {
        let policy = Arc::clone(store.engine.policy());
        intake::body(&mut store.archive, &policy, kind, &body, shared.now())
            .inspect(|report| shared.metrics.ingested.note_body(kind, &report.tally))
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
