//! One attempt to deliver by webhook.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::address::{Forbidden, GuardedResolver};
use super::outcome::{Failure, Outcome, classify};
use super::settings::{ReadyWebhook, Unavailable};
use super::signature;
use crate::model::Timestamp;

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
///
/// # Errors
/// [`Unavailable::Client`], where TLS can't be set up.
pub fn client(settings: &ReadyWebhook) -> Result<Client, Unavailable> {
    // Fails only where a provider is installed already, which then serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("guanxi/", env!("CARGO_PKG_VERSION")))
        .timeout(settings.timeout)
        .pool_max_idle_per_host(settings.concurrency)
        .dns_resolver(Arc::new(GuardedResolver { allow_link_local: settings.allow_link_local }))
        .build()
        .map_err(|error| Unavailable::Client(innermost(&error)))
}

/// Posts a body once. `now` is the real time, which is signed and against which `Retry-After` is read.
pub async fn attempt(
    client: &Client,
    settings: &ReadyWebhook,
    id: &str,
    body: Vec<u8>,
    now: Timestamp,
) -> Answer {
    let headers = headers(settings, id, &body, now);
    let request = client.post(settings.url.clone()).headers(headers).body(body);
    match request.send().await {
        Ok(response) => answer(response, now).await,
        Err(error) => Answer { outcome: Outcome::Retry(failure(&error)), detail: String::new() },
    }
}

fn headers(settings: &ReadyWebhook, id: &str, body: &[u8], now: Timestamp) -> HeaderMap {
    let seconds = now.0.div_euclid(1_000);
    let mut headers = settings.headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("webhook-id", id);
    }
    let signed = signature::header(&settings.secrets, id, seconds, body);
    if let Some(Ok(signature)) = signed.map(|text| HeaderValue::from_str(&text)) {
        headers.insert("webhook-signature", signature);
    }
    headers
}

async fn answer(mut response: Response, now: Timestamp) -> Answer {
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let outcome = classify(response.status().as_u16(), retry_after, now);
    let mut said = Vec::new();
    // What follows the status changes nothing: a body that breaks off or never ends is as good as none.
    let _ = tokio::time::timeout(LONGEST_ANSWER, read(&mut response, &mut said)).await;
    Answer { outcome, detail: readable(&said) }
}

async fn read(response: &mut Response, said: &mut Vec<u8>) {
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MOST_ANSWER.saturating_sub(said.len());
        said.extend(chunk.iter().copied().take(room));
        if said.len() >= MOST_ANSWER {
            return;
        }
    }
}

/// The beginning of an answer on one line, without control characters.
fn readable(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(MOST_DETAIL).collect()
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        Failure::Timeout
    } else if error.is_connect() {
        Failure::Connect(innermost(error))
    } else {
        Failure::Broken(innermost(error))
    }
}

/// The cause at the bottom of an error: outer ones repeat the address, which may hold a key.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        if cause.is::<Forbidden>() {
            break;
        }
        cause = source;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(_) => "the request could not be sent".to_owned(),
        None => cause.to_string(),
    }
}
