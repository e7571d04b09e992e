//! Ledgers against a plain account in single points, customer by customer.

use proptest::prelude::*;

use crate::evaluate::testing::{Customer, World, at};
use crate::model::time::DAY;
use crate::model::{Timestamp, Value};

const ENTRIES: &str = r#"
[[ledger.NAME.entry]]
on = "buy"
amount = 'points'
where = 'status != "void"'
[[ledger.NAME.entry]]
on = "spend"
amount = '-points'
[[ledger.NAME.entry]]
on = "buy"
amount = 'factor * points'
"#;

const FIELDS: &str = r#"
[customer.fields]
factor = "number"
days = "number"
[event.buy.fields]
points = "number"
status = "text"
[event.spend.fields]
points = "number"
"#;

const USES: &str = r#"
[score.soon]
value = 'expiring(lapsing, days)'
[score.this_week]
value = 'expiring(lapsing, 7)'
[metric.by_purchase]
event = "buy"
take = "last"
of = 'expiring(lapsing, event.points)'
[segment.rich]
when = 'lapsing > 3'
"#;

const EXPIRES: i64 = 30;
const HALF_LIFE: i64 = 10;

fn now() -> Timestamp {
    at("2027-05-31T09:00:00+08:00")
}

fn text() -> String {
    let ledger =
        |name: &str, fades: &str| format!("[ledger.{name}]\n{fades}{}", ENTRIES.replace("NAME", name));
    let lapsing = ledger("lapsing", &format!("expires = \"{EXPIRES}d\"\n"));
    let fading = ledger("fading", &format!("half_life = \"{HALF_LIFE}d\"\n"));
    [FIELDS, &ledger("plain", ""), &lapsing, &fading, USES].concat()
}

fn days_before(days: i64) -> i64 {
    now().0 - days * DAY
}

fn points(number: f64) -> [(&'static str, Value); 1] {
    [("points", Value::Number(number))]
}

/// Everything a customer's events do, in order: when and by how much.
fn changes(world: &World, customer: &Customer) -> Vec<(i64, f64)> {
    let schema = &world.policy.schema;
    let number = |value: &Option<Value>| match value {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let factor = number(&customer.fields[schema.customer_field("factor").unwrap()]);
    let mut changes = Vec::new();
    for (kind, sign) in [("buy", 1.0), ("spend", -1.0)] {
        let shape = &schema.events[schema.event(kind).unwrap()];
        for event in &customer.events[schema.event(kind).unwrap()] {
            let Some(points) = number(&event.fields[shape.field("points").unwrap()]) else { continue };
            let is_void =
                shape.field("status").is_some_and(|field| event.fields[field] == Some(Value::text("void")));
            let second = factor.filter(|_| kind == "buy").map(|factor| factor * points);
            for amount in [(!is_void).then_some(sign * points), second].into_iter().flatten() {
                changes.push((event.at, event.id.clone(), amount));
            }
        }
    }
    changes.retain(|(at, ..)| *at <= now().0);
    changes.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    changes.into_iter().map(|(at, _, amount)| (at, amount)).collect()
}

/// An account of single points, each with its time; and the debt.
fn account(changes: &[(i64, f64)]) -> (Vec<i64>, usize) {
    let (mut points, mut debt): (Vec<i64>, usize) = (Vec::new(), 0);
    for &(at, amount) in changes {
        points.retain(|put_in| *put_in > at - EXPIRES * DAY);
        let mut left = amount.abs();
        while left > 0.0 {
            left -= 1.0;
            match (amount > 0.0, debt, points.is_empty()) {
                (true, 0, _) => points.push(at),
                (true, ..) => debt -= 1,
                (false, _, true) => debt += 1,
                (false, ..) => drop(points.remove(0)),
            }
        }
    }
    points.retain(|put_in| *put_in > days_before(EXPIRES));
    (points, debt)
}

fn lapsing_within(points: &[i64], days: f64) -> f64 {
    points.iter().filter(|&&put_in| (put_in - days_before(EXPIRES)) as f64 <= days * DAY as f64).count()
        as f64
}

fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        (0_i64..100).prop_map(days_before),
        (0_i64..90 * 24).prop_map(|hours| now().0 - hours * 3_600_000),
        (-1_i64..2).prop_map(|shift| days_before(EXPIRES) + shift),
        Just(now().0 + 1),
    ]
}

fn whole(most: i32) -> impl Strategy<Value = Option<f64>> {
    prop::option::weighted(0.9, (-2..most).prop_map(f64::from))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn ledgers_equal_an_account_of_single_points(
        customers in prop::collection::vec(
            (
                prop::option::weighted(0.5, (-1..3).prop_map(f64::from)),
                prop::option::weighted(0.8, -3.0..40.0_f64),
                prop::collection::vec((instant(), any::<bool>(), whole(9), any::<bool>()), 0..14),
            ),
            1..9,
        ),
        batch in 1_usize..9,
    ) {
        let mut world = World::new(&text());
        world.batch = batch;
        for (index, (factor, days, events)) in customers.into_iter().enumerate() {
            let customer = world.customer(&format!("c{index}"));
            world.set(customer, "factor", factor.map(Value::Number));
            world.set(customer, "days", days.map(Value::Number));
            for (at, buys, number, is_void) in events {
                let mut fields: Vec<_> = number.into_iter().flat_map(points).collect();
                if buys && is_void {
                    fields.push(("status", Value::text("void")));
                }
                world.event(customer, if buys { "buy" } else { "spend" }, at, &fields);
            }
        }
        let found = world.run(now());
        for customer in &world.customers {
            let changes = changes(&world, customer);
            let (points, debt) = account(&changes);
            let plain = changes.iter().fold(0.0, |sum, (_, amount)| sum + amount);
            let weight = |at: i64| (-((now().0 - at) as f64) / (HALF_LIFE * DAY) as f64).exp2();
            let fading = changes.iter().fold(0.0, |sum, (at, amount)| sum + amount * weight(*at));
            let days = match &customer.fields[world.policy.schema.customer_field("days").unwrap()] {
                Some(Value::Number(days)) => Some(*days),
                _ => None,
            };
            let buy = world.policy.schema.event("buy").unwrap();
            let of_buys = customer.events[buy].iter().filter(|event| event.at <= now().0);
            let mut by_purchase = of_buys.filter_map(|event| match &event.fields[0] {
                Some(Value::Number(number)) => Some(lapsing_within(&points, *number)),
                _ => None,
            });
            for (name, expected) in [
                ("plain", Some(plain)),
                ("lapsing", Some(points.len() as f64 - debt as f64)),
                ("fading", Some((fading * 1e6).round() / 1e6)),
                ("soon", days.map(|days| lapsing_within(&points, days))),
                ("this_week", Some(lapsing_within(&points, 7.0))),
                ("by_purchase", by_purchase.next_back()),
            ] {
                let expected = expected.map(Value::Number);
                prop_assert_eq!(&found[&(customer.id.clone(), name.to_owned())], &expected, "{}", name);
            }
        }
    }
}

#[test]
fn a_customer_without_entries_has_a_balance_of_0() {
    let mut world = World::new(&text());
    world.customer("c");
    let found = world.run(now());
    for name in ["plain", "lapsing", "fading", "this_week"] {
        assert_eq!(world.column(&found, name), ["0"], "{name}");
    }
    assert_eq!(world.column(&found, "soon"), ["-"], "within an unknown number of days");
    assert_eq!(world.column(&found, "rich"), ["false"]);
}

#[test]
fn an_entry_weighs_half_for_each_half_life() {
    let mut world = World::new(&text());
    let customer = world.customer("c");
    world.event(customer, "buy", now().0, &points(4.0));
    world.event(customer, "spend", days_before(HALF_LIFE), &points(1.0));
    world.event(customer, "buy", days_before(2 * HALF_LIFE), &points(8.0));
    assert_eq!(world.run_column(now(), "fading"), ["5.5"]);
}

#[test]
fn what_was_put_in_is_there_as_long_as_it_is_younger_than_expires() {
    let mut world = World::new(&text());
    let put_in = days_before(EXPIRES);
    for (id, spent_at) in [("a", None), ("b", Some(now().0 - 1)), ("c", Some(now().0))] {
        let customer = world.customer(id);
        world.event(customer, "buy", put_in, &points(5.0));
        if let Some(at) = spent_at {
            world.event(customer, "spend", at, &points(2.0));
        }
    }
    let one_before = Timestamp(now().0 - 1);
    assert_eq!(world.run_column(one_before, "lapsing"), ["5", "3", "5"]);
    assert_eq!(world.run_column(now(), "lapsing"), ["0", "0", "-2"], "gone, and not there to be spent");
}

#[test]
fn spending_uses_the_oldest_first_and_a_debt_is_paid_first() {
    let mut world = World::new(&text());
    let customer = world.customer("c");
    for (days, number) in [(29, 10.0), (20, 10.0), (5, 10.0)] {
        world.event(customer, "buy", days_before(days), &points(number));
    }
    world.event(customer, "spend", days_before(4), &points(14.0));
    let found = world.run(now());
    assert_eq!(world.column(&found, "lapsing"), ["16"]);
    assert_eq!(world.column(&found, "this_week"), ["0"], "the ten that would lapse tomorrow are spent");
    world.event(customer, "spend", days_before(3), &points(20.0));
    assert_eq!(world.run_column(now(), "lapsing"), ["-4"]);
    world.event(customer, "buy", days_before(2), &points(3.0));
    assert_eq!(world.run_column(now(), "lapsing"), ["-1"]);
    world.event(customer, "buy", days_before(1), &points(3.0));
    world.set(customer, "days", Some(Value::Number(29.0)));
    let found = world.run(now());
    assert_eq!(world.column(&found, "lapsing"), ["2"]);
    assert_eq!(
        world.column(&found, "soon"),
        ["2"],
        "what lapses at the very end of the days lapses within them"
    );
    assert_eq!(world.run_column(now().plus(400 * DAY), "lapsing"), ["0"]);
}

#[test]
fn a_debt_does_not_lapse() {
    let mut world = World::new(&text());
    let customer = world.customer("c");
    world.event(customer, "spend", days_before(400), &points(7.0));
    world.event(customer, "buy", days_before(100), &points(3.0));
    assert_eq!(world.run_column(now(), "lapsing"), ["-4"]);
}

#[test]
fn changes_at_one_instant_add_up_in_order_of_id_over_all_kinds() {
    let mut world = World::new(&text());
    // Of numbers this large the small one is lost where it is added to the first.
    let huge = 1e16;
    for (id, order) in [
        ("a", [("buy", huge), ("buy", 1.0), ("spend", huge)]),
        ("b", [("buy", huge), ("spend", huge), ("buy", 1.0)]),
    ] {
        let customer = world.customer(id);
        for (kind, number) in order {
            world.event(customer, kind, now().0, &points(number));
        }
    }
    assert_eq!(world.run_column(now(), "plain"), ["0", "1"]);
}

#[test]
fn only_ledgers_of_several_kinds_ask_for_ids() {
    use crate::evaluate::{CutPlan, Evaluator, Goal};
    let one_kind = "[ledger.bought]\n[[ledger.bought.entry]]\non = \"buy\"\namount = '1'\n\
        [[ledger.bought.entry]]\non = \"buy\"\namount = 'points'\n[segment.s]\nwhen = 'bought > 0'\n";
    let mixed = text().replace(FIELDS, "");
    for (rest, expected) in [(one_kind, vec![false]), (mixed.as_str(), vec![true, true])] {
        let policy = crate::evaluate::testing::policy(&[FIELDS, rest].concat());
        let goal = Goal { classes: vec![0], expressions: Vec::new() };
        let mut evaluator = Evaluator::new(&policy, &CutPlan::new(&policy), &goal).unwrap();
        let request = evaluator.request(now());
        assert_eq!(request.events.iter().map(|event| event.ids).collect::<Vec<_>>(), expected);
        assert!(request.events.iter().all(|event| event.after.is_none()), "a debt may be of any age");
    }
}

#[test]
fn an_amount_that_needs_no_field_counts_each_event() {
    let ledger = "[ledger.visits]\n[[ledger.visits.entry]]\non = \"spend\"\namount = '2'\n[segment.s]\nwhen = 'visits > 0'\n";
    let mut world = World::new(&[FIELDS, ledger].concat());
    let customer = world.customer("c");
    world.event(customer, "spend", days_before(3), &[]);
    world.event(customer, "spend", days_before(2), &[]);
    world.customer("d");
    assert_eq!(world.run_column(now(), "visits"), ["4", "0"]);
}
