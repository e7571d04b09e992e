//! Reads the body of a request before anything is done for it, so that a slow client holds nothing but its
//! connection.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::failure::{Refused, busy, failure};

/// The largest body.
pub(super) const LARGEST: usize = 10 << 20;
/// The most memory that all bodies take together, in KiB.
pub(super) const ALL_KIB: usize = 128 << 10;
/// How long a body may take, and so many bytes a second more.
const TIME: Duration = Duration::from_secs(10);
const BYTES_A_SECOND: usize = 256 << 10;

/// Reads a request's body to its end. The place it takes in memory is given back when the permit is dropped.
pub(super) async fn whole(
    request: Request,
    memory: &Arc<Semaphore>,
) -> Result<(Request, OwnedSemaphorePermit), Refused> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(too_large().into());
    }
    let (head, mut body) = request.into_parts();
    let begun = Instant::now();
    let mut bytes = Vec::new();
    let mut place = take(memory, 0)?;
    loop {
        let seconds = u64::try_from(bytes.len() / BYTES_A_SECOND).unwrap_or(u64::MAX);
        let until = begun + TIME + Duration::from_secs(seconds);
        let Ok(frame) = tokio::time::timeout_at(until, body.frame()).await else {
            return Err(too_slow().into());
        };
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| failure(StatusCode::BAD_REQUEST, "unreadable", &error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > LARGEST {
            return Err(too_large().into());
        }
        bytes.extend_from_slice(&data);
        let missing = bytes.len().div_ceil(1 << 10).saturating_sub(place.num_permits());
        place.merge(take(memory, missing)?);
    }
    Ok((Request::from_parts(head, Body::from(Bytes::from(bytes))), place))
}

fn take(memory: &Arc<Semaphore>, kib: usize) -> Result<OwnedSemaphorePermit, Refused> {
    let kib = u32::try_from(kib).unwrap_or(u32::MAX);
    Arc::clone(memory).try_acquire_many_owned(kib).map_err(|_| busy().into())
}

fn too_large() -> Response {
    failure(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "a body has at most 10 MB; send the rows in parts, or as a file in the inbox",
    )
}

fn too_slow() -> Response {
    failure(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body came too slowly; nothing of it was stored")
}
