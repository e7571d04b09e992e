//! Touches that did not leave.

use crate::home::{Home, get, post, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_touch_is_retried_under_its_id_and_dropped_for_good() {
    let home = Home::new();
    let daemon = home.start().await;
    let row = r#"{"type": "order", "id": "1", "customer": "a", "amount": 150}"#;
    assert_eq!(post(&daemon, "/v1/events", row).await.status, 200);
    assert_eq!(post(&daemon, "/v1/runs", "").await.status, 200);
    home.goes_on(&daemon);
    let dead = |found: &serde_json::Value| found["touches"].as_array().is_some_and(|found| found.len() == 1);
    let path = "/v1/touches?action=ring&state=dead";
    let touch = until(&daemon, path, dead).await["touches"][0].clone();
    let id = touch["id"].as_str().unwrap();
    let retried = post(&daemon, &format!("/v1/outbox/{id}/retry"), "").await;
    assert_eq!((retried.status, &retried.json()["state"]), (200, &"queued".into()));
    home.goes_on(&daemon);
    let again = until(&daemon, path, dead).await["touches"][0].clone();
    assert_eq!((&again["id"], &again["payload"]), (&touch["id"], &touch["payload"]));
    let dropped = post(&daemon, &format!("/v1/outbox/{id}/drop"), "").await;
    assert_eq!((dropped.status, &dropped.json()["state"]), (200, &"cancelled".into()));
    let ended = get(&daemon, "/v1/touches?action=ring").await.json()["touches"][0].clone();
    assert_eq!(ended["state"], "cancelled");
    assert!(ended["reason"].as_str().unwrap().starts_with("dropped on request; before that: "), "{ended}");
    for order in ["retry", "drop"] {
        let refused = post(&daemon, &format!("/v1/outbox/{id}/{order}"), "").await;
        assert_eq!((refused.status, &*refused.code()), (409, "wrong_state"), "{order}");
        assert_eq!(post(&daemon, &format!("/v1/outbox/none/{order}"), "").await.code(), "no_such_touch");
    }
    let delivered = until(&daemon, "/v1/touches?action=greet&state=delivered", dead).await;
    let id = delivered["touches"][0]["id"].as_str().unwrap();
    assert_eq!(post(&daemon, &format!("/v1/outbox/{id}/drop"), "").await.code(), "wrong_state");
    daemon.stop().await;
}
