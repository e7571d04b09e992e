//! Segments, tiers and quadrants.

use guanxi::policy::compiled::Scope;

use super::{Store, files};

const LARGE: &str = "[segment.large]\nwhen = 'n > 5'\n";

fn above(threshold: f64) -> String {
    LARGE.replace("> 5", &format!("> {threshold}"))
}

#[test]
fn what_the_data_did_and_what_the_edit_did_are_told_apart() {
    let mut store = Store::new(LARGE);
    store.n(0, &[("both", 1.0), ("data", 1.0), ("edit", 4.0), ("stays", 9.0)]);
    assert!(store.moved(1).is_empty());
    store.n(2, &[("both", 9.0), ("data", 6.0)]);
    store.n(2, &[("new", 4.0)]);
    store.edit(&above(3.0));
    assert_eq!(
        store.moved(2),
        [
            "both large: false to true (data)",
            "data large: false to true (data)",
            "edit large: false to true (policy)",
        ]
    );
    assert!(store.moved(3).is_empty());
}

#[test]
fn one_customer_may_move_by_the_data_and_back_by_the_edit() {
    let mut store = Store::new(LARGE);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 6.0)]);
    store.edit(&above(8.0));
    assert_eq!(store.moved(2), ["a large: false to true (data)", "a large: true to false (policy)"]);
    assert!(store.moved(3).is_empty());
}

const SIZES: &str = "[tier.size]\nlevels = [{ name = \"large\", when = 'n > 10' }, { name = \"middle\", when = 'n > 5' }, { name = \"small\" }]\n";

#[test]
fn the_levels_of_a_tier_edited_move_each_customer_by_data_and_by_policy() {
    let mut store = Store::new(SIZES);
    store.n(0, &[("up", 1.0), ("edit", 7.0), ("same", 20.0)]);
    store.run(1);
    store.n(2, &[("up", 7.0)]);
    store.edit(&SIZES.replace("n > 10", "n > 6"));
    assert_eq!(
        store.moved(2),
        [
            "edit size: middle to large (policy)",
            "up size: small to middle (data)",
            "up size: middle to large (policy)",
        ]
    );
}

#[test]
fn a_level_more_or_less_is_a_move_by_policy() {
    let mut store = Store::new(SIZES);
    store.n(0, &[("a", 7.0), ("b", 20.0), ("c", 1.0)]);
    store.run(1);
    store.edit("[tier.size]\nlevels = [{ name = \"large\", when = 'n > 10' }, { name = \"small\" }]\n");
    assert_eq!(store.moved(2), ["a size: middle to small (policy)"]);
    store.edit(SIZES);
    assert_eq!(store.moved(3), ["a size: small to middle (policy)"]);
}

/// Who holds the top third by `n`.
const SHARES: &str =
    "[tier.rank]\nby = 'n'\nlevels = [{ name = \"top\", top = \"34%\" }, { name = \"rest\" }]\n";

#[test]
fn shares_edited_go_by_the_cut_points_of_each_definition() {
    let mut store = Store::new(SHARES);
    store.n(0, &[("a", 1.0), ("b", 2.0), ("c", 3.0)]);
    store.run(1);
    // Within `refresh`: by the former definition the top still begins at 2, the second of three.
    store.n(1, &[("a", 2.5)]);
    store.edit(&SHARES.replace("34%", "100%"));
    assert_eq!(store.moved(1), ["a rank: rest to top (data)"], "by both");
    store.edit(SHARES);
    let moved = store.moved(9);
    assert_eq!(moved, ["b rank: top to rest (policy)"], "by the edit: the top third of 2, 2.5, 3");
}

const HALVES: &str = "[quadrant.map]\nx = { value = 'n', split = \"median\" }\ny = { value = 'm', split = 0 }\ntop_right = { name = \"tr\" }\nbottom_right = { name = \"br\" }\ntop_left = { name = \"tl\" }\nbottom_left = { name = \"bl\" }\n";

#[test]
fn the_split_of_a_quadrant_edited_leaves_the_former_one_its_own_cut_point() {
    let mut store = Store::new(HALVES);
    for (customer, n) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 10.0)] {
        store.set(0, customer, "m", 1.0);
        store.n(0, &[(customer, n)]);
    }
    store.run(1);
    // The median stays 3 until it is a day old; the mean is 4.
    store.n(1, &[("b", 3.5), ("a", 0.5)]);
    store.edit(&HALVES.replace("median", "mean"));
    assert_eq!(
        store.moved(1),
        [
            "b map: tl to tr (data)",
            "b map: tr to tl (policy)",
            "c map: tr to tl (policy)",
            "d map: tr to tl (policy)",
        ]
    );
}

#[test]
fn a_cut_point_that_grew_old_is_made_anew_for_the_former_definition_too() {
    let mut store = Store::new(HALVES);
    for (customer, n) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        store.set(0, customer, "m", 1.0);
        store.n(0, &[(customer, n)]);
    }
    store.run(1);
    store.n(20, &[("d", 8.0), ("e", 9.0)]);
    store.edit(&HALVES.replace("split = \"median\"", "split = 1"));
    assert_eq!(
        store.moved(20),
        ["a map: tl to tr (policy)", "b map: tr to tl (data)", "b map: tl to tr (policy)",],
        "the median of five is 3"
    );
}

#[test]
fn the_clock_of_entering_survives_an_edit() {
    let text = "[segment.large]\nwhen = 'n > 5'\nenter_after = \"7d\"\n";
    let mut store = Store::new(text);
    store.n(0, &[("a", 1.0), ("b", 4.0)]);
    store.run(1);
    store.n(2, &[("a", 9.0)]);
    assert!(store.moved(2).is_empty());
    store.edit(&text.replace("> 5", "> 3"));
    assert!(store.moved(5).is_empty());
    assert_eq!(store.moved(9), ["a large: false to true (data)"], "seven days after day 2");
    assert_eq!(store.moved(12), ["b large: false to true (data)"], "its clock began with the edit, on day 5");
}

#[test]
fn a_longer_wait_counts_from_when_the_clock_began() {
    let text = "[segment.large]\nwhen = 'n > 5'\nenter_after = \"7d\"\n";
    let mut store = Store::new(text);
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 9.0)]);
    store.run(2);
    store.edit(&text.replace("7d", "14d"));
    assert_eq!(store.moved(10), ["a large: false to true (data)", "a large: true to false (policy)"]);
    assert_eq!(store.moved(16), ["a large: false to true (data)"]);
}

const FALLING: &str = "[tier.size]\nlevels = [{ name = \"large\", when = 'n > 10' }, { name = \"small\" }]\nfall_after = \"5d\"\n[segment.long_large]\nwhen = 'days_since(since(size)) > 20'\n";

#[test]
fn a_renamed_level_keeps_its_customers_their_time_there_and_their_clocks() {
    let mut store = Store::new(FALLING);
    store.n(0, &[("falls", 20.0), ("stays", 20.0)]);
    store.run(1);
    store.n(2, &[("falls", 1.0)]);
    assert!(store.moved(2).is_empty());
    store.edit(&FALLING.replace("large\"", "huge\""));
    assert!(store.moved(4).is_empty(), "who stands there has not moved");
    assert_eq!(store.moved(7), ["falls size: huge to small (data)"], "five days after day 2");
    assert_eq!(store.moved(22), ["stays long_large: false to true (data)"], "there since day 1");
}

#[test]
fn the_cells_of_a_quadrant_may_all_be_renamed_at_once() {
    let mut store = Store::new(HALVES);
    for (customer, n) in [("a", 1.0), ("b", 2.0)] {
        store.set(0, customer, "m", 1.0);
        store.n(0, &[(customer, n)]);
    }
    store.run(1);
    let renamed = HALVES.replace("\"t", "\"top_").replace("\"b", "\"bottom_");
    store.edit(&renamed);
    assert!(store.moved(1).is_empty());
    store.n(2, &[("a", 3.0)]);
    assert!(store.moved(2).iter().all(|moved| moved.contains("top_") || moved.contains("bottom_")));
}

#[test]
fn what_moved_while_a_class_slept_is_the_edit_s_doing() {
    let mut store = Store::new(LARGE);
    store.n(0, &[("asleep", 1.0), ("awake", 1.0)]);
    store.run(1);
    store.edit("");
    store.n(2, &[("asleep", 9.0)]);
    store.run(2);
    store.edit(LARGE);
    assert_eq!(store.moved(3), ["asleep large: false to true (policy)"]);
    store.n(4, &[("awake", 9.0)]);
    assert_eq!(store.moved(4), ["awake large: false to true (data)"]);
}

#[test]
fn a_class_that_becomes_another_kind_moves_by_policy() {
    let mut store = Store::new(SIZES);
    store.n(0, &[("a", 7.0)]);
    store.set(0, "a", "m", 1.0);
    store.run(1);
    store.edit(&HALVES.replace("quadrant.map", "quadrant.size"));
    assert_eq!(store.moved(2), ["a size: - to tr (policy)"]);
}

#[test]
fn without_the_former_set_all_moves_are_the_edit_s_doing() {
    let mut store = Store::new("");
    store.edit_unkept(&files(LARGE, None));
    store.n(0, &[("a", 1.0)]);
    store.run(1);
    store.n(2, &[("a", 9.0)]);
    store.edit(&above(3.0));
    assert_eq!(store.moved(2), ["a large: false to true (policy)"]);
}

#[test]
fn an_edit_of_what_a_class_uses_is_an_edit_of_the_class() {
    let text =
        "[score.size]\nvalue = 'n'\n[segment.large]\nwhen = 'size > 5'\n[segment.other]\nwhen = 'm > 5'\n";
    let mut store = Store::new(text);
    store.n(0, &[("a", 3.0)]);
    store.set(0, "a", "m", 1.0);
    store.run(1);
    store.set(2, "a", "m", 9.0);
    store.edit(&text.replace("value = 'n'", "value = 'n * 2'"));
    let run = store.moved(2);
    assert_eq!(run, ["a large: false to true (policy)", "a other: false to true (data)"]);
}

#[test]
fn a_segment_with_best_gives_nobody_a_place_by_the_former_definition_until_its_cut_point_is_due() {
    let text = "[segment.best]\nwhen = 'n > 0'\nbest = { count = 1, by = 'n' }\n";
    let mut store = Store::new(text);
    store.n(0, &[("a", 5.0), ("b", 1.0)]);
    store.run(1);
    store.n(1, &[("b", 9.0)]);
    store.edit(&text.replace("count = 1", "count = 2"));
    assert_eq!(store.moved(1), ["b best: false to true (policy)"]);
}

#[test]
fn classes_that_last_ran_under_different_sets_are_each_asked_by_their_own() {
    let two = |large: f64, rich: f64| {
        format!("[segment.large]\nwhen = 'n > {large}'\n[segment.rich]\nwhen = 'm > {rich}'\n")
    };
    let mut store = Store::new(&two(5.0, 5.0));
    store.n(0, &[("a", 6.0)]);
    store.set(0, "a", "m", 6.0);
    store.run(1);
    store.edit(&two(8.0, 8.0));
    let large = store.engine.policy().value("large").unwrap();
    store.run_scope(2, Scope::Some { values: vec![large], triggers: Vec::new(), cadences: Vec::new() });
    assert_eq!(store.all_moved(), ["a large: true to false (policy)"]);
    store.n(3, &[("a", 9.0)]);
    store.set(3, "a", "m", 4.0);
    store.edit(&two(1.0, 1.0));
    assert_eq!(
        store.moved(3),
        ["a large: false to true (data)", "a rich: true to false (data)", "a rich: false to true (policy)",]
    );
}

#[test]
fn a_rank_goes_by_the_population_of_each_definition() {
    let text = "[score.place]\nrank = 'n'\n[segment.upper]\nwhen = 'place > 0.5'\n";
    let mut store = Store::new(text);
    for (customer, n, m) in [("a", 1.0, 4.0), ("b", 2.0, 3.0), ("c", 3.0, 2.0), ("d", 4.0, 1.0)] {
        store.n(0, &[(customer, n)]);
        store.set(0, customer, "m", m);
    }
    store.run(1);
    store.n(1, &[("b", 3.5)]);
    store.edit(&text.replace("rank = 'n'", "rank = 'm'"));
    assert_eq!(
        store.moved(1),
        [
            "a upper: false to true (policy)",
            "b upper: false to true (data)",
            "c upper: true to false (policy)",
            "d upper: true to false (policy)",
        ],
        "`b` passed `c` in the population of `n` as it was stored"
    );
}
