use super::*;
use crate::model::touch::{Because, Fate, Ruling, Touch, TouchState};

pub(super) fn touch(id: &str, customer: &str, due: i64, state: TouchState) -> Touch {
    let because = Because {
        kind: "trigger".to_owned(),
        name: "overdue".to_owned(),
        title: "Overdue".to_owned(),
        step: None,
        event: None,
        cause: Some("natural".to_owned()),
        severity: None,
        from: None,
        to: None,
    };
    let payload = serde_json::json!({"z": 1, "a": [1.5, null, "文"], "m": {"y": 1, "b": 2}});
    Touch {
        id: id.into(),
        customer: customer.into(),
        action: "call".into(),
        channel: "crm".into(),
        because,
        occurrence: "1".to_owned(),
        event: None,
        due: Timestamp(due),
        expires: Timestamp(due + 1_000),
        made: Timestamp(due),
        queued: None,
        effort: 1.0,
        priority: 2.5,
        state,
        reason: String::new(),
        policy_version: "v1".into(),
        payload: payload.as_object().unwrap().clone(),
    }
}

/// A store whose run made these touches.
pub(super) fn with_touches(touches: &[Touch]) -> Archive {
    let mut archive = archive();
    for customer in ["a", "b"] {
        order(&mut archive, 1, customer, customer, 1, 1.0);
    }
    let mut run = archive.begin_run(&new_run()).unwrap();
    for touch in touches {
        assert!(run.touch(touch, Timestamp(5)).unwrap());
    }
    run.finish(&RunTotals::default()).unwrap();
    archive
}

pub(super) fn new_run() -> NewRun {
    NewRun {
        now: Timestamp(5),
        started: Timestamp(5),
        schedule: "once".to_owned(),
        policy_version: "v1".to_owned(),
    }
}

fn due(archive: &Archive, now: i64) -> Vec<String> {
    let due = archive.due("crm", Timestamp(now), 10).unwrap();
    due.iter().map(|delivery| delivery.touch.id.to_string()).collect()
}

fn state(archive: &Archive, id: &str) -> (TouchState, String) {
    let touch = archive.touch(id).unwrap().unwrap().touch;
    (touch.state, touch.reason)
}

/// What a guard decided.
fn ruling(id: &str, fate: Fate, reason: &str) -> Ruling {
    let verdict = Some(("hours", Some(Timestamp(60))));
    Ruling { id: id.into(), fate, guard: Some("night".into()), reason: reason.to_owned(), verdict }
}

#[test]
fn what_a_guard_says_of_a_queued_touch_stays_on_it_and_the_same_is_said_once() {
    let mut archive = with_touches(&[touch("t", "a", 5, TouchState::Queued)]);
    let put_off = |until| Fate::PutOff(Timestamp(until));
    for (fate, reason, at) in [
        (put_off(60), "closed", 6),
        (put_off(70), "closed", 60),
        (put_off(80), "a holiday", 70),
        (Fate::Ends(TouchState::Suppressed), "never", 80),
    ] {
        archive.note_rulings(&[ruling("t", fate, reason)], Timestamp(at)).unwrap();
    }
    let row = archive.touch("t").unwrap().unwrap();
    assert_eq!((row.guard.as_deref(), row.touch.state), (Some("night"), TouchState::Suppressed));
    let verdicts: Vec<serde_json::Value> = serde_json::from_str(&row.verdicts).unwrap();
    let said: Vec<(&str, &str)> = verdicts
        .iter()
        .map(|said| (said["verdict"].as_str().unwrap(), said["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(said, [("waits", "closed"), ("waits", "a holiday"), ("drops", "never")]);
    assert_eq!(verdicts[0]["until"], "1970-01-01T00:00:00.060Z");
}

#[test]
fn what_a_guard_held_and_lets_go_is_held_by_none() {
    let mut archive = with_touches(&[touch("t", "a", 5, TouchState::Queued)]);
    archive.note_rulings(&[ruling("t", Fate::PutOff(Timestamp(60)), "closed")], Timestamp(6)).unwrap();
    let held = archive.due("crm", Timestamp(60), 9).unwrap();
    assert_eq!(held[0].held_by.as_deref(), Some("night"));
    let free = Ruling { guard: None, verdict: None, ..ruling("t", Fate::Leaves, "") };
    archive.note_rulings(&[free], Timestamp(60)).unwrap();
    let row = archive.touch("t").unwrap().unwrap();
    assert_eq!((row.guard, row.touch.reason), (None, String::new()));
    assert!(row.verdicts.contains("closed"));
    assert_eq!(due(&archive, 60), ["t"]);
}

#[test]
fn what_does_not_leave_waits_or_ends_and_what_is_as_good_as_sent_does_neither() {
    let touches = ["later", "dropped", "planned", "free"].map(|id| touch(id, "a", 5, TouchState::Queued));
    let mut archive = with_touches(&touches);
    let plan = FilePlan { channel: "crm", path: "f", offset: 0, content: b"x", touches: &["planned"] };
    let write = archive.plan_file_write(&plan, Timestamp(6)).unwrap();
    let suppressed = Fate::Ends(TouchState::Suppressed);
    let all = [
        ruling("later", Fate::PutOff(Timestamp(60)), "closed"),
        ruling("dropped", suppressed, "closed"),
        ruling("planned", suppressed, "closed"),
        ruling("unknown", suppressed, "closed"),
    ];
    archive.note_rulings(&all, Timestamp(7)).unwrap();
    assert_eq!(due(&archive, 59), ["free"], "what stands in a planned write is nobody else's to send");
    assert_eq!(due(&archive, 60), ["free", "later"]);
    assert_eq!(state(&archive, "later"), (TouchState::Queued, "closed".to_owned()));
    assert_eq!(state(&archive, "dropped"), (TouchState::Suppressed, "closed".to_owned()));
    assert_eq!(archive.touch("dropped").unwrap().unwrap().state_at, Timestamp(7));
    assert_eq!(state(&archive, "planned"), (TouchState::Queued, String::new()));
    assert!(!archive.end("dropped", TouchState::Expired, "", Timestamp(8)).unwrap());
    archive.delivered(&["free"], Timestamp(9)).unwrap();
    assert_eq!(archive.next_due("crm").unwrap(), Some(Timestamp(60)));
    assert_eq!(archive.complete_file_write(write, Timestamp(9)).unwrap(), 1);
}

#[test]
fn a_touch_is_frozen_as_it_was_made_and_never_made_twice() {
    let made = touch("t", "a", 5, TouchState::Queued);
    let mut archive = with_touches(std::slice::from_ref(&made));
    let mut run = archive.begin_run(&new_run()).unwrap();
    let mut again = made.clone();
    again.payload.clear();
    assert!(!run.touch(&again, Timestamp(9)).unwrap());
    run.finish(&RunTotals::default()).unwrap();
    let deliveries = archive.due("crm", Timestamp(5), 10).unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].touch, made.outgoing().unwrap());
    assert_eq!(deliveries[0].touch.payload, r#"{"z":1,"a":[1.5,null,"文"],"m":{"y":1,"b":2}}"#);
    assert_eq!((deliveries[0].queued, deliveries[0].attempts), (Timestamp(5), 0));
}

#[test]
fn first_attempts_leave_in_order_of_due_time_and_a_retry_waits_for_its_own() {
    let queued = |id, due| touch(id, "a", due, TouchState::Queued);
    let mut archive = with_touches(&[queued("x", 3), queued("y", 2), queued("z", 4)]);
    assert_eq!(due(&archive, 3), ["y", "x"]);
    assert!(archive.retry("y", Timestamp(50), "503").unwrap());
    assert_eq!(due(&archive, 10), ["x", "z"]);
    archive.note_rulings(&[ruling("x", Fate::PutOff(Timestamp(60)), "closed")], Timestamp(4)).unwrap();
    assert_eq!(archive.next_due("crm").unwrap(), Some(Timestamp(4)));
    let late = archive.due("crm", Timestamp(99), 2).unwrap();
    assert_eq!(late.iter().map(|delivery| delivery.attempts).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(late[1].error.as_deref(), Some("503"));
    let depth = Depth { channel: "crm".to_owned(), queued: 3, oldest: Some(Timestamp(5)) };
    assert_eq!(archive.depth("crm").unwrap(), depth);
    assert_eq!(archive.depths().unwrap(), [depth]);
    assert_eq!(archive.depth("other").unwrap().queued, 0);
}

#[test]
fn a_delivered_touch_becomes_an_event_of_its_customer_once() {
    let mut archive = with_touches(&[touch("t", "a", 5, TouchState::Queued)]);
    archive.connection.execute("UPDATE customer SET changed = 0", []).unwrap();
    assert_eq!(archive.delivered(&["t", "unknown"], Timestamp(8)).unwrap(), 1);
    assert_eq!(archive.delivered(&["t"], Timestamp(9)).unwrap(), 0);
    assert!(due(&archive, 99).is_empty());
    let expected = vec![("a".to_owned(), 8, Some(Value::text("call")))];
    assert_eq!(events(&facts(&archive, 10), &schema(), TOUCH), expected);
    let cause: (String, Option<String>) = archive
        .connection
        .query_row("SELECT cause, step FROM event_touch", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(cause, ("natural".to_owned(), None));
    let changed: String = archive
        .connection
        .query_row("SELECT group_concat(id) FROM customer WHERE changed", [], |row| row.get(0))
        .unwrap();
    assert_eq!(changed, "a");
    assert_eq!(archive.counts().unwrap().events[2], ("touch".to_owned(), 1));
}

#[test]
fn a_touch_ends_once_and_a_dead_one_can_be_queued_again() {
    let mut archive = with_touches(&[touch("t", "a", 5, TouchState::Queued)]);
    let queued = archive.due("crm", Timestamp(9), 1).unwrap()[0].queued;
    assert!(archive.retry("t", Timestamp(9), "500").unwrap());
    assert!(archive.end("t", TouchState::Dead, "gave up", Timestamp(10)).unwrap());
    assert!(!archive.end("t", TouchState::Expired, "", Timestamp(11)).unwrap());
    assert!(!archive.retry("t", Timestamp(20), "500").unwrap());
    assert_eq!(state(&archive, "t"), (TouchState::Dead, "gave up".to_owned()));
    assert!(archive.requeue("t", Timestamp(30)).unwrap());
    assert!(!archive.requeue("t", Timestamp(30)).unwrap());
    let again = archive.due("crm", Timestamp(30), 1).unwrap();
    assert_eq!((again[0].attempts, again[0].touch.state), (0, TouchState::Queued));
    assert_eq!(again[0].queued, queued, "the body says when it was queued");
}

#[test]
fn unsent_touches_of_one_table_and_customer_are_cancelled() {
    let touches = [
        touch("queued", "a", 5, TouchState::Queued),
        touch("waiting", "a", 5, TouchState::Waiting),
        touch("missed", "a", 5, TouchState::Missed),
        touch("planned", "a", 5, TouchState::Queued),
        touch("other", "b", 5, TouchState::Queued),
    ];
    let mut archive = with_touches(&touches);
    let plan = FilePlan { channel: "crm", path: "f", offset: 0, content: b"x", touches: &["planned"] };
    archive.plan_file_write(&plan, Timestamp(6)).unwrap();
    let mut run = archive.begin_run(&new_run()).unwrap();
    assert_eq!(run.cancel_unsent("trigger", "overdue", "a", "no longer", Timestamp(7)).unwrap(), 2);
    assert_eq!(run.cancel_unsent("trigger", "else", "b", "no longer", Timestamp(7)).unwrap(), 0);
    run.finish(&RunTotals::default()).unwrap();
    assert_eq!(due(&archive, 99), ["other"]);
    assert_eq!(state(&archive, "planned").0, TouchState::Queued);
    assert_eq!(state(&archive, "waiting"), (TouchState::Cancelled, "no longer".to_owned()));
    assert_eq!(state(&archive, "missed").0, TouchState::Missed);
}

#[test]
fn a_touch_cancelled_while_it_was_under_way_is_delivered_all_the_same() {
    let mut archive = with_touches(&[touch("t", "a", 5, TouchState::Queued)]);
    archive.end("t", TouchState::Cancelled, "no longer", Timestamp(6)).unwrap();
    assert_eq!(archive.delivered(&["t"], Timestamp(7)).unwrap(), 1);
    assert_eq!(state(&archive, "t"), (TouchState::Delivered, String::new()));
}

#[test]
fn a_file_write_is_planned_first_and_delivers_when_complete() {
    let mut archive = with_touches(&[touch("t", "a", 5, TouchState::Queued)]);
    let plan = FilePlan { channel: "crm", path: "out/f", offset: 10, content: b"line\n", touches: &["t"] };
    let id = archive.plan_file_write(&plan, Timestamp(6)).unwrap();
    assert_eq!(archive.written_length("out/f").unwrap(), None);
    archive.move_file_write(id, "out/f.2", 0, b"head\nline\n").unwrap();
    let open = archive.open_file_writes().unwrap();
    assert_eq!((open.len(), &*open[0].path, open[0].offset), (1, "out/f.2", 0));
    assert_eq!((&*open[0].content, &*open[0].touches), (&b"head\nline\n"[..], &["t".to_owned()][..]));
    assert_eq!(archive.complete_file_write(id, Timestamp(8)).unwrap(), 1);
    assert_eq!(state(&archive, "t").0, TouchState::Delivered);
    assert_eq!(archive.written_length("out/f.2").unwrap(), Some(10));
    assert!(archive.open_file_writes().unwrap().is_empty());
    assert!(matches!(archive.complete_file_write(id, Timestamp(8)), Err(ArchiveError::Unknown { .. })));
    assert!(is_sound(&archive));
}

#[test]
fn touches_are_found_by_customer_action_and_state() {
    let touches = [touch("1", "a", 5, TouchState::Queued), touch("2", "b", 5, TouchState::Missed)];
    let archive = with_touches(&touches);
    let ids = |filter: TouchFilter<'_>| -> Vec<String> {
        let found = archive.touches(&filter, 10).unwrap();
        found.iter().map(|row| row.touch.id.to_string()).collect()
    };
    assert_eq!(ids(TouchFilter::default()), ["2", "1"]);
    assert_eq!(ids(TouchFilter { customer: Some("a"), ..TouchFilter::default() }), ["1"]);
    assert_eq!(ids(TouchFilter { state: Some(TouchState::Missed), ..TouchFilter::default() }), ["2"]);
    assert_eq!(ids(TouchFilter { action: Some("call"), ..TouchFilter::default() }).len(), 2);
    assert!(ids(TouchFilter { action: Some("mail"), ..TouchFilter::default() }).is_empty());
    assert_eq!(archive.touches(&TouchFilter::default(), 1).unwrap().len(), 1);
    let counted = |state| TouchCount { action: "call".to_owned(), state, count: 1 };
    assert_eq!(archive.counts().unwrap().touches, [counted(TouchState::Missed), counted(TouchState::Queued)]);
}

#[test]
fn the_policy_set_active_last_comes_back() {
    let mut archive = archive();
    assert!(archive.last_policy_set().unwrap().is_none());
    for version in ["one", "two", "one"] {
        let files = serde_json::json!({ "name": version });
        archive.keep_policy_set(version, &files, Timestamp(1)).unwrap();
        assert_eq!(archive.last_policy_set().unwrap(), Some((version.to_owned(), files)));
    }
}
