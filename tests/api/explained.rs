//! Why a customer stands where they stand, over HTTP.

use crate::home::{Home, get, post};

const ROWS: &str = r#"[
    {"type": "order", "id": "1", "customer": "a", "amount": 150, "at": "2027-01-01T00:00:00Z"},
    {"type": "order", "id": "2", "customer": "b", "amount": 20, "at": "2027-01-02T00:00:00Z"}
]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_explained_as_a_whole_and_by_name() {
    let home = Home::new();
    let daemon = home.start().await;
    let person = r#"{"id": "a", "email": "a@example.com", "joined": "2026-05-01", "vip": true}"#;
    assert_eq!(post(&daemon, "/v1/customers", person).await.status, 200);
    assert_eq!(post(&daemon, "/v1/events", ROWS).await.json()["new"], 2);
    let before = get(&daemon, "/v1/customers/a/explain").await.json();
    assert!(before["standing_as_of"].is_null(), "no run has looked yet");
    assert_eq!(post(&daemon, "/v1/runs", "").await.status, 200);
    let whole = get(&daemon, "/v1/customers/a/explain?days=10").await.json();
    let worth =
        whole["standing"].as_array().unwrap().iter().find(|stands| stands["name"] == "worth").unwrap();
    assert_eq!((&worth["place"], &worth["because"][0]["text"]), (&"top".into(), &"spent >= 100".into()));
    assert_eq!(worth["because"][0]["compared"]["left"], 150);
    assert_eq!((&whole["forecast"]["days"], &whole["forecast"]["runs"]), (&10.into(), &10.into()));
    assert_eq!(whole["touches"][0]["because"], "trigger.top");
    let named = get(&daemon, "/v1/customers/b/explain?name=trigger.top").await.json();
    assert_eq!((&named["about"], &named["rule"]["applies"]), (&"trigger.top".into(), &false.into()));
    assert_eq!(named["rule"]["why"][0]["parts"][0]["compared"]["left"], "rest");
    let spent = named["values"].as_array().unwrap().iter().find(|value| value["name"] == "spent").unwrap();
    assert_eq!((&spent["value"], &spent["events"]["count"]), (&20.into(), &1.into()));
    assert_eq!(spent["events"]["examples"][0]["id"], "2");
    let field = get(&daemon, "/v1/customers/a/explain?name=email").await.json();
    assert_eq!(field["values"][0]["value"], "a@example.com", "personal fields are the answer's own subject");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_explained_is_refused_with_the_nearest_that_can() {
    let home = Home::new();
    let daemon = home.start().await;
    assert_eq!(post(&daemon, "/v1/events", ROWS).await.status, 200);
    assert_eq!(get(&daemon, "/v1/customers/nobody/explain").await.code(), "no_such_customer");
    assert_eq!(get(&daemon, "/v1/customers/%ff/explain").await.code(), "no_such_customer");
    let unknown = get(&daemon, "/v1/customers/a/explain?name=wroth").await;
    assert_eq!((unknown.status, unknown.code()), (404, "no_such_name".to_owned()));
    assert!(unknown.body.contains("did you mean `worth`?"), "{}", unknown.body);
    for query in ["days=soon", "days=1000", "days=-1", "until=never"] {
        let refused = get(&daemon, &format!("/v1/customers/a/explain?{query}")).await;
        assert_eq!((refused.status, refused.code()), (400, "bad_parameter".to_owned()), "{query}");
    }
    daemon.stop().await;
}
