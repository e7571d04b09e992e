//! Functions from scripts in whole runs: a script that fails costs its customers a value and nothing else.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use guanxi::archive::{Archive, Change};
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Compiled, Files, load, render};
use guanxi::ports::simulated::SetClock;
use serde_json::Value as Json;

const POLICY: &str = r#"
[customer.fields]
profit = "number"
orders = "number"
[source.people]
into = "customer"
path = "inbox/people.csv"
columns = { id = "id", profit = "profit", orders = "orders" }

[function.per_order]
script = "worth.rhai"
takes = { profit = "number", orders = "number" }
returns = "number"
[function.endless]
script = "worth.rhai"
takes = { x = "number" }
returns = "number"

[score.worth]
value = 'per_order(profit, orders)'
[score.never]
value = 'endless(orders)'
[tier.pyramid]
by = 'worth'
levels = [ { name = "key", top = "50%" }, { name = "small" } ]
[segment.stuck]
when = 'is_missing(never)'

[channel.calls.file]
path = "out/calls.jsonl"
format = "jsonl"
[action.ring]
channel = "calls"
[action.ring.payload]
worth = "{{ worth }}"
[trigger.key]
when = 'pyramid == "key"'
backlog = "fire"
actions = ["ring"]
"#;

const SCRIPT: &str = "// What an order of theirs is worth.\nfn per_order(profit, orders) {\n    if orders == 0.0 { throw \"no orders\"; }\n    \
                      profit / orders\n}\n\nfn endless(x) {\n    loop { x += 1; }\n}\n";

/// Ids, profits and orders.
const PEOPLE: [(&str, f64, f64); 5] =
    [("c1", 10.0, 2.0), ("c2", 10.0, 0.0), ("c3", 9.0, 3.0), ("c4", 7.0, 0.0), ("c5", 8.0, 1.0)];

fn policy() -> Arc<Compiled> {
    let files = Files {
        policies: [("policy.toml".to_owned(), POLICY.to_owned())].into(),
        scripts: [("worth.rhai".to_owned(), SCRIPT.to_owned())].into(),
    };
    let outcome = load(&files);
    let said = render(&outcome.diagnostics, &files, false);
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{said}")))
}

fn run() -> RunReport {
    let policy = policy();
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(policy.schema.clone()).unwrap();
    let mut ingest = archive.ingest(Timestamp(0)).unwrap();
    for (id, profit, orders) in PEOPLE {
        // Fields are in order of their names.
        let changes = [orders, profit].map(|number| Change::Set(Value::Number(number)));
        ingest.customer(id, &changes).unwrap();
    }
    ingest.commit().unwrap();
    let engine = Engine::new(policy, Arc::new(SetClock::default())).unwrap();
    let request = RunRequest { now: Timestamp(1), scope: Scope::Everything, schedule: "test".to_owned() };
    engine.run(&mut archive, &request).unwrap()
}

#[test]
fn a_run_goes_on_where_scripts_fail_and_tells_whom_they_failed_for() {
    let report = run();
    let places = |name: &str| {
        let class = report.classes.iter().find(|class| &*class.name == name).unwrap();
        class.places.iter().map(|(place, count)| (&**place, *count)).collect::<Vec<_>>()
    };
    assert_eq!(
        places("pyramid"),
        [("key", 2), ("small", 3)],
        "of the three whose worth is known, half are two"
    );
    assert_eq!(places("stuck"), [("out", 0), ("in", 5)]);
    assert_eq!(report.queued, 2);
    let failures: Vec<String> = report.script_failures.iter().map(ToString::to_string).collect();
    assert_eq!(
        failures,
        [
            "function.endless failed for 5 customers, whose value is missing, such as c1: \
             worth.rhai: Too many operations: more than 20000",
            "function.per_order failed for 2 customers, whose value is missing, such as c2: \
             worth.rhai, line 3: Runtime error: no orders",
        ],
        "once each, although the cut point, the run and the payloads each need them"
    );
}

#[test]
fn the_same_run_fails_in_the_same_way() {
    assert_eq!(run(), run());
}

fn once(home: &Path, arguments: &[&str]) -> Output {
    let root = home.to_str().unwrap();
    Command::new(env!("CARGO_BIN_EXE_guanxi"))
        .current_dir(home)
        .args(["once", "--data", root, "--now", "2027-01-05T09:00:00Z"])
        .args(arguments)
        .output()
        .unwrap()
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for folder in ["policies", "scripts", "inbox"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::write(home.path().join("policies/policy.toml"), POLICY).unwrap();
    fs::write(home.path().join("scripts/worth.rhai"), SCRIPT).unwrap();
    let rows = PEOPLE.map(|(id, profit, orders)| format!("{id},{profit},{orders}\n")).concat();
    fs::write(home.path().join("inbox/people.csv"), format!("id,profit,orders\n{rows}")).unwrap();
    home
}

#[test]
fn once_says_which_functions_failed() {
    let home = home();
    let output = once(home.path(), &[]);
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{told}");
    assert!(told.contains("function.per_order failed for 2 customers"), "{told}");
    let output = once(home.path(), &["--json"]);
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    let failed = &json["script_failures"][1];
    assert_eq!((&failed["function"], &failed["customers"]), (&Json::from("per_order"), &Json::from(2)));
}

#[test]
fn what_is_wrong_with_a_script_is_shown_in_the_script() {
    let home = home();
    fs::write(home.path().join("scripts/worth.rhai"), SCRIPT.replace("profit / orders", "profit / / orders"))
        .unwrap();
    let output = once(home.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(told.contains("worth.rhai:4:14"), "{told}");
}

#[test]
fn a_row_that_a_script_can_not_read_is_rejected_alone_with_the_reason() {
    let home = home();
    let cleaned = POLICY.replace(
        r#"profit = "profit", orders = "orders" }"#,
        "profit = { value = 'amount(profit)' }, orders = { value = 'amount(orders) ?? 0' } }",
    );
    let declared =
        "[function.amount]\nscript = \"clean.rhai\"\ntakes = { text = \"text\" }\nreturns = \"number\"\n";
    fs::write(home.path().join("policies/policy.toml"), format!("{cleaned}{declared}")).unwrap();
    let script = "fn amount(text) {\n    text.replace(\"'\", \"\");\n    parse_float(text)\n}\n";
    fs::write(home.path().join("scripts/clean.rhai"), script).unwrap();
    let rows = "id,profit,orders\nc1,1'000.5,2\nc2,much,1\nc3,7,none\n";
    fs::write(home.path().join("inbox/people.csv"), rows).unwrap();
    let output = once(home.path(), &["--json"]);
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    let import = &json["imports"][0];
    assert_eq!(
        (&import["rows"], &import["new"], &import["rejected"]),
        (&3.into(), &2.into(), &1.into()),
        "{import}"
    );
    let told = import.to_string();
    assert!(told.contains("clean.rhai, line 3"), "{told}");
}
