//! One attempt to deliver by webhook.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response};
use tokio::time::{Instant, timeout_at};

use super::address::GuardedResolver;
use super::connection::{Connection, Connections, SendError};
use super::outcome::{Failure, Outcome, classify};
use super::settings::{ReadyWebhook, Unavailable};
use super::signature;
use crate::model::Timestamp;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// Most bytes of an answer that are read.
const MOST_ANSWER: usize = 4 * 1024;
/// Longest that an answer's body is read: it changes nothing, but a connection read to its end serves again.
const LONGEST_ANSWER: Duration = Duration::from_secs(1);
/// Most characters of an answer that are kept.
const MOST_DETAIL: usize = 200;

/// What an attempt came to, with what the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it came to.
    pub outcome: Outcome,
    /// The beginning of what the receiver said; empty where it said nothing.
    pub detail: String,
}

impl Answer {
    /// The answer to a message that could not be written.
    #[must_use]
    pub fn unsendable(error: &serde_json::Error) -> Self {
        Self { outcome: Outcome::Retry(Failure::Unwritable(error.to_string())), detail: String::new() }
    }
}

/// The client of one channel: its own connections, no redirects, no proxies.
pub struct Client {
    settings: ReadyWebhook,
    /// The headers of a request, with room for those that are its own.
    headers: HeaderMap,
    connections: Connections,
}

impl Client {
    /// A client without connections.
    ///
    /// # Errors
    /// [`Unavailable::Client`], where TLS can't be set up.
    pub fn new(settings: ReadyWebhook) -> Result<Self, Unavailable> {
        let resolver = GuardedResolver { allow_link_local: settings.allow_link_local };
        let connections = Connections::new(settings.receiver.clone(), resolver, settings.concurrency)
            .map_err(|error| Unavailable::Client(error.to_string()))?;
        let mut headers = settings.headers.clone();
        let own = [Some(ID), Some(TIMESTAMP), (!settings.secrets.is_empty()).then_some(SIGNATURE)];
        headers.extend(own.into_iter().flatten().map(|name| (name, HeaderValue::from_static(""))));
        Ok(Self { settings, headers, connections })
    }

    /// What it was made from.
    #[must_use]
    pub const fn settings(&self) -> &ReadyWebhook {
        &self.settings
    }

    /// Closes connections that nobody used for a while.
    pub fn close_stale(&self) {
        self.connections.close_stale();
    }

    /// Posts a body once. `now` is the real time, which is signed and against which `Retry-After` is read.
    pub async fn attempt(&self, id: &str, body: Vec<u8>, now: Timestamp) -> Answer {
        let deadline = Instant::now() + self.settings.timeout;
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.settings.target.clone();
        *request.headers_mut() = self.headers(id, &body, now);
        *request.body_mut() = Full::new(body.into());
        match timeout_at(deadline, self.connections.send(request)).await {
            Ok(Ok((response, connection))) => self.answer(response, connection, now, deadline).await,
            Ok(Err(error)) => failed(failure(&error)),
            Err(_) => failed(Failure::Timeout),
        }
    }

    fn headers(&self, id: &str, body: &[u8], now: Timestamp) -> HeaderMap {
        let seconds = now.0.div_euclid(1_000);
        let mut headers = self.headers.clone();
        headers.insert(TIMESTAMP, HeaderValue::from(seconds));
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(ID, id);
        }
        let signed = signature::header(&self.settings.secrets, id, seconds, body);
        if let Some(Ok(signature)) = signed.map(HeaderValue::try_from) {
            headers.insert(SIGNATURE, signature);
        }
        headers
    }

    async fn answer(
        &self,
        response: Response<Incoming>,
        mut connection: Box<Connection>,
        now: Timestamp,
        deadline: Instant,
    ) -> Answer {
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let outcome = classify(response.status().as_u16(), retry_after, now);
        let mut body = response.into_body();
        let mut said = Vec::new();
        let is_read = body.is_end_stream() || {
            // What follows the status changes nothing: a body that breaks off or never ends is as good as none.
            let deadline = deadline.min(Instant::now() + LONGEST_ANSWER);
            let read = connection.drive(read(&mut body, &mut said));
            timeout_at(deadline, read).await.unwrap_or(false)
        };
        drop(body);
        if is_read {
            self.connections.keep(connection).await;
        }
        Answer { outcome, detail: readable(&said) }
    }
}

fn failed(failure: Failure) -> Answer {
    Answer { outcome: Outcome::Retry(failure), detail: String::new() }
}

/// Reads a body's beginning; whether that was all of it.
async fn read(body: &mut Incoming, said: &mut Vec<u8>) -> bool {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        let chunk = frame.into_data().unwrap_or_default();
        let room = MOST_ANSWER.saturating_sub(said.len());
        said.extend(chunk.iter().copied().take(room));
        if chunk.len() > room {
            return false;
        }
    }
    true
}

/// The beginning of an answer on one line, without control characters.
fn readable(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(MOST_DETAIL).collect()
}

fn failure(error: &SendError) -> Failure {
    match error {
        SendError::Connect(cause) => Failure::Connect(innermost(&**cause)),
        SendError::Broken(error) => Failure::Broken(innermost(error)),
    }
}

/// The cause at the bottom of an error: outer ones say no more than that there is one.
#[must_use]
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
