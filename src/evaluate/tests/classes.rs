//! Segments, tiers and quadrants with their memory.

use crate::evaluate::testing::{World, at};
use crate::model::Value;

const HEAD: &str = r#"
[settings]
timezone = "Asia/Shanghai"
[customer.fields]
x = "number"
y = "number"
"#;

fn world(text: &str) -> World {
    World::new(&format!("{HEAD}{text}"))
}

fn day(day: u32) -> crate::model::Timestamp {
    at(&format!("2027-03-{day:02}T09:00:00+08:00"))
}

#[test]
fn a_segment_is_entered_and_left_by_its_own_conditions() {
    let mut world = world("[segment.s]\nwhen = 'x >= 10'\nleave_when = 'x < 5'\n");
    world.numbers("x", &[Some(10.0), Some(7.0), None]);
    assert_eq!(world.run_column(day(1), "s"), ["true", "false", "false"]);
    world.numbers("x", &[Some(7.0), Some(10.0), Some(4.0)]);
    assert_eq!(world.run_column(day(2), "s"), ["true", "true", "false"]);
    world.numbers("x", &[Some(4.0), None, Some(7.0)]);
    // A missing number holds no leaving condition either.
    assert_eq!(world.run_column(day(3), "s"), ["false", "true", "false"]);
}

#[test]
fn a_customer_whose_leaving_condition_holds_does_not_come_in() {
    let mut world = world("[segment.s]\nwhen = 'x >= 10'\nleave_when = 'x < 5 || x > 90'\n");
    let mut run = |on: u32, x: f64| {
        world.numbers("x", &[Some(x)]);
        world.run_column(day(on), "s")[0].clone()
    };
    let seen = [run(1, 95.0), run(2, 95.0), run(3, 20.0), run(4, 95.0), run(5, 95.0)];
    assert_eq!(seen, ["false", "false", "true", "false", "false"]);
}

#[test]
fn entering_waits_until_the_condition_has_held_without_a_break() {
    let mut world = world("[segment.s]\nwhen = 'x > 0'\nenter_after = \"7d\"\nleave_after = \"2d\"\n");
    world.numbers("x", &[Some(1.0), Some(1.0)]);
    assert_eq!(world.run_column(day(1), "s"), ["false", "false"]);
    world.numbers("x", &[Some(1.0), Some(0.0)]);
    assert_eq!(world.run_column(day(5), "s"), ["false", "false"]);
    world.numbers("x", &[Some(1.0), Some(1.0)]);
    assert_eq!(world.run_column(day(7), "s"), ["false", "false"]);
    assert_eq!(world.run_column(day(8), "s"), ["true", "false"]);
    world.numbers("x", &[Some(0.0), Some(1.0)]);
    assert_eq!(world.run_column(day(13), "s"), ["true", "false"]);
    assert_eq!(world.run_column(day(14), "s"), ["true", "true"]);
    assert_eq!(world.run_column(day(15), "s"), ["false", "true"]);
}

#[test]
fn a_fall_waits_and_goes_to_the_level_then_held_and_a_rise_is_at_once() {
    let text = "[tier.t]\nfall_after = \"10d\"\nlevels = [\
        { name = \"a\", when = 'x >= 3' }, { name = \"b\", when = 'x >= 2' }, { name = \"c\" } ]\n\
        [score.since_days]\nvalue = 'days_since(since(t))'\n[score.before]\nvalue = 'previous(t)'\n\
        [score.high]\nvalue = 'at_least(t, \"b\")'\n";
    let mut world = world(text);
    world.numbers("x", &[Some(3.0), Some(2.0)]);
    let found = world.run(day(1));
    assert_eq!(world.column(&found, "t"), ["a", "b"]);
    assert_eq!(world.column(&found, "since_days"), ["0", "0"]);
    assert_eq!(world.column(&found, "before"), ["-", "-"]);
    world.numbers("x", &[Some(2.0), Some(3.0)]);
    assert_eq!(world.run_column(day(2), "t"), ["a", "a"]);
    world.numbers("x", &[Some(1.0), Some(3.0)]);
    assert_eq!(world.run_column(day(11), "t"), ["a", "a"]);
    let found = world.run(day(12));
    assert_eq!(world.column(&found, "t"), ["c", "a"]);
    assert_eq!(world.column(&found, "before"), ["a", "b"]);
    assert_eq!(world.column(&found, "since_days"), ["0", "10"]);
    assert_eq!(world.column(&found, "high"), ["false", "true"]);
}

#[test]
fn a_break_stops_the_clock_of_a_fall() {
    let text =
        "[tier.t]\nfall_after = \"5d\"\nlevels = [{ name = \"a\", when = 'x >= 3' }, { name = \"b\" }]\n";
    let mut world = world(text);
    for (on, x, expected) in [
        (1, 3.0, "a"),
        (2, 1.0, "a"),
        (4, 3.0, "a"),
        (6, 1.0, "a"),
        (10, 1.0, "a"),
        (11, 1.0, "b"),
        (12, 3.0, "a"),
    ] {
        world.numbers("x", &[Some(x)]);
        assert_eq!(world.run_column(day(on), "t"), [expected], "on day {on}");
    }
}

#[test]
fn leaving_among_is_a_fall_to_no_level() {
    let text = "[tier.t]\nby = 'x'\namong = 'y > 0'\nfall_after = \"5d\"\n\
        levels = [{ name = \"a\", top = \"50%\" }, { name = \"b\" }]\n[score.since_days]\nvalue = 'days_since(since(t))'\n";
    let mut world = world(text);
    world.numbers("x", &[Some(2.0), Some(1.0), Some(9.0), None]);
    world.numbers("y", &[Some(1.0), Some(1.0), None, Some(1.0)]);
    // Who lacks the value is in the rest.
    assert_eq!(world.run_column(day(1), "t"), ["a", "b", "-", "b"]);
    world.numbers("y", &[Some(0.0), Some(1.0), None, Some(1.0)]);
    assert_eq!(world.run_column(day(2), "t"), ["a", "a", "-", "b"]);
    let found = world.run(day(7));
    assert_eq!(world.column(&found, "t"), ["-", "a", "-", "b"]);
    assert_eq!(world.column(&found, "since_days"), ["-", "5", "-", "6"]);
}

const CELLS: &str = "top_right = { name = \"tr\", data = { n = 1 } }\nbottom_right = { name = \"br\" }\n\
    top_left = { name = \"tl\" }\nbottom_left = { name = \"bl\", data = { n = 4 } }\n";

#[test]
fn the_split_counts_as_right_and_top_and_a_missing_coordinate_gives_no_cell() {
    let text = "[quadrant.q]\nx = { value = 'x', split = 5 }\ny = { value = 'y', split = 5 }\n";
    let mut world = world(&format!("{text}{CELLS}[score.n]\nvalue = 'q.data.n'\n"));
    world.numbers("x", &[Some(5.0), Some(5.0), Some(4.0), Some(4.0), None]);
    world.numbers("y", &[Some(5.0), Some(4.0), Some(5.0), Some(4.0), Some(9.0)]);
    let found = world.run(day(1));
    assert_eq!(world.column(&found, "q"), ["tr", "br", "tl", "bl", "-"]);
    assert_eq!(world.column(&found, "n"), ["1", "-", "-", "4", "-"]);
}

#[test]
fn a_side_changes_only_past_the_margin() {
    let text = "[quadrant.q]\nx = { value = 'x', split = 5, margin = 1 }\ny = { value = 'y', split = 5 }\n";
    let mut world = world(&format!("{text}{CELLS}"));
    for (on, x, y, expected) in [
        (1, 5.5, 5.0, "tr"),
        (2, 4.0, 4.9, "br"),
        (3, 3.9, 5.0, "tl"),
        (4, 5.9, 5.0, "tl"),
        (5, 6.0, 5.0, "tr"),
    ] {
        world.numbers("x", &[Some(x)]);
        world.numbers("y", &[Some(y)]);
        assert_eq!(world.run_column(day(on), "q"), [expected], "on day {on}");
    }
}

#[test]
fn members_of_the_best_keep_their_place_while_they_qualify() {
    let text = "[segment.s]\nwhen = 'y > 0'\nbest = { count = 2, by = 'x' }\n";
    let mut world = world(text);
    world.numbers("x", &[Some(1.0), Some(5.0), Some(5.0), Some(5.0)]);
    world.numbers("y", &[Some(1.0), Some(1.0), Some(1.0), Some(1.0)]);
    // Ties go by id.
    assert_eq!(world.run_column(day(1), "s"), ["false", "true", "true", "false"]);
    // Between refreshes nobody new enters, and who no longer qualifies leaves.
    world.numbers("y", &[Some(1.0), Some(0.0), Some(1.0), Some(1.0)]);
    let soon = day(1).plus(3_600_000);
    assert_eq!(world.run_column(soon, "s"), ["false", "false", "true", "false"]);
    // At the refresh the free place goes to the best other; the member stays though it is the worst.
    world.numbers("x", &[Some(9.0), Some(8.0), Some(0.0), Some(8.0)]);
    world.numbers("y", &[Some(1.0), Some(1.0), Some(1.0), Some(1.0)]);
    assert_eq!(world.run_column(day(2), "s"), ["true", "false", "true", "false"]);
}

#[test]
fn a_second_run_at_the_same_instant_lets_no_more_into_the_best() {
    let mut world = world("[segment.s]\nwhen = 'x > 0'\nbest = { count = 1, by = 'x' }\n");
    world.numbers("x", &[Some(1.0), None]);
    assert_eq!(world.run_column(day(1), "s"), ["true", "false"]);
    world.numbers("x", &[Some(1.0), Some(5.0)]);
    assert_eq!(world.run_column(day(1), "s"), ["true", "false"]);
}

#[test]
fn a_customer_on_the_way_in_holds_a_place_of_the_best() {
    let text = "[segment.s]\nwhen = 'y > 0'\nenter_after = \"2d\"\nbest = { count = 1, by = 'x' }\n";
    let mut world = world(text);
    world.numbers("x", &[Some(1.0), Some(2.0)]);
    world.numbers("y", &[Some(1.0), Some(1.0)]);
    assert_eq!(world.run_column(day(1), "s"), ["false", "false"]);
    world.numbers("x", &[Some(3.0), Some(2.0)]);
    assert_eq!(world.run_column(day(2), "s"), ["false", "false"]);
    assert_eq!(world.run_column(day(3), "s"), ["false", "true"]);
}

#[test]
fn a_segment_s_data_is_missing_outside() {
    let mut world = world(
        "[segment.s]\nwhen = 'x > 0'\ndata = { tone = \"warm\" }\n[score.tone]\nvalue = 's.data.tone ?? \"none\"'\n",
    );
    world.numbers("x", &[Some(1.0), Some(0.0)]);
    assert_eq!(world.run_column(day(1), "tone"), ["warm", "none"]);
    let found = world.run(day(2));
    assert_eq!(found[&("c00".to_owned(), "s".to_owned())], Some(Value::Bool(true)));
}
