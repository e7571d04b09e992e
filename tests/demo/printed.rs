//! What the demo prints, and why its customers stand where they do.

use guanxi::policy::declared_tables;

use crate::life::life;
use crate::shipped::shipped;

#[test]
fn it_says_that_the_world_is_generated_lives_four_months_and_ends_when_told() {
    let printed = life().printed();
    for words in [
        "Customers, prospects, colleagues and all they do are generated: nobody is real.",
        "120 days pass at speed;",
        "Now it is today, and goes on in real time",
        "All of it is generated: no customer, colleague or rival is real.",
    ] {
        assert!(printed.contains(words), "it doesn't say `{words}`:\n{printed}");
    }
    assert!(printed.lines().last().unwrap().starts_with("stopped; everything is still in"), "{printed}");
    let is_day = |line: &&str| line.contains(" rows ") && line.contains(" actions, ");
    let days: Vec<&str> = printed.lines().filter(is_day).collect();
    assert_eq!(days.len(), 120, "{days:#?}");
    assert!(days[0].starts_with("Fri 2026-09-04") && days[119].starts_with("Fri 2027-01-01"), "{days:#?}");
    let by_people = |line: &&str| {
        let (before, _) = line.split_once(" by people").unwrap();
        before.rsplit(' ').next().unwrap().parse::<u32>().unwrap()
    };
    let calls: Vec<u32> = days.iter().map(by_people).collect();
    assert!(calls.iter().all(|calls| *calls <= 40), "callers make forty calls a day: {calls:?}");
    assert!(calls.iter().filter(|calls| **calls > 10).count() > 60, "and some every working day: {calls:?}");
}

#[test]
fn its_summary_names_every_theme_and_nothing_stayed_idle() {
    let printed = life().printed();
    let (_, summary) = printed.split_once("Which tables decided how often").unwrap();
    let deciding = ["segment", "tier", "quadrant", "trigger", "cadence"];
    let tables = declared_tables(&shipped().files);
    let mut themes = 0;
    for file in shipped().files.policies.keys() {
        let decides =
            |(name, _): &(&String, _)| deciding.iter().any(|kind| name.starts_with(&format!("{kind}.")));
        if tables.iter().filter(|(_, table)| table.file == file).any(|table| decides(&table)) {
            assert!(summary.contains(&format!("\n  {file} ")), "{file} is not in the summary:{summary}");
            themes += 1;
        }
    }
    assert!(themes > 15, "{themes} themes");
    assert!(!summary.contains("none yet"), "some tables did nothing:{summary}");
}

/// What `explain` says of a table for the customer for whom it last acted; the customer comes with it.
fn explained(table: &str) -> (String, String) {
    let (kind, name) = table.split_once('.').unwrap();
    let acted = life().ask(
        &format!(
            "SELECT customer FROM touch WHERE kind = '{kind}' AND name = '{name}' AND state = 'delivered'
             ORDER BY number DESC LIMIT 1"
        ),
        |row| row.get::<_, String>(0),
    );
    let customer = acted[0].clone();
    let told = life().command(&["explain", &customer, table]);
    (customer, told)
}

#[test]
fn explain_tells_why_for_a_customer_of_each_of_some_systems() {
    for (table, why) in [
        ("trigger.complete_file", "at_least(pyramid, \"secondary\") && completeness < 0.5"),
        ("trigger.promoted", "pyramid"),
        ("cadence.care_611", "audience: "),
        ("trigger.key_staff", "Latest occasions"),
        ("trigger.overdue", "days_since_order > max(2 * order_gap, 14)"),
        ("trigger.complaint", "Latest occasions"),
        ("cadence.win_back", "worth_winning_back"),
    ] {
        let (customer, told) = explained(table);
        assert!(told.starts_with(&customer), "{told}");
        for words in [table, why, "Last touches", &format!("for {table}")] {
            assert!(told.contains(words), "`{words}` is not told:\n{told}");
        }
    }
}
