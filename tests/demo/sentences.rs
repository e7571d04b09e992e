//! What colleagues read before they call, visit or do something for a customer: sentences, with nothing of a machine in
//! them.

use serde_json::Value;

use crate::life::life;

/// What the program or a template would say by mistake.
const RAW: [&str; 9] = ["NaN", "inf", "null", "undefined", "missing", "true", "false", "Some", "None"];

/// What is wrong with words for people.
fn odd_words(text: &str) -> Option<&'static str> {
    let words = || text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '.');
    let long = |word: &str| {
        let number = word.trim_end_matches('.').split_once('.');
        number.is_some_and(|(whole, rest)| whole.parse::<u64>().is_ok() && rest.len() > 2)
    };
    if text.trim().is_empty() {
        Some("nothing is said")
    } else if text.contains("{{") || text.contains("{%") || text.contains("()") {
        Some("a template shows")
    } else if words().any(|word| RAW.contains(&word.trim_matches('.'))) {
        Some("a raw value shows")
    } else if text.contains('_') {
        Some("a technical name shows")
    } else if words().any(long) {
        Some("a number is not rounded")
    } else if ["  ", " .", " ,", " ;", ": .", ": ;", ": ,", "..", "; ."].iter().any(|gap| text.contains(gap))
    {
        Some("something is left out")
    } else {
        None
    }
}

/// What is wrong with a reason.
fn odd_reason(text: &str) -> Option<&'static str> {
    if !text.starts_with(char::is_uppercase) && !text.starts_with("611 ") {
        Some("it begins with no capital")
    } else if !text.ends_with(['.', '!', '?']) {
        Some("it ends with no full stop")
    } else {
        odd_words(text)
    }
}

/// A touch that went to a list for colleagues.
struct Read {
    action: String,
    payload: Value,
}

impl Read {
    fn text(&self, key: &str) -> &str {
        self.payload[key].as_str().unwrap_or_default()
    }

    /// What is wrong with it, where anything is; `told` are the keys beside the reason that must say something.
    fn odd(&self, told: &[&str]) -> Option<String> {
        let reason = odd_reason(self.text("reason")).map(|odd| ("reason", odd));
        let others = || told.iter().find_map(|key| Some((*key, odd_words(self.text(key))?)));
        let (key, odd) = reason.or_else(others)?;
        Some(format!("{}: {odd} in {key}: {}", self.action, self.text(key)))
    }
}

/// What went to a list, or waits to.
fn read(channel: &str) -> Vec<Read> {
    let question =
        format!("SELECT action, payload FROM touch WHERE channel = '{channel}' AND queued IS NOT NULL");
    life().ask(&question, |row| {
        let payload: String = row.get(1)?;
        Ok(Read { action: row.get(0)?, payload: serde_json::from_str(&payload).unwrap() })
    })
}

#[test]
fn every_call_and_visit_says_why_what_to_do_and_in_what_manner() {
    let calls = read("call_list");
    assert!(calls.len() > 1_000, "{} calls", calls.len());
    let told = ["hint", "manner", "mind", "manager"];
    let odd: Vec<String> = calls.iter().filter_map(|call| call.odd(&told)).collect();
    assert!(odd.is_empty(), "{} of {}: {:#?}", odd.len(), calls.len(), &odd[..odd.len().min(40)]);
}

#[test]
fn every_task_says_why_and_what_to_do() {
    let tasks = read("tasks");
    assert!(tasks.len() > 500, "{} tasks", tasks.len());
    let odd: Vec<String> = tasks.iter().filter_map(|task| task.odd(&["task", "manager"])).collect();
    assert!(odd.is_empty(), "{} of {}: {:#?}", odd.len(), tasks.len(), &odd[..odd.len().min(40)]);
}

#[test]
fn the_manner_follows_the_personality() {
    let known = "SELECT DISTINCT personality, payload ->> 'manner' FROM touch JOIN customer ON customer.id = touch.customer
                 WHERE channel = 'call_list' AND queued IS NOT NULL ORDER BY 1, 2";
    let manners: Vec<(Option<String>, String)> = life().ask(known, |row| Ok((row.get(0)?, row.get(1)?)));
    let of = |personality: Option<&str>| -> Vec<&str> {
        let own = manners.iter().filter(|(known, _)| known.as_deref() == personality);
        own.map(|(_, manner)| &**manner).collect()
    };
    for (personality, manner) in [
        (Some("quiet"), "ask open questions and wait for the answer"),
        (Some("quiet"), "say sorry plainly; ask in writing what would help"),
        (Some("direct_emotional"), "come to the point, be warm and quick"),
        (None, "not known yet: listen, and note what they are like"),
    ] {
        assert!(of(personality).contains(&manner), "{personality:?}: {manner}");
    }
    assert_eq!(of(None).len(), 1, "nobody is guessed at");
}

#[test]
fn what_is_no_sentence_is_told() {
    let good = "A step up the ladder · 关系升级. Now Close · 紧密, before that loose.";
    assert_eq!(odd_reason(good), None);
    assert_eq!(odd_reason("611 care programme · 611工程. It stands at -4.25."), None);
    for (text, odd) in [
        ("", "it begins with no capital"),
        ("no order for 3 days.", "it begins with no capital"),
        ("No order for 3 days", "it ends with no full stop"),
        ("No order for {{ days }} days.", "a template shows"),
        ("No order for NaN days.", "a raw value shows"),
        ("Their grade is missing.", "a raw value shows"),
        ("They have changed_trade.", "a technical name shows"),
        ("It stands at 4.123.", "a number is not rounded"),
        ("It is .", "something is left out"),
        ("It is P01: .", "something is left out"),
    ] {
        assert_eq!(odd_reason(text), Some(odd), "{text}");
    }
    assert_eq!(odd_words(" "), Some("nothing is said"));
}
