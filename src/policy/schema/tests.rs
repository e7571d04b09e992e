//! The schema has what the table of kinds has, and nothing else.

use serde_json::Value;

use super::schema;
use crate::policy::kind::KINDS;
use crate::policy::raw::{Form, Key};

fn names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

/// The rules under a key that have keys of their own.
fn tables(rule: &Value) -> Vec<&Value> {
    let within = ["items", "additionalProperties"].into_iter().filter_map(|word| rule.get(word));
    let either = rule.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let own = rule.get("properties").map(|_| rule);
    own.into_iter().chain(within.chain(either).filter(|rule| rule.is_object()).flat_map(tables)).collect()
}

fn assert_same<'k>(at: &str, rule: &Value, keys: impl Iterator<Item = &'k Key>) {
    let keys: Vec<&Key> = keys.collect();
    let properties = rule["properties"].as_object().map(|keys| keys.keys()).into_iter().flatten();
    assert_eq!(names(properties.map(String::as_str)), names(keys.iter().map(|key| key.name)), "{at}");
    assert_eq!(rule["additionalProperties"], false, "{at}");
    for key in keys {
        let rule = &rule["properties"][key.name];
        let at = format!("{at}.{}", key.name);
        assert!(rule["description"].as_str().is_some_and(|text| text.starts_with(key.meaning)), "{at}");
        let within = tables(rule);
        assert_eq!(within.len(), usize::from(key.takes.form.part().is_some()), "{at}");
        if let Some(part) = key.takes.form.part() {
            assert_same(&at, within[0], part.keys.iter());
        }
    }
}

#[test]
fn every_kind_and_key_is_in_the_schema_and_none_besides() {
    let schema = schema();
    let kinds = schema["properties"].as_object().map(|kinds| kinds.keys()).into_iter().flatten();
    assert_eq!(names(kinds.map(String::as_str)), names(KINDS.iter().map(|kind| kind.name)));
    for kind in KINDS {
        let of_kind = &schema["properties"][kind.name];
        let rule = if kind.single { of_kind } else { &schema["definitions"][kind.name] };
        assert_same(kind.name, rule, kind.keys.iter().chain(kind.common()));
    }
}

#[test]
fn most_keys_are_described_with_an_example_of_the_reference() {
    let text = schema().to_string();
    let of_all_tables = KINDS.iter().map(|kind| kind.common().len()).sum::<usize>();
    let keys = text.matches("\"description\":").count() - of_all_tables;
    let examples = text.matches("For instance: ").count();
    assert!(examples * 2 > keys, "{examples} of {keys}");
}

#[test]
fn a_pattern_is_of_a_whole_text() {
    for kind in KINDS {
        for key in kind.keys {
            key.takes.form.each(&mut |form| {
                if let Form::Matching(pattern) = form {
                    assert!(
                        !pattern.starts_with('^') && !pattern.ends_with('$'),
                        "{}.{}",
                        kind.name,
                        key.name
                    );
                }
            });
        }
    }
}
