//! The shipped policies on real orders give what an independent computation gives
//! (`online_retail/expected.py`, whose docstring says what each figure is).
//!
//! The data is not part of the project: it is looked for in the folder that `GUANXI_DATA_SETS` names, or
//! in `../shared/data`; where it is not there, these tests say so and prove nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guanxi::archive::{Archive, TouchFilter};
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::evaluate::{CutPoints, Evaluator, Goal};
use guanxi::intake::{ImportReport, Inbox, Patience};
use guanxi::model::cut::Figure;
use guanxi::model::facts::FactBatch;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::expression::tree::Expression;
use guanxi::policy::{Compiled, Files, load, render};
use guanxi::ports::simulated::SetClock;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

const STANDING: [&str; 8] =
    ["pyramid", "selection", "buying_style", "overdue", "lapsing", "lost", "rising", "worth_winning_back"];
const COUNTS: [&str; 5] = ["orders", "orders_12m", "cancellations", "order_lines", "products"];
const MONEY: [&str; 3] = ["revenue_12m", "revenue", "line_revenue"];

fn data() -> Option<PathBuf> {
    let named = std::env::var_os("GUANXI_DATA_SETS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let found = folder.join("online-retail");
    if found.is_dir() {
        return Some(found);
    }
    println!("SKIPPED: no Online Retail data at {}", found.display());
    None
}

fn shipped() -> Arc<Compiled> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = guanxi::ports::files::read(&root.join("policies"), &root.join("scripts")).unwrap();
    let files = Files { policies: texts.policies, scripts: texts.scripts };
    let outcome = load(&files);
    let Some(compiled) = outcome.compiled else {
        panic!("the shipped policies don't load:\n{}", render(&outcome.diagnostics, &files, false))
    };
    Arc::new(compiled)
}

fn expected() -> Json {
    serde_json::from_str(include_str!("online_retail/expected.json")).unwrap()
}

/// Imports copies of the three files through the inbox.
fn import(data: &Path, policy: &Compiled, archive: &mut Archive) -> BTreeMap<String, ImportReport> {
    let folder = tempfile::tempdir().unwrap();
    let inbox_folder = folder.path().join("inbox");
    fs::create_dir(&inbox_folder).unwrap();
    for name in ["customers.csv", "invoices.csv", "lines.csv.gz"] {
        fs::copy(data.join(name), inbox_folder.join(name)).unwrap();
    }
    let arrival = Timestamp::parse_rfc3339("2011-12-09T23:00:00Z").unwrap();
    let mut inbox = Inbox::new(folder.path());
    let look = inbox.look(policy, Patience::AtOnce);
    assert!(look.problems.is_empty(), "{:?}", look.problems);
    let mut reports = BTreeMap::new();
    for found in &look.ready {
        let report = inbox.import(archive, policy, found, arrival, None).unwrap();
        reports.insert(report.source.clone(), report);
    }
    reports
}

#[test]
fn the_shipped_policies_give_what_pandas_gives() {
    let Some(data) = data() else { return };
    let policy = shipped();
    let expected = expected();
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("guanxi.db")).unwrap();
    archive.adopt(policy.schema.clone()).unwrap();

    let reports = import(&data, &policy, &mut archive);
    for (source, rows) in expected["import"].as_object().unwrap() {
        let tally = reports[source].tally;
        let found = [tally.rows, tally.filtered, tally.new + tally.same + tally.replaced, tally.rejected];
        let wanted = ["rows", "filtered", "stored", "rejected"].map(|key| rows[key].as_u64().unwrap());
        assert_eq!(found, wanted, "{source}");
    }
    assert_eq!(archive.counts().unwrap().customers, expected["customers"].as_u64().unwrap());

    let clock = Arc::new(SetClock::default());
    let engine = Engine::new(policy, clock.clone()).unwrap();
    for run in expected["runs"].as_array().unwrap() {
        let now = Timestamp::parse_rfc3339(run["now"].as_str().unwrap()).unwrap();
        clock.set(now);
        let request = RunRequest { now, scope: Scope::Everything, schedule: "once".to_owned() };
        let report = engine.run(&mut archive, &request).unwrap();
        check_run(run, &report, &engine, &archive, now);
    }
}

fn check_run(run: &Json, report: &RunReport, engine: &Engine, archive: &Archive, now: Timestamp) {
    check_places(run, report);
    check_cut_points(run, archive);
    check_values(run, engine, archive, now);
    check_touches(run, report, archive);
    check_transitions(run, report, archive);
    for (digest, names) in
        [("digest_standing", &STANDING[..]), ("digest_counts", &COUNTS[..]), ("digest_money", &MONEY[..])]
    {
        let rows = rows(engine, archive, names, now);
        let found = Sha256::digest(lines(&rows, digest).as_bytes());
        let found = found.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(Some(&*found), run[digest].as_str(), "{digest} at {now}");
    }
}

fn check_places(run: &Json, report: &RunReport) {
    for count in &report.classes {
        let name = &*count.name;
        if let Some(members) = run["segments"].get(name) {
            assert_eq!(count.places[1].1, members.as_u64().unwrap(), "segment {name} at {}", report.now);
            continue;
        }
        // Classes that go by more than the data has are not computed independently.
        let Some(places) = run["tiers"].get(name).or_else(|| run["quadrants"].get(name)) else { continue };
        for (place, customers) in &count.places {
            let wanted = places.get(&**place).map_or(0, |count| count.as_u64().unwrap());
            assert_eq!(*customers, wanted, "{name} {place} at {}", report.now);
        }
        assert_eq!(Some(count.none), places.get("").map_or(Some(0), Json::as_u64), "{name} none");
    }
}

fn check_transitions(run: &Json, report: &RunReport, archive: &Archive) {
    let made = archive.transitions(None, 1_000_000).unwrap();
    for (name, wanted) in run["transitions"].as_object().unwrap() {
        let of_class = made.iter().filter(|(by, change)| *by == report.run && *change.value == **name);
        assert_eq!(Some(of_class.count() as u64), wanted.as_u64(), "transitions of {name} at {}", report.now);
    }
}

fn check_cut_points(run: &Json, archive: &Archive) {
    let stored = archive.cut_points().unwrap();
    for (name, wanted) in run["cut_points"].as_object().unwrap() {
        let (value, part) = name.split_once('.').unwrap();
        let Some(point) = stored.iter().find(|point| &*point.value == value && &*point.part == part) else {
            panic!("no cut point {name}")
        };
        assert_eq!(Some(point.population), wanted["population"].as_u64(), "population of {name}");
        if let Some(figure) = wanted["figure"].as_f64() {
            let Figure::Threshold(Some(found)) = point.figure else { panic!("{name}: {:?}", point.figure) };
            assert!(near(found, figure), "{name}: {found}, expected {figure}");
        }
    }
}

fn check_values(run: &Json, engine: &Engine, archive: &Archive, now: Timestamp) {
    for (name, wanted) in run["values"].as_object().unwrap() {
        let rows = rows(engine, archive, &[name], now);
        let numbers: Vec<f64> = rows
            .iter()
            .filter_map(|(_, values)| match values.first() {
                Some(Some(Value::Number(number))) => Some(*number),
                _ => None,
            })
            .collect();
        assert_eq!(Some(numbers.len() as u64), wanted["known"].as_u64(), "{name} known at {now}");
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (what, found) in [("sum", numbers.iter().sum()), ("min", least), ("max", greatest)] {
            let wanted = wanted[what].as_f64().unwrap();
            assert!(near(found, wanted), "{what} of {name} at {now}: {found}, expected {wanted}");
        }
    }
}

fn check_touches(run: &Json, report: &RunReport, archive: &Archive) {
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for row in archive.touches(&TouchFilter::default(), 100_000).unwrap() {
        if row.run == report.run {
            *found.entry(row.touch.action.to_string()).or_default() += 1;
        }
    }
    for (action, wanted) in run["touches"].as_object().unwrap() {
        assert_eq!(found.get(action).copied().unwrap_or(0), wanted.as_u64().unwrap(), "touches {action}");
    }
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * one.abs().max(other.abs()).max(1e-9)
}

type Row = (String, Vec<Option<Value>>);

/// Named values of every customer in order of id.
fn rows(engine: &Engine, archive: &Archive, names: &[&str], now: Timestamp) -> Vec<Row> {
    let policy = engine.policy();
    let expressions: Vec<Expression> =
        names.iter().map(|name| policy.named(name).unwrap_or_else(|| panic!("no value {name}"))).collect();
    let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
    let mut evaluator = Evaluator::new(policy, engine.plan(), &goal).unwrap();
    let request = evaluator.request(now).clone();
    let cuts = CutPoints::new(engine.plan(), policy, archive.cut_points().unwrap());
    let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
    let mut rows = Vec::new();
    let mut after = None;
    while archive.next_batch(&request, now, after.as_deref(), &mut facts).unwrap() {
        let decisions = evaluator.evaluate(&mut facts, now, &cuts).unwrap();
        for row in 0..facts.len() {
            let values = expressions.iter().enumerate().map(|(index, expression)| {
                decisions.expression(index).unwrap().value(row, &expression.root.ty, &facts.dictionary)
            });
            rows.push((facts.ids.get(row).unwrap().to_owned(), values.collect()));
        }
        after = rows.last().map(|(id, _): &Row| id.clone());
    }
    rows
}

fn lines(rows: &[Row], digest: &str) -> String {
    let mut text = String::new();
    for (id, values) in rows {
        text.push_str(id);
        for value in values {
            text.push(',');
            match value {
                None => {}
                Some(Value::Bool(flag)) => text.push(if *flag { '1' } else { '0' }),
                Some(Value::Number(number)) if digest == "digest_money" => {
                    write!(text, "{:.6}", number + 0.0).unwrap();
                }
                Some(value) => write!(text, "{value}").unwrap(),
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn without_the_filter_every_line_of_nobody_is_rejected_with_its_place_and_reason() {
    let Some(data) = data() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = guanxi::ports::files::read(&root.join("policies"), &root.join("scripts")).unwrap();
    let mut files = Files { policies: texts.policies, scripts: texts.scripts };
    for text in files.policies.values_mut() {
        *text =
            text.lines().filter(|line| !line.contains("CustomerID != \"\"")).collect::<Vec<_>>().join("\n");
    }
    let policy = load(&files).compiled.unwrap();
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(policy.schema.clone()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inbox")).unwrap();
    fs::copy(data.join("lines.csv.gz"), folder.path().join("inbox/lines.csv.gz")).unwrap();
    let mut inbox = Inbox::new(folder.path());
    let look = inbox.look(&policy, Patience::AtOnce);
    let now = Timestamp::parse_rfc3339("2011-12-10T00:00:00Z").unwrap();
    let report = inbox.import(&mut archive, &policy, &look.ready[0], now, None).unwrap();

    assert_eq!((report.tally.rows, report.tally.filtered), (541_909, 0));
    assert_eq!(report.tally.rejected, 135_080);
    let rejected = fs::read_to_string(report.rejected_file.unwrap()).unwrap();
    let mut reader = csv::Reader::from_reader(rejected.as_bytes());
    let headers: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (line, at_column, reason) = (column("line"), column("column"), column("reason"));
    let mut explained = 0;
    for row in reader.records() {
        let row = row.unwrap();
        assert!(row[line].parse::<u64>().unwrap() > 1);
        assert_eq!(&row[at_column], "CustomerID");
        assert!(!row[reason].is_empty());
        explained += 1;
    }
    assert_eq!(explained, 135_080);
}
