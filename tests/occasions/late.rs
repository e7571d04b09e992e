//! What comes late, is corrected, or meets a clock set back, a trigger that slept or customers who were joined.

use guanxi::archive::EventRow;
use guanxi::model::Value;
use guanxi::policy::compiled::Scope;

use super::{COMPLAINED, Store, UNANSWERED, day};

/// Moves an event of [`Store::complain`] to another day; it came in on `first`.
fn correct(store: &mut Store, now: f64, (customer, ticket, first): (&str, &str, f64), at: f64) {
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(now)).unwrap();
    let id = format!("{customer}-{ticket}-{first}");
    let fields = [Some(Value::text(ticket))];
    ingest.event(kind, &EventRow { id: &id, customer, at: day(at), fields: &fields }).unwrap();
    ingest.commit().unwrap();
}

#[test]
fn an_event_corrected_to_before_a_run_that_it_was_too_late_for_is_not_lost() {
    let mut store = Store::new(COMPLAINED);
    store.run(0.0);
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(1.0)).unwrap();
    ingest.event(kind, &EventRow { id: "a-t1-1", customer: "a", at: day(1.5), fields: &[None] }).unwrap();
    ingest.commit().unwrap();
    assert!(store.fired(1.0).is_empty(), "it has not happened yet");
    correct(&mut store, 1.75, ("a", "t1", 1.0), 0.75);
    assert_eq!(store.fired(2.0), ["complained a"]);
    correct(&mut store, 2.5, ("a", "t1", 1.0), 2.25);
    assert!(store.fired(3.0).is_empty(), "a correction fires nothing again");
}

#[test]
fn an_awaited_event_corrected_to_a_later_date_is_awaited_from_then() {
    for (corrected, due) in [(2.5, 4.5), (9.0, 11.0)] {
        let mut store = Store::new(UNANSWERED);
        store.run(0.0);
        store.complain(1.0, "a", "t1");
        store.run(1.0);
        correct(&mut store, 2.0, ("a", "t1", 1.0), corrected);
        assert!(store.fired(3.0).is_empty(), "the two days are not over");
        assert!(store.fired(due - 0.25).is_empty());
        assert_eq!(store.fired(due), ["unanswered a"]);
        assert!(store.fired(due + 1.0).is_empty());
    }
}

#[test]
fn an_awaited_event_corrected_to_an_earlier_date_is_awaited_as_long_as_before() {
    let mut store = Store::new(UNANSWERED);
    store.run(0.0);
    store.complain(2.0, "a", "t1");
    store.run(2.0);
    correct(&mut store, 2.5, ("a", "t1", 2.0), 1.0);
    assert!(store.fired(3.5).is_empty());
    assert_eq!(store.fired(4.0), ["unanswered a"]);
}

#[test]
fn an_answer_that_failed_to_come_while_the_trigger_slept_is_noted_and_one_due_later_fires() {
    let mut store = Store::new(UNANSWERED);
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    store.complain(1.9, "b", "t2");
    store.run(2.0);
    store.edit(COMPLAINED);
    store.run(2.5);
    store.run(3.5);
    store.edit(UNANSWERED);
    let run = store.run(3.5);
    assert_eq!((store.made_by(&run), run.backlog), (Vec::new(), 1));
    assert_eq!(store.fired(4.0), ["unanswered b"]);
}

#[test]
fn with_the_clock_set_back_no_event_is_lost_and_none_fires_twice() {
    for back in [0.05, 365.0] {
        let mut store = Store::new(&format!("{COMPLAINED}{UNANSWERED}cooldown = \"1d\"\n"));
        store.run(400.0);
        store.complain(401.0, "a", "t1");
        assert_eq!(store.fired(401.0), ["complained a"]);
        let early = 401.0 - back;
        store.complain(early, "b", "t2");
        let run = store.run(early);
        assert_eq!(run.now, day(401.0), "a run never decides for an earlier time than the last");
        // To a run that decides for a year later, the time to answer is over.
        let hours = back < 1.0;
        let expected = if hours { vec!["complained b"] } else { vec!["complained b", "unanswered b"] };
        assert_eq!(store.made_by(&run), expected);
        assert!(store.fired(early + 0.01).is_empty());
        // The clock is right again.
        assert!(store.fired(401.5).is_empty());
        store.complain(402.0, "c", "t3");
        assert_eq!(store.fired(402.0), ["complained c"]);
        let expected = if hours { vec!["unanswered a", "unanswered b"] } else { vec!["unanswered a"] };
        assert_eq!(store.fired(403.0), expected);
        assert_eq!(store.fired(404.0), ["unanswered c"]);
    }
}

#[test]
fn events_that_came_in_late_between_missed_runs_fire_in_the_run_that_decides_for_after_them() {
    let mut store = Store::new(&format!("{COMPLAINED}{UNANSWERED}"));
    store.run(0.0);
    // Down from day 0 to day 4; all came in at its end, in no order.
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(4.0)).unwrap();
    for (id, at) in [("e3", 2.5), ("e1", 0.5), ("e4", 3.5), ("e2", 1.5)] {
        let fields = [Some(Value::text(id))];
        ingest.event(kind, &EventRow { id, customer: id, at: day(at), fields: &fields }).unwrap();
    }
    ingest.commit().unwrap();
    let mut fired = Vec::new();
    for missed in [1.0, 2.0, 3.0, 4.0] {
        let run = store.run_at(missed, 4.0, Scope::Everything);
        fired.push(store.made_by(&run).join(", "));
    }
    assert_eq!(
        fired,
        ["complained e1", "complained e2", "complained e3, unanswered e1", "complained e4, unanswered e2"]
    );
    assert_eq!(store.fired(6.0), ["unanswered e3", "unanswered e4"]);
}

#[test]
fn an_event_that_fired_for_a_customer_fires_no_more_for_the_one_it_was_merged_into() {
    let fire = COMPLAINED.replace("actions", "backlog = \"fire\"\nactions");
    let both = format!("{fire}{UNANSWERED}");
    let mut store = Store::new(&both);
    store.run(0.0);
    store.complain(1.0, "old", "t1");
    store.complain(1.0, "new", "t2");
    assert_eq!(store.fired(1.5), ["complained new", "complained old"]);
    store.archive.merge("old", "new", day(1.6)).unwrap();
    store.edit(UNANSWERED);
    store.run(1.7);
    store.edit(&both);
    assert!(store.fired(1.8).is_empty(), "what there is within the grace is asked about again");
    store.complain(1.9, "old", "t3");
    store.answer(2.0, "old", "t2");
    assert_eq!(store.fired(2.0), ["complained new"]);
    assert_eq!(store.fired(3.0), ["unanswered new"], "t2 was answered, though in the name of the other");
}
