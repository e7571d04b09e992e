//! What happens in a world fits together and comes as often as said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::demo::season::{DAY_MINUTES, weekday};

const SEED: u64 = 2027;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// The rows of files by their kind, in order.
fn rows_of(files: &[File]) -> BTreeMap<String, Vec<String>> {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let kind = file.name.split('-').next().unwrap().to_owned();
        rows.entry(kind).or_default().extend(file.text.lines().skip(1).map(str::to_owned));
    }
    rows
}

/// Asserts that windows that meet at these minutes give each row of the whole once, made in either way.
fn assert_each_row_once(seed: u64, mut cuts: Vec<i64>) {
    let (start, end) = (at("2026-01-05T00:00:00Z"), at("2026-07-24T00:00:00Z"));
    let world = World::new(seed, 40, start, end.plus(60 * DAY));
    cuts.sort_unstable();
    let mut chronicle = Chronicle::new(world.clone());
    let mut from = start;
    let (mut files, mut sooner) = (Vec::new(), Vec::new());
    for to in cuts.into_iter().map(|minutes| start.plus(minutes * 60_000)).chain([end]) {
        files.extend(world.files_between(from, to));
        sooner.extend(chronicle.files_between(from, to));
        from = to;
    }
    let (parts, whole) = (rows_of(&files), rows_of(&world.files_between(start, end)));
    for (kind, rows) in &whole {
        assert_eq!(parts.get(kind), Some(rows), "{kind} of seed {seed}");
    }
    assert_eq!(parts.len(), whole.len());
    assert!(files == sooner, "seed {seed}: day by day is not what one window gives");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn windows_that_meet_give_each_row_once(
        seed in 0_u64..1_000,
        cuts in proptest::collection::vec(0_i64..200 * DAY_MINUTES, 1..6),
    ) {
        assert_each_row_once(seed, cuts);
    }
}

#[test]
fn a_customer_whose_last_order_is_cancelled_later_has_left_already() {
    assert_each_row_once(620, vec![204_924]);
}

#[test]
fn orders_and_customers_are_those_of_the_world() {
    let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
    let world = World::new(SEED, 300, start, end);
    let files = world.files_between(start, end);
    let text = |kind: &str| {
        let file = files.iter().find(|file| file.name.starts_with(kind)).unwrap();
        file.text.clone()
    };
    let mut orders = Vec::new();
    world.write_orders_csv(start, end, &mut orders).unwrap();
    assert_eq!(text("invoices"), String::from_utf8(orders).unwrap());
    let mut customers = Vec::new();
    world.write_customers_csv(start, end, &mut customers).unwrap();
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    assert_eq!(sorted(&text("customers")), sorted(&String::from_utf8(customers).unwrap()));
}

/// The year before the demo and the 120 days that it passes at speed.
struct Told {
    sheets: BTreeMap<String, Vec<Row>>,
    orders: f64,
}

struct Row(BTreeMap<&'static str, String>);

impl Row {
    fn get(&self, column: &str) -> &str {
        &self.0[column]
    }

    fn number(&self, column: &str) -> f64 {
        self.get(column).parse().unwrap()
    }
}

const DAYS: i64 = 490;

fn told() -> &'static Told {
    static TOLD: OnceLock<Told> = OnceLock::new();
    TOLD.get_or_init(|| {
        let start = at("2025-08-01T00:00:00Z");
        let end = start.plus(DAYS * DAY);
        let world = World::new(SEED, 3_000, start, end.plus(30 * DAY));
        let mut sheets = BTreeMap::new();
        let texts = rows_of(&world.files_between(start, end));
        for sheet in Sheet::ALL {
            let (name, columns) = sheet.name_and_columns();
            let columns: Vec<&'static str> = columns.split(',').collect();
            let row = |line: &String| {
                let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
                assert_eq!(cells.len(), columns.len(), "{name}: {line}");
                Row(columns.iter().copied().zip(cells).collect())
            };
            sheets.insert(name.to_owned(), texts[name].iter().map(row).collect());
        }
        let orders = texts["invoices"].iter().filter(|line| !line.starts_with('C')).count();
        Told { sheets, orders: orders as f64 }
    })
}

impl Told {
    fn rows(&self, sheet: &str) -> &[Row] {
        &self.sheets[sheet]
    }

    fn share(&self, sheet: &str, holds: impl Fn(&Row) -> bool) -> f64 {
        let rows = self.rows(sheet);
        rows.iter().filter(|row| holds(row)).count() as f64 / rows.len() as f64
    }

    /// The first profile of each customer with one.
    fn profiles(&self) -> Vec<&Row> {
        self.rows("profiles")
            .iter()
            .filter(|row| !row.get("OptedOut").is_empty() && row.get("Trade") == "active")
            .collect()
    }

    fn known(&self, holds: impl Fn(&Row) -> bool) -> f64 {
        let profiles = self.profiles();
        profiles.iter().filter(|row| holds(row)).count() as f64 / profiles.len() as f64
    }

    fn by_customer<'a>(&'a self, sheet: &str) -> BTreeMap<&'a str, Vec<&'a Row>> {
        let mut rows: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.sheets[sheet] {
            rows.entry(row.get("CustomerID")).or_default().push(row);
        }
        rows
    }
}

fn holds(figures: &[(&str, f64, f64, f64)]) {
    let off: Vec<_> =
        figures.iter().filter(|(_, found, least, most)| found < least || found > most).collect();
    assert!(off.is_empty(), "what, found, least, most: {off:#?}");
}

/// Months told.
const MONTHS: f64 = DAYS as f64 / 30.44;

fn mean(rows: &[&Row], column: &str) -> f64 {
    rows.iter().map(|row| row.number(column)).sum::<f64>() / rows.len() as f64
}

/// The day that begins a cell.
fn day(cell: &str) -> i64 {
    i64::from(crate::model::Date::parse(cell.get(..10).unwrap()).unwrap().0)
}

#[test]
fn ids_are_unique_and_what_follows_something_names_it() {
    let told = told();
    for sheet in
        ["payments", "surveys", "complaints", "answers", "contacts", "enquiries", "market", "prospects"]
    {
        let column = told.rows(sheet)[0].0.keys().find(|name| {
            ["PaymentNo", "SurveyNo", "Ticket", "AnswerNo", "CallNo", "EnquiryNo", "NewsNo"].contains(name)
        });
        let column = if sheet == "prospects" { "CustomerID" } else { column.unwrap() };
        let ids: BTreeSet<&str> = told.rows(sheet).iter().map(|row| row.get(column)).collect();
        assert_eq!(ids.len(), told.rows(sheet).len(), "{sheet}");
    }
    let invoices: BTreeMap<&str, &Row> =
        told.rows("invoices").iter().map(|row| (row.get("InvoiceNo"), row)).collect();
    for line in told.rows("lines") {
        assert_eq!(invoices[line.get("InvoiceNo")].get("InvoiceDate"), line.get("InvoiceDate"));
    }
    for payment in told.rows("payments") {
        let invoice = invoices[payment.get("PaymentNo").strip_prefix("pay-").unwrap()];
        assert_eq!(invoice.get("Amount"), payment.get("Amount"));
        let days = day(payment.get("PaidAt")) - day(invoice.get("InvoiceDate"));
        assert_eq!((days - 30).to_string(), payment.get("DaysLate"));
    }
    let tickets: BTreeMap<&str, &Row> =
        told.rows("complaints").iter().map(|row| (row.get("Ticket"), row)).collect();
    for answer in told.rows("answers") {
        assert!(tickets[answer.get("Ticket")].get("ReceivedAt") < answer.get("AnsweredAt"));
    }
}

#[test]
fn lines_make_up_their_invoices() {
    let told = told();
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for line in told.rows("lines") {
        *sums.entry(line.get("InvoiceNo")).or_default() += line.number("Quantity") * line.number("UnitPrice");
    }
    assert_eq!(sums.len(), told.rows("invoices").len());
    let amounts: f64 = told.rows("invoices").iter().map(|row| row.number("Amount")).sum();
    let near = told.rows("invoices").iter().filter(|row| row.number("Amount") > 100.0);
    let (near, all): (Vec<bool>, Vec<()>) =
        near.map(|row| ((sums[row.get("InvoiceNo")] / row.number("Amount") - 1.0).abs() < 0.25, ())).unzip();
    let mut favourites = 0.0;
    for rows in told.by_customer("lines").values() {
        let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
        for row in rows {
            *counts.entry(row.get("StockCode")).or_default() += 1.0;
        }
        favourites += counts.values().copied().fold(0.0, f64::max);
    }
    holds(&[
        ("all lines over all amounts", sums.values().sum::<f64>() / amounts, 0.95, 1.1),
        (
            "invoices that their lines nearly make up",
            near.iter().filter(|near| **near).count() as f64 / all.len() as f64,
            0.95,
            1.0,
        ),
        ("share of the most bought product", favourites / told.rows("lines").len() as f64, 0.4, 0.65),
    ]);
}

#[test]
fn profiles_know_what_they_are_said_to() {
    let told = told();
    let is = |column: &'static str, value: &'static str| told.known(|row| row.get(column) == value);
    let has = |column: &'static str| told.known(|row| !row.get(column).is_empty());
    let customers = told.rows("customers").len() as f64;
    let of_those = |column: &'static str, value: &'static str| is(column, value) / has(column);
    holds(&[
        ("profiles", told.profiles().len() as f64 / customers, 0.90, 0.95),
        ("opted out", is("OptedOut", "true"), 0.03, 0.05),
        ("contact", has("Contact"), 0.88, 0.92),
        ("birthday", has("Birthday"), 0.67, 0.73),
        ("anniversary", has("Anniversary"), 0.47, 0.53),
        ("account manager", has("AccountManager"), 0.63, 0.73),
        ("personality", has("Personality"), 0.57, 0.63),
        ("calm and rational", of_those("Personality", "calm_rational"), 0.27, 0.33),
        ("preference", has("Preference"), 0.37, 0.43),
        ("taboo", has("Taboo"), 0.10, 0.14),
        ("source", has("Source"), 0.88, 0.92),
        ("referral", of_those("Source", "referral"), 0.18, 0.22),
        ("customer file", of_those("Source", "customer_file"), 0.13, 0.17),
        ("resale", is("Purpose", "resale"), 0.57, 0.63),
        ("margin", has("Margin"), 0.83, 0.87),
        ("wallet", has("Wallet"), 0.77, 0.83),
        ("main supplier", has("MainSupplier"), 0.15, 0.28),
        ("capability", has("Capability"), 0.67, 0.73),
        ("contract", has("ContractEnd"), 0.045, 0.075),
        ("no integration", is("Integrations", "0"), 0.6, 0.85),
        ("partner", is("Partnership", "strategic") + is("Partnership", "shareholder"), 0.005, 0.02),
        ("need", has("Need"), 0.23, 0.27),
        ("lacks the means", of_those("Need", "no_means"), 0.25, 0.35),
    ]);
    let days: BTreeSet<&str> =
        told.profiles().iter().filter_map(|row| row.get("Birthday").get(5..)).collect();
    assert!(days.len() > 355, "birthdays fall on {} days of the year", days.len());
}

#[test]
fn some_get_on_badly_with_who_looks_after_them_some_ask_about_everything_and_some_have_trouble_again_and_again()
 {
    let told = told();
    let often = |sheet: &str, times: usize| {
        let by_customer = told.by_customer(sheet);
        by_customer.values().filter(|rows| rows.len() >= times).count() as f64 / by_customer.len() as f64
    };
    holds(&[
        (
            "content with the colleague: 1 or 2",
            told.share("surveys", |row| row.number("Staff") <= 2.0),
            0.12,
            0.30,
        ),
        (
            "content with the service: 1 or 2",
            told.share("surveys", |row| row.number("Service") <= 2.0),
            0.03,
            0.15,
        ),
        ("ten questions and more of those who ask", often("enquiries", 10), 0.02, 0.10),
        ("five complaints and more of those who complain", often("complaints", 5), 0.005, 0.05),
    ]);
}

#[test]
fn what_colleagues_know_changes_as_often_as_said() {
    let told = told();
    let changes: Vec<&Row> =
        told.rows("profiles").iter().filter(|row| row.get("Trade") != "active").collect();
    let a_month = |column: &str, value: Option<&str>| {
        let is_told =
            |row: &&&Row| value.map_or(!row.get(column).is_empty(), |value| row.get(column) == value);
        changes.iter().filter(is_told).count() as f64 / MONTHS
    };
    holds(&[
        ("opts out", a_month("OptedOut", Some("true")), 2.0, 8.0),
        ("need turns present", a_month("Need", Some("present")), 2.0, 12.0),
        ("closer partner", a_month("Partnership", None), 0.4, 2.0),
        ("no longer trades", a_month("Trade", None), 5.0, 13.0),
        ("contract renewed or signed", a_month("ContractEnd", None), 5.0, 20.0),
        ("system tied", a_month("Integrations", None), 4.0, 15.0),
    ]);
}

#[test]
fn everybody_has_the_colleague_who_sits_at_the_desk_now() {
    let told = told();
    let end = at("2025-08-01T00:00:00Z").plus(DAYS * DAY);
    let world = World::new(SEED, 3_000, at("2025-08-01T00:00:00Z"), end.plus(30 * DAY));
    let staff = Staff::new(SEED, world.first_day(), local_minute(end));
    let present: BTreeSet<&str> =
        (0..crate::demo::staff::DESKS).map(|desk| staff.at(desk, local_minute(end))).collect();
    let mut managers: BTreeMap<&str, &str> = BTreeMap::new();
    for row in told.rows("profiles").iter().filter(|row| !row.get("AccountManager").is_empty()) {
        managers.insert(row.get("CustomerID"), row.get("AccountManager"));
    }
    assert!(managers.len() > 1_500);
    assert!(managers.values().all(|manager| present.contains(manager)));
    assert!((8..=10).contains(&told.rows("staff").len()));
}

#[test]
fn prospects_come_before_their_orders_and_some_are_wary() {
    let told = told();
    let others = told.share("prospects", |row| row.get("CustomerID").starts_with('2'));
    let rated: Vec<&Row> =
        told.rows("prospects").iter().filter(|row| !row.get("Finance").is_empty()).collect();
    let quality = |others: bool| {
        let rated: Vec<&Row> =
            rated.iter().filter(|row| row.get("CustomerID").starts_with('2') == others).copied().collect();
        mean(&rated, "Finance")
    };
    holds(&[
        (
            "a week of those who never order",
            others * told.rows("prospects").len() as f64 / DAYS as f64 * 7.0,
            7.0,
            9.0,
        ),
        ("rated", rated.len() as f64 / told.rows("prospects").len() as f64, 0.82, 0.88),
        ("quality of those who order, above the others'", quality(false) - quality(true), 0.5, 0.9),
        ("wary: lowest price", told.share("prospects", |row| row.get("Suppliers") >= "5"), 0.1, 0.15),
        ("wary: alone", told.share("prospects", |row| row.get("SelfReliance") == "5"), 0.1, 0.15),
        ("wary: no patience", told.share("prospects", |row| row.get("Patience") == "1"), 0.1, 0.15),
        ("no source", told.share("prospects", |row| row.get("Source").is_empty()), 0.1, 0.2),
    ]);
}

#[test]
fn the_discontent_pay_late_complain_and_answer_so() {
    let told = told();
    let surveys: Vec<&Row> = told.rows("surveys").iter().collect();
    let satisfied = |row: &Row| (row.number("Product") + row.number("Service") + row.number("Society")) / 3.0;
    let levels: BTreeSet<&str> = surveys.iter().map(|row| row.get("Product")).collect();
    assert_eq!(levels.len(), 5);
    let mut moods: BTreeMap<&str, f64> = BTreeMap::new();
    for row in &surveys {
        moods.insert(row.get("CustomerID"), satisfied(row));
    }
    let late = |content: bool| {
        let of = told.rows("payments").iter().filter(|row| {
            moods
                .get(row.get("CustomerID"))
                .is_some_and(|mood| if content { *mood >= 4.5 } else { *mood < 2.5 })
        });
        mean(&of.collect::<Vec<_>>(), "DaysLate")
    };
    holds(&[
        ("customers who answer", moods.len() as f64 / told.rows("customers").len() as f64, 0.42, 0.53),
        ("discontent answers", told.share("surveys", |row| satisfied(row) <= 2.4), 0.04, 0.12),
        ("delighted answers", told.share("surveys", |row| satisfied(row) >= 4.5), 0.1, 0.4),
        ("days late of the discontent, above the others'", late(false) - late(true), 5.0, 30.0),
        ("very late", told.share("payments", |row| row.number("DaysLate") >= 60.0), 0.01, 0.035),
        ("by transfer", told.share("payments", |row| row.get("Method") == "transfer"), 0.45, 0.65),
        ("complaints over orders", told.rows("complaints").len() as f64 / told.orders, 0.045, 0.08),
        ("answered", told.rows("answers").len() as f64 / told.rows("complaints").len() as f64, 0.92, 0.97),
        ("about delivery", told.share("complaints", |row| row.get("Cause") == "delivery"), 0.33, 0.47),
        ("severity", mean(&told.rows("complaints").iter().collect::<Vec<_>>(), "Severity"), 2.3, 2.7),
    ]);
    let by_customer = told.by_customer("complaints");
    let recurring = by_customer.values().filter(|rows| rows.len() > 2);
    assert!(recurring.count() > 20, "causes recur");
}

#[test]
fn the_rest_comes_as_often_as_said() {
    let told = told();
    let a_month = |sheet: &str| told.rows(sheet).len() as f64 / MONTHS;
    let result = |result: &'static str| told.share("contacts", |row| row.get("Result") == result);
    holds(&[
        ("calls", a_month("contacts"), 300.0, 700.0),
        ("reached", result("reached"), 0.5, 0.75),
        ("wrong number", result("wrong_number"), 0.02, 0.09),
        (
            "minutes when not reached",
            told.share("contacts", |row| (row.get("Result") == "reached") == (row.get("Minutes") != "0")),
            1.0,
            1.0,
        ),
        ("enquiries", a_month("enquiries"), 120.0, 220.0),
        ("good fit", told.share("enquiries", |row| row.get("Fit") == "good"), 0.75, 0.85),
        ("urgent", told.share("enquiries", |row| row.get("Urgent") == "true"), 0.15, 0.25),
        ("suggestions", a_month("suggestions"), 5.0, 25.0),
        ("rival offers", a_month("rivals"), 15.0, 50.0),
        ("kept", told.share("rivals", |row| row.get("Outcome") == "kept"), 0.55, 0.75),
        ("changed terms", a_month("terms"), 5.0, 25.0),
        ("harsher", told.share("terms", |row| row.get("Change") == "harsher"), 0.5, 0.7),
        ("redemptions", a_month("redemptions"), 15.0, 80.0),
        ("occasions", a_month("occasions"), 5.0, 30.0),
    ]);
    let notice = told.rows("occasions").iter().map(|row| day(row.get("TakesPlace")) - day(row.get("ToldAt")));
    assert!(notice.min() >= Some(25));
    assert!(told.rows("market").iter().all(|row| weekday(day(row.get("ToldAt"))) == 1));
    assert_eq!(told.rows("market").len(), 70);
}
