//! `guanxi forget` and `guanxi merge` as an operator uses them: on data that came by file and by hand, and again
//! after a crash.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use guanxi::archive::{Archive, FilePlan};
use guanxi::model::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

const POLICY: &str = r#"
[settings]
timezone = "Asia/Shanghai"
[customer.fields]
name = { type = "text", personal = true }
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = { value = 'lower(customer)' }, at = "at", amount = "amount" }
[source.people]
into = "customer"
path = "inbox/people*.jsonl"
columns = { id = "id", name = "name" }
[metric.revenue]
event = "order"
take = "sum"
of = 'amount'
[segment.buyer]
when = 'revenue > 0'
[channel.list.file]
path = "out/list.csv"
format = "csv"
columns = ["customer", "reason"]
[action.visit]
channel = "list"
[action.visit.payload]
reason = "{{ revenue | round }}"
[trigger.buys]
when = 'buyer'
backlog = "fire"
actions = ["visit"]
"#;

const ORDERS: &str = "id,customer,at,amount\n\
    o1,ann,2027-01-01,1\no2,bob,2027-01-02,2\no3,ANN,soon,3\no4,bob,soon,4\n";

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for folder in ["policies", "inbox"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    fs::write(home.path().join("inbox/orders.csv"), ORDERS).unwrap();
    let people = "{\"id\": \"ann\", \"name\": \"Ann\"}\n{\"id\": \"bob\", \"name\": \"Bob\"}\n\
        {\"id\": \"bob\", \"name\": [1]}\n{\"id\": \"ann\", \"name\": [1]}\nann, who broke her line\n";
    fs::write(home.path().join("inbox/people.jsonl"), people).unwrap();
    home
}

fn guanxi(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home).args(arguments);
    for name in ["POLICIES", "SCRIPTS", "DATA", "STORE", "JSON", "NOW", "LISTEN", "LOG"] {
        command.env_remove(format!("GUANXI_{name}"));
    }
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn rejected(home: &Path) -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(home.join("rejected")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn customers(home: &Path) -> String {
    let output = guanxi(
        home,
        &["select", "true", "--columns", "id,revenue", "--format", "csv", "--now", "2027-03-01"],
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_forgotten_customer_is_gone_and_the_same_data_does_not_bring_it_back() {
    let home = home();
    let once = guanxi(home.path(), &["once", "--now", "2027-02-01"]);
    assert_eq!(once.status.code(), Some(0), "{}", err(&once));
    assert_eq!(
        rejected(home.path()).iter().filter(|(_, text)| text.to_lowercase().contains("ann")).count(),
        2
    );

    let output = guanxi(home.path(), &["forget", "ann", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let told = json(&output);
    let erased = &told["erased"];
    assert_eq!(
        (&erased["customer"], &erased["event_order"], &erased["touch"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert!(told["rejected_rows"].as_u64() >= Some(3), "{told:#}");
    for (path, text) in rejected(home.path()) {
        assert!(!text.to_lowercase().contains("ann"), "{}: {text}", path.display());
        assert!(text.contains("bob"), "others' rejected rows stay: {text}");
    }
    let store = fs::read(home.path().join("guanxi.db")).unwrap();
    assert!(!store.windows(5).any(|window| window == b"\"Ann\"" || window == b"Ann\0\0"));
    assert_eq!(customers(home.path()), "id,revenue\nbob,2\n");

    // The same rows in files of other content, also bad ones, and over `import`.
    fs::write(
        home.path().join("inbox/orders2.csv"),
        format!("{ORDERS}o9,bob,2027-01-05,9\no8,Ann,never,1\n"),
    )
    .unwrap();
    fs::write(home.path().join("people.csv"), "id,name\nann,Ann\ncid,Cid\n").unwrap();
    let again = json(&guanxi(home.path(), &["once", "--now", "2027-02-02", "--json"]));
    let import = &again["imports"][0];
    assert_eq!(
        (&import["rows"], &import["new"], &import["forgotten"], &import["rejected"]),
        (&6.into(), &1.into(), &3.into(), &1.into()),
        "{import:#}"
    );
    let import = json(&guanxi(home.path(), &["import", "customer", "people.csv", "--json"]));
    assert_eq!((&import[0]["new"], &import[0]["forgotten"]), (&1.into(), &1.into()));
    assert_eq!(customers(home.path()), "id,revenue\nbob,11\ncid,0\n");
    for (path, text) in rejected(home.path()) {
        assert!(!text.to_lowercase().contains("ann"), "{}: {text}", path.display());
    }
}

#[test]
fn forgetting_again_finishes_what_a_crash_left_and_nobody_is_forgotten_by_a_slip() {
    let home = home();
    assert_eq!(guanxi(home.path(), &["once", "--now", "2027-02-01"]).status.code(), Some(0));
    let before = rejected(home.path());
    assert_eq!(guanxi(home.path(), &["forget", "ann"]).status.code(), Some(0));
    // As if the power had failed while the files were written anew.
    for (path, text) in &before {
        fs::write(path, text).unwrap();
    }
    fs::write(home.path().join("rejected/.orders.csv.12345678.csv.tmp"), "ann").unwrap();
    let again = guanxi(home.path(), &["forget", "ann", "--json"]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    assert_eq!(json(&again)["erased"], serde_json::json!({}));
    assert!(rejected(home.path()).iter().all(|(_, text)| !text.to_lowercase().contains("ann")));

    let slip = guanxi(home.path(), &["forget", "amn"]);
    assert_eq!(slip.status.code(), Some(1));
    assert!(err(&slip).contains("nothing was changed"), "{}", err(&slip));
    assert_eq!(guanxi(home.path(), &["forget", "bob", "--store", "nowhere.db"]).status.code(), Some(1));
    assert!(!home.path().join("nowhere.db").exists());
}

#[test]
fn forgetting_needs_no_policies_that_can_be_read() {
    let home = home();
    assert_eq!(guanxi(home.path(), &["once", "--now", "2027-02-01"]).status.code(), Some(0));
    fs::write(home.path().join("policies/all.toml"), "[broken").unwrap();
    let output = guanxi(home.path(), &["forget", "ann"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    assert_eq!(customers(home.path()), "id,revenue\nbob,2\n");
}

/// A store that died between planning a write of both touches and making it; and what was planned.
fn planned() -> (TempDir, Vec<u8>) {
    let home = home();
    // A file where the folder should be: nothing can be written.
    fs::write(home.path().join("out"), "").unwrap();
    assert_eq!(guanxi(home.path(), &["once", "--now", "2027-02-01"]).status.code(), Some(0));
    fs::remove_file(home.path().join("out")).unwrap();
    let mut archive = Archive::open(&home.path().join("guanxi.db")).unwrap();
    let due = archive.due("list", Timestamp(i64::MAX), 10).unwrap();
    let mut content = String::from("customer,reason\n");
    for delivery in &due {
        let reason = if &*delivery.touch.customer == "ann" { 1 } else { 2 };
        writeln!(content, "{},{reason}", delivery.touch.customer).unwrap();
    }
    let touches: Vec<&str> = due.iter().map(|delivery| &*delivery.touch.id).collect();
    assert_eq!(touches.len(), 2);
    let content = content.into_bytes();
    let plan =
        FilePlan { channel: "list", path: "out/list.csv", offset: 0, content: &content, touches: &touches };
    archive.plan_file_write(&plan, Timestamp(0)).unwrap();
    (home, content)
}

#[test]
fn a_row_that_was_planned_for_a_file_and_has_not_left_never_does() {
    let (home, _) = planned();
    let output = guanxi(home.path(), &["forget", "ann"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(fs::read_to_string(home.path().join("out/list.csv")).unwrap(), "customer,reason\nbob,2\n");
    let store = fs::read(home.path().join("guanxi.db")).unwrap();
    assert!(!store.windows(5).any(|window| window == b"ann,1"));
}

#[test]
fn a_row_that_has_begun_to_leave_is_finished_before_its_customer_is_forgotten() {
    let (home, content) = planned();
    fs::create_dir(home.path().join("out")).unwrap();
    fs::write(home.path().join("out/list.csv"), content.get(..content.len() - 2).unwrap()).unwrap();
    let output = guanxi(home.path(), &["forget", "ann"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(fs::read(home.path().join("out/list.csv")).unwrap(), content);
    assert_eq!(customers(home.path()), "id,revenue\nbob,2\n");
}

#[test]
fn nobody_is_forgotten_while_a_row_is_on_its_way_into_a_file_that_cannot_be_written() {
    let (home, content) = planned();
    fs::create_dir(home.path().join("out")).unwrap();
    fs::write(home.path().join("out/list.csv"), content.get(..content.len() - 2).unwrap()).unwrap();
    // A folder where the file should be.
    fs::rename(home.path().join("out/list.csv"), home.path().join("out/kept.csv")).unwrap();
    fs::create_dir(home.path().join("out/list.csv")).unwrap();
    let output = guanxi(home.path(), &["forget", "ann"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    fs::remove_dir(home.path().join("out/list.csv")).unwrap();
    assert_eq!(customers(home.path()), "id,revenue\nann,1\nbob,2\n");
    fs::rename(home.path().join("out/kept.csv"), home.path().join("out/list.csv")).unwrap();
    assert_eq!(guanxi(home.path(), &["forget", "ann"]).status.code(), Some(0));
    assert_eq!(customers(home.path()), "id,revenue\nbob,2\n");
}

#[test]
fn merged_customers_are_one_and_later_files_know_it() {
    let home = home();
    assert_eq!(guanxi(home.path(), &["once", "--now", "2027-02-01"]).status.code(), Some(0));
    let merged = guanxi(home.path(), &["merge", "ann", "bob", "--json"]);
    assert_eq!(merged.status.code(), Some(0), "{}", err(&merged));
    let moved = &json(&merged)["moved"];
    assert_eq!(
        (&moved["customer"], &moved["event_order"], &moved["touch"]),
        (&1.into(), &1.into(), &1.into())
    );
    let later = format!("{ORDERS}o9,ann,2027-01-05,9\n");
    fs::write(home.path().join("inbox/orders2.csv"), later).unwrap();
    let once = json(&guanxi(home.path(), &["once", "--now", "2027-02-02", "--json"]));
    let import = &once["imports"][0];
    assert_eq!((&import["new"], &import["same"]), (&1.into(), &2.into()), "{import:#}");
    assert_eq!(once["touches_queued"], 0, "what was true of either is no news");
    assert_eq!(customers(home.path()), "id,revenue\nbob,12\n");
    for (old, new, told) in
        [("bob", "bob", "itself"), ("ann", "bob", "merged into"), ("eve", "bob", "no customer")]
    {
        let refused = guanxi(home.path(), &["merge", old, new]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(err(&refused).contains(told), "{}", err(&refused));
    }
    assert_eq!(guanxi(home.path(), &["forget", "ann"]).status.code(), Some(0));
    assert_eq!(customers(home.path()), "id,revenue\n", "who was merged is forgotten under either id");
}
