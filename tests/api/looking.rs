//! What is shown.

use crate::home::{Home, get, post, until};

const ROWS: &str = r#"[
    {"type": "order", "id": "1", "customer": "a", "amount": 150, "at": "2027-01-01T00:00:00Z"},
    {"type": "order", "id": "2", "customer": "b", "amount": 0.1, "at": "2027-01-02T00:00:00Z"},
    {"type": "order", "id": "3", "customer": "b", "amount": 0.2, "at": "2027-01-03T00:00:00Z"}
]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_shown_with_values_of_now_and_places_of_the_last_run() {
    let home = Home::new();
    let daemon = home.start().await;
    let person = r#"{"id": "b", "email": "b@example.com", "joined": "2026-05-01", "vip": true}"#;
    assert_eq!(post(&daemon, "/v1/customers", person).await.status, 200);
    assert_eq!(post(&daemon, "/v1/events", ROWS).await.json()["new"], 3);
    let before = get(&daemon, "/v1/customers/b").await.json();
    assert_eq!(before["fields"]["email"], "b@example.com", "personal fields are the answer's own subject");
    assert_eq!(before["values"]["spent"], 0.3);
    assert_eq!((&before["values"]["buyer"], &before["values"]["worth"]), (&true.into(), &"rest".into()));
    assert!(before["standing"]["buyer"]["since"].is_null(), "no run has looked yet");
    assert_eq!(post(&daemon, "/v1/runs", "").await.status, 200);
    home.goes_on(&daemon);
    let after = until(&daemon, "/v1/customers/b", |found| found["touches"][0]["state"] == "delivered").await;
    assert_eq!(after["standing"]["buyer"]["place"], true);
    assert_eq!(after["standing"]["worth"]["since"], "2027-01-10T08:00:00Z");
    assert_eq!(after["standing_as_of"], "2027-01-10T08:00:00Z");
    assert_eq!(after["touches"][0]["action"], "greet");
    let more =
        r#"{"type": "order", "id": "4", "customer": "b", "amount": 200, "at": "2027-01-10T08:00:30Z"}"#;
    assert_eq!(post(&daemon, "/v1/events", more).await.status, 200);
    assert_eq!(post(&daemon, "/v1/runs", "").await.status, 200);
    let risen = get(&daemon, "/v1/customers/b").await.json();
    let transition = &risen["transitions"][0];
    assert_eq!((&transition["from"], &transition["to"]), (&"rest".into(), &"top".into()), "{transition}");
    assert_eq!(risen["standing"]["worth"]["previous"], "rest");
    assert_eq!(get(&daemon, "/v1/customers/nobody").await.code(), "no_such_customer");
    assert_eq!(get(&daemon, "/v1/customers/%ff").await.status, 404);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_a_page_at_a_time_and_each_row_once_whatever_comes_in_meanwhile() {
    let home = Home::new();
    let daemon = home.start().await;
    for run in 0..5 {
        let row = format!(r#"{{"type": "order", "id": "{run}", "customer": "c{run}", "amount": 1}}"#);
        assert_eq!(post(&daemon, "/v1/events", &row).await.status, 200);
        assert_eq!(post(&daemon, "/v1/runs", "").await.status, 200);
    }
    let mut seen = Vec::new();
    let mut page = get(&daemon, "/v1/runs?limit=2").await.json();
    loop {
        seen.extend(page["runs"].as_array().unwrap().iter().map(|run| run["id"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        post(&daemon, "/v1/runs", "").await;
        page = get(&daemon, &format!("/v1/runs?limit=2&cursor={next}")).await.json();
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let of = |answer: crate::home::Answer| answer.json()["touches"].as_array().unwrap().len();
    assert_eq!(of(get(&daemon, "/v1/touches").await), 5);
    assert_eq!(of(get(&daemon, "/v1/touches?customer=c3&action=greet").await), 1);
    assert_eq!(of(get(&daemon, "/v1/touches?state=dead").await), 0);
    let first = get(&daemon, "/v1/touches?limit=4").await.json();
    let rest = get(&daemon, &format!("/v1/touches?limit=4&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest.json()["touches"][0]["customer"], "c0");
    assert!(rest.json()["next"].is_null());
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_shown_by_file_and_by_kind_and_the_rest_is_as_described() {
    let home = Home::new();
    let daemon = home.start().await;
    let policies = get(&daemon, "/v1/policies").await.json();
    assert_eq!(policies["files"]["policies"][0], "all.toml");
    assert_eq!(policies["tables"]["trigger"], serde_json::json!(["first_order", "top"]));
    assert_eq!(policies["tables"]["tier"], serde_json::json!(["worth"]));
    assert_eq!(policies["last_reload"]["successful"], true);
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/status"] {
        assert_eq!(get(&daemon, path).await.status, 200, "{path}");
    }
    assert_eq!(post(&daemon, "/v1/reload", "").await.status, 200);
    std::fs::write(home.path("policies/all.toml"), "nonsense").unwrap();
    assert_eq!(post(&daemon, "/v1/reload", "").await.status, 422);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_wrongly_is_answered_with_a_code_and_a_message() {
    let home = Home::new();
    let daemon = home.start().await;
    for path in [
        "/v1/runs?limit=0",
        "/v1/runs?limit=1001",
        "/v1/runs?limit=many",
        "/v1/runs?cursor=-1",
        "/v1/runs?limit=1&limit=2",
        "/v1/touches?state=gone",
        "/v1/touches?custommer=a",
        "/v1/status?verbose=1",
        "/v1/customers/a?fields=all",
        "/openapi.json?pretty",
        "/metrics?x=1",
    ] {
        let answer = get(&daemon, path).await;
        assert_eq!((answer.status, &*answer.code()), (400, "bad_parameter"), "{path}");
    }
    assert_eq!(get(&daemon, "/v1/nothing").await.code(), "not_found");
    assert_eq!(post(&daemon, "/v1/runs/x/approve", "").await.code(), "no_such_run");
    assert_eq!(post(&daemon, "/v1/runs/9/reject", "").await.code(), "no_such_run");
    let wrong = crate::home::ask(daemon.address, "DELETE /v1/runs", "", "").await;
    assert_eq!((wrong.status, &*wrong.code()), (405, "method_not_allowed"));
    assert!(wrong.has_header("allow: GET,HEAD,POST"), "{}", wrong.head);
    for (body, code) in
        [("", "unreadable"), ("[{", "unreadable"), ("[{}]", "no_valid_row"), ("7", "no_valid_row")]
    {
        let answer = post(&daemon, "/v1/events", body).await;
        assert_eq!((answer.status, &*answer.code()), (400, code), "{body}");
    }
    daemon.stop().await;
}
