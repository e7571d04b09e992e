//! The table of `policies/README.md` holds, and the walker of it can tell where it doesn't.

use crate::claims::{Claim, claims, problems, readme};
use crate::decisions::Decisions;
use crate::life::{Life, life};
use crate::shipped::shipped;

/// What the demo decided of all that the table names.
fn decisions(life: &Life, claims: &[Claim]) -> Decisions {
    Decisions::of(life, &shipped().files, claims.iter().flat_map(|claim| &claim.tables))
}

/// What a doctored table has problems with, where every table decided but those of this name.
fn told(readme: &str, idle: &str) -> Vec<String> {
    problems(&claims(readme), shipped(), &|table| u64::from(table != idle))
}

#[test]
fn every_system_is_shipped_and_tested_and_every_table_of_it_decides_in_the_demo() {
    let claims = claims(&readme());
    let decisions = decisions(life(), &claims);
    let problems = problems(&claims, shipped(), &|table| decisions.count(table));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
#[ignore = "lives through the demo for each of twelve days of a year"]
fn every_table_decides_in_the_demo_whenever_it_is() {
    const DAYS: [&str; 12] = [
        "2026-01-03",
        "2026-02-10",
        "2026-03-18",
        "2026-04-06",
        "2026-05-17",
        "2026-06-30",
        "2026-07-31",
        "2026-08-22",
        "2026-10-05",
        "2026-11-22",
        "2026-12-25",
        "2027-03-01",
    ];
    let claims = claims(&readme());
    let mut told = Vec::new();
    for day in DAYS {
        let folder = tempfile::tempdir().unwrap();
        let life = Life::live(folder.path(), &format!("{day}T10:00:00Z"));
        let decisions = decisions(&life, &claims);
        let problems = problems(&claims, shipped(), &|table| decisions.count(table));
        told.extend(problems.into_iter().map(|problem| format!("{day}: {problem}")));
    }
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn a_table_that_decided_nothing_is_told() {
    assert_eq!(told(&readme(), "trigger.key_staff"), ["C4: trigger.key_staff decided nothing"]);
}

#[test]
fn a_table_that_is_not_shipped_stands_elsewhere_or_is_off_is_told() {
    let unknown = readme().replacen("trigger.overdrawn", "trigger.overdrown", 1);
    assert_eq!(told(&unknown, ""), ["C2: trigger.overdrown is no shipped table"]);
    let elsewhere = readme().replacen("tier.grade,", "tier.club,", 1);
    assert_eq!(told(&elsewhere, ""), ["B6: tier.club stands in programme.toml, not in value.toml"]);
    let off = readme().replacen("| crm.toml | a webhook", "| a webhook", 1).replacen(
        "| loyalty/loyalty.toml | quadrant.loyalty,",
        "| crm.toml | trigger.overdue_to_crm,",
        1,
    );
    assert!(told(&off, "").contains(&"B9: trigger.overdue_to_crm is switched off".to_owned()));
}

#[test]
fn a_file_or_a_test_that_is_not_there_is_told() {
    let file = readme().replacen("| staff.toml | trigger.handover", "| team.toml | trigger.handover", 1);
    assert!(told(&file, "").contains(&"D6: team.toml is no shipped file".to_owned()));
    let test = readme().replacen("orders and adopted ideas earn points", "orders earn points", 1);
    let [told] = told(&test, "").try_into().unwrap();
    assert!(told.starts_with("C8: programme.test.toml has no test `orders earn points"), "{told}");
}

#[test]
fn a_test_that_fails_is_told() {
    let name = "buyers for the price, top profit, growing and losing are told apart, and a relationship buyer who \
                begins to lose is asked about it";
    let shipped = shipped().with_failing("value.test.toml", name);
    let told = problems(&claims(&readme()), &shipped, &|_| 1);
    assert_eq!(told, [format!("A4: the test `{name}` fails")]);
}

#[test]
fn a_system_without_a_row_with_two_or_unknown_is_told() {
    let row = |readme: &str, id: &str| {
        readme.lines().find(|line| line.starts_with(&format!("| {id} |"))).unwrap().to_owned() + "\n"
    };
    let gone = readme().replacen(&row(&readme(), "C7"), "", 1);
    assert_eq!(told(&gone, ""), ["C7 has 0 rows"]);
    let twice = readme().replacen(&row(&readme(), "B4"), &row(&readme(), "B4").repeat(2), 1);
    assert_eq!(told(&twice, ""), ["B4 has 2 rows"]);
    let unknown = readme().replacen("| D3 |", "| D7 |", 1);
    assert_eq!(told(&unknown, ""), ["D3 has 0 rows", "D7 is no system"]);
}
