//! `guanxi preview`: what would go out is what then goes out, and looking changes nothing.

use guanxi::archive::{Archive, TouchFilter};
use guanxi::model::touch::TouchState;

use crate::home::{Home, NOW, golden, now, printed};

fn first(home: &Home, condition: &str) -> String {
    let found = printed(&home.command(&["select", condition, "--format", "csv", "--now", NOW]), 0);
    found.lines().nth(1).unwrap_or_else(|| panic!("nobody is {condition}")).to_owned()
}

fn shown(home: &Home, words: &[&str]) -> String {
    printed(&home.command(&[&["preview"], words, &["--now", NOW]].concat()), 0)
}

#[test]
fn an_action_is_shown_as_it_would_leave_and_nothing_is_written() {
    let home = Home::new();
    let customer = first(&home, "at_least(pyramid, \"secondary\") && overdue");
    let before = std::fs::read(home.store()).unwrap();
    golden("preview/call.txt", &shown(&home, &["overdue_call", &customer]));
    golden("preview/call.json", &shown(&home, &["overdue_call", &customer, "--json"]));
    assert!(std::fs::read(home.store()).unwrap() == before, "the store is as it was");
}

#[test]
fn a_payload_is_that_of_the_touch_that_is_queued() {
    let home = Home::new();
    let archive = Archive::open_read_only(&home.store()).unwrap();
    let touches = archive.touches(&TouchFilter::default(), 1_000).unwrap();
    // Queued by the last run, and of nothing that moved since.
    let last = archive.runs(1).unwrap().first().unwrap().run.now;
    let made = touches.iter().filter(|row| {
        row.touch.queued == Some(last)
            && row.touch.because.kind == "cadence"
            && row.touch.state != TouchState::Cancelled
    });
    let mut compared = 0;
    for row in made.take(3) {
        let touch = &row.touch;
        let because = format!("cadence.{}.{}", touch.because.name, touch.because.step.clone().unwrap());
        let at = last.to_string();
        let words =
            ["preview", &touch.action, &touch.customer, "--because", &because, "--json", "--now", &at];
        let shown: serde_json::Value = serde_json::from_str(&printed(&home.command(&words), 0)).unwrap();
        assert_eq!(shown["payload"], serde_json::Value::Object(touch.payload.clone()), "{}", touch.id);
        compared += 1;
    }
    assert!(compared > 0 && last < now(), "the last run queued something");
}

#[test]
fn an_action_that_hangs_on_several_asks_which() {
    let home = Home::new();
    let customer = first(&home, "true");
    let said = |words: &[&str]| {
        let output = home.command(&[&["preview"], words, &["--now", NOW]].concat());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let several = said(&["care_message", &customer]);
    assert!(
        several.contains("choose one with --because") && several.contains("cadence.care_611.welcome"),
        "{several}"
    );
    let other = said(&["care_message", &customer, "--because", "trigger.overdue"]);
    assert!(other.contains("does not hang on `trigger.overdue`"), "{other}");
    let unknown = said(&["care_massage", &customer]);
    assert!(unknown.contains("did you mean `action.care_message`?"), "{unknown}");
    assert!(said(&["overdue_call", "nobody"]).contains("no customer is known by the id `nobody`"));
    let chosen = shown(&home, &["care_message", &customer, "--because", "cadence.care_611.news"]);
    assert!(
        chosen.contains("because of cadence.care_611.news") && chosen.contains("nothing is sent"),
        "{chosen}"
    );
}
