//! Cut points against their definitions in the language.

use proptest::prelude::*;

use crate::evaluate::testing::{World, at};
use crate::model::Timestamp;
use crate::model::cut::Figure;

const TEXT: &str = r#"
[customer.fields]
x = "number"
[score.rank_of_x]
rank = 'x'
[tier.t]
by = 'x'
levels = [ { name = "a", top = "10%" }, { name = "b", top = "35%" }, { name = "c", holds = "80%" }, { name = "d" } ]
[quadrant.q]
x = { value = 'x', split = "mean" }
y = { value = 'x', split = "median" }
top_right = { name = "tr" }
bottom_right = { name = "br" }
top_left = { name = "tl" }
bottom_left = { name = "bl" }
[quadrant.top]
x = { value = 'x', split = "top 20%" }
y = { value = 'rank_of_x', split = "median" }
top_right = { name = "tr" }
bottom_right = { name = "br" }
top_left = { name = "tl" }
bottom_left = { name = "bl" }
"#;

fn now() -> Timestamp {
    at("2027-03-01T09:00:00Z")
}

fn threshold(world: &World, value: &str, part: &str) -> Option<f64> {
    let point = world.stored.iter().find(|point| &*point.value == value && &*point.part == part).unwrap();
    match &point.figure {
        Figure::Threshold(threshold) => *threshold,
        other => panic!("{other:?}"),
    }
}

fn ran(numbers: &[Option<f64>], batch: usize) -> (World, crate::evaluate::testing::Found) {
    let mut world = World::new(TEXT);
    world.batch = batch;
    world.numbers("x", numbers);
    let found = world.run(now());
    (world, found)
}

#[test]
fn over_nobody_nobody_is_in() {
    let (world, found) = ran(&[None, None], 3);
    for (value, part) in [("t", "a"), ("t", "c"), ("q", "x"), ("q", "y"), ("top", "x")] {
        assert_eq!(threshold(&world, value, part), None, "{value} {part}");
    }
    assert_eq!(world.column(&found, "rank_of_x"), ["-", "-"]);
    assert_eq!(world.column(&found, "t"), ["d", "d"]);
    assert_eq!(world.column(&found, "q"), ["-", "-"]);
}

#[test]
fn a_population_of_one_is_its_own_top() {
    let (world, found) = ran(&[Some(7.0)], 3);
    assert_eq!(world.column(&found, "rank_of_x"), ["1"]);
    assert_eq!(world.column(&found, "t"), ["a"]);
    assert_eq!(world.column(&found, "q"), ["tr"]);
}

#[test]
fn all_at_the_cut_are_in_and_equals_share_a_rank() {
    let (world, found) = ran(&[Some(2.0); 4], 3);
    assert_eq!(world.column(&found, "rank_of_x"), ["0.625"; 4]);
    assert_eq!(world.column(&found, "t"), ["a"; 4]);
    let (world, found) = ran(&[Some(1.0), Some(2.0), Some(2.0), Some(3.0)], 3);
    assert_eq!(world.column(&found, "rank_of_x"), ["0.25", "0.625", "0.625", "1"]);
    assert_eq!(world.column(&found, "t"), ["d", "b", "b", "a"]);
}

#[test]
fn negative_values_hold_nothing() {
    let (world, _) = ran(&[Some(-50.0), Some(6.0), Some(3.0), Some(1.0)], 3);
    assert_eq!(threshold(&world, "t", "c"), Some(3.0));
    let (world, found) = ran(&[Some(-1.0), Some(-2.0), Some(0.0)], 3);
    assert_eq!(threshold(&world, "t", "c"), None);
    assert_eq!(world.column(&found, "t"), ["b", "d", "a"]);
}

#[test]
fn stored_cut_points_serve_until_they_are_as_old_as_refresh() {
    let (mut world, _) = ran(&[Some(1.0), Some(2.0), Some(3.0)], 3);
    world.numbers("x", &[Some(1.0), Some(2.5), Some(10.0)]);
    let found = world.run(now().plus(3_600_000));
    // 2.5 lies above two of the stored three, and none of them equals it.
    assert_eq!(world.column(&found, "rank_of_x")[1], (2.5_f64 / 3.0).to_string());
    assert_eq!(world.column(&found, "rank_of_x")[2], "1");
    assert_eq!(threshold(&world, "t", "a"), Some(3.0));
    world.run(now().plus(86_400_000));
    assert_eq!(threshold(&world, "t", "a"), Some(10.0));
}

#[test]
fn a_cut_point_over_a_rank_is_made_a_stage_later_in_the_same_run() {
    let (world, _) = ran(&[Some(1.0), Some(2.0), Some(3.0)], 3);
    assert_eq!(threshold(&world, "top", "y"), Some(2.0 / 3.0));
}

/// The highest of the values for which `enough` holds.
fn highest(values: &[f64], enough: impl Fn(f64) -> bool) -> Option<f64> {
    values.iter().copied().filter(|&value| enough(value)).reduce(f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn cut_points_are_what_the_language_says(
        numbers in prop::collection::vec(prop::option::weighted(0.9, (-8_i32..40).prop_map(f64::from)), 0..40),
        batch in 1_usize..9,
    ) {
        let (world, found) = ran(&numbers, batch);
        let known: Vec<f64> = numbers.iter().flatten().copied().collect();
        let above = |value: f64| known.iter().filter(|&&other| other >= value).count();
        let count = known.len();
        for (level, percent) in [("a", 10), ("b", 35)] {
            let wanted = (count * percent).div_ceil(100);
            prop_assert_eq!(threshold(&world, "t", level), highest(&known, |value| above(value) >= wanted));
        }
        let total: f64 = known.iter().filter(|&&value| value > 0.0).sum();
        let held = |value: f64| known.iter().filter(|&&other| other >= value && other > 0.0).sum::<f64>();
        let holds = highest(&known, |value| total > 0.0 && held(value) * 10.0 >= total * 8.0);
        prop_assert_eq!(threshold(&world, "t", "c"), holds);
        let mean = (count > 0).then(|| known.iter().sum::<f64>() / f64::from(u32::try_from(count).unwrap()));
        prop_assert_eq!(threshold(&world, "q", "x"), mean);
        let ranks = world.column(&found, "rank_of_x");
        for (number, rank) in numbers.iter().zip(ranks) {
            let expected = number.map(|number| {
                let lower = known.iter().filter(|&&other| other < number).count();
                let equal = known.iter().filter(|other| other.total_cmp(&number).is_eq()).count();
                let (lower, equal, count) = (lower as f64, equal as f64, count as f64);
                ((lower + equal / 2.0 + 0.5) / count).to_string()
            });
            prop_assert_eq!(rank, expected.unwrap_or_else(|| "-".to_owned()));
        }
    }

    #[test]
    fn batches_of_any_size_give_the_same(
        numbers in prop::collection::vec(prop::option::weighted(0.9, -3.0_f64..9.0), 0..40),
        batch in 1_usize..70,
    ) {
        let (world, found) = ran(&numbers, 1);
        let (other_world, other_found) = ran(&numbers, batch);
        prop_assert_eq!(found, other_found);
        prop_assert_eq!(&world.stored, &other_world.stored);
    }
}
