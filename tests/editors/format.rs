//! `guanxi fmt`.

use std::path::Path;

use crate::desk::{Desk, printed};
use crate::folder::copy_folder;
use crate::golden::golden;

const ODD: &str = "# orders\n[metric.orders]\nevent=\"order\"   # placed or not\n  take   = \"count\"\nwhere = 'status==\"placed\"'\n[segment.a]\nwhen = \"orders>3&&name!=\\\"x\\\"\"\n";
const EVEN: &str = "# orders\n[metric.orders]\nevent = \"order\" # placed or not\ntake  = \"count\"\nwhere = 'status == \"placed\"'\n\n[segment.a]\nwhen = 'orders > 3 && name != \"x\"'\n";
const BROKEN: &str = "[metric.orders\nevent = \"order\"\n";
const TEST: &str = "[[test]]\nname=\"a\"\n";

fn desk() -> Desk {
    Desk::with(&[("policies/odd.toml", ODD), ("policies/even.toml", EVEN), ("policies/a.test.toml", TEST)])
}

#[test]
fn a_check_shows_the_difference_and_changes_nothing() {
    let desk = desk();
    golden("editors/golden/fmt_check.txt", &printed(&desk.guanxi(&["fmt", "--check"]), 1));
    assert_eq!(desk.read("policies/odd.toml"), ODD);
    golden("editors/golden/fmt_check.json", &printed(&desk.guanxi(&["fmt", "--check", "--json"]), 1));
}

#[test]
fn files_are_laid_out_once() {
    let desk = desk();
    golden("editors/golden/fmt.txt", &printed(&desk.guanxi(&["fmt"]), 0));
    assert_eq!(desk.read("policies/odd.toml"), EVEN);
    assert_eq!(desk.read("policies/a.test.toml"), "[[test]]\nname = \"a\"\n");
    golden("editors/golden/fmt_again.txt", &printed(&desk.guanxi(&["fmt", "--check"]), 0));
}

#[test]
fn only_the_files_named_are_laid_out() {
    let desk = desk();
    printed(&desk.guanxi(&["fmt", "policies/a.test.toml"]), 0);
    assert_eq!(desk.read("policies/odd.toml"), ODD);
    assert_ne!(desk.read("policies/a.test.toml"), TEST);
}

#[test]
fn a_file_that_is_no_toml_is_left_alone_and_told() {
    let desk = Desk::with(&[("policies/broken.toml", BROKEN), ("policies/odd.toml", ODD)]);
    golden("editors/golden/fmt_broken.txt", &printed(&desk.guanxi(&["fmt"]), 1));
    assert_eq!(desk.read("policies/broken.toml"), BROKEN);
    assert_eq!(desk.read("policies/odd.toml"), EVEN);
    golden("editors/golden/fmt_broken.json", &printed(&desk.guanxi(&["fmt", "--json"]), 1));
}

#[test]
fn stdin_comes_out_laid_out_and_what_is_no_toml_does_not_come_out() {
    let desk = Desk::with(&[]);
    assert_eq!(printed(&desk.guanxi_with(&["fmt", "--stdin"], ODD), 0), EVEN);
    assert_eq!(printed(&desk.guanxi_with(&["fmt", "--stdin", "--check"], EVEN), 0), "");
    assert!(
        printed(&desk.guanxi_with(&["fmt", "--stdin", "--check"], ODD), 1).contains("+event = \"order\"")
    );
    assert!(printed(&desk.guanxi_with(&["fmt", "--stdin"], BROKEN), 1).starts_with("--- stderr"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let desk = desk();
    let said = printed(&desk.guanxi(&["fmt", "policies/none.toml"]), 1);
    assert!(said.contains("cannot read policies/none.toml"), "{said}");
}

#[test]
fn the_shipped_set_is_the_same_set_after_it_and_wants_no_more() {
    let desk = Desk::with(&[]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["policies", "scripts"] {
        copy_folder(&root.join(folder), &desk.path(folder));
    }
    let version = || {
        let output = desk.guanxi(&["check", "--deny-warnings", "--json"]);
        assert!(output.status.success(), "{}", printed(&output, 0));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["version"].clone()
    };
    let before = version();
    assert!(desk.guanxi(&["fmt"]).status.success());
    assert_eq!(version(), before);
    printed(&desk.guanxi(&["fmt", "--check"]), 0);
}
