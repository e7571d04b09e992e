//! The parameters of a request's query, of which none may be unknown.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::failure::{Refused, failure};
use crate::emit::client::innermost;

/// Rows of a page where nothing else is asked for.
const PAGE: usize = 50;
/// The most rows of a page.
pub(super) const LARGEST_PAGE: usize = 1_000;

/// The parameters of a request, or why they make no sense.
pub(super) struct Parameters<T>(pub(super) T);

/// No parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => Err(bad(&innermost(&error)).into()),
            Err(other) => Err(bad(&other.body_text()).into()),
        }
    }
}

/// A parameter makes no sense.
pub(super) fn bad(message: &str) -> Response {
    failure(StatusCode::BAD_REQUEST, "bad_parameter", message)
}

/// How many rows a page has.
pub(super) fn page(limit: Option<&str>) -> Result<usize, Refused> {
    let Some(limit) = limit else { return Ok(PAGE) };
    let limit = limit.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
    limit.ok_or_else(|| bad(&format!("limit is a whole number from 1 to {LARGEST_PAGE}")).into())
}

/// The number after which a page begins.
pub(super) fn cursor(cursor: Option<&str>) -> Result<Option<i64>, Refused> {
    let Some(text) = cursor else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| bad("cursor is what `next` of the page before says").into())
}
