//! What the daemon is told over HTTP: to read the policies again, to evaluate now, what becomes of a run's touches.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::failure::stopping;
use super::{Api, failure};
use crate::archive::{Approval, Said};
use crate::daemon::reload::{Asked, Reloaded};
use crate::daemon::{runs, status};
use crate::engine::Whom;
use crate::plan::{Approved, Refusal};
use crate::policy::compiled::Scope;

/// `POST /v1/reload`: reads the policies again, changed or not, and answers with what became of them. 422 where they
/// can't be used and what was active stays so; 409 where they are not what the plan says, which the body may hold.
pub(super) async fn reload(State(api): State<Api>, body: Bytes) -> Response {
    let plan = if body.is_empty() { None } else { Some(Approved::read(&body)) };
    let plan = match plan.transpose() {
        Ok(plan) => plan,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "bad_plan", &error.to_string()),
    };
    let access = Arc::clone(&api.access);
    // Where that breaks down the tokens stay as they are.
    let _ = tokio::task::spawn_blocking(move || access.look_again()).await;
    match Asked::ask(&api.reload, plan).await {
        None => return stopping(),
        Some(Reloaded::NotApproved(refusal)) => {
            let code = match refusal {
                Refusal::OtherSet { .. } => "not_the_plan",
                Refusal::Stale { .. } => "plan_stale",
            };
            return failure(StatusCode::CONFLICT, code, &refusal.to_string());
        }
        Some(_) => {}
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

/// `POST /v1/runs/{id}/approve`: lets the touches of a run go to the guards, which a run asks at once.
pub(super) async fn approve(State(api): State<Api>, run: Result<Path<i64>, PathRejection>) -> Response {
    say(&api, run, Approval::Approved).await
}

/// `POST /v1/runs/{id}/reject`: cancels the touches of a run for good.
pub(super) async fn reject(State(api): State<Api>, run: Result<Path<i64>, PathRejection>) -> Response {
    say(&api, run, Approval::Rejected).await
}

async fn say(api: &Api, run: Result<Path<i64>, PathRejection>, approval: Approval) -> Response {
    let Ok(Path(run)) = run else {
        return failure(StatusCode::NOT_FOUND, "no_such_run", "a run's id is a whole number");
    };
    let shared = Arc::clone(&api.shared);
    let said = api.shared.writer.call(move |store| match approval {
        Approval::Rejected => store.archive.reject_run(run, shared.now()),
        Approval::Approved | Approval::Waiting => runs::approve(&shared, store, run),
    });
    match said.await {
        Ok(Ok(Said::Done(touches))) => {
            Json(json!({ "run": run, "approval": approval.as_str(), "touches": touches })).into_response()
        }
        Ok(Ok(Said::NoRun)) => {
            failure(StatusCode::NOT_FOUND, "no_such_run", &format!("there is no run {run}"))
        }
        Ok(Ok(Said::NotWaiting(known))) => {
            let known = known.map_or("made no more touches than usual", Approval::as_str);
            let message = format!("run {run} doesn't wait for approval: {known}");
            failure(StatusCode::CONFLICT, "not_waiting", &message)
        }
        Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string()),
        Err(_) => stopping(),
    }
}
