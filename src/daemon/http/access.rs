//! Who may ask for what.
//!
//! On a loopback address everyone on the machine may look; a web page may not, though its own name resolve to this
//! machine, which is why the `Host` header must name the machine. Beyond it there is no telling by name, and no need:
//! a token is asked for, which no page sends by itself. Where there are tokens every write needs one.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::token::Tokens;
use super::{Api, failure};

/// What may be asked for without a token wherever it comes from: watchers have none, and are told nothing else.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// What is asked of those that ask.
#[derive(Debug)]
pub struct Access {
    /// Whether only this machine can ask.
    loopback: bool,
    tokens: Option<Arc<Tokens>>,
}

impl Access {
    /// What is asked at an address; without tokens none are needed.
    #[must_use]
    pub fn new(address: SocketAddr, tokens: Option<Arc<Tokens>>) -> Self {
        Self { loopback: is_loopback(address.ip()), tokens }
    }

    /// Reads the tokens again.
    pub(super) fn look_again(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.look_again();
        }
    }

    fn refusal(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if self.loopback && !names_this_machine(headers) {
            let message =
                "the Host header must name this machine, as 127.0.0.1 or localhost; a proxy must set it so";
            return Some(failure(StatusCode::FORBIDDEN, "forbidden", message));
        }
        let writes = !request.method().is_safe();
        if writes && headers.contains_key(header::ORIGIN) {
            return Some(failure(StatusCode::FORBIDDEN, "forbidden", "web pages can't write here"));
        }
        let needed = writes || (!self.loopback && !OPEN.contains(&request.uri().path()));
        let tokens = self.tokens.as_ref().filter(|_| needed)?;
        match bearer(headers) {
            Some(token) if tokens.allows(token) => None,
            Some(_) => Some(unauthorized(
                "the token is not one of those in the token file",
                "Bearer realm=\"guanxi\", error=\"invalid_token\"",
            )),
            None => Some(unauthorized(
                "a token is needed: send the header `Authorization: Bearer TOKEN`",
                "Bearer realm=\"guanxi\"",
            )),
        }
    }
}

/// Lets through what may be asked.
pub(super) async fn allowed(State(api): State<Api>, request: Request, next: Next) -> Response {
    match api.access.refusal(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Whether only this machine reaches an address.
pub(in crate::daemon) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn unauthorized(message: &str, challenge: &'static str) -> Response {
    let mut response = failure(StatusCode::UNAUTHORIZED, "unauthorized", message);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Whether the request was meant for a loopback name.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let host = host.to_str().unwrap_or_default();
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    name.eq_ignore_ascii_case("localhost")
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    const TOKEN: &str = "0123456789abcdef";

    fn access(address: &str, with_token: bool) -> Access {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TOKEN).unwrap();
        let tokens = with_token.then(|| Arc::new(Tokens::read(file.path()).unwrap()));
        Access::new(address.parse().unwrap(), tokens)
    }

    fn status(access: &Access, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        access.refusal(&request.body(Body::empty()).unwrap()).map(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_are_answered() {
        let open = access("127.0.0.1:7611", false);
        for host in ["127.0.0.1:7611", "localhost", "LOCALHOST:80", "[::1]:7611", "127.0.0.2"] {
            assert_eq!(status(&open, "GET", "/v1/status", &[("host", host)]), None, "{host}");
        }
        for host in ["example.com", "localhost.example.com:7611", "10.0.0.1", "[2001:db8::1]:80", ""] {
            assert_eq!(status(&open, "GET", "/v1/status", &[("host", host)]), Some(403), "{host}");
        }
    }

    #[test]
    fn on_loopback_a_token_is_needed_to_write_once_there_is_one() {
        let bearer = ("authorization", "Bearer 0123456789abcdef");
        let (open, shut) = (access("[::1]:7611", false), access("[::1]:7611", true));
        assert_eq!(status(&open, "POST", "/v1/runs", &[]), None);
        assert_eq!(status(&shut, "POST", "/v1/runs", &[]), Some(401));
        assert_eq!(status(&shut, "POST", "/v1/runs", &[bearer]), None);
        assert_eq!(
            status(&shut, "POST", "/v1/runs", &[("authorization", "bearer  0123456789abcdef ")]),
            None
        );
        assert_eq!(status(&shut, "GET", "/v1/status", &[]), None);
        for wrong in
            ["Bearer", "Bearer ", "Basic 0123456789abcdef", "0123456789abcdef", "Bearer 0123456789abcdeg"]
        {
            assert_eq!(status(&shut, "POST", "/v1/runs", &[("authorization", wrong)]), Some(401), "{wrong}");
        }
        assert_eq!(status(&shut, "POST", "/v1/runs", &[bearer, ("origin", "http://localhost")]), Some(403));
    }

    #[test]
    fn beyond_loopback_all_but_health_needs_a_token_whatever_the_host_is_called() {
        let wide = access("0.0.0.0:7611", true);
        let host = ("host", "guanxi.example.com");
        for path in ["/healthz", "/readyz"] {
            assert_eq!(status(&wide, "GET", path, &[host]), None, "{path}");
            assert_eq!(status(&wide, "POST", path, &[host]), Some(401), "{path}");
        }
        for path in ["/v1/status", "/metrics", "/openapi.json", "/nothing", "/healthz/", "//healthz"] {
            assert_eq!(status(&wide, "GET", path, &[host]), Some(401), "{path}");
        }
        let bearer = ("authorization", "Bearer 0123456789abcdef");
        assert_eq!(status(&wide, "GET", "/v1/status", &[host, bearer]), None);
    }
}
