//! `guanxi simulate`: what it runs is what a daemon would have run, and the store it starts from is left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use guanxi::archive::{Archive, EventRow, TouchFilter};
use guanxi::daemon::reload;
use guanxi::engine::RunRequest;
use guanxi::model::Timestamp;
use guanxi::model::time::DAY;
use guanxi::model::touch::Touch;
use guanxi::policy::Compiled;
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;
use guanxi::rehearsal::{Options, Rehearsal, deliver};
use guanxi::schedule::Course;
use guanxi::simulate::{Figures, Simulation, Span, Terms};

use crate::home::{Home, NOW, first, golden, make, now, printed};

fn terms(begin: Timestamp, until: Timestamp) -> Terms {
    Terms {
        begin,
        until,
        options: Options::default(),
        approve: false,
        by: None,
        schedules: vec!["workday_mornings".into()],
    }
}

fn copy_of(store: &Path) -> Archive {
    Archive::open_read_only(store).unwrap().scratch_copy(&mut |_, _| {}).unwrap()
}

/// Runs to the end; gives the touches and transitions of the store there, and what was counted.
fn run(mut simulation: Simulation) -> (Made, Figures) {
    while simulation.advance().unwrap().is_some() {}
    (Made::of(simulation.archive()), simulation.figures().unwrap())
}

/// All that a store's runs made.
struct Made {
    touches: BTreeMap<Arc<str>, Touch>,
    transitions: Vec<String>,
}

impl Made {
    fn of(archive: &Archive) -> Self {
        let rows = archive.touches(&TouchFilter::default(), usize::MAX).unwrap();
        let touches = rows.into_iter().map(|row| (Arc::clone(&row.touch.id), row.touch)).collect();
        let mut transitions = Vec::new();
        for class in &archive.schema().classes {
            let mut made = Vec::new();
            archive.transitions_since(0, &class.name, usize::MAX, &mut made).unwrap();
            transitions.extend(made.iter().map(|made| {
                let moved = &made.transition;
                format!("{} {} {:?} {:?} {:?}", made.at, moved.customer, moved.value, moved.to, moved.cause)
            }));
        }
        Self { touches, transitions }
    }

    /// Holds all to be the same, and names the first that is not.
    fn is(&self, other: &Self) {
        for (id, touch) in &self.touches {
            assert_eq!(Some(touch), other.touches.get(id));
        }
        assert_eq!(self.touches.len(), other.touches.len());
        for (one, other) in self.transitions.iter().zip(&other.transitions) {
            assert_eq!(one, other);
        }
        assert_eq!(self.transitions.len(), other.transitions.len());
    }

    /// Only what was made after an instant.
    fn touches_after(&self, at: Timestamp) -> Vec<&Touch> {
        self.touches.values().filter(|touch| touch.made > at).collect()
    }
}

/// A policy set that runs on the mornings only.
fn policy(home: &Home) -> Arc<Compiled> {
    home.policies().compiled
}

#[test]
fn forward_it_makes_what_a_daemon_makes_to_whom_no_data_comes() {
    let home = Home::new();
    let until = now().plus(60 * DAY);
    let (simulated, _) =
        run(Simulation::forward(copy_of(&home.store()), &policy(&home), terms(now(), until)).unwrap());

    let clock = Arc::new(SetClock::at(now()));
    let mut archive = Archive::open(&home.store()).unwrap();
    let engine = reload::prepare(&mut archive, &home.policies(), &(Arc::clone(&clock) as _)).unwrap();
    let mornings =
        Course::of(engine.policy(), now(), until, |schedule| &*schedule.name == "workday_mornings");
    for due in mornings.unwrap() {
        clock.set(due.at);
        let request = RunRequest { now: due.at, schedule: due.label(), scope: due.scope };
        engine.run(&mut archive, &request).unwrap();
        deliver(&engine, &mut archive, due.at).unwrap();
    }
    let lived = Made::of(&archive);
    assert!(lived.touches_after(now()).len() > 50, "{} touches", lived.touches_after(now()).len());
    simulated.is(&lived);
}

#[test]
fn a_replay_makes_what_the_runs_made_while_the_data_arrived_day_by_day() {
    let home = Home::new();
    // Fields of customers are known only as they are now, so that what changed one is left out.
    let folder = tempfile::tempdir().unwrap();
    let path = make(folder.path(), &|file| !file.starts_with("profiles") && !file.starts_with("prospects"));
    let mut store = Archive::open_read_only(&path).unwrap();
    store.adopt(Arc::clone(&policy(&home).schema)).unwrap();
    let lived = Made::of(&store);
    let (replayed, figures) =
        run(Simulation::replay(copy_of(&path), &policy(&home), terms(first(), now())).unwrap());
    assert!(lived.touches.len() > 50);
    replayed.is(&lived);
    let told = figures.told.unwrap();
    assert!(told.first_load > 1000 && told.arrived > 20, "{told:?}");
}

#[test]
fn a_replay_knows_nothing_before_it_arrived() {
    let home = Home::new();
    let middle = first().plus(14 * DAY);
    let at = |until| {
        run(Simulation::replay(copy_of(&home.store()), &policy(&home), terms(first(), until)).unwrap()).0
    };
    let (short, long) = (at(middle), at(now()));
    for touch in short.touches.values() {
        let later = &long.touches[&touch.id];
        assert_eq!((touch.due, touch.made), (later.due, later.made));
    }
    assert_eq!(short.touches.len(), long.touches.values().filter(|touch| touch.made <= middle).count());
    assert!(long.transitions.len() > short.transitions.len());
}

#[test]
fn the_days_add_up_to_what_the_store_holds() {
    let home = Home::new();
    let until = now().plus(40 * DAY);
    let by = policy(&home).schema.class("pyramid");
    let terms = Terms { by, ..terms(now(), until) };
    let (made, figures) = run(Simulation::forward(copy_of(&home.store()), &policy(&home), terms).unwrap());
    let queued = made.touches.values().filter(|touch| touch.queued.is_some_and(|at| at > now())).count();
    let counted: u64 = figures.days.iter().map(guanxi::simulate::Day::touches).sum();
    assert_eq!(counted, u64::try_from(queued).unwrap());
    let weeks: u64 = figures.by_span(Span::Week).iter().map(guanxi::simulate::Day::touches).sum();
    assert_eq!(weeks, counted);
    for day in &figures.days {
        assert_eq!(day.standing.iter().sum::<u64>(), figures.customers, "{day:?}");
    }
    let calls = figures.use_of(0, &figures.days);
    let efforts = made
        .touches
        .values()
        .filter(|touch| &*touch.channel == "call_list" && touch.queued.is_some_and(|at| at > now()));
    let taken: f64 = efforts.map(|touch| touch.effort).sum();
    assert!((calls.taken - taken).abs() < 1e-9, "{calls:?} {taken}");
    let mornings: usize = figures.days.iter().map(|day| day.decided.len()).sum();
    assert!((calls.there - 40.0 * mornings as f64).abs() < 1e-9, "{calls:?}");
    let by_week = figures.by_span(Span::Week);
    let weekly = by_week.iter().map(|week| figures.use_of(0, std::slice::from_ref(week)));
    let (taken, there) = weekly.fold((0.0, 0.0), |sum, week| (sum.0 + week.taken, sum.1 + week.there));
    assert_eq!((taken, there), (calls.taken, calls.there));
}

#[test]
fn the_store_stays_as_it_is_byte_by_byte_also_while_another_writes_to_it() {
    let home = Home::new();
    let before = fs::read(home.store()).unwrap();
    drop(Archive::open_read_only(&home.store()).unwrap());
    let (quiet, _) =
        run(Simulation::forward(copy_of(&home.store()), &policy(&home), terms(now(), now().plus(7 * DAY)))
            .unwrap());
    assert!(fs::read(home.store()).unwrap() == before, "the store was written");

    let mut writer = Archive::open(&home.store()).unwrap();
    writer.adopt(Arc::clone(&policy(&home).schema)).unwrap();
    let mut ingest = writer.ingest(now()).unwrap();
    ingest.customer("somebody new", &[]).unwrap();
    let (beside, _) =
        run(Simulation::forward(copy_of(&home.store()), &policy(&home), terms(now(), now().plus(7 * DAY)))
            .unwrap());
    ingest.commit().unwrap();
    beside.is(&quiet);
}

/// What a simulation of a month from now on is asked.
const MONTH: [&str; 7] =
    ["simulate", "--now", NOW, "--until", "2026-10-14", "--schedule", "workday_mornings"];

#[test]
fn people_read_what_a_month_brings() {
    golden("simulate.txt", &printed(&Home::new().command(&MONTH), 0));
}

#[test]
fn programs_read_what_a_month_brings_day_by_day() {
    let words = [&MONTH[..], &["--json"]].concat();
    golden("simulate.json", &printed(&Home::new().command(&words), 0));
}

#[test]
fn people_read_what_a_replay_took_for_known() {
    let words =
        ["simulate", "--from", "2026-06-01", "--until", "2026-09-13", "--schedule", "workday_mornings"];
    golden("simulate_replay.txt", &printed(&Home::new().command(&words), 0));
}

#[test]
fn the_drawing_is_well_formed_and_names_what_is_done_most() {
    let home = Home::new();
    let words = [&MONTH[..], &["--svg", "month.svg", "--json"]].concat();
    let json: serde_json::Value = serde_json::from_str(&printed(&home.command(&words), 0)).unwrap();
    let svg = fs::read_to_string(home.store().with_file_name("month.svg")).unwrap();
    well_formed(&svg);
    let touches = json["days"].as_array().unwrap().iter().flat_map(|day| day["touches"].as_array().unwrap());
    let actions: Vec<&str> = touches.map(|touch| touch["action"].as_str().unwrap()).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for action in actions {
        *times.entry(action).or_default() += 1;
    }
    let most = times.iter().max_by_key(|(_, times)| **times).unwrap().0;
    assert!(svg.contains(&format!(">{most}</text>")), "{most}");
    assert!(times.len() < 8 || svg.contains(">others</text>"), "what has no color of its own is together");
    for outside in ["http://", "https://", "url(", "@import", "<script"] {
        let own = svg.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(outside), "{outside}");
    }
}

/// Holds a text to what XML asks of tags, attributes and entities.
fn well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{before}");
        let entities = before.split('&').skip(1);
        assert!(
            entities
                .map(|entity| entity.split(';').next().unwrap())
                .all(|name| ["amp", "lt", "gt", "quot"].contains(&name)),
            "{before}"
        );
        let (tag, next) = after.split_once('>').unwrap();
        rest = next;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert!(tag.matches('"').count() % 2 == 0, "{tag}");
        if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert_eq!((open, rest.trim()), (Vec::new(), ""));
}

/// A text with a part of it replaced, which must be there.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

#[test]
fn an_edit_can_be_tried_before_it_is_active() {
    let home = Home::new();
    let guards = home.store().with_file_name("policies").join("guards.toml");
    let text = fs::read_to_string(&guards).unwrap();
    fs::write(&guards, replaced(&text, "max     = 40", "max     = 1")).unwrap();
    let said = printed(&home.command(&MONTH), 0);
    assert!(said.contains("not the active set"), "{said}");
    let words = [&MONTH[..], &["--json"]].concat();
    let json: serde_json::Value = serde_json::from_str(&printed(&home.command(&words), 0)).unwrap();
    assert_eq!(json["active"], false);
    let days = json["days"].as_array().unwrap();
    let taken = days.iter().flat_map(|day| day["capacity"].as_array().unwrap());
    let taken = taken.filter(|taken| taken["guard"] == "calls");
    assert!(taken.clone().count() > 0);
    assert!(taken.clone().all(|taken| taken["taken"].as_f64() <= Some(1.0)), "one call a day");
    let waiting = days.iter().filter_map(|day| day["waiting"]["calls"].as_u64());
    assert!(waiting.max() > Some(0), "{json:#}");
}

#[test]
fn what_is_unusually_many_waits_for_approval_unless_that_is_given() {
    let home = Home::new();
    let guards = home.store().with_file_name("policies").join("guards.toml");
    let text = fs::read_to_string(&guards).unwrap();
    let text = replaced(&text, "share = \"25%\"", "share = \"0.1%\"");
    let text = replaced(&text, "count = 200", "count = 1");
    fs::write(&guards, text).unwrap();
    let json = |more: &[&str]| -> serde_json::Value {
        let words = [&MONTH[..], &["--json"], more].concat();
        serde_json::from_str(&printed(&home.command(&words), 0)).unwrap()
    };
    let touches = |json: &serde_json::Value| -> u64 {
        let days = json["days"].as_array().unwrap().iter();
        days.flat_map(|day| day["touches"].as_array().unwrap())
            .map(|it| it["touches"].as_u64().unwrap())
            .sum()
    };
    let (held, approved) = (json(&[]), json(&["--approve"]));
    assert!(!held["on_hold"].as_array().unwrap().is_empty());
    assert!(held["days"].as_array().unwrap().iter().any(|day| day["on_hold"].as_u64() > Some(0)));
    assert!(touches(&approved) > touches(&held), "{} {}", touches(&approved), touches(&held));
    let output = home.command(&MONTH);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--approve"));
    assert!(printed(&output, 0).contains("more than usual; wait to the end"));
}

#[test]
fn what_can_t_be_simulated_is_said_before_anything_is_done() {
    let home = Home::new();
    for (words, said) in [
        (&["--until", "2020-01-01"][..], "is not after"),
        (&["--until", "soon"], "`soon` is no time"),
        (&["--until", "2027-01-01", "--by", "piramid"], "there are account_matrix"),
        (&["--until", "2027-01-01", "--schedule", "nightly"], "there are at_once, hourly, workday_mornings"),
        (&["--until", "2027-01-01", "--svg", "nowhere/a.svg"], "cannot write nowhere/a.svg"),
    ] {
        let words = [&["simulate", "--now", "2026-12-30", "--schedule", "workday_mornings"], words].concat();
        let output = home.command(&words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(said), "{stderr}");
    }
}

/// A set whose only schedule by the clock runs at nine, and one that goes by complaints.
const AT_ONCE: &str = r#"
[settings]
timezone = "UTC"
[event.complaint]
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[action.apologise]
channel = "list"
[trigger.complained]
on = "complaint"
actions = ["apologise"]
[schedule.mornings]
cron = "0 9 * * *"
evaluate = ["everything"]
[schedule.at_once]
on = ["complaint"]
evaluate = ["trigger.complained"]
"#;

#[test]
fn schedules_that_go_by_events_run_in_a_replay_as_they_arrive() {
    let mut files = guanxi::policy::Files::default();
    files.policies.insert("policy.toml".to_owned(), AT_ONCE.to_owned());
    let policy = Arc::new(guanxi::policy::load(&files).compiled.unwrap());
    let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
    let (begin, until) = (at("2027-01-01T08:00:00Z"), at("2027-01-04T08:00:00Z"));
    let mut life =
        Rehearsal::new(Archive::scratch().unwrap(), Arc::clone(&policy), Options::default()).unwrap();
    life.run(begin, Scope::Everything, "first").unwrap();
    life.run_at_once(begin).unwrap();
    let mut complaints =
        [("a", "2027-01-01T10:30:00Z"), ("b", "2027-01-02T12:00:00Z")].into_iter().peekable();
    for due in Course::new(&policy, begin, until).unwrap() {
        while let Some((id, arrived)) = complaints.next_if(|(_, arrived)| at(arrived) < due.at) {
            let mut ingest = life.archive_mut().ingest(at(arrived)).unwrap();
            let row = EventRow { id, customer: "ann", at: at(arrived).plus(-60_000), fields: &[] };
            ingest.event(policy.schema.event("complaint").unwrap(), &row).unwrap();
            ingest.commit().unwrap();
            assert!(life.run_at_once(at(arrived)).unwrap().is_some());
        }
        life.follow(&due).unwrap();
    }
    let lived = Made::of(life.archive());
    assert_eq!(lived.touches.len(), 2);
    let copy = life.archive().scratch_copy(&mut |_, _| {}).unwrap();
    let terms = Terms { schedules: Vec::new(), ..terms(begin, until) };
    let (replayed, figures) = run(Simulation::replay(copy, &policy, terms).unwrap());
    replayed.is(&lived);
    assert_eq!(figures.runs.get("at once"), Some(&2));
    assert_eq!(figures.days.iter().map(guanxi::simulate::Day::touches).collect::<Vec<_>>(), [1, 1, 0]);
}
