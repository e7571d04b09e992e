use super::delivery::{touch, with_touches};
use super::*;
use crate::archive::{DeadOrQueued, OutboxFilter, Redelivered};
use crate::model::touch::TouchState;

const NOW: Timestamp = Timestamp(100);

fn ended(archive: &Archive, id: &str) -> (TouchState, String) {
    let touch = archive.touch(id).unwrap().unwrap().touch;
    (touch.state, touch.reason)
}

/// A dead touch, a queued one and one that waits for a guard.
fn several() -> Archive {
    let mut archive = with_touches(&[
        touch("dead", "a", 5, TouchState::Queued),
        touch("queued", "b", 6, TouchState::Queued),
        touch("waiting", "b", 7, TouchState::Waiting),
    ]);
    assert!(archive.end("dead", TouchState::Dead, "3 attempts failed", Timestamp(9)).unwrap());
    archive
}

#[test]
fn a_dead_touch_is_retried_while_it_may_still_be_sent() {
    let mut archive = several();
    assert_eq!(archive.retry_dead("dead", Timestamp(1_005)).unwrap(), Redelivered::Expired(Timestamp(1_005)));
    assert_eq!(archive.retry_dead("dead", NOW).unwrap(), Redelivered::Done);
    assert_eq!(archive.due("crm", NOW, 9).unwrap().len(), 2);
    assert_eq!(archive.retry_dead("dead", NOW).unwrap(), Redelivered::Not(TouchState::Queued));
    assert_eq!(archive.retry_dead("nothing", NOW).unwrap(), Redelivered::NoTouch);
}

#[test]
fn a_dead_touch_whose_payload_was_taken_away_is_not_said_to_be_retried() {
    let mut archive = several();
    archive.connection.execute("UPDATE touch SET pruned = 1 WHERE id = 'dead'", []).unwrap();
    assert_eq!(archive.retry_dead("dead", NOW).unwrap(), Redelivered::Emptied);
    assert_eq!(ended(&archive, "dead").0, TouchState::Dead);
}

#[test]
fn what_is_dropped_ends_cancelled_with_the_reason_it_had() {
    let mut archive = several();
    assert!(archive.retry("queued", Timestamp(50), "500").unwrap());
    for id in ["dead", "queued"] {
        assert_eq!(archive.drop_undelivered(id, NOW).unwrap(), Redelivered::Done);
        assert_eq!(archive.drop_undelivered(id, NOW).unwrap(), Redelivered::Not(TouchState::Cancelled));
    }
    let reason = "dropped on request; before that: 3 attempts failed".to_owned();
    assert_eq!(ended(&archive, "dead"), (TouchState::Cancelled, reason));
    let reason = "dropped on request; before that: 500".to_owned();
    assert_eq!(ended(&archive, "queued"), (TouchState::Cancelled, reason));
    assert!(archive.due("crm", NOW, 9).unwrap().is_empty());
    assert_eq!(archive.drop_undelivered("waiting", NOW).unwrap(), Redelivered::Not(TouchState::Waiting));
}

#[test]
fn what_is_being_sent_is_not_dropped_and_what_is_delivered_stays_so() {
    let mut archive = several();
    let number = archive.touch("queued").unwrap().unwrap().number;
    let change = archive.change_outbox().unwrap();
    change.begin_attempts(&[number]).unwrap();
    change.commit().unwrap();
    assert_eq!(archive.drop_undelivered("queued", NOW).unwrap(), Redelivered::UnderWay);
    assert_eq!(archive.delivered(&["queued"], NOW).unwrap(), 1);
    for outcome in [archive.drop_undelivered("queued", NOW), archive.retry_dead("queued", NOW)] {
        assert_eq!(outcome.unwrap(), Redelivered::Not(TouchState::Delivered));
    }
}

#[test]
fn the_outbox_shows_what_is_dead_and_what_waits_by_channel_and_state() {
    let archive = several();
    let shown = |filter: OutboxFilter<'_>| -> Vec<String> {
        let rows = archive.undelivered(&filter, 9).unwrap();
        rows.iter().map(|row| row.row.touch.id.to_string()).collect()
    };
    assert_eq!(shown(OutboxFilter::default()), ["queued", "dead"]);
    assert_eq!(shown(OutboxFilter { state: Some(DeadOrQueued::Dead), channel: Some("crm") }), ["dead"]);
    assert!(shown(OutboxFilter { channel: Some("list"), state: None }).is_empty());
    assert_eq!(archive.dead().unwrap(), [("crm".to_owned(), 1)]);
}
