use super::*;
use crate::model::facts::BATCH;
use crate::model::standing::{NEVER, NO_PLACE};
use crate::model::{Column, Dictionary};

fn notice(archive: &mut Archive, id: &str, at: i64, staff: &str) {
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    let fields = [Some(Value::text(staff))];
    let row = EventRow { id, customer: "nobody", at: Timestamp(at), fields: &fields };
    ingest.event(NOTICE, &row).unwrap();
    ingest.commit().unwrap();
}

#[test]
fn events_stand_by_customer_in_order_of_time_and_id_and_none_is_of_the_future() {
    let mut archive = archive();
    for (id, customer, at) in [
        ("o3", "b", 10),
        ("o2", "b", 10),
        ("o1", "b", 5),
        ("o4", "b", 101),
        ("o5", "d", 100),
        ("o6", "a", 200),
    ] {
        order(&mut archive, 50, id, customer, at, f64::from(u8::try_from(at).unwrap()));
    }
    let batch = facts(&archive, 100);
    assert_eq!(batch.ids.iter().collect::<Vec<_>>(), ["a", "b", "d"]);
    let seen: Vec<_> = events(&batch, &schema(), ORDER).into_iter().map(|row| (row.0, row.1)).collect();
    let expected = [("b", 5), ("b", 10), ("b", 10), ("d", 100)];
    assert_eq!(seen, expected.map(|(customer, at)| (customer.to_owned(), at)));
    assert_eq!(batch.events[ORDER].as_ref().unwrap().offsets, [0, 0, 3, 4]);
}

#[test]
fn only_what_is_requested_is_read() {
    let mut archive = archive();
    for at in [10, 20, 30] {
        order(&mut archive, 50, &format!("o{at}"), "c", at, 1.0);
    }
    let events = vec![EventRequest { event: ORDER, fields: vec![1], ids: false, after: Some(Timestamp(10)) }];
    let request = FactRequest { customer: vec![2], events, ..FactRequest::default() };
    let mut batch = facts(&archive, 100);
    archive.next_batch(&request, Timestamp(100), None, &mut batch).unwrap();
    assert!(batch.customer.iter().enumerate().all(|(field, column)| column.is_some() == (field == 2)));
    assert!(batch.events[NOTICE].is_none() && batch.prior.classes.iter().all(Option::is_none));
    let orders = batch.events[ORDER].as_ref().unwrap();
    assert_eq!(orders.at, [20.0, 30.0], "only events after the instant asked for");
    assert!(orders.fields[0].is_none() && orders.fields[1].is_some());
}

#[test]
fn what_happens_to_everyone_stands_in_every_group() {
    let mut archive = archive();
    notice(&mut archive, "n2", 20, "li");
    notice(&mut archive, "n1", 10, "wang");
    notice(&mut archive, "n3", 500, "zhao");
    assert!(facts(&archive, 100).is_empty(), "it makes no customer");
    for customer in ["a", "b"] {
        order(&mut archive, 50, customer, customer, 10, 1.0);
    }
    let expected: Vec<_> = ["a", "b"]
        .iter()
        .flat_map(|customer| [(10, "wang"), (20, "li")].map(|(at, staff)| (*customer, at, staff)))
        .map(|(customer, at, staff)| (customer.to_owned(), at, Some(Value::text(staff))))
        .collect();
    assert_eq!(events(&facts(&archive, 100), &schema(), NOTICE), expected);
}

#[test]
fn fixed_words_keep_their_codes_from_batch_to_batch() {
    let mut archive = archive();
    order(&mut archive, 50, "o", "c", 10, 1.0);
    notice(&mut archive, "n", 20, "li");
    let dictionary = Dictionary::with_fixed(["cancelled", "paid"]);
    let mut batch = FactBatch { dictionary, ..FactBatch::default() };
    for _ in 0..2 {
        archive.next_batch(&all(), Timestamp(100), None, &mut batch).unwrap();
        let status = batch.events[ORDER].as_ref().unwrap().fields[1].as_ref().unwrap();
        assert!(matches!(status, Column::Code(column) if column.codes == [1]));
        assert_eq!(batch.dictionary.find("li"), Some(2));
    }
}

#[test]
fn batches_follow_each_other_and_hold_every_customer_once() {
    let mut archive = archive();
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    let customers = 2 * BATCH + 3;
    for number in 0..customers {
        ingest.customer(&format!("c{number:06}"), &[]).unwrap();
        let id = format!("o{number}");
        let customer = format!("c{number:06}");
        let fields = [Some(Value::Number(number as f64))];
        let row = EventRow { id: &id, customer: &customer, at: Timestamp(3), fields: &fields };
        ingest.event(ORDER, &row).unwrap();
    }
    ingest.commit().unwrap();
    let (mut seen, mut batch, mut after) = (0, FactBatch::default(), None::<String>);
    while archive.next_batch(&all(), Timestamp(9), after.as_deref(), &mut batch).unwrap() {
        assert!(batch.len() <= BATCH);
        for (_, _, amount) in events(&batch, &schema(), ORDER) {
            assert_eq!(amount, Some(Value::Number(seen as f64)));
            seen += 1;
        }
        after = batch.ids.get(batch.len() - 1).map(str::to_owned);
    }
    assert_eq!(seen, customers);
    assert!(batch.is_empty());
}

#[test]
fn customers_chosen_by_id_are_read_as_in_a_full_batch() {
    let mut archive = archive();
    for customer in ["a", "b", "c", "d"] {
        order(&mut archive, 50, customer, customer, 10, 1.0);
    }
    order(&mut archive, 50, "late", "e", 900, 1.0);
    notice(&mut archive, "n", 20, "li");
    let mut batch = FactBatch::default();
    let ids = ["d", "nobody", "b", "e", "b"];
    archive.batch_of(&all(), Timestamp(40), &ids, &mut batch).unwrap();
    assert_eq!(batch.ids.iter().collect::<Vec<_>>(), ["b", "d"]);
    let orders: Vec<_> = events(&batch, &schema(), ORDER).into_iter().map(|row| row.0).collect();
    assert_eq!(orders, ["b", "d"]);
    assert_eq!(events(&batch, &schema(), NOTICE).len(), 2);
    archive.batch_of(&all(), Timestamp(40), &[], &mut batch).unwrap();
    assert!(batch.is_empty());
}

#[test]
fn a_customer_no_run_has_placed_was_never_anywhere() {
    let mut archive = archive();
    order(&mut archive, 50, "o", "c", 10, 1.0);
    let prior = facts(&archive, 100).prior;
    let tier = prior.classes[1].as_ref().unwrap();
    assert_eq!(
        (&*tier.place, &*tier.since, &*tier.previous),
        (&[NO_PLACE][..], &[NEVER][..], &[NO_PLACE][..])
    );
    assert!(prior.pending.is_empty() && prior.triggers.is_empty());
}

#[test]
fn facts_are_read_through_another_schema_beside_the_adopted_one() {
    let mut archive = archive();
    order(&mut archive, 50, "o1", "c", 10, 7.0);
    let before = Arc::new(schema());
    let now = Schema { customer: vec![field("group", Type::Number)], ..Schema::default() };
    archive.adopt(Arc::new(now)).unwrap();
    let view = archive.view(Arc::clone(&before)).unwrap();
    let mut batch = FactBatch::default();
    assert!(archive.next_batch_through(&view, &all(), Timestamp(100), None, &mut batch).unwrap());
    assert_eq!(events(&batch, &before, ORDER), [("c".to_owned(), 10, Some(Value::Number(7.0)))]);
    let other = Schema { customer: vec![field("never_declared", Type::Text)], ..Schema::default() };
    let view = archive.view(Arc::new(other)).unwrap();
    let request = FactRequest { customer: vec![0], ..FactRequest::default() };
    archive.next_batch_through(&view, &request, Timestamp(100), None, &mut batch).unwrap();
    assert_eq!(batch.customer[0].as_ref().unwrap().value(0, &Type::Text, &batch.dictionary), None);
    assert_eq!(archive.schema().customer.len(), 1, "the adopted one stays");
}

#[test]
fn a_schema_of_other_types_than_the_store_s_is_no_view() {
    let mut archive = archive();
    order(&mut archive, 50, "o1", "c", 10, 7.0);
    let fields = vec![field("amount", Type::Text)];
    let other = Schema { events: vec![event("order", false, fields)], ..Schema::default() };
    assert!(matches!(archive.view(Arc::new(other)), Err(ArchiveError::TypeChanged { .. })));
}
