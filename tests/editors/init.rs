//! `guanxi init`: the set it makes is sound, laid out, and does something.

use std::fs;

use crate::desk::{Desk, printed};
use crate::golden::golden;

const TODAY: &str = "2027-03-01";

fn made() -> Desk {
    let desk = Desk::with(&[]);
    printed(&desk.guanxi(&["init", ".", "--now", TODAY]), 0);
    desk
}

#[test]
fn it_says_what_there_is_and_what_to_try() {
    let desk = Desk::with(&[]);
    golden("editors/golden/init.txt", &printed(&desk.guanxi(&["init", "shop"]), 0));
    golden("editors/golden/init.json", &printed(&desk.guanxi(&["init", "other", "--json"]), 0));
    assert!(desk.read("shop/.gitignore").contains("/guanxi.db*"));
    assert!(desk.read("shop/policies/lapsing.toml").starts_with("#:schema ./.policy.schema.json\n"));
    assert_eq!(desk.read("shop/policies/.policy.schema.json"), printed(&desk.guanxi(&["schema"]), 0));
    assert_eq!(desk.read("shop/policies/.test.schema.json"), printed(&desk.guanxi(&["schema", "--test"]), 0));
}

#[test]
fn its_checks_and_tests_pass_and_nothing_of_it_wants_another_layout() {
    let desk = made();
    printed(&desk.guanxi(&["check", "--deny-warnings"]), 0);
    let tested = printed(&desk.guanxi(&["test"]), 0);
    assert!(tested.contains("3 passed, 0 failed"), "{tested}");
    printed(&desk.guanxi(&["fmt", "--check"]), 0);
}

#[test]
fn the_sample_in_its_inbox_makes_a_call_list() {
    let desk = made();
    let said = printed(&desk.guanxi(&["once", "--now", "2027-03-01 09:00"]), 0);
    let list = desk.read("out/calls-2027-03-01.csv");
    golden("editors/golden/init_calls.csv", &list);
    assert!(said.contains("imported"), "{said}");
    let again = printed(&desk.guanxi(&["once", "--now", "2027-03-02 09:00"]), 0);
    assert!(!desk.path("out/calls-2027-03-02.csv").exists(), "{again}");
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let desk = Desk::with(&[("shop/notes.txt", "mine")]);
    golden("editors/golden/init_refused.txt", &printed(&desk.guanxi(&["init", "shop"]), 1));
    assert_eq!(fs::read_dir(desk.path("shop")).unwrap().count(), 1);
    let desk = Desk::with(&[("shop", "a file")]);
    let said = printed(&desk.guanxi(&["init", "shop"]), 1);
    assert!(said.contains("shop"), "{said}");
}
