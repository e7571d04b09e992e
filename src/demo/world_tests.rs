use std::collections::BTreeMap;

use chrono::Datelike;

use super::*;
use crate::demo::calibration::{COUNTRIES, MONTHS};

const SEED: u64 = 20_111_209;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// A world over a period like the one measured.
fn measured(customers: u32) -> (World, Timestamp, Timestamp) {
    let (start, end) = (at("2010-12-01T00:00:00Z"), at("2011-12-09T00:00:00Z"));
    (World::new(SEED, customers, start, end), start, end)
}

fn csv(world: &World, from: Timestamp, to: Timestamp) -> String {
    let mut out = Vec::new();
    world.write_orders_csv(from, to, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[usize::try_from(crate::demo::random::whole(share * (sorted.len() - 1) as f64)).unwrap()]
}

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() <= tolerance, "{what}: {found}, measured {expected}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (world, start, end) = measured(300);
    let again = World::new(SEED, 300, start, end);
    assert_eq!(csv(&world, start, end), csv(&again, start, end));
    assert_ne!(csv(&world, start, end), csv(&World::new(1, 300, start, end), start, end));
}

#[test]
fn windows_that_meet_give_what_one_window_gives() {
    let (world, start, end) = measured(300);
    let middle = at("2011-06-15T12:34:56.789Z");
    let parts: Vec<Order> =
        world.orders_between(start, middle).chain(world.orders_between(middle, end)).collect();
    assert_eq!(parts, world.orders_between(start, end).collect::<Vec<_>>());
    assert!(parts.windows(2).all(|pair| pair[0].minute <= pair[1].minute));
    assert!(parts.iter().all(|order| order.at() >= start && order.at() < end));
}

#[test]
fn invoices_are_unique_and_every_cancellation_follows_its_order() {
    let (world, start, end) = measured(2_000);
    let mut placed = BTreeMap::new();
    let mut invoices = std::collections::BTreeSet::new();
    for order in world.orders_between(start, end) {
        assert!(invoices.insert(order.invoice()), "{} twice", order.invoice());
        if order.cancelled {
            let pence: &i64 = placed.get(&(order.customer, order.ordinal)).unwrap();
            assert!(order.pence < 0 && -order.pence <= *pence && order.quantity < 0);
        } else {
            assert!(order.pence > 0 && order.quantity > 0 && order.lines > 0);
            placed.insert((order.customer, order.ordinal), order.pence);
        }
    }
}

#[test]
fn rows_have_the_columns_and_formats_of_the_measured_data() {
    let (world, start, end) = measured(50);
    let text = csv(&world, start, end);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("InvoiceNo,CustomerID,InvoiceDate,Country,Lines,Quantity,Amount"));
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), 7, "{line}");
        assert!(chrono::NaiveDateTime::parse_from_str(cells[2], "%Y-%m-%d %H:%M").is_ok(), "{line}");
        let amount: f64 = cells[6].parse().unwrap();
        assert_eq!(cells[0].starts_with('C'), amount < 0.0, "{line}");
    }
}

#[test]
fn files_bring_each_customer_with_the_first_order() {
    let (world, start, end) = measured(200);
    let middle = at("2011-03-01T00:00:00Z");
    let files: Vec<File> = [world.files_between(start, middle), world.files_between(middle, end)].concat();
    let named = |name: &str| -> &File {
        files.iter().find(|file| file.name == name).unwrap_or_else(|| panic!("{name} is not there"))
    };
    let customers = |text: &str, column: usize| -> std::collections::BTreeSet<String> {
        text.lines().skip(1).map(|line| line.split(',').nth(column).unwrap().to_owned()).collect()
    };
    let new = customers(&named("customers-20110301T000000Z.csv").text, 0);
    assert_eq!(new, customers(&named("invoices-20110301T000000Z.csv").text, 1));
    let later = customers(&named("customers-20111209T000000Z.csv").text, 0);
    assert!(later.is_disjoint(&new) && !later.is_empty());
    assert!(world.files_between(start, start).is_empty());
}

/// Placed orders by customer: how many, and how many days before the end the last was.
struct Measured {
    counts: Vec<f64>,
    recency: Vec<f64>,
    amounts: Vec<f64>,
    gaps: Vec<f64>,
    first_month: f64,
    cancelled: f64,
    months: [f64; 12],
}

fn measure() -> Measured {
    let (world, start, end) = measured(20_000);
    let (start_minute, end_minute) = (local_minute(start), local_minute(end));
    let mut by_customer: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    let (mut amounts, mut cancelled, mut months) = (Vec::new(), 0.0, [0.0; 12]);
    for order in world.orders_between(start, end) {
        if order.cancelled {
            cancelled += 1.0;
            continue;
        }
        amounts.push(order.amount());
        by_customer.entry(order.customer).or_default().push(order.minute);
        months[order.at().to_utc().unwrap().month0() as usize] += 1.0;
    }
    let days = |minutes: i64| minutes as f64 / DAY_MINUTES as f64;
    let sorted = |mut numbers: Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        numbers
    };
    let first = by_customer.values().filter(|minutes| minutes[0] < start_minute + 31 * DAY_MINUTES).count();
    Measured {
        counts: sorted(by_customer.values().map(|minutes| minutes.len() as f64).collect()),
        recency: sorted(by_customer.values().map(|all| days(end_minute - all[all.len() - 1])).collect()),
        gaps: sorted(
            by_customer.values().flat_map(|all| all.windows(2).map(|two| days(two[1] - two[0]))).collect(),
        ),
        first_month: first as f64 / by_customer.len() as f64,
        cancelled: cancelled / (cancelled + amounts.len() as f64),
        amounts: sorted(amounts),
        months,
    }
}

#[test]
fn the_world_has_the_measured_distributions() {
    let world = measure();
    let mean = world.counts.iter().sum::<f64>() / world.counts.len() as f64;
    let once = world.counts.iter().filter(|&&count| count < 1.5).count() as f64 / world.counts.len() as f64;
    let figures = [
        // What, in this world, measured, tolerance.
        ("orders per customer", mean, 4.27, 0.10),
        ("share with one order", once, 0.344, 0.12),
        ("median orders", quantile(&world.counts, 0.5), 2.0, 0.01),
        ("upper quartile of orders", quantile(&world.counts, 0.75), 5.0, 0.2),
        ("top tenth of orders", quantile(&world.counts, 0.9), 9.0, 0.2),
        ("top hundredth of orders", quantile(&world.counts, 0.99), 30.0, 0.2),
        ("median days since the last order", quantile(&world.recency, 0.5), 50.0, 0.35),
        ("top tenth of days since the last order", quantile(&world.recency, 0.9), 262.0, 0.15),
        ("share of gaps within a day", share_within_a_day(&world.gaps), 0.105, 0.25),
        ("median gap", quantile(&world.gaps, 0.5), 21.9, 0.3),
        ("median amount", quantile(&world.amounts, 0.5), 303.0, 0.15),
        ("top tenth of amounts", quantile(&world.amounts, 0.9), 824.8, 0.35),
        ("top hundredth of amounts", quantile(&world.amounts, 0.99), 3_849.0, 0.25),
        ("share of cancellations", world.cancelled, 0.165, 0.10),
        ("first order in the first month", world.first_month, 0.204, 0.35),
    ];
    let off: Vec<_> = figures
        .into_iter()
        .filter(|(_, found, measured, tolerance)| (found / measured - 1.0).abs() > *tolerance)
        .collect();
    assert!(off.is_empty(), "{off:#?}");
}

fn share_within_a_day(gaps: &[f64]) -> f64 {
    // Gaps of less than a tenth of a day are 9.0 %, of less than a day 10.5 %.
    gaps.iter().filter(|&&gap| gap < 1.0).count() as f64 / gaps.len() as f64
}

#[test]
fn november_is_the_season() {
    let months = measure().months;
    let total: f64 = months.iter().sum();
    assert!(months.iter().all(|&month| month <= months[10]), "{months:?}");
    assert!(months[10] / total > 0.11 && MONTHS[10] > 1.5, "{months:?}");
}

#[test]
fn nine_of_ten_customers_are_british() {
    let (world, start, end) = measured(5_000);
    let mut out = Vec::new();
    let rows = world.write_customers_csv(start, end, &mut out).unwrap();
    let british = String::from_utf8(out).unwrap().matches(COUNTRIES[0].0).count();
    close("share of British customers", british as f64 / rows as f64, 0.9035, 0.05);
}
