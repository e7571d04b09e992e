//! Whose turn it is holds whatever happens to what stands in the outbox.

use proptest::prelude::*;

use super::delivery::{new_run, touch};
use super::lines::change;
use super::*;
use crate::model::touch::{Touch, TouchState};

const CUSTOMERS: u8 = 4;

/// Something that changes the outbox; touches by the order in which they were made.
#[derive(Clone, Debug)]
enum Act {
    Queue { customer: u8, sms: bool, due: i64 },
    Begin(u8),
    GiveBack(u8),
    Retry(u8),
    Deliver(Vec<u8>),
    End(u8),
    Requeue(u8),
    TakeBackAll(u8),
    Recover,
    Merge(u8, u8),
    Forget(u8),
}

fn act() -> impl Strategy<Value = Act> {
    let touch = 0..24_u8;
    prop_oneof![
        8 => (0..CUSTOMERS, any::<bool>(), 0..6_i64)
            .prop_map(|(customer, sms, due)| Act::Queue { customer, sms, due }),
        6 => touch.clone().prop_map(Act::Begin),
        2 => touch.clone().prop_map(Act::GiveBack),
        3 => touch.clone().prop_map(Act::Retry),
        4 => prop::collection::vec(touch.clone(), 1..5).prop_map(Act::Deliver),
        2 => touch.clone().prop_map(Act::End),
        2 => touch.prop_map(Act::Requeue),
        1 => (0..CUSTOMERS).prop_map(Act::TakeBackAll),
        1 => Just(Act::Recover),
        1 => (0..CUSTOMERS, 0..CUSTOMERS).prop_map(|(old, new)| Act::Merge(old, new)),
        1 => (0..CUSTOMERS).prop_map(Act::Forget),
    ]
}

fn name(customer: u8) -> String {
    format!("customer {customer}")
}

fn id(touch: u8) -> String {
    format!("touch {touch:02}")
}

/// Does it; what can't be done in the state the store is in does nothing.
fn perform(archive: &mut Archive, made: &mut u8, act: &Act) {
    let now = Timestamp(100);
    match act {
        Act::Queue { customer, sms, due } => {
            let channel = if *sms { "sms" } else { "crm" };
            let new = touch(&id(*made), &name(*customer), *due, TouchState::Queued);
            let new = Touch { channel: channel.into(), event: Some("an order".into()), ..new };
            let mut run = archive.begin_run(&new_run()).unwrap();
            run.touch(&new, now).unwrap();
            run.finish(&RunTotals::default()).unwrap();
            *made += 1;
        }
        Act::Begin(touch) => {
            // Only those are begun whose turn it is.
            let due = ["crm", "sms"].map(|channel| {
                [archive.due_first(channel, now, 99).unwrap(), archive.due_again(channel, now, 99).unwrap()]
            });
            let mut due = due.iter().flatten().flatten();
            let Some(found) = due.find(|due| *due.touch.id == *id(*touch)) else { return };
            change(archive, |change| change.begin_attempts(&[found.number]).unwrap());
        }
        Act::GiveBack(touch) => change(archive, |change| change.give_back(&[&id(*touch)]).unwrap()),
        Act::Retry(touch) => {
            archive.retry(&id(*touch), Timestamp(50), "500").unwrap();
        }
        Act::Deliver(touches) => {
            let ids: Vec<String> = touches.iter().map(|touch| id(*touch)).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            archive.delivered(&ids, now).unwrap();
        }
        Act::End(touch) => {
            archive.end(&id(*touch), TouchState::Dead, "gave up", now).unwrap();
        }
        Act::Requeue(touch) => {
            archive.requeue(&id(*touch), now).unwrap();
        }
        Act::TakeBackAll(customer) => {
            let mut run = archive.begin_run(&new_run()).unwrap();
            run.cancel_unsent("trigger", "overdue", &name(*customer), "no longer", now).unwrap();
            run.finish(&RunTotals::default()).unwrap();
        }
        Act::Recover => change(archive, |change| {
            change.recover("crm").unwrap();
        }),
        Act::Merge(old, new) => {
            let _ = archive.merge(&name(*old), &name(*new), now);
        }
        Act::Forget(customer) => {
            let person = archive.person(&name(*customer)).unwrap();
            archive.forget(&person, &[7; 32], now).unwrap();
        }
    }
}

/// A row of the outbox: its line, its place in it, what it has and what it should have.
#[derive(Debug)]
struct Row {
    line: (String, String),
    place: (i64, String),
    turn: String,
    attempts: u32,
    shared: bool,
}

fn rows(archive: &Archive) -> Vec<Row> {
    // A touch stands in the outbox as long as it is queued, under its own customer and channel.
    let sql = "SELECT outbox.channel, outbox.customer, outbox.due, outbox.touch, turn, attempts, shared, \
               touch.state = 'queued' AND touch.customer = outbox.customer AND touch.channel = outbox.channel \
               FROM outbox JOIN touch USING (number)";
    let mut statement = archive.connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        assert!(row.get::<_, bool>(7)?, "{row:?}");
        Ok(Row {
            line: (row.get(0)?, row.get(1)?),
            place: (row.get(2)?, row.get(3)?),
            turn: row.get(4)?,
            attempts: row.get(5)?,
            shared: row.get(6)?,
        })
    });
    let rows: Vec<Row> = rows.unwrap().map(|row| row.unwrap()).collect();
    let queued = "SELECT count(*) FROM touch WHERE state = 'queued'";
    let queued: i64 = archive.connection.query_row(queued, [], |row| row.get(0)).unwrap();
    assert_eq!(i64::try_from(rows.len()), Ok(queued), "all that is queued stands in the outbox");
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn of_each_line_the_first_may_leave_and_the_others_are_behind(
        acts in prop::collection::vec(act(), 1..40)
    ) {
        let mut archive = archive();
        for customer in 0..CUSTOMERS {
            order(&mut archive, 1, &name(customer), &name(customer), 1, 1.0);
        }
        let mut made = 0;
        for act in &acts {
            perform(&mut archive, &mut made, act);
            let rows = rows(&archive);
            for row in &rows {
                let line: Vec<&Row> = rows.iter().filter(|other| other.line == row.line).collect();
                prop_assert!(row.shared || line.len() == 1, "{act:?}: {row:?}");
                let is_behind = line.iter().any(|other| other.place < row.place);
                let turn = if is_behind { "behind" } else if row.attempts > 0 { "again" } else { "first" };
                prop_assert!(row.turn == "leaving" || row.turn == turn, "{act:?}: {row:?} should be {turn}");
            }
        }
    }
}
