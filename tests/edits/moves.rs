//! Triggers that fire on moves, over edits of what moves.

use super::Store;

const SIZES: &str = "[tier.size]\nlevels = [{ name = \"large\", when = 'n > 10' }, { name = \"middle\", when = 'n > 5' }, { name = \"small\" }]\n[trigger.rises]\nmoves = \"size\"\ndirection = \"up\"\nactions = [\"note\"]\n";

/// The tier with another threshold of its highest level.
fn large_above(threshold: f64) -> String {
    SIZES.replace("n > 10", &format!("n > {threshold}"))
}

#[test]
fn what_the_data_moved_fires_and_what_only_the_edit_moved_does_not() {
    let mut store = Store::new(SIZES);
    store.n(0, &[("data", 1.0), ("edit", 9.0), ("both", 1.0), ("falls", 9.0)]);
    assert!(store.fired(1).is_empty());
    store.n(2, &[("data", 6.0), ("both", 9.0), ("falls", 1.0)]);
    store.edit(&large_above(8.0));
    assert_eq!(store.fired(2), ["both", "data"], "`both` rose once by the data, and further by the edit");
    assert!(store.fired(3).is_empty());
}

#[test]
fn what_only_the_edit_moved_fires_where_backlog_says_so() {
    let text = SIZES.replace("actions", "backlog = \"fire\"\nactions");
    let mut store = Store::new(&text);
    store.n(0, &[("edit", 9.0), ("stays", 1.0)]);
    store.run(1);
    store.edit(&text.replace("n > 10", "n > 8"));
    assert_eq!(store.fired(2), ["edit"]);
    assert!(store.fired(3).is_empty());
}

#[test]
fn who_moved_by_the_data_and_back_by_the_edit_has_not_moved() {
    for text in [SIZES.to_owned(), SIZES.replace("actions", "backlog = \"fire\"\nactions")] {
        let mut store = Store::new(&text);
        store.n(0, &[("rises_and_back", 1.0), ("falls_and_back", 20.0)]);
        store.run(1);
        store.n(2, &[("rises_and_back", 6.0), ("falls_and_back", 9.0)]);
        store.edit(&text.replace("n > 10", "n > 8").replace("n > 5", "n > 7"));
        let moved = store.moved(2);
        assert_eq!(
            moved,
            [
                "falls_and_back size: large to middle (data)",
                "falls_and_back size: middle to large (policy)",
                "rises_and_back size: small to middle (data)",
                "rises_and_back size: middle to small (policy)",
            ]
        );
        assert!(store.touches().is_empty(), "{:?}", store.touches());
    }
}

#[test]
fn what_moved_while_the_class_slept_fires_nothing() {
    let mut store = Store::new(SIZES);
    store.n(0, &[("asleep", 1.0), ("awake", 1.0)]);
    store.run(1);
    store.edit("");
    store.n(2, &[("asleep", 20.0)]);
    store.run(2);
    store.edit(SIZES);
    assert!(store.fired(3).is_empty());
    store.n(4, &[("awake", 20.0)]);
    assert_eq!(store.fired(4), ["awake"]);
}

#[test]
fn a_renamed_level_is_no_rise() {
    let mut store = Store::new(SIZES);
    store.n(0, &[("a", 20.0), ("b", 6.0)]);
    store.run(1);
    store.n(2, &[("b", 20.0)]);
    store.edit(&SIZES.replace("middle", "medium"));
    assert_eq!(store.fired(2), ["b"]);
}

#[test]
fn a_level_renamed_and_left_in_the_same_run_is_left_by_its_new_name() {
    let named = |name: &str, backlog: &str| {
        let more = format!("\n[trigger.left]\nmoves = \"size\"\nfrom = [\"{name}\"]\nactions = [\"note\"]\n");
        format!("{SIZES}{more}").replace("\"middle\"", &format!("\"{name}\"")).replace("actions", backlog)
    };
    for backlog in ["actions", "backlog = \"fire\"\nactions"] {
        let mut store = Store::new(&named("middle", backlog));
        store.n(0, &[("stays", 6.0), ("rises", 6.0), ("falls", 6.0), ("enters", 1.0)]);
        store.run(1);
        store.n(2, &[("rises", 20.0), ("falls", 1.0), ("enters", 6.0)]);
        store.edit(&named("medium", backlog));
        assert_eq!(
            store.moved(2),
            [
                "enters size: small to medium (data)",
                "falls size: medium to small (data)",
                "rises size: medium to large (data)"
            ]
        );
        let run = store.touches().iter().map(|row| row.run).max().unwrap();
        // `rises` by both triggers.
        assert_eq!(store.made_by(run), ["enters", "falls", "rises", "rises"]);
        assert!(store.fired(3).is_empty());
    }
}
