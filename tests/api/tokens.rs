//! Who may ask.

use std::fs;
use std::time::{Duration, Instant};

use guanxi::daemon::StartError;

use crate::home::{Home, PATIENCE, ask, get, post};

const ONE: &str = "0123456789abcdef";
const OTHER: &str = "fedcba9876543210";

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn listening_beyond_this_machine_takes_a_good_token() {
    let home = Home::new();
    let refused = home.start_at("0.0.0.0:0", None).await.err().unwrap();
    assert!(matches!(refused, StartError::NoToken(_)) && refused.to_string().contains("--token-file"));
    for bad in ["", "short"] {
        let refused = home.start_at("127.0.0.1:0", Some(bad)).await.err().unwrap();
        assert!(matches!(refused, StartError::Token(_)), "{refused}");
    }
    let daemon = home.start_at("0.0.0.0:0", Some(ONE)).await.unwrap();
    assert_eq!((get(&daemon, "/healthz").await.status, get(&daemon, "/readyz").await.status), (200, 200));
    for path in ["/v1/status", "/v1/customers/a", "/metrics", "/openapi.json", "/nowhere"] {
        let refused = get(&daemon, path).await;
        assert_eq!((refused.status, &*refused.code()), (401, "unauthorized"), "{path}");
        assert!(refused.has_header("www-authenticate: Bearer realm=\"guanxi\""), "{}", refused.head);
    }
    let status = ask(daemon.address, "GET /v1/status", &bearer(ONE), "").await;
    assert_eq!(status.status, 200);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_rotated_by_editing_their_file_and_a_broken_edit_locks_nobody_out() {
    let home = Home::new();
    let daemon = home.start_at("127.0.0.1:0", Some(ONE)).await.unwrap();
    assert_eq!(get(&daemon, "/v1/status").await.status, 200, "looking is free on this machine");
    assert_eq!(post(&daemon, "/v1/runs", "").await.status, 401);
    let with = |path: &'static str, token: &str| {
        let headers = bearer(token);
        async move { ask(daemon.address, path, &headers, "").await.status }
    };
    let (reload, run) = ("POST /v1/reload", "POST /v1/runs");
    assert_eq!((with(run, ONE).await, with(run, OTHER).await), (200, 401));
    fs::write(home.path("token"), format!("{ONE}\n{OTHER}\n")).unwrap();
    assert_eq!((with(reload, ONE).await, with(run, OTHER).await), (200, 200), "a reload reads it at once");
    fs::write(home.path("token"), OTHER).unwrap();
    let begun = Instant::now();
    while with(run, ONE).await != 401 {
        assert!(begun.elapsed() < PATIENCE, "an edit is never noticed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    fs::write(home.path("token"), "short").unwrap();
    assert_eq!(
        (with(reload, OTHER).await, with(run, OTHER).await, with(run, "short").await),
        (200, 200, 401)
    );
    daemon.stop().await;
}
