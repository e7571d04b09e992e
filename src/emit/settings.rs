//! A webhook's settings once the environment is put in: all that an attempt needs, checked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::address;
use super::signature::{Secret, SecretError};
use super::substitute::{SubstituteError, substitute};
use crate::policy::compiled::{Retry, Webhook};
use crate::ports::Environment;

/// Why a channel can't be used. Its touches wait in the outbox meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// A variable is missing or badly written.
    #[error("{key}: {error}")]
    Environment {
        /// The key of the channel.
        key: String,
        /// What is wrong.
        error: SubstituteError,
    },
    /// The address can't be read; it is not repeated, as it may hold a key.
    #[error("url: not an http or https address")]
    Url,
    /// The address is one a webhook may not go to.
    #[error("url: {0}")]
    Forbidden(address::Forbidden),
    /// A secret can't be read.
    #[error("secret: {0}")]
    Secret(SecretError),
    /// A header can't be sent.
    #[error("headers: `{0}` is no header, or its text can't be sent in one")]
    Header(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client can't be made: {0}")]
    Client(String),
}

/// A webhook that can be used.
#[derive(Clone, Debug)]
pub struct ReadyWebhook {
    /// Whom to connect to: scheme, host and port.
    pub receiver: Uri,
    /// What is asked of him: path and query.
    pub target: Uri,
    /// What signs; unsigned where empty.
    pub secrets: Vec<Secret>,
    /// The headers that are the same in every request, with the channel's own.
    pub headers: HeaderMap,
    /// For one attempt.
    pub timeout: Duration,
    /// Most requests a second.
    pub rate: Option<f64>,
    /// Most requests at once.
    pub concurrency: usize,
    /// What follows a failed attempt.
    pub retry: Retry,
    /// It may go to link-local and metadata addresses.
    pub allow_link_local: bool,
}

impl ReadyWebhook {
    /// Puts the environment into a webhook's settings.
    ///
    /// # Errors
    /// Says which setting can't be used and why.
    pub fn new(webhook: &Webhook, environment: &dyn Environment) -> Result<Self, Unavailable> {
        let fill = |key: &str, text: &str| {
            substitute(text, environment)
                .map_err(|error| Unavailable::Environment { key: key.to_owned(), error })
        };
        let secrets = webhook
            .secrets
            .iter()
            .map(|text| Secret::parse(&fill("secret", text)?).map_err(Unavailable::Secret));
        let mut headers = HeaderMap::new();
        for (name, text) in &webhook.headers {
            let text = fill(&format!("headers.{name}"), text)?;
            let refused = || Unavailable::Header(name.clone());
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
            let mut value = HeaderValue::from_str(&text).map_err(|_| refused())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let url = url(&fill("url", &webhook.url)?, webhook.allow_link_local)?;
        add_constant(&mut headers, &url)?;
        Ok(Self {
            receiver: uri(&url.origin().ascii_serialization())?,
            target: uri(&url[Position::BeforePath..Position::AfterQuery])?,
            secrets: secrets.collect::<Result<_, _>>()?,
            headers,
            timeout: Duration::from_millis(u64::try_from(webhook.timeout).unwrap_or(0).max(1)),
            rate: webhook.rate.filter(|rate| *rate > 0.0),
            concurrency: webhook.concurrency.max(1),
            retry: webhook.retry,
            allow_link_local: webhook.allow_link_local,
        })
    }
}

fn uri(text: &str) -> Result<Uri, Unavailable> {
    text.parse().map_err(|_| Unavailable::Url)
}

/// Adds what every request says; the channel's own headers stand, but for the kind of the body.
fn add_constant(headers: &mut HeaderMap, url: &Url) -> Result<(), Unavailable> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let agent = concat!("guanxi/", env!("CARGO_PKG_VERSION"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let host = HeaderValue::from_str(host).map_err(|_| Unavailable::Url)?;
    headers.entry(HOST).or_insert(host);
    if !url.username().is_empty() || url.password().is_some() {
        let part = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let name = [part(url.username()), b":".to_vec(), part(url.password().unwrap_or_default())].concat();
        let basic = format!("Basic {}", STANDARD.encode(name));
        let mut basic = HeaderValue::try_from(basic).map_err(|_| Unavailable::Url)?;
        basic.set_sensitive(true);
        headers.entry(AUTHORIZATION).or_insert(basic);
    }
    Ok(())
}

fn url(text: &str, allow_link_local: bool) -> Result<Url, Unavailable> {
    let url = Url::parse(text.trim()).map_err(|_| Unavailable::Url)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Unavailable::Url);
    }
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if !allow_link_local && bare.parse().is_ok_and(address::is_forbidden) {
        return Err(Unavailable::Forbidden(address::Forbidden(bare.to_owned())));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::testing::webhook;
    use crate::ports::simulated::SetEnvironment;

    #[test]
    fn a_missing_variable_is_named_with_its_key() {
        let environment = SetEnvironment::default();
        let missing = ReadyWebhook::new(&webhook("${CRM_URL}"), &environment).unwrap_err();
        assert_eq!(missing.to_string(), "url: the environment variable CRM_URL is not set");
        let mut settings = webhook("http://127.0.0.1/");
        settings.headers.insert("x-key".to_owned(), "${KEY}".to_owned());
        let missing = ReadyWebhook::new(&settings, &environment).unwrap_err();
        assert_eq!(missing.to_string(), "headers.x-key: the environment variable KEY is not set");
    }

    #[test]
    fn what_an_address_says_is_put_where_requests_have_it() {
        let environment = SetEnvironment::default();
        let mut settings = webhook("https://us%40er:p%3Aw@CRM.example:8443/a%20b/in?key=1&x#part");
        let ready = ReadyWebhook::new(&settings, &environment).unwrap();
        assert_eq!(ready.receiver.to_string(), "https://crm.example:8443/");
        assert_eq!(ready.target.to_string(), "/a%20b/in?key=1&x");
        assert_eq!(ready.headers.get("host").unwrap(), "crm.example:8443");
        let basic = format!("Basic {}", STANDARD.encode("us@er:p:w"));
        assert_eq!(ready.headers.get("authorization").unwrap(), &*basic);
        settings.headers.insert("Authorization".to_owned(), "Bearer mine".to_owned());
        let ready = ReadyWebhook::new(&settings, &environment).unwrap();
        assert_eq!(ready.headers.get("authorization").unwrap(), "Bearer mine");
        let plain = ReadyWebhook::new(&webhook("http://[::1]:80"), &environment).unwrap();
        assert_eq!(
            (plain.receiver.to_string(), plain.target.to_string()),
            ("http://[::1]/".into(), "/".into())
        );
        assert_eq!(plain.headers.get("host").unwrap(), "[::1]");
        assert_eq!(plain.headers.get("authorization"), None);
    }

    #[test]
    fn an_address_that_is_forbidden_or_no_address_is_refused() {
        let environment = SetEnvironment::default();
        let ready = |url: &str| ReadyWebhook::new(&webhook(url), &environment);
        for host in [
            "169.254.169.254",
            "169.254.169.254.",
            "2852039166",
            "0xA9FEA9FE",
            "0251.0376.0251.0376",
            "169.254.43518",
            "１６９.254.169.254",
            "[fe80::1]",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[64:ff9b::169.254.169.254]",
        ] {
            let refused = ready(&format!("http://{host}/latest"));
            assert!(matches!(refused, Err(Unavailable::Forbidden(_))), "{host}: {refused:?}");
        }
        assert_eq!(ready("ftp://example.org/").unwrap_err(), Unavailable::Url);
        assert_eq!(ready("nowhere").unwrap_err(), Unavailable::Url);
        assert!(ready("https://crm.example/in").is_ok());
        let allowed = Webhook { allow_link_local: true, ..webhook("http://169.254.169.254/") };
        assert!(ReadyWebhook::new(&allowed, &environment).is_ok());
    }
}
