//! Events that are kept in memory are those of the store, whatever happened to it.

use proptest::prelude::*;

use super::delivery::{new_run, touch};
use super::*;
use crate::model::touch::TouchState;

const KEY: [u8; 32] = [7; 32];

/// Something that changes events; customers and ids by number.
#[derive(Clone, Debug)]
enum Act {
    Order { id: u8, customer: u8, at: i64, amount: f64 },
    Notice { at: i64 },
    Deliver { customer: u8, at: i64 },
    Forget(u8),
    Merge(u8, u8),
    Prune { from: i64 },
    AnotherField,
    Abandoned { customer: u8, at: i64 },
}

fn act() -> impl Strategy<Value = Act> {
    let at = 0..40_i64;
    let order = (0..30_u8, 0..6_u8, at.clone(), 0..4_i8);
    prop_oneof![
        9 => order.prop_map(|(id, customer, at, amount)| Act::Order { id, customer, at, amount: amount.into() }),
        1 => at.clone().prop_map(|at| Act::Notice { at }),
        4 => (0..6_u8, at.clone()).prop_map(|(customer, at)| Act::Deliver { customer, at }),
        1 => (0..6_u8).prop_map(Act::Forget),
        1 => (0..6_u8, 0..6_u8).prop_map(|(old, new)| Act::Merge(old, new)),
        1 => at.clone().prop_map(|from| Act::Prune { from }),
        1 => Just(Act::AnotherField),
        1 => (0..6_u8, at).prop_map(|(customer, at)| Act::Abandoned { customer, at }),
    ]
}

fn name(customer: u8) -> String {
    format!("customer {customer}")
}

/// Does it; what can't be done in the state the store is in does nothing.
fn perform(archive: &mut Archive, number: usize, act: &Act) {
    match act {
        Act::Order { id, customer, at, amount } => {
            order(archive, 50, &format!("order {id}"), &name(*customer), *at, *amount);
        }
        Act::Notice { at } => {
            let mut ingest = archive.ingest(Timestamp(50)).unwrap();
            let id = format!("notice {number}");
            let row = EventRow { id: &id, customer: "", at: Timestamp(*at), fields: &[None] };
            ingest.event(NOTICE, &row).unwrap();
            ingest.commit().unwrap();
        }
        Act::Deliver { customer, at } => {
            let id = format!("touch {number}");
            let mut run = archive.begin_run(&new_run()).unwrap();
            run.touch(&touch(&id, &name(*customer), *at, TouchState::Queued), Timestamp(*at)).unwrap();
            run.finish(&RunTotals::default()).unwrap();
            archive.delivered(&[&id], Timestamp(*at)).unwrap();
        }
        Act::Forget(customer) => {
            let person = archive.person(&name(*customer)).unwrap();
            archive.forget(&person, &KEY, Timestamp(60)).unwrap();
        }
        Act::Merge(old, new) => drop(archive.merge(&name(*old), &name(*new), Timestamp(60))),
        Act::Prune { from } => {
            let keep = Keep { events: Some(Timestamp(*from)), history: None };
            let mut pruning = archive.begin_pruning(keep, Timestamp(60)).unwrap();
            while archive.prune(&mut pruning, 3).unwrap() {}
        }
        Act::AnotherField => {
            let mut schema = (*archive.schema()).as_ref().clone();
            schema.events[ORDER].fields.push(field(&format!("field_{number}"), Type::Number));
            archive.adopt(Arc::new(schema)).unwrap();
        }
        Act::Abandoned { customer, at } => {
            let mut ingest = archive.ingest(Timestamp(50)).unwrap();
            let fields = [Some(Value::Number(1.0)), None];
            let (id, customer) = (format!("abandoned {number}"), name(*customer));
            let row = EventRow { id: &id, customer: &customer, at: Timestamp(*at), fields: &fields };
            drop(ingest.event(ORDER, &row));
        }
    }
}

/// All that evaluation sees of events: of everybody, and of some.
fn seen(archive: &Archive, (after, now): (Option<i64>, i64)) -> Vec<String> {
    let mut request = all();
    for events in &mut request.events {
        events.ids = true;
        events.after = after.map(Timestamp);
    }
    let (mut everybody, mut some) = (FactBatch::default(), FactBatch::default());
    archive.next_batch(&request, Timestamp(now), None, &mut everybody).unwrap();
    let ids: Vec<String> = (0..6).step_by(2).map(name).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    archive.batch_of(&request, Timestamp(now), &ids, &mut some).unwrap();
    let text = |batch: &FactBatch| {
        let texts: Vec<&str> = (0..).map_while(|code| batch.dictionary.text(code)).collect();
        format!("{:?} {:?} {texts:?}", batch.ids, batch.events)
    };
    [everybody, some].iter().map(text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn kept_events_are_those_of_the_store_after_whatever_changes_them(
        acts in proptest::collection::vec((act(), proptest::option::of(0..40_i64), 0..60_i64), 1..40),
    ) {
        let (mut plain, mut keeping) = (archive(), archive());
        keeping.keep_events();
        for (number, (act, after, now)) in acts.into_iter().enumerate() {
            perform(&mut plain, number, &act);
            perform(&mut keeping, number, &act);
            prop_assert_eq!(seen(&plain, (after, now)), seen(&keeping, (after, now)), "{:?}", act);
        }
    }
}

#[test]
fn a_kind_whose_events_change_for_very_many_is_read_anew() {
    let (mut plain, mut keeping) = (archive(), archive());
    keeping.keep_events();
    for archive in [&mut plain, &mut keeping] {
        order(archive, 1, "first", &name(0), 1, 1.0);
        let before = seen(archive, (None, 60));
        let mut ingest = archive.ingest(Timestamp(50)).unwrap();
        for number in 0..1_500 {
            let (id, customer) = (format!("order {number}"), format!("one of many {number}"));
            let fields = [Some(Value::Number(1.0)), None];
            let row = EventRow { id: &id, customer: &customer, at: Timestamp(9), fields: &fields };
            ingest.event(ORDER, &row).unwrap();
        }
        ingest.commit().unwrap();
        assert_ne!(before, seen(archive, (None, 60)));
    }
    assert_eq!(seen(&plain, (None, 60)), seen(&keeping, (None, 60)));
}
