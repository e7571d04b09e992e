//! `guanxi explain`: what it says is what the engine decides, and what it foretells is what then happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use guanxi::archive::{Archive, TouchFilter};
use guanxi::engine::Engine;
use guanxi::evaluate::{CutPoints, Evaluator, Goal, Refresh};
use guanxi::explain::{
    Answer, Change, ExplainError, Explanation, Lens, Question, Tracer, each_expression, explain,
};
use guanxi::model::facts::FactBatch;
use guanxi::model::time::DAY;
use guanxi::model::{Column, Timestamp, Type, Value};
use guanxi::policy::compiled::{Take, ValueKind};
use guanxi::ports::simulated::SetClock;
use guanxi::rehearsal::{Deliveries, Options, Rehearsal};
use guanxi::schedule::Course;

use crate::home::{Home, NOW, golden, now, printed};

/// How far ahead is foretold.
const DAYS: u32 = 60;

/// A store that is looked at, and the engine to look with.
struct Desk {
    archive: Archive,
    engine: Engine,
}

impl Desk {
    fn new(home: &Home) -> Self {
        let policy = home.policies().compiled;
        let mut archive = Archive::open_read_only(&home.store()).unwrap();
        archive.adopt(Arc::clone(&policy.schema)).unwrap();
        Self { archive, engine: Engine::new(policy, Arc::new(SetClock::at(now()))).unwrap() }
    }

    fn explain(
        &mut self,
        customer: &str,
        name: Option<&str>,
        days: u32,
    ) -> Result<Explanation, ExplainError> {
        explain(&mut self.archive, &self.engine, &Question { customer, name, now: now(), days })
    }

    fn customers(&self) -> Vec<String> {
        let policy = self.engine.policy();
        let request =
            Evaluator::new(policy, self.engine.plan(), &Goal::default()).unwrap().request(now()).clone();
        let (mut facts, mut customers) = (FactBatch::default(), Vec::<String>::new());
        while self
            .archive
            .next_batch(&request, now(), customers.last().map(String::as_str), &mut facts)
            .unwrap()
        {
            customers.extend(facts.ids.iter().map(str::to_owned));
        }
        customers
    }
}

/// The first customer for whom a condition holds.
fn first(home: &Home, condition: &str) -> String {
    let found = printed(&home.command(&["select", condition, "--format", "csv", "--now", NOW]), 0);
    found.lines().nth(1).unwrap_or_else(|| panic!("nobody is {condition}")).to_owned()
}

/// What is told, without the version of the policies, which any edit of theirs changes.
fn told(home: &Home, words: &[&str]) -> String {
    let words = [&["explain"], words, &["--now", NOW]].concat();
    printed(&home.command(&words), 0).replace(&*home.policies().compiled.version, "VERSION")
}

#[test]
fn a_customer_is_told_on_a_screen() {
    let home = Home::new();
    let customer =
        first(&home, "at_least(pyramid, \"secondary\") && !overdue && days_since_order > order_gap");
    golden("explain/overview.txt", &told(&home, &[&customer]));
    golden("explain/overview.json", &told(&home, &[&customer, "--json"]));
}

#[test]
fn a_table_is_told_down_to_the_events() {
    let home = Home::new();
    let customer = first(&home, "at_least(pyramid, \"secondary\") && overdue");
    golden("explain/trigger.txt", &told(&home, &[&customer, "trigger.overdue"]));
    golden("explain/trigger.json", &told(&home, &[&customer, "trigger.overdue", "--json"]));
    golden("explain/ledger.txt", &told(&home, &[&customer, "goodwill", "--days", "0"]));
    golden("explain/guard.txt", &told(&home, &[&customer, "guard.calls", "--days", "0"]));
    golden("explain/action.txt", &told(&home, &[&customer, "care_call", "--days", "0"]));
}

#[test]
fn why_not_names_first_what_fails() {
    let home = Home::new();
    let ordinary = first(&home, "pyramid == \"ordinary\" && overdue");
    let trigger = told(&home, &[&ordinary, "trigger.overdue", "--days", "0"]);
    assert!(
        trigger.lines().nth(3).is_some_and(|line| line.contains("audience: does not hold")),
        "the audience stands first: {trigger}"
    );
    golden("explain/why_not.txt", &trigger);
    let cadence = told(&home, &[&ordinary, "care_611", "--days", "0"]);
    assert!(cadence.contains("not enrolled") && cadence.contains("audience: does not hold"), "{cadence}");
}

#[test]
fn who_and_what_is_not_known_is_said_with_the_nearest_that_is() {
    let home = Home::new();
    let customer = first(&home, "true");
    let said = |words: &[&str]| {
        let output = home.command(&[&["explain"], words, &["--now", NOW]].concat());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let cut = customer.get(..customer.len() - 1).unwrap();
    let nobody = said(&[cut]);
    assert!(nobody.contains("no customer is known by the id") && nobody.contains("did you mean"), "{nobody}");
    let nothing = said(&[&customer, "overdu"]);
    assert!(nothing.contains("did you mean `overdue`?"), "{nothing}");
    let several = said(&[&customer, "overdue"]);
    assert!(several.contains("`segment.overdue` or `trigger.overdue`"), "{several}");
}

#[test]
fn who_was_joined_is_told_under_the_id_that_stayed_and_who_was_forgotten_is_not_told() {
    let home = Home::new();
    let mut ids = Desk::new(&home).customers().into_iter();
    let (old, new, gone) = (ids.next().unwrap(), ids.next().unwrap(), ids.next().unwrap());
    printed(&home.command(&["merge", &old, &new]), 0);
    let joined: serde_json::Value = serde_json::from_str(&told(&home, &[&old, "--json"])).unwrap();
    assert_eq!((&joined["customer"], &joined["joined"]), (&new.clone().into(), &old.into()));
    printed(&home.command(&["forget", &gone]), 0);
    let output = home.command(&["explain", &gone, "--now", NOW]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("was forgotten"), "{said}");
}

#[test]
fn the_truth_of_every_trace_is_what_the_columns_decide() {
    let home = Home::new();
    let desk = Desk::new(&home);
    let policy = Arc::clone(desk.engine.policy());
    let mut expressions = Vec::new();
    each_expression(&policy, &mut |expression| expressions.push(expression));
    assert!(expressions.len() > 30, "the shipped policies ask a lot");
    let goal = Goal { classes: Vec::new(), expressions: expressions.clone() };
    let mut evaluator = Evaluator::new(&policy, desk.engine.plan(), &goal).unwrap();
    let cuts = CutPoints::new(desk.engine.plan(), &policy, desk.archive.cut_points().unwrap());
    let mut lens = Lens::new(&desk.engine).unwrap();
    let mut compared = 0;
    for id in desk.customers() {
        let mut facts = lens.read(&desk.archive, &id, now()).unwrap().unwrap();
        let subject = lens.see(&mut facts, now(), &cuts).unwrap();
        let request = evaluator.request(now()).clone();
        let mut own = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        desk.archive.batch_of(&request, now(), &[&id], &mut own).unwrap();
        let decisions = evaluator.evaluate(&mut own, now(), &cuts).unwrap();
        for (index, expression) in expressions.iter().enumerate() {
            let tracer =
                Tracer { row: &subject, moment: &subject.moment, schema: &policy.schema, event: None };
            let part = tracer.expression(expression);
            let column = decisions.expression(index).unwrap();
            let (ty, dictionary) = (&expression.root.ty, &own.dictionary);
            if let (Type::Bool, Column::Flag(flags)) = (ty, column) {
                assert_eq!(part.holds, Some(flags.values.get(0)), "{id}: {}", expression.text);
            } else {
                assert_eq!(part.value, column.value(0, ty, dictionary), "{id}: {}", expression.text);
            }
            compared += 1;
        }
    }
    assert!(compared > 10_000);
}

#[test]
fn the_events_told_are_those_that_were_counted() {
    let home = Home::new();
    let mut desk = Desk::new(&home);
    let policy = Arc::clone(desk.engine.policy());
    let metrics: Vec<_> = policy
        .values
        .iter()
        .filter_map(|value| match &value.kind {
            ValueKind::Metric(metric) => Some((value, metric)),
            _ => None,
        })
        .collect();
    for customer in desk.customers().iter().step_by(20) {
        for (value, metric) in &metrics {
            let name = format!("metric.{}", value.name);
            let Answer::Named(named) = desk.explain(customer, Some(&name), 0).unwrap().answer else {
                panic!()
            };
            let tree = named.values.first().unwrap();
            let events = tree.events.as_ref().unwrap();
            let count = events.count as f64;
            match (metric.take, &tree.value) {
                (Take::Count, found) => assert_eq!(*found, Some(Value::Number(count)), "{customer} {name}"),
                (Take::Sum, Some(Value::Number(sum))) if events.count == events.examples.len() => {
                    let number = |example: &guanxi::explain::Example| match example.value {
                        Some(Value::Number(number)) => number,
                        _ => panic!("{name} sums what is no number"),
                    };
                    let told: f64 = events.examples.iter().map(number).sum();
                    assert!((told - sum).abs() < 1e-3, "{customer} {name}: {told} {sum}");
                }
                (Take::Sum, _) => {}
                (_, found) => {
                    assert_eq!(found.is_none(), is_too_few(metric.take, events.count), "{customer} {name}");
                }
            }
        }
    }
}

/// Whether so many events give nothing.
fn is_too_few(take: Take, count: usize) -> bool {
    count == 0 || (count == 1 && matches!(take, Take::MedianGapDays | Take::MeanGapDays))
}

/// What happens to a customer in a run: the table, and what becomes of it.
type Happening = (Timestamp, String, String, String);

/// What is foretold to a customer.
fn foretold(changes: &[Change]) -> BTreeSet<Happening> {
    let place = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let tell = |change: &Change| {
        let becomes = match (change.kind, &change.says) {
            ("segment" | "tier" | "quadrant", _) => {
                format!("{} → {}", place(&change.from), place(&change.to))
            }
            ("trigger", Some(says)) if says.contains("fires (") => "fires".to_owned(),
            ("cadence", Some(says)) if says.starts_with("step ") => says.split(' ').nth(1)?.to_owned(),
            _ => return None,
        };
        Some((change.run, change.kind.to_owned(), change.name.to_string(), becomes))
    };
    changes.iter().filter_map(tell).collect()
}

/// What happens to every customer in a rehearsal with cut points as they are and nothing delivered, from the history it
/// writes.
fn rehearsed(home: &Home) -> Vec<(String, Happening)> {
    let policy = home.policies().compiled;
    let store = Archive::open_read_only(&home.store()).unwrap();
    let (runs, transitions) = (store.runs(1).unwrap().first().unwrap().id, store.last_transition().unwrap());
    let last_touch = store.touches(&TouchFilter::default(), 1).unwrap().first().unwrap().number;
    let copy = store.scratch_copy(&mut |_, _| {}).unwrap();
    let options = Options { refresh: Refresh::Never, deliveries: Deliveries::None };
    let mut rehearsal = Rehearsal::new(copy, Arc::clone(&policy), options).unwrap();
    for due in Course::new(&policy, now(), now().plus(i64::from(DAYS) * DAY)).unwrap() {
        rehearsal.follow(&due).unwrap();
    }
    let archive = rehearsal.archive();
    let at = |run: i64| {
        let found = archive.runs_before(Some(run + 1), 1).unwrap();
        found.first().unwrap().run.now
    };
    let mut happened = Vec::new();
    for value in policy.values.iter().filter(|value| value.kind.class().is_some()) {
        let (mut moved, mut after) = (Vec::new(), transitions);
        while archive.transitions_since(after, &value.name, 10_000, &mut moved).unwrap() {
            for past in &moved {
                let place = |place: &Option<Arc<str>>| place.as_deref().unwrap_or("none").to_owned();
                let becomes = format!("{} → {}", place(&past.transition.from), place(&past.transition.to));
                let happening = (past.at, value.kind.word().to_owned(), value.name.to_string(), becomes);
                happened.push((past.transition.customer.to_string(), happening));
                after = past.number;
            }
        }
    }
    let touches = archive.touches(&TouchFilter::default(), usize::MAX).unwrap();
    for row in touches.iter().filter(|row| row.number > last_touch && row.run > runs) {
        let because = &row.touch.because;
        let becomes = because.step.clone().unwrap_or_else(|| "fires".to_owned());
        let happening = (at(row.run), because.kind.clone(), because.name.clone(), becomes);
        happened.push((row.touch.customer.to_string(), happening));
    }
    happened
}

#[test]
fn what_is_foretold_happens_to_every_customer_within_sixty_days_and_nothing_else_does() {
    let home = Home::new();
    let customers = Desk::new(&home).customers();
    let (happened, foretold) = thread::scope(|scope| {
        let happened = scope.spawn(|| rehearsed(&home));
        let parts = customers.chunks(customers.len().div_ceil(2));
        let told: Vec<_> = parts
            .map(|part| {
                let mut desk = Desk::new(&home);
                scope.spawn(move || {
                    let mut told = Vec::new();
                    for customer in part {
                        let forecast = desk.explain(customer, None, DAYS).unwrap().forecast;
                        assert_eq!(forecast.looked_every, None, "each run is looked at");
                        told.extend(
                            foretold(&forecast.changes).into_iter().map(|one| (customer.clone(), one)),
                        );
                    }
                    told
                })
            })
            .collect();
        let told: BTreeSet<(String, Happening)> =
            told.into_iter().flat_map(|part| part.join().unwrap()).collect();
        (happened.join().unwrap().into_iter().collect::<BTreeSet<_>>(), told)
    });
    let wrong: Vec<_> = foretold.symmetric_difference(&happened).take(10).collect();
    assert!(wrong.is_empty(), "{} foretold, {} happened; {wrong:#?}", foretold.len(), happened.len());
    assert!(happened.len() > 500, "much happens in sixty days: {}", happened.len());
}

#[test]
fn a_condition_turns_at_the_very_millisecond_that_is_told() {
    let home = Home::new();
    let mut desk = Desk::new(&home);
    let policy = Arc::clone(desk.engine.policy());
    let (overdue, mut checked) = (policy.value("overdue").unwrap(), 0);
    let cuts = CutPoints::new(desk.engine.plan(), &policy, desk.archive.cut_points().unwrap());
    for customer in desk.customers().into_iter().step_by(3) {
        let forecast = desk.explain(&customer, Some("segment.overdue"), DAYS).unwrap().forecast;
        let Some(change) = forecast.changes.iter().find(|change| &*change.name == "overdue") else {
            continue;
        };
        // What turned since the last run turned before the look.
        let Some(turns) = change.turns else { continue };
        assert!(change.run >= turns && !change.by.is_empty(), "{change:?}");
        let mut lens = Lens::new(&desk.engine).unwrap();
        let mut at = |at: Timestamp| {
            let mut facts = lens.read(&desk.archive, &customer, now()).unwrap().unwrap();
            lens.see(&mut facts, at, &cuts).unwrap().values[overdue].clone()
        };
        assert_eq!((at(turns.plus(-1)), at(turns)), (change.from.clone(), change.to.clone()), "{customer}");
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

/// Adds a file to the policies of a home.
fn policy(home: &Home, name: &str, text: &str) {
    let store = home.store();
    std::fs::write(store.parent().unwrap().join("policies").join(name), text).unwrap();
}

const PERSONAL: &str = r#"
[customer.fields]
cell_phone = { type = "text", personal = true, default = "139-0000" }
[segment.mobile]
when = 'starts_with(cell_phone, "139") && cell_phone != ""'
[action.ring]
channel = "call_list"
[action.ring.payload]
reason = "ring {{ cell_phone }}"
hint = "now"
[trigger.ring]
when = 'mobile'
actions = ["ring"]
"#;

#[test]
fn personal_fields_are_shown_on_the_screen_only_where_that_is_asked_for() {
    let home = Home::new();
    let customer = first(&home, "true");
    policy(&home, "personal.toml", PERSONAL);
    let masked = told(&home, &[&customer, "mobile", "--days", "0"]);
    assert!(masked.contains("•••") && !masked.contains("139-0000"), "{masked}");
    let shown = told(&home, &[&customer, "mobile", "--days", "0", "--personal"]);
    assert!(shown.contains("139-0000") && !shown.contains("•••"), "{shown}");
    let preview = |words: &[&str]| {
        printed(&home.command(&[&["preview", "ring", &customer, "--now", NOW], words].concat()), 0)
    };
    assert!(preview(&[]).contains("•••") && !preview(&[]).contains("139-0000"), "{}", preview(&[]));
    assert!(preview(&["--personal"]).contains("ring 139-0000"));
    assert!(preview(&["--json"]).contains("ring 139-0000"), "programs get what would leave");
}

/// Where a customer stands at the end of what is told, by segment, tier and quadrant; those who came back are left out.
fn moved(changes: &[Change]) -> BTreeMap<String, (Option<Value>, Option<Value>)> {
    let mut moved = BTreeMap::new();
    for change in changes.iter().filter(|change| ["segment", "tier", "quadrant"].contains(&change.kind)) {
        let standing = moved.entry(change.name.to_string()).or_insert((change.from.clone(), None));
        standing.1.clone_from(&change.to);
    }
    moved.retain(|_, (from, to)| from != to);
    moved
}

#[test]
fn runs_too_many_to_look_at_each_tell_where_customers_come_to_stand() {
    let home = Home::new();
    let often = "[schedule.often]\ncron = \"*/10 * * * *\"\nevaluate = [\"everything\"]\n";
    policy(&home, "often.toml", often);
    let mut desk = Desk::new(&home);
    let end = now().plus(20 * DAY);
    let (mut moves, mut alike) = (0, 0);
    for customer in desk.customers().iter().step_by(40) {
        let each = desk.explain(customer, None, 20).unwrap().forecast;
        let grouped = desk.explain(customer, None, 35).unwrap().forecast;
        assert!(each.looked_every.is_none() && grouped.looked_every.is_some());
        let until_then: Vec<_> = grouped.changes.into_iter().filter(|change| change.run <= end).collect();
        assert_eq!(moved(&each.changes), moved(&until_then), "{customer}");
        moves += moved(&until_then).len();
        alike += until_then.iter().filter(|change| each.changes.contains(change)).count();
    }
    assert!(moves > 5 && alike > 5, "{moves} {alike}");
}
