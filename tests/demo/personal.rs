//! Nobody's data gets into the log or onto the screen, however talkative the demo is.

use std::collections::BTreeSet;
use std::fs;

use crate::life::{Life, life};
use crate::shipped::shipped;

/// What customers' personal fields hold, as it would be written.
fn personal(life: &Life) -> BTreeSet<String> {
    let fields = shipped().compiled.schema.customer.iter().filter(|field| field.personal);
    let mut values = BTreeSet::new();
    let mut kinds = 0;
    for field in fields {
        let question = format!("SELECT DISTINCT {0} FROM customer WHERE {0} IS NOT NULL", field.name);
        let found: Vec<String> = life.ask(&question, |row| row.get(0));
        assert!(!found.is_empty(), "nobody has a {}", field.name);
        kinds += 1;
        values.extend(found);
    }
    assert!(kinds >= 4, "names, numbers, birthdays and personalities are personal");
    // A guard has this name as well; the other five personalities tell whether any shows.
    assert!(values.remove("quiet"));
    values
}

fn found<'a>(values: &'a BTreeSet<String>, text: &str) -> Vec<&'a String> {
    values.iter().filter(|value| text.contains(value.as_str())).collect()
}

#[test]
fn no_personal_value_is_in_the_log_or_on_the_screen() {
    let life = life();
    let values = personal(life);
    assert!(values.len() > 1_500, "{} values", values.len());
    let log = life.log();
    assert!(log.contains("\"level\":\"DEBUG\"") && log.lines().count() > 1_000, "the log says little");
    assert_eq!(found(&values, &log), Vec::<&String>::new());
    assert_eq!(found(&values, &life.printed()), Vec::<&String>::new());
}

#[test]
fn the_same_values_are_found_where_they_do_stand() {
    let life = life();
    let values = personal(life);
    let mut arrived = String::new();
    for file in fs::read_dir(life.data().join("imported")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().unwrap().to_string_lossy().contains("profiles") {
            arrived.push_str(&fs::read_to_string(file).unwrap());
        }
    }
    assert_eq!(found(&values, &arrived).len(), values.len(), "as they arrived, so they would be found");
}
