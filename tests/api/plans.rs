//! What becomes active is held to an approved plan: over HTTP, and from the start on where the daemon goes by one.

use std::fs;

use guanxi::daemon::policy_set::PolicySet;
use guanxi::daemon::{Daemon, StartError};
use serde_json::json;

use crate::home::{Home, POLICY, get, post, until};

/// The shipped text with another threshold.
fn edited(spent: u32) -> String {
    POLICY.replace("spent >= 100", &format!("spent >= {spent}"))
}

/// The version of a set of one file.
fn version(home: &Home, policy: &str) -> String {
    let folder = home.path("elsewhere");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("all.toml"), policy).unwrap();
    PolicySet::read(&folder, &home.path("scripts")).unwrap().compiled.version.to_string()
}

fn plan(home: &Home, from: &str, to: &str) -> String {
    json!({ "format": "guanxi.plan/1", "from": version(home, from), "version": version(home, to) })
        .to_string()
}

fn edit(home: &Home, policy: &str) {
    fs::write(home.path("policies/all.toml"), policy).unwrap();
}

async fn active(daemon: &Daemon) -> String {
    get(daemon, "/v1/policies").await.json()["policy"]["version"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_only_the_set_that_its_plan_is_of() {
    let home = Home::new();
    fs::write(home.path("plan.json"), plan(&home, POLICY, POLICY)).unwrap();
    let daemon = home.start().await;
    edit(&home, &edited(200));
    let (other, stale) = (plan(&home, POLICY, &edited(300)), plan(&home, &edited(50), &edited(200)));
    let refused = post(&daemon, "/v1/reload", &other).await;
    assert_eq!((refused.status, &*refused.code()), (409, "not_the_plan"), "{}", refused.body);
    let refused = post(&daemon, "/v1/reload", &stale).await;
    assert_eq!((refused.status, &*refused.code()), (409, "plan_stale"), "{}", refused.body);
    assert!(refused.body.contains(&version(&home, POLICY)), "it says what is active: {}", refused.body);
    let metrics = get(&daemon, "/metrics").await.body;
    assert!(metrics.contains("guanxi_policy_last_reload_successful 0"), "as after a reload that fails");
    assert_eq!(active(&daemon).await, version(&home, POLICY));
    for nonsense in ["{", "[]", "{\"format\": \"guanxi.plan/9\"}", "{\"plan\": 7}"] {
        let refused = post(&daemon, "/v1/reload", nonsense).await;
        assert_eq!((refused.status, &*refused.code()), (400, "bad_plan"), "{nonsense}");
    }
    let right = format!("{{\"plan\": {}}}", plan(&home, POLICY, &edited(200)));
    assert_eq!(post(&daemon, "/v1/reload", &right).await.status, 200);
    assert_eq!(active(&daemon).await, version(&home, &edited(200)));
    assert_eq!(
        post(&daemon, "/v1/reload", &right).await.status,
        200,
        "what is active already may be asked for again"
    );
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_with_a_plan_lets_no_later_edit_become_active_until_the_plan_is_of_it() {
    let home = Home::new();
    fs::write(home.path("plan.json"), plan(&home, POLICY, POLICY)).unwrap();
    let daemon = home.start().await;
    edit(&home, &edited(200));
    let refused = until(&daemon, "/v1/policies", |found| found["last_reload"]["successful"] == false).await;
    assert!(
        refused["last_reload"]["message"].as_str().unwrap().contains("the plan is of the policies"),
        "{refused:#}"
    );
    let asked = post(&daemon, "/v1/reload", "").await;
    assert_eq!((asked.status, &*asked.code()), (409, "not_the_plan"));
    edit(&home, &format!("# only a remark\n{POLICY}"));
    until(&daemon, "/v1/policies", |found| found["last_reload"]["successful"] == true).await;
    edit(&home, &edited(200));
    until(&daemon, "/v1/policies", |found| found["last_reload"]["successful"] == false).await;
    fs::write(home.path("plan.json"), plan(&home, POLICY, &edited(200))).unwrap();
    let wanted = version(&home, &edited(200));
    until(&daemon, "/v1/policies", |found| found["policy"]["version"] == *wanted).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_starts_only_with_the_set_that_its_plan_is_of() {
    let home = Home::new();
    home.start().await.stop().await;
    edit(&home, &edited(200));
    let start = async |plan: &str| {
        fs::write(home.path("plan.json"), plan).unwrap();
        home.start_at("127.0.0.1:0", None).await
    };
    let refused = async |plan: &str| match start(plan).await {
        Err(error @ StartError::NotApproved(_)) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    };
    assert!(refused(&plan(&home, POLICY, &edited(300))).await.contains("the folders hold"));
    assert!(refused(&plan(&home, &edited(50), &edited(200))).await.contains("were active"));
    assert!(refused("{}").await.contains("plan.json"));
    let daemon = start(&plan(&home, POLICY, &edited(200))).await.unwrap();
    let planned = version(&home, &edited(200));
    assert_eq!(active(&daemon).await, planned);
    daemon.stop().await;
    // Somebody edits on while it is down: what was planned and active goes on, and the edit waits.
    edit(&home, &edited(400));
    let daemon = start(&plan(&home, POLICY, &edited(200))).await.unwrap();
    let found = get(&daemon, "/v1/policies").await.json();
    assert_eq!(
        (&found["policy"]["version"], &found["policy"]["from_store"]),
        (&planned.into(), &true.into())
    );
    assert_eq!(found["last_reload"]["successful"], false);
    daemon.stop().await;
}
