//! What is to become of a touch that did not leave.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::failure::stopping;
use super::{Api, failure};
use crate::archive::Redelivered;
use crate::daemon::redeliver::{Order, refusal};

/// `POST /v1/outbox/{id}/retry`: sends a dead touch again.
pub(super) async fn retry(State(api): State<Api>, id: Result<Path<String>, PathRejection>) -> Response {
    order(&api, id, Order::Retry).await
}

/// `POST /v1/outbox/{id}/drop`: cancels a dead or queued touch.
pub(super) async fn drop(State(api): State<Api>, id: Result<Path<String>, PathRejection>) -> Response {
    order(&api, id, Order::Drop).await
}

async fn order(api: &Api, id: Result<Path<String>, PathRejection>, order: Order) -> Response {
    let Ok(Path(id)) = id else {
        return failure(StatusCode::NOT_FOUND, "no_such_touch", "a touch's id is plain text");
    };
    let shared = Arc::clone(&api.shared);
    let touch = id.clone();
    let done = api.shared.writer.call(move |store| {
        let done = order.carry_out(&mut store.archive, &touch, shared.now());
        shared.wake_outbox();
        done
    });
    let done = match done.await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => return failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string()),
        Err(_) => return stopping(),
    };
    let Some(message) = refusal(&id, order, done) else {
        return Json(json!({ "id": id, "state": order.leads_to().as_str() })).into_response();
    };
    let (status, code) = match done {
        Redelivered::NoTouch => (StatusCode::NOT_FOUND, "no_such_touch"),
        Redelivered::UnderWay => (StatusCode::CONFLICT, "under_way"),
        Redelivered::Expired(_) => (StatusCode::CONFLICT, "expired"),
        Redelivered::Emptied => (StatusCode::CONFLICT, "emptied"),
        Redelivered::Not(_) | Redelivered::Done => (StatusCode::CONFLICT, "wrong_state"),
    };
    failure(status, code, &message)
}
