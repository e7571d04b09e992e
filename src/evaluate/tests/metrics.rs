//! Metrics against a plain recomputation, customer by customer.

use proptest::prelude::*;

use crate::evaluate::testing::{Event, World, at};
use crate::model::time::DAY;
use crate::model::{Timestamp, Value};

const TAKES: [&str; 14] = [
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "median",
    "first",
    "last",
    "distinct",
    "mode",
    "days_since_first",
    "days_since_last",
    "median_gap_days",
    "mean_gap_days",
];

const FIELDS: &str = r#"
[settings]
timezone = "Asia/Shanghai"
[customer.fields]
least = "number"
[event.order.fields]
amount = "number"
status = "text"
ticket = "text"
[event.reply.fields]
ticket = "text"
"#;

/// How a window is written, and its ends at [`now`] as instants: after the first, up to the second.
const WINDOWS: [(&str, &str, &str); 6] = [
    ("", "0000-01-01T00:00:00Z", "2027-05-31T09:00:00+08:00"),
    ("within = \"30d\"\n", "2027-05-01T09:00:00+08:00", "2027-05-31T09:00:00+08:00"),
    ("within = \"30d\"\nbefore = \"30d\"\n", "2027-04-01T09:00:00+08:00", "2027-05-01T09:00:00+08:00"),
    ("within = \"this_month\"\n", "2027-04-30T23:59:59.999+08:00", "2027-05-31T09:00:00+08:00"),
    (
        "within = \"this_quarter\"\nbefore = \"1mo\"\n",
        "2027-02-28T23:59:59.999+08:00",
        "2027-04-30T09:00:00+08:00",
    ),
    ("within = \"this_year\"\n", "2026-12-31T23:59:59.999+08:00", "2027-05-31T09:00:00+08:00"),
];

fn now() -> Timestamp {
    at("2027-05-31T09:00:00+08:00")
}

/// Every aggregate over every window, plain and filtered; and fading ones.
fn text() -> String {
    let mut text = FIELDS.to_owned();
    for take in TAKES {
        for (index, (window, ..)) in WINDOWS.iter().enumerate() {
            let needs_none = take == "count" || take.contains("days");
            let of = if needs_none { "" } else { "of = 'amount'\n" };
            let head = format!("event = \"order\"\ntake = \"{take}\"\n{of}{window}");
            let variants = [
                ("", ""),
                ("_paid", "where = 'status == \"paid\" && amount >= least'\n"),
                ("_open", "unless = \"reply\"\nsame = \"ticket\"\n"),
            ];
            for (suffix, narrowing) in variants {
                text.extend([&format!("[metric.{take}_{index}{suffix}]\n{head}"), narrowing]);
            }
        }
    }
    for take in ["sum", "mean"] {
        text.extend([format!(
            "[metric.fading_{take}]\nevent = \"order\"\ntake = \"{take}\"\nof = 'amount'\nhalf_life = \"10d\"\n"
        )]);
    }
    text
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

fn round6(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        count if count % 2 == 1 => Some(numbers[middle]),
        _ => Some(f64::midpoint(numbers[middle - 1], numbers[middle])),
    }
}

fn days(from: i64, to: i64) -> f64 {
    (to - from) as f64 / DAY as f64
}

/// A metric of the events that count, in order.
#[expect(clippy::float_cmp, reason = "equal values are the same value")]
fn plain(take: &str, events: &[&Event], now: i64) -> Option<f64> {
    let of: Vec<f64> = events.iter().filter_map(|event| number(event.fields[0].as_ref())).collect();
    let gaps: Vec<f64> = events.windows(2).map(|pair| days(pair[0].at, pair[1].at)).collect();
    match take {
        "count" => Some(events.len() as f64),
        "sum" => Some(round6(of.iter().fold(0.0, |sum, value| sum + value))),
        "mean" => {
            (!of.is_empty()).then(|| round6(of.iter().fold(0.0, |sum, value| sum + value) / of.len() as f64))
        }
        "min" => of.into_iter().reduce(f64::min),
        "max" => of.into_iter().reduce(f64::max),
        "median" => median(of),
        "first" => of.first().copied(),
        "last" => of.last().copied(),
        "distinct" => {
            let is_first = |(index, value): &(usize, &f64)| !of[..*index].contains(value);
            (!of.is_empty()).then(|| of.iter().enumerate().filter(is_first).count() as f64)
        }
        "mode" => {
            let times = |value: f64| of.iter().filter(|&&other| other == value).count();
            let most = of.iter().map(|&value| times(value)).max()?;
            of.iter().rev().copied().find(|&value| times(value) == most)
        }
        "days_since_first" => events.first().map(|event| days(event.at, now)),
        "days_since_last" => events.last().map(|event| days(event.at, now)),
        "median_gap_days" => median(gaps),
        "mean_gap_days" => {
            let (first, last) = (events.first()?, events.last()?);
            (!gaps.is_empty()).then(|| days(first.at, last.at) / gaps.len() as f64)
        }
        other => panic!("{other}"),
    }
}

fn world() -> World {
    World::new(&text())
}

/// Offsets in hours before [`now`], mostly on the borders of the windows.
fn instant() -> impl Strategy<Value = i64> {
    let borders: Vec<i64> = WINDOWS
        .iter()
        .flat_map(|(_, after, until)| [at(after).0, at(until).0])
        .filter(|&at| at > 0)
        .collect();
    prop_oneof![
        (0_i64..200 * 24).prop_map(|hours| now().0 - hours * 3_600_000),
        (prop::sample::select(borders), -1_i64..2).prop_map(|(border, shift)| border + shift),
        Just(now().0 + 1),
    ]
}

type Order = (i64, Option<f64>, Option<&'static str>, Option<&'static str>);

fn order() -> impl Strategy<Value = Order> {
    let amount = prop::option::weighted(
        0.9,
        prop_oneof![prop::sample::select(vec![1.0, 2.0, 0.1, -0.0, 0.0]), -1e6..1e6],
    );
    let status = prop::option::weighted(0.9, prop::sample::select(vec!["paid", "cancelled"]));
    (instant(), amount, status, ticket())
}

fn ticket() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.8, prop::sample::select(vec!["t1", "t2"]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn metrics_equal_a_plain_recomputation(
        customers in prop::collection::vec(
            (
                prop::option::weighted(0.8, 0.0..3.0_f64),
                prop::collection::vec(order(), 0..12),
                prop::collection::vec((instant(), ticket()), 0..3),
            ),
            1..9,
        ),
        batch in 1_usize..9,
    ) {
        let mut world = world();
        world.batch = batch;
        for (index, (least, orders, replies)) in customers.into_iter().enumerate() {
            let customer = world.customer(&format!("c{index}"));
            world.set(customer, "least", least.map(Value::Number));
            for (at, amount, status, ticket) in orders {
                let fields: Vec<(&str, Value)> = [
                    amount.map(|amount| ("amount", Value::Number(amount))),
                    status.map(|status| ("status", Value::text(status))),
                    ticket.map(|ticket| ("ticket", Value::text(ticket))),
                ]
                .into_iter()
                .flatten()
                .collect();
                world.event(customer, "order", at, &fields);
            }
            for (at, ticket) in replies {
                let fields: Vec<_> = ticket.map(|ticket| ("ticket", Value::text(ticket))).into_iter().collect();
                world.event(customer, "reply", at, &fields);
            }
        }
        let found = world.run(now());
        let orders = world.policy.schema.event("order").unwrap();
        let replies = world.policy.schema.event("reply").unwrap();
        for customer in &world.customers {
            let least = number(customer.fields[0].as_ref());
            for (index, (_, after, until)) in WINDOWS.iter().enumerate() {
                let (after, until) = (at(after).0, at(until).0);
                let inside: Vec<&Event> = customer.events[orders]
                    .iter()
                    .filter(|event| after < event.at && event.at <= until)
                    .collect();
                let paid = |event: &&&Event| {
                    let is_paid = event.fields[1] == Some(Value::text("paid"));
                    is_paid && number(event.fields[0].as_ref()).zip(least).is_some_and(|(amount, least)| amount >= least)
                };
                let open = |event: &&&Event| {
                    !customer.events[replies].iter().any(|reply| {
                        let answers = reply.at >= event.at && reply.at <= now().0;
                        answers && reply.fields[0].is_some() && reply.fields[0] == event.fields[2]
                    })
                };
                let variants = [
                    (String::new(), inside.clone()),
                    ("_paid".to_owned(), inside.iter().filter(paid).copied().collect()),
                    ("_open".to_owned(), inside.iter().filter(open).copied().collect()),
                ];
                for take in TAKES {
                    for (suffix, events) in &variants {
                        let name = format!("{take}_{index}{suffix}");
                        let expected = plain(take, events, now().0).map(Value::Number);
                        prop_assert_eq!(&found[&(customer.id.clone(), name.clone())], &expected, "{}", name);
                    }
                }
            }
        }
    }
}

#[test]
fn an_event_weighs_half_for_each_half_life() {
    let mut world = world();
    let customer = world.customer("c");
    world.event(customer, "order", now().0, &[("amount", Value::Number(4.0))]);
    world.event(customer, "order", now().0 - 10 * DAY, &[("amount", Value::Number(1.0))]);
    world.event(customer, "order", now().0 - 20 * DAY, &[("amount", Value::Number(8.0))]);
    world.customer("d");
    let found = world.run(now());
    assert_eq!(world.column(&found, "fading_sum"), ["6.5", "0"]);
    assert_eq!(world.column(&found, "fading_mean"), ["3.714286", "-"]);
}

#[test]
fn sums_are_added_in_order_and_rounded_to_6_decimals() {
    let mut world = world();
    let customer = world.customer("c");
    for amount in [0.1, 0.2, 0.3] {
        world.event(customer, "order", now().0, &[("amount", Value::Number(amount))]);
    }
    assert_eq!(world.run_column(now(), "sum_0"), ["0.6"]);
}

#[test]
fn texts_can_be_counted_and_picked() {
    let text = [
        FIELDS,
        "[metric.kinds]\nevent = \"order\"\ntake = \"distinct\"\nof = 'status'\n",
        "[metric.usual]\nevent = \"order\"\ntake = \"mode\"\nof = 'status'\n",
        "[metric.latest]\nevent = \"order\"\ntake = \"last\"\nof = 'at'\n",
        "[metric.latest_is_paid]\nevent = \"order\"\ntake = \"last\"\nof = 'status == \"paid\"'\n",
    ];
    let mut world = World::new(&text.concat());
    let customer = world.customer("c");
    for (day, status) in [(3, "paid"), (2, "cancelled"), (1, "paid"), (0, "cancelled")] {
        world.event(customer, "order", now().0 - day * DAY, &[("status", Value::text(status))]);
    }
    world.customer("d");
    let found = world.run(now());
    assert_eq!(world.column(&found, "kinds"), ["2", "-"]);
    assert_eq!(world.column(&found, "usual"), ["cancelled", "-"]);
    assert_eq!(world.column(&found, "latest"), ["2027-05-31T01:00:00Z", "-"]);
    assert_eq!(world.column(&found, "latest_is_paid"), ["false", "-"]);
}

#[test]
fn only_events_that_a_window_can_hold_are_asked_for() {
    use crate::evaluate::{CutPlan, Evaluator, Goal};
    let head = "[metric.recent]\nevent = \"order\"\ntake = \"count\"\nwithin = \"30d\"\nbefore = \"5d\"\n\
        unless = \"reply\"\n[segment.s]\nwhen = 'recent > 0'\n";
    let policy = crate::evaluate::testing::policy(&[FIELDS, head].concat());
    let goal = Goal { classes: vec![0], expressions: Vec::new() };
    let mut evaluator = Evaluator::new(&policy, &CutPlan::new(&policy), &goal).unwrap();
    let request = evaluator.request(now());
    let after = Some(now().plus(-35 * DAY));
    assert!(request.customer.is_empty());
    assert_eq!(request.events.len(), 2);
    assert!(request.events.iter().all(|event| event.after == after && event.fields.is_empty()));
}
