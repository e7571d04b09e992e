use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::Date;

fn customer(archive: &mut Archive, arrived: i64, id: &str, changes: &[Change]) -> Outcome {
    let mut ingest = archive.ingest(Timestamp(arrived)).unwrap();
    let outcome = ingest.customer(id, changes).unwrap();
    ingest.commit().unwrap();
    outcome
}

fn value(batch: &FactBatch, row: usize, field: usize) -> Option<Value> {
    batch.customer[field].as_ref().unwrap().value(row, &schema().customer[field].ty, &batch.dictionary)
}

#[test]
fn values_of_every_type_come_back_as_they_went_in_under_names_sql_knows() {
    let mut archive = archive();
    let values = [
        Value::text("客户 \"x\" ' \0 end"),
        Value::Date(Date(-12_345)),
        Value::Number(-0.1),
        Value::Bool(true),
        Value::Time(Timestamp(1_234_567_890_123)),
    ];
    let changes = values.clone().map(Change::Set);
    assert_eq!(customer(&mut archive, 10, "c1", &changes), Outcome::New);
    assert_eq!(customer(&mut archive, 20, "c1", &changes), Outcome::Same);
    let batch = facts(&archive, 100);
    for (field, expected) in values.into_iter().enumerate() {
        assert_eq!(value(&batch, 0, field), Some(expected));
    }
    assert_eq!(batch.known_since, [10]);
}

#[test]
fn a_customer_row_merges_by_field() {
    let mut archive = archive();
    let set = |number: f64| Change::Set(Value::Number(number));
    let keep = Change::Keep;
    customer(&mut archive, 1, "c", &[Change::Set(Value::text("a")), keep.clone(), set(1.0)]);
    assert_eq!(customer(&mut archive, 2, "c", &[keep.clone(), keep.clone(), keep.clone()]), Outcome::Same);
    assert_eq!(customer(&mut archive, 2, "c", &[keep.clone(), keep.clone(), set(2.0)]), Outcome::Replaced);
    assert_eq!(customer(&mut archive, 3, "c", &[Change::Clear]), Outcome::Replaced);
    assert_eq!(customer(&mut archive, 3, "c", &[Change::Clear]), Outcome::Same);
    let batch = facts(&archive, 100);
    assert_eq!((value(&batch, 0, 0), value(&batch, 0, 2)), (None, Some(Value::Number(2.0))));
    assert_eq!(value(&batch, 0, 3), Some(Value::Bool(false)), "the default stands for what is missing");
}

#[test]
fn an_event_makes_its_customer_and_says_since_when_it_is_known() {
    let mut archive = archive();
    assert_eq!(order(&mut archive, 100, "o1", "c", 50, 1.0), Outcome::New);
    assert_eq!(facts(&archive, 100).known_since, [50]);
    order(&mut archive, 100, "o2", "c", 20, 1.0);
    order(&mut archive, 100, "o3", "c", 900, 1.0);
    assert_eq!(facts(&archive, 100).known_since, [20]);
    assert!(facts(&archive, 19).is_empty(), "who is not known yet does not exist");
    order(&mut archive, 100, "o4", "late", 900, 1.0);
    assert_eq!(facts(&archive, 200).known_since, [20, 100], "it arrived before it happened");
}

#[test]
fn a_known_event_is_ignored_or_replaced_wherever_it_moves() {
    let mut archive = archive();
    order(&mut archive, 100, "o1", "a", 50, 1.0);
    assert_eq!(order(&mut archive, 200, "o1", "a", 50, 1.0), Outcome::Same);
    assert_eq!(order(&mut archive, 200, "o1", "a", 50, 2.0), Outcome::Replaced);
    assert_eq!(order(&mut archive, 200, "o1", "b", 60, 2.0), Outcome::Replaced);
    let batch = facts(&archive, 1_000);
    let expected = vec![("b".to_owned(), 60, Some(Value::Number(2.0)))];
    assert_eq!(events(&batch, &schema(), ORDER), expected);
    assert_eq!(batch.known_since, [100, 60], "what moved away no longer says since when");
    assert_eq!(archive.counts().unwrap().events[1], ("order".to_owned(), 1));
    assert_eq!(archive.counts().unwrap().customers, 2);
    let arrived: i64 =
        archive.connection.query_row("SELECT arrived FROM event_order", [], |row| row.get(0)).unwrap();
    assert_eq!(arrived, 100, "a correction is no news");
}

#[test]
fn a_dropped_import_leaves_nothing() {
    let mut archive = archive();
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    let row = EventRow { id: "o", customer: "c", at: Timestamp(1), fields: &[] };
    ingest.event(ORDER, &row).unwrap();
    ingest.customer("d", &[]).unwrap();
    ingest.record_file("orders", "hash", 2).unwrap();
    assert!(ingest.file_seen("orders", "hash", Repeat::Ever).unwrap());
    drop(ingest);
    assert!(facts(&archive, 100).is_empty());
    assert!(!archive.file_seen("orders", "hash", Repeat::Ever).unwrap());
    assert_eq!(archive.counts().unwrap().customers, 0);
    assert!(is_sound(&archive));
}

#[test]
fn a_row_without_an_id_is_refused() {
    let mut archive = archive();
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    assert!(matches!(ingest.customer("", &[]), Err(ArchiveError::EmptyId { .. })));
    for (id, customer) in [("", "c"), ("o", "")] {
        let row = EventRow { id, customer, at: Timestamp(1), fields: &[] };
        assert!(matches!(ingest.event(ORDER, &row), Err(ArchiveError::EmptyId { .. })));
    }
}

#[test]
fn an_event_file_is_seen_for_ever_and_a_customer_file_only_while_it_is_the_latest() {
    let mut archive = archive();
    for hash in ["one", "two"] {
        let mut ingest = archive.ingest(Timestamp(1)).unwrap();
        ingest.record_file("s", hash, 1).unwrap();
        ingest.commit().unwrap();
    }
    let seen = |source, hash, repeat| archive.file_seen(source, hash, repeat).unwrap();
    assert!(seen("s", "one", Repeat::Ever) && seen("s", "two", Repeat::Ever));
    assert!(!seen("s", "one", Repeat::Latest) && seen("s", "two", Repeat::Latest));
    assert!(!seen("t", "two", Repeat::Ever) && !seen("t", "two", Repeat::Latest));
}

#[derive(Clone, Debug)]
enum Act {
    Customer(u8, Option<u8>),
    Order(u8, u8, i64, u8),
    Commit,
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..5_u8, proptest::option::of(0..3_u8)).prop_map(|(id, group)| Act::Customer(id, group)),
        6 => (0..8_u8, 0..5_u8, 0..40_i64, 0..3_u8).prop_map(|(id, of, at, amount)| Act::Order(id, of, at, amount)),
        1 => Just(Act::Commit),
        1 => Just(Act::Crash),
    ]
}

/// The plainest store there is.
#[derive(Clone, Debug, Default)]
struct Model {
    /// By id: arrival and group.
    customers: BTreeMap<u8, (i64, Option<u8>)>,
    /// By id: customer, at and amount.
    orders: BTreeMap<u8, (u8, i64, u8)>,
}

impl Model {
    fn known_since(&self, customer: u8) -> i64 {
        let events = self.orders.values().filter(|order| order.0 == customer).map(|order| order.1);
        events.chain([self.customers[&customer].0]).min().unwrap()
    }

    fn take(&mut self, act: &Act, arrived: i64) {
        match *act {
            Act::Customer(id, group) => {
                let known = self.customers.entry(id).or_insert((arrived, None));
                known.1 = group.or(known.1);
            }
            Act::Order(id, customer, at, amount) => {
                self.customers.entry(customer).or_insert((arrived, None));
                self.orders.insert(id, (customer, at, amount));
            }
            Act::Commit | Act::Crash => {}
        }
    }
}

fn take(ingest: &mut Ingest<'_>, act: &Act) {
    match *act {
        Act::Customer(id, group) => {
            let group = group.map_or(Change::Keep, |group| Change::Set(Value::Number(group.into())));
            ingest.customer(&format!("c{id}"), &[Change::Keep, Change::Keep, group]).unwrap();
        }
        Act::Order(id, customer, at, amount) => {
            let fields = [Some(Value::Number(amount.into()))];
            let (id, customer) = (format!("o{id}"), format!("c{customer}"));
            let row = EventRow { id: &id, customer: &customer, at: Timestamp(at), fields: &fields };
            ingest.event(ORDER, &row).unwrap();
        }
        Act::Commit | Act::Crash => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_sequence_of_imports_equals_a_plain_model(acts in proptest::collection::vec(act(), 1..60)) {
        let mut archive = archive();
        let mut model = Model::default();
        let mut arrived = 20;
        for import in acts.split_inclusive(|act| matches!(act, Act::Commit | Act::Crash)) {
            let mut ingest = archive.ingest(Timestamp(arrived)).unwrap();
            let mut next = model.clone();
            for act in import {
                take(&mut ingest, act);
                next.take(act, arrived);
            }
            if matches!(import.last(), Some(Act::Crash)) {
                drop(ingest);
            } else {
                ingest.commit().unwrap();
                model = next;
            }
            arrived += 5;
        }
        let batch = facts(&archive, 1_000);
        let ids: Vec<String> = model.customers.keys().map(|id| format!("c{id}")).collect();
        prop_assert_eq!(batch.ids.iter().map(str::to_owned).collect::<Vec<_>>(), ids);
        for (row, (&id, &(_, group))) in model.customers.iter().enumerate() {
            prop_assert_eq!(batch.known_since[row], model.known_since(id));
            prop_assert_eq!(value(&batch, row, 2), group.map(|group| Value::Number(group.into())));
        }
        let mut orders: Vec<_> = model.orders.iter().map(|(id, order)| (order.0, order.1, *id, order.2)).collect();
        orders.sort_unstable();
        let expected: Vec<_> = orders.iter()
            .map(|&(customer, at, _, amount)| (format!("c{customer}"), at, Some(Value::Number(amount.into()))))
            .collect();
        prop_assert_eq!(events(&batch, &schema(), ORDER), expected);
        prop_assert_eq!(archive.counts().unwrap().events[1].1, model.orders.len() as u64);
        prop_assert_eq!(archive.counts().unwrap().customers, model.customers.len() as u64);
        prop_assert!(is_sound(&archive));
    }
}
