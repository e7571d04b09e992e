//! Rows over HTTP.

use super::*;

fn post(world: &mut World, kind: BodyKind, text: &str) -> BodyReport {
    let report = body(&mut world.archive, &world.policy, kind, text.as_bytes(), NOW).unwrap();
    balanced(&report.tally);
    report
}

fn told(report: &BodyReport) -> Vec<String> {
    let field = |error: &RowError| error.field.clone().unwrap_or_default();
    report.errors.iter().map(|error| format!("{} {}: {}", error.index, field(error), error.reason)).collect()
}

#[test]
fn customers_come_as_object_array_or_lines() {
    let rows = [
        "{\"id\": \"c1\",\n \"name\": \"Acme\"}",
        "[{\"id\": 2}, {\"id\": \"c3\"}]",
        "{\"id\":\"c4\"}\n\n{\"id\":\"c5\"}\n",
    ];
    let mut world = World::new(vec![]);
    let counts = rows.map(|row| post(&mut world, BodyKind::Customers, row).tally.new);
    assert_eq!(counts, [1, 2, 2]);
    assert_eq!(world.customers(), ["2 - - - -", "c1 - - Acme -", "c3 - - - -", "c4 - - - -", "c5 - - - -"]);
}

#[test]
fn null_clears_and_what_is_left_out_stays() {
    let mut world = World::new(vec![]);
    post(
        &mut world,
        BodyKind::Customers,
        "{\"id\":\"c1\",\"name\":\"Acme\",\"opted_out\":true,\"capability\":0.5}",
    );
    let report = post(&mut world, BodyKind::Customers, "{\"id\":\"c1\",\"name\":null,\"capability\":0.25}");
    assert_eq!(report.tally, tally(1, 0, 0, 1, 0, 0));
    assert_eq!(world.customers(), ["c1 - 0.25 - true"]);
}

#[test]
fn bad_rows_are_told_by_index_field_and_reason_and_the_rest_is_stored() {
    let mut world = World::new(vec![]);
    let text = "{\"id\":\"c1\"}\n{\"name\":\"x\"}\n{\"id\":\"c2\",\"nmae\":\"x\"}\nnonsense\n[]\n{\"id\":\"c3\",\"birthday\":\"1980-02-30\"}\n{\"id\":\"c4\",\"name\":{}}";
    let report = post(&mut world, BodyKind::Customers, text);
    assert_eq!(report.tally, tally(7, 1, 0, 0, 0, 6));
    assert_eq!(
        told(&report),
        [
            "1 id: missing",
            "2 nmae: no such field; did you mean `name`?",
            "3 : not JSON: expected ident, at byte 2",
            "4 : not a JSON object",
            "5 birthday: `1980-02-30` is not a date such as 2027-03-01",
            "6 name: an array or object where a single value must be",
        ]
    );
    assert_eq!(world.customers(), ["c1 - - - -"]);
}

#[test]
fn an_event_without_a_time_happened_now_and_one_without_an_id_gets_one() {
    let mut world = World::new(vec![]);
    let text = "{\"type\":\"order\",\"customer\":\"c1\",\"amount\":5}";
    assert_eq!(post(&mut world, BodyKind::Events, text).tally, tally(1, 1, 0, 0, 0, 0));
    assert_eq!(world.events(ORDER), [format!("c1 {NOW} 5 -")]);
    let dated = "{\"type\":\"order\",\"customer\":\"c1\",\"at\":\"2026-07-01\",\"amount\":5}";
    let turned = "{\"amount\":5,\"at\":\"2026-07-01\",\"customer\":\"c1\",\"type\":\"order\"}";
    assert_eq!(
        post(&mut world, BodyKind::Events, &format!("[{dated},{turned}]")).tally,
        tally(2, 2, 0, 0, 0, 0)
    );
    assert_eq!(post(&mut world, BodyKind::Events, turned).tally, tally(1, 0, 1, 0, 0, 0));
}

#[test]
fn events_of_several_kinds_come_in_one_body_and_corrections_in_order() {
    let mut world = World::new(vec![]);
    let text = "{\"type\":\"order\",\"id\":1,\"customer\":\"c1\",\"at\":\"2026-07-01\",\"status\":\"paid\"}\n\
                {\"type\":\"staff_left\",\"staff\":\"Li\",\"at\":\"2026-07-01\"}\n\
                {\"type\":\"order\",\"id\":\"1\",\"customer\":\"c1\",\"at\":\"2026-07-01\",\"status\":\"cancelled\"}";
    assert_eq!(post(&mut world, BodyKind::Events, text).tally, tally(3, 2, 0, 1, 0, 0));
    assert_eq!(world.events(ORDER), ["c1 2026-06-30T23:00:00Z - cancelled"]);
    assert_eq!(world.events(STAFF_LEFT), ["c1 2026-06-30T23:00:00Z Li"]);
}

#[test]
fn events_are_refused_for_what_they_are() {
    let mut world = World::new(vec![]);
    let text = "[{\"customer\":\"c1\"}, {\"type\":\"ordre\",\"customer\":\"c1\"}, {\"type\":\"touch\",\"customer\":\"c1\"},\
                {\"type\":\"staff_left\",\"customer\":\"c1\"}, {\"type\":\"order\"}, {\"type\":\"order\",\"customer\":\"c1\",\"at\":\"soon\"}]";
    let report = post(&mut world, BodyKind::Events, text);
    assert_eq!(report.tally, tally(6, 0, 0, 0, 0, 6));
    assert_eq!(
        told(&report),
        [
            "0 type: missing",
            "1 type: no event kind is called `ordre`; did you mean `order`?",
            "2 type: events of this kind are recorded by the engine alone",
            "3 customer: this event happens to nobody in particular: leave the customer out",
            "4 customer: missing",
            "5 at: `soon` is not a time of the form 2027-03-01T09:00:00+08:00 or 2027-03-01",
        ]
    );
    assert_eq!(world.customers(), Vec::<String>::new());
}

#[test]
fn a_body_that_is_nothing_is_refused_whole() {
    let mut world = World::new(vec![]);
    let mut refused =
        |text: &str| body(&mut world.archive, &world.policy, BodyKind::Events, text.as_bytes(), NOW);
    assert!(matches!(refused(" \n"), Err(BodyError::Empty)));
    assert!(matches!(refused("[{\"type\":"), Err(BodyError::NotJson(_))));
}
