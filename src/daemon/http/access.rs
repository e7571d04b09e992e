//! Who may ask: keeps out web pages that reach for this machine.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::failure;

/// Lets through what may be asked.
pub(super) async fn allowed(request: Request, next: Next) -> Response {
    if !local(request.headers()) {
        return failure(StatusCode::FORBIDDEN, "forbidden", "the Host header must name this machine");
    }
    if request.method() != Method::GET && request.headers().contains_key(header::ORIGIN) {
        return failure(StatusCode::FORBIDDEN, "forbidden", "web pages can't write here");
    }
    next.run(request).await
}

/// Whether the request was meant for a loopback name: a page elsewhere may have its own name resolve to
/// this machine.
fn local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let host = host.to_str().unwrap_or_default();
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    name == "localhost"
        || name
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_local() {
        let headers = |host: &str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        for host in ["127.0.0.1:7611", "localhost", "localhost:80", "[::1]:7611", "127.0.0.2"] {
            assert!(local(&headers(host)), "{host}");
        }
        for host in ["example.com", "localhost.example.com:7611", "10.0.0.1", "[2001:db8::1]:80"] {
            assert!(!local(&headers(host)), "{host}");
        }
    }
}
