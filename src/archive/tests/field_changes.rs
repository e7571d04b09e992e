use super::*;
use crate::model::standing::{PastTransition, TransitionCause};

const WATCHED: usize = 0;

/// A store in which somebody waits for a text field to change, whose default is `house`.
fn watching() -> Archive {
    let mut schema = schema();
    schema.customer[WATCHED].watched = true;
    schema.customer[WATCHED].default = Some(Value::text("house"));
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(Arc::new(schema)).unwrap();
    archive
}

fn set(archive: &mut Archive, customer: &str, change: Change) {
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    ingest.customer(customer, &[change]).unwrap();
    ingest.commit().unwrap();
}

fn text(text: &str) -> Change {
    Change::Set(Value::text(text))
}

/// One run that looks at everybody; returns the changes it found, as (customer, from, to).
fn run(archive: &mut Archive, now: i64) -> Vec<(String, Option<String>, Option<String>)> {
    let run = NewRun {
        now: Timestamp(now),
        started: Timestamp(now),
        schedule: "once".to_owned(),
        policy_version: "v1".to_owned(),
    };
    let last = archive.last_transition().unwrap();
    let mut writer = archive.begin_run(&run).unwrap();
    let batch = facts(writer.archive(), now);
    writer.place(&batch, &[], &[], Timestamp(now), &[]).unwrap();
    let recorded = writer.record_field_changes(Timestamp(now)).unwrap();
    let mut found = Vec::new();
    assert_eq!(writer.archive().transitions_since(last, "arrived", 100, &mut found).unwrap(), recorded > 0);
    assert_eq!(found.len() as u64, recorded, "a run sees those it made itself");
    let id = writer.finish(&RunTotals::default()).unwrap();
    let words = |past: &PastTransition| {
        assert_eq!((past.run, past.at, past.transition.cause), (id, Timestamp(now), TransitionCause::Data));
        let moved = &past.transition;
        let word = |word: &Option<Arc<str>>| word.as_deref().map(str::to_owned);
        (moved.customer.to_string(), word(&moved.from), word(&moved.to))
    };
    found.iter().map(words).collect()
}

fn moved(customer: &str, from: &str, to: &str) -> (String, Option<String>, Option<String>) {
    (customer.to_owned(), Some(from.to_owned()), Some(to.to_owned()))
}

#[test]
fn a_watched_field_that_changed_between_two_runs_is_a_transition() {
    let mut archive = watching();
    for customer in ["b", "a"] {
        set(&mut archive, customer, text("li"));
    }
    assert_eq!(run(&mut archive, 10), [], "a new customer's first value is none");
    for customer in ["b", "a"] {
        set(&mut archive, customer, text("wang"));
        set(&mut archive, customer, text("zhao"));
    }
    assert_eq!(run(&mut archive, 20), [moved("a", "li", "zhao"), moved("b", "li", "zhao")]);
    assert_eq!(run(&mut archive, 30), []);
}

#[test]
fn what_changed_back_between_two_runs_did_not_happen() {
    let mut archive = watching();
    set(&mut archive, "a", text("li"));
    run(&mut archive, 10);
    set(&mut archive, "a", text("wang"));
    set(&mut archive, "a", text("li"));
    assert_eq!(run(&mut archive, 20), []);
    set(&mut archive, "a", text("zhao"));
    assert_eq!(run(&mut archive, 30), [moved("a", "li", "zhao")]);
}

#[test]
fn what_is_missing_counts_as_its_default() {
    let mut archive = watching();
    set(&mut archive, "a", Change::Keep);
    run(&mut archive, 10);
    set(&mut archive, "a", text("house"));
    assert_eq!(run(&mut archive, 20), []);
    set(&mut archive, "a", text("li"));
    assert_eq!(run(&mut archive, 30), [moved("a", "house", "li")]);
    set(&mut archive, "a", Change::Clear);
    assert_eq!(run(&mut archive, 40), [moved("a", "li", "house")]);
}

#[test]
fn a_customer_that_no_run_has_seen_has_no_change_of_fields() {
    let mut archive = watching();
    order(&mut archive, 1, "o", "a", 1, 1.0);
    set(&mut archive, "a", text("li"));
    set(&mut archive, "a", text("wang"));
    assert_eq!(run(&mut archive, 10), [], "its events came first and its file after, before any run");
    set(&mut archive, "a", text("li"));
    assert_eq!(run(&mut archive, 20), [moved("a", "wang", "li")]);
}

#[test]
fn only_watched_fields_are_noted_and_an_import_that_fails_notes_none() {
    let mut archive = watching();
    let number = |number: f64| Change::Set(Value::Number(number));
    set(&mut archive, "a", text("li"));
    run(&mut archive, 10);
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    ingest.customer("a", &[text("li"), Change::Keep, number(2.0)]).unwrap();
    ingest.commit().unwrap();
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    ingest.customer("a", &[text("wang")]).unwrap();
    drop(ingest);
    let notes: i64 =
        archive.connection.query_row("SELECT count(*) FROM field_change", [], |row| row.get(0)).unwrap();
    assert_eq!(notes, 0);
    assert_eq!(run(&mut archive, 20), []);
}

#[test]
fn transitions_come_some_at_a_time_in_the_order_they_were_made() {
    let mut archive = watching();
    let customers = ["a", "b", "c", "d", "e"];
    for word in ["one", "two"] {
        for customer in customers {
            set(&mut archive, customer, text(word));
        }
        run(&mut archive, 10);
    }
    let (mut seen, mut chunk, mut last) = (Vec::new(), Vec::new(), 0);
    while archive.transitions_since(last, "arrived", 2, &mut chunk).unwrap() {
        seen.extend(chunk.iter().map(|past| past.transition.customer.to_string()));
        last = chunk.last().unwrap().number;
    }
    assert_eq!(seen, customers);
    assert_eq!(last, archive.last_transition().unwrap());
    assert!(!archive.transitions_since(0, "tier", 2, &mut chunk).unwrap());
}
