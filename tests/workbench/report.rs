//! `guanxi report` on the shipped policies and the generated world.

use serde_json::Value;

use super::home::{Home, NOW, golden, printed};

#[test]
fn four_weeks_are_reported_to_people_and_to_programs() {
    let home = Home::new();
    golden("report.txt", &printed(&home.command(&["report", "--now", NOW]), 0));
    let json: Value =
        serde_json::from_str(&printed(&home.command(&["report", "--now", NOW, "--json"]), 0)).unwrap();
    golden("report.json", &format!("{json:#}\n"));
}

#[test]
fn outcomes_are_split_by_a_field_and_held_to_a_goal_that_is_asked_for() {
    let asked = [
        "report",
        "--now",
        NOW,
        "--from",
        "2026-08-17",
        "--goal",
        "order",
        "--within",
        "7d",
        "--by",
        "country",
    ];
    golden("report_by.txt", &printed(&Home::new().command(&asked), 0));
}

#[test]
fn the_last_column_is_what_status_says() {
    let home = Home::new();
    let report: Value =
        serde_json::from_str(&printed(&home.command(&["report", "--now", NOW, "--json"]), 0)).unwrap();
    let status: Value = serde_json::from_str(&printed(&home.command(&["status", "--json"]), 0)).unwrap();
    let pyramid = report["standings"].as_array().unwrap().iter().find(|found| found["name"] == "pyramid");
    let places = pyramid.unwrap()["places"].as_array().unwrap();
    assert!(!places.is_empty());
    for place in places.iter().filter(|place| !place["place"].is_null()) {
        let now = place["customers"].as_array().unwrap().last().unwrap();
        assert_eq!(*now, status["standing"]["pyramid"][place["place"].as_str().unwrap()], "{place}");
    }
}

#[test]
fn what_cannot_be_reported_is_said() {
    let home = Home::new();
    for (asked, said) in [
        (vec!["--goal", "ordre", "--within", "7d"], "there is no event `ordre`"),
        (vec!["--goal", "order", "--within", "a week"], "`a week` is no duration"),
        (vec!["--by", "contry"], "there is no customer field `contry`"),
        (vec!["--by", "opted_out"], "`opted_out` is a bool"),
        (vec!["--from", "2030-01-01"], "--from must be before now"),
    ] {
        let words: Vec<&str> = ["report", "--now", NOW].into_iter().chain(asked).collect();
        let output = home.command(&words);
        assert_eq!(printed(&output, 1), "");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(said), "{told}");
    }
}
