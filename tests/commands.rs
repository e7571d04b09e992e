//! The commands as scripts see them: what they print, and their exit codes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that can't go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[metric.revenue]
event = "order"
take = "sum"
of = 'amount'
[tier.pyramid]
by = 'revenue'
levels = [ { name = "key", top = "50%" }, { name = "small" } ]
[channel.list.file]
path = "out/list.csv"
format = "csv"
columns = ["customer", "reason"]
[action.visit]
channel = "list"
[action.visit.payload]
reason = "{{ revenue | round }}"
[trigger.key]
when = 'pyramid == "key"'
backlog = "fire"
actions = ["visit"]
"#;

const ORDERS: &str = "id,customer,at,amount\n\
    o1,c1,2027-01-01,0.1\no2,c1,2027-01-02,0.2\no3,c2,2027-01-03,0.25\no4,c3,soon,1\n";

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("policies")).unwrap();
    fs::create_dir(home.path().join("inbox")).unwrap();
    fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    home
}

fn guanxi(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().unwrap()
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home).args(arguments);
    for name in ["POLICIES", "SCRIPTS", "DATA", "STORE", "JSON", "NOW", "LISTEN", "LOG", "TOKEN_FILE"] {
        command.env_remove(format!("GUANXI_{name}"));
    }
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn once_imports_evaluates_delivers_and_says_exactly_what() {
    let home = home();
    fs::write(home.path().join("inbox/orders.csv"), ORDERS).unwrap();
    let output = guanxi(home.path(), &["once", "--now", "2027-02-01", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let summary = json(&output);
    let import = &summary["imports"][0];
    assert_eq!((&import["rows"], &import["new"], &import["rejected"]), (&4.into(), &3.into(), &1.into()));
    assert_eq!(summary["now"], "2027-01-31T16:00:00Z", "midnight in the policies' timezone");
    assert_eq!((&summary["customers"], &summary["touches_queued"]), (&2.into(), &1.into()), "{summary:#}");
    assert_eq!(
        (&summary["classes"]["pyramid"]["key"], &summary["classes"]["pyramid"]["small"]),
        (&1.into(), &1.into())
    );
    assert_eq!(summary["channels"]["list"]["delivered"], 1);
    assert_eq!(fs::read_to_string(home.path().join("out/list.csv")).unwrap(), "customer,reason\nc1,0\n");

    let again = json(&guanxi(home.path(), &["once", "--now", "2027-02-02", "--json"]));
    assert_eq!((&again["touches_queued"], &again["transitions"]), (&0.into(), &0.into()), "{again:#}");
    let touches = json(&guanxi(home.path(), &["touches", "--json", "--customer", "c1"]));
    assert_eq!((&touches[0]["state"], &touches[0]["action"]), (&"delivered".into(), &"visit".into()));
    let runs = json(&guanxi(home.path(), &["runs", "--json"]));
    assert_eq!(runs.as_array().map(Vec::len), Some(2));
    let status = guanxi(home.path(), &["status"]);
    assert!(out(&status).contains("the files on disk say the same"), "{}", out(&status));
}

#[test]
fn select_prints_full_precision_and_masks_what_is_personal_on_a_table() {
    let home = home();
    fs::write(home.path().join("customers.csv"), "id,Full name\nc1,Ada\nc2,Ben\n").unwrap();
    fs::write(home.path().join("inbox/orders.csv"), ORDERS).unwrap();
    let imported = guanxi(
        home.path(),
        &["import", "customer", "customers.csv", "--map", "name=Full name", "--now", "2027-01-01"],
    );
    assert_eq!(imported.status.code(), Some(0), "{}", err(&imported));
    assert_eq!(guanxi(home.path(), &["once", "--now", "2027-02-01"]).status.code(), Some(0));

    let select = |more: &[&str]| {
        let mut arguments =
            vec!["select", "revenue > 0.2", "--columns", "id,name,revenue,pyramid", "--now", "2027-02-01"];
        arguments.extend_from_slice(more);
        guanxi(home.path(), &arguments)
    };
    assert_eq!(
        out(&select(&["--format", "csv"])),
        "id,name,revenue,pyramid\nc1,Ada,0.3,key\nc2,Ben,0.25,small\n"
    );
    let first: Value =
        serde_json::from_str(out(&select(&["--format", "jsonl"])).lines().next().unwrap()).unwrap();
    assert_eq!(first, serde_json::json!({"id": "c1", "name": "Ada", "revenue": 0.3, "pyramid": "key"}));
    let table = out(&select(&[]));
    assert!(table.contains("•••") && !table.contains("Ada"), "{table}");
    assert!(out(&select(&["--personal"])).contains("Ada"));
}

#[test]
fn a_slip_in_an_expression_is_underlined_and_no_fault_of_the_program() {
    let home = home();
    assert_eq!(guanxi(home.path(), &["once"]).status.code(), Some(0));
    let output = guanxi(home.path(), &["select", "pyramd == \"key\""]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("^^^^^^") && err(&output).contains("pyramid"), "{}", err(&output));
}

#[test]
fn check_tells_every_problem_and_its_exit_code_says_whether_there_are_any() {
    let home = home();
    let good = guanxi(home.path(), &["check", "--json"]);
    assert_eq!(good.status.code(), Some(0), "{}", err(&good));
    assert_eq!(json(&good)["diagnostics"], Value::Array(Vec::new()));
    let broken =
        POLICY.replace("of = 'amount'", "of = 'amuont'").replace("take = \"sum\"", "take = \"summ\"");
    fs::write(home.path().join("policies/all.toml"), broken).unwrap();
    let output = guanxi(home.path(), &["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(json(&output)["diagnostics"].as_array().unwrap().len() >= 2, "{}", out(&output));
    assert_eq!(guanxi(home.path(), &["once"]).status.code(), Some(1));
    assert_eq!(guanxi(home.path(), &["check", "--policies", "nowhere"]).status.code(), Some(1));
    assert_eq!(guanxi(home.path(), &["chekc"]).status.code(), Some(1));
    assert_eq!(guanxi(home.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn beside_a_running_daemon_writing_is_refused_with_the_way_and_looking_is_not() {
    let home = home();
    let mut daemon =
        command(home.path(), &["run", "--listen", "127.0.0.1:0"]).stderr(Stdio::null()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while guanxi(home.path(), &["status"]).status.code() != Some(0) {
        assert!(begun.elapsed().as_secs() < 20);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let refused = guanxi(home.path(), &["once"]);
    let approve = guanxi(home.path(), &["runs", "approve", "1"]);
    assert_eq!(approve.status.code(), Some(1));
    assert!(err(&approve).contains("/v1/runs/1/approve"), "{}", err(&approve));
    for command in [&["forget", "c1"][..], &["merge", "c1", "c2"]] {
        let refused = guanxi(home.path(), command);
        assert_eq!(refused.status.code(), Some(1));
        assert!(err(&refused).contains("stop the running guanxi"), "{}", err(&refused));
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("in use") && err(&refused).contains("inbox"), "{}", err(&refused));
    assert_eq!(guanxi(home.path(), &["once"]).status.code(), Some(0), "a killed daemon leaves no lock");
}

/// A daemon of its own, and where it says that it listens.
fn listening(home: &Path) -> (std::process::Child, String) {
    let mut daemon =
        command(home, &["run", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
    let told = std::io::BufReader::new(daemon.stderr.take().unwrap());
    let mut lines = std::io::BufRead::lines(told).map_while(Result::ok);
    let line = lines.find(|line| line.contains("http://127.0.0.1:")).unwrap();
    // What it says later is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    let port: String =
        line.split("http://127.0.0.1:").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    (daemon, format!("127.0.0.1:{port}"))
}

#[test]
fn what_only_the_running_daemon_can_do_is_asked_of_the_one_that_holds_the_store() {
    let (mine, other) = (home(), home());
    let (mut daemon, address) = listening(mine.path());
    let (mut stranger, elsewhere) = listening(other.path());
    let commands = [
        (&["runs", "approve", "1"][..], "there is no run 1"),
        (&["outbox", "drop", "touch-1"], "there is no touch touch-1"),
    ];
    for (asked, answered) in commands {
        let there = guanxi(mine.path(), &[asked, &["--listen", &address]].concat());
        assert_eq!(there.status.code(), Some(1));
        assert!(err(&there).contains(answered), "{}", err(&there));
        let wrong = guanxi(mine.path(), &[asked, &["--listen", &elsewhere]].concat());
        assert_eq!(wrong.status.code(), Some(1));
        assert!(err(&wrong).contains("another guanxi answers"), "{}", err(&wrong));
    }
    for daemon in [&mut daemon, &mut stranger] {
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    let alone = guanxi(mine.path(), &["outbox", "retry", "touch-1"]);
    assert!(err(&alone).contains("there is no touch touch-1"), "{}", err(&alone));
    assert!(out(&guanxi(mine.path(), &["outbox"])).contains("nothing waits to leave"));
}

/// A set that means what the first does not, and one that means nothing.
const BROKEN: &str = "[trigger.key]\nwhen = 'pyramd == 1'\nactions = [\"visit\"]\n";

#[test]
fn once_goes_on_with_the_last_good_set_where_the_files_are_broken_and_its_exit_code_says_so() {
    let home = home();
    let first = json(&guanxi(home.path(), &["once", "--now", "2027-02-01", "--json"]));
    assert_eq!(first["from_store"], false);
    fs::write(home.path().join("policies/all.toml"), BROKEN).unwrap();
    fs::write(home.path().join("inbox/orders.csv"), ORDERS).unwrap();
    let output = guanxi(home.path(), &["once", "--now", "2027-02-02", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("pyramd") && err(&output).contains("the last good set from the store"),
        "{}",
        err(&output)
    );
    let summary = json(&output);
    assert_eq!(
        (&summary["from_store"], &summary["policy_version"]),
        (&true.into(), &first["policy_version"])
    );
    assert_eq!(summary["touches_queued"], 1, "{summary:#}");
    fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    let mended = guanxi(home.path(), &["once", "--now", "2027-02-03", "--json"]);
    assert_eq!(mended.status.code(), Some(0), "{}", err(&mended));
    assert_eq!(json(&mended)["edited"], Value::Array(Vec::new()), "the set it ran under all along");
}

#[test]
fn broken_files_and_no_earlier_set_make_no_store() {
    let home = home();
    fs::write(home.path().join("policies/all.toml"), BROKEN).unwrap();
    assert_eq!(guanxi(home.path(), &["once"]).status.code(), Some(1));
    assert!(!home.path().join("guanxi.db").exists());
    assert_eq!(guanxi(home.path(), &["run", "--listen", "127.0.0.1:0"]).status.code(), Some(1));
}

#[test]
fn a_daemon_starts_with_the_last_good_set_where_the_files_are_broken() {
    let home = home();
    let first = json(&guanxi(home.path(), &["once", "--json"]));
    fs::write(home.path().join("policies/all.toml"), BROKEN).unwrap();
    let log = fs::File::create(home.path().join("log")).unwrap();
    let mut daemon = command(home.path(), &["run", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let said = || fs::read_to_string(home.path().join("log")).unwrap();
    let begun = std::time::Instant::now();
    while !said().contains("listening on") && begun.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let version = first["policy_version"].as_str().unwrap();
    assert!(
        said().contains("going on with the last good set from the store") && said().contains(version),
        "{}",
        said()
    );
    assert!(said().contains("listening on"), "{}", said());
}

const BLAST: &str = "[guard.blast.blast_radius]\ncount = 1\n";

/// A store in which a run made two touches, which waits for approval; its number.
fn unusual(home: &Path) -> i64 {
    fs::write(home.join("policies/blast.toml"), BLAST).unwrap();
    fs::write(
        home.join("inbox/orders.csv"),
        "id,customer,at,amount\no1,c1,2027-01-01,1\no2,c2,2027-01-01,1\n",
    )
    .unwrap();
    let output = guanxi(home, &["once", "--now", "2027-02-01T10:00:00", "--json"]);
    let summary = json(&output);
    assert_eq!(
        (&summary["touches_queued"], &summary["touches_waiting"], &summary["touches_on_hold"]),
        (&0.into(), &2.into(), &2.into()),
        "{}",
        err(&output)
    );
    summary["run"].as_i64().unwrap()
}

#[test]
fn an_approved_run_goes_out_at_the_next_and_is_approved_once_only() {
    let home = home();
    let run = unusual(home.path()).to_string();
    assert!(out(&guanxi(home.path(), &["runs"])).contains("waits for approval"));
    let touches = json(&guanxi(home.path(), &["touches", "--json"]));
    assert_eq!((&touches[0]["guard"], &touches[0]["on_hold"]), (&"blast".into(), &true.into()));

    let approved = guanxi(home.path(), &["runs", "approve", &run]);
    assert_eq!(approved.status.code(), Some(0), "{}", err(&approved));
    assert_eq!(out(&approved), format!("approved   run {run}: 2 touches go to the guards at the next run\n"));
    assert!(out(&guanxi(home.path(), &["runs"])).contains("committed, approved"));
    let touches = out(&guanxi(home.path(), &["touches"]));
    assert!(touches.contains(&format!("waiting: blast: run {run} was approved")), "{touches}");
    for say in ["approve", "reject"] {
        let again = guanxi(home.path(), &["runs", say, &run]);
        assert_eq!(again.status.code(), Some(1));
        let reason = format!("run {run} doesn't wait for approval: it was approved before");
        assert!(err(&again).contains(&reason), "{}", err(&again));
    }
    let next = json(&guanxi(home.path(), &["once", "--now", "2027-02-01T11:00:00", "--json"]));
    assert_eq!((&next["touches_queued"], &next["channels"]["list"]["delivered"]), (&2.into(), &2.into()));
}

#[test]
fn a_rejected_run_is_never_sent() {
    let home = home();
    let run = unusual(home.path());
    let reject = ["runs", "reject", &run.to_string(), "--now", "2027-02-01T10:30:00", "--json"];
    let rejected = guanxi(home.path(), &reject);
    assert_eq!(
        json(&rejected),
        serde_json::json!({ "run": run, "approval": "rejected", "touches": 2 }),
        "{}",
        err(&rejected)
    );
    let next = json(&guanxi(home.path(), &["once", "--now", "2027-02-01T11:00:00", "--json"]));
    assert_eq!((&next["touches_queued"], &next["touches_waiting"]), (&0.into(), &0.into()));
    let touches = json(&guanxi(home.path(), &["touches", "--json"]));
    assert_eq!(
        (&touches[0]["state"], &touches[0]["state_at"], &touches[0]["on_hold"]),
        (&"cancelled".into(), &"2027-02-01T02:30:00Z".into(), &false.into())
    );
    let shown = out(&guanxi(home.path(), &["touches"]));
    assert!(shown.contains(&format!("cancelled: run {run} was rejected")), "{shown}");
}

#[test]
fn only_a_run_that_waits_for_approval_is_approved_or_rejected() {
    let home = home();
    assert_eq!(guanxi(home.path(), &["runs", "approve", "1"]).status.code(), Some(1));
    assert!(!home.path().join("guanxi.db").exists(), "no store is made to look for the run in");
    assert_eq!(guanxi(home.path(), &["once", "--now", "2027-02-01"]).status.code(), Some(0));
    for (arguments, reason) in [
        (["runs", "approve", "1"], "run 1 doesn't wait for approval: it made no more touches than usual"),
        (["runs", "reject", "1"], "run 1 doesn't wait for approval: it made no more touches than usual"),
        (["runs", "approve", "7"], "there is no run 7"),
        (["runs", "approve", "first"], "invalid value 'first'"),
    ] {
        let output = guanxi(home.path(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(reason), "{}", err(&output));
    }
}
