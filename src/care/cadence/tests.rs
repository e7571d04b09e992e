//! Cycles, steps and enrolments over the edges of time.

use chrono_tz::Tz;
use chrono_tz::{Asia, Europe};

use super::*;
use crate::model::enrolment::Enrolment;
use crate::model::time::DAY;
use crate::model::{Date, Duration, Timestamp, civil};
use crate::policy::compiled::{CadenceStep, Offset, Reenter};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn midnight(day: &str, zone: Tz) -> Timestamp {
    civil::midnight(Date::parse(day).unwrap(), zone).unwrap()
}

fn step(id: &str, offset: Offset, clock: Option<u16>) -> CadenceStep {
    CadenceStep { id: id.into(), offset, at: clock, action: 0, when: None }
}

fn after(id: &str, days: i64) -> CadenceStep {
    step(id, Offset::After(Duration::days(days)), None)
}

fn line(rhythm: Rhythm<'_>, base: Timestamp, zone: Tz) -> Timeline<'_> {
    Timeline { rhythm, by_days: false, zone, base, offset: 0 }
}

fn days_of(found: &[Due], zone: Tz) -> Vec<String> {
    found.iter().map(|due| civil::local_date(due.at, zone).unwrap().to_string()).collect()
}

#[test]
fn monthly_cycles_from_the_31st_don_t_drift() {
    let zone = Asia::Shanghai;
    let base = midnight("2027-01-31", zone);
    let line = line(Rhythm::Every(Duration::Months(1)), base, zone);
    let found = due_within(&line, &[after("s", 0)], base.plus(-1), midnight("2027-06-01", zone));
    let days = days_of(&found, zone);
    assert_eq!(days, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
}

#[test]
fn the_29th_of_february_falls_on_the_28th_in_common_years() {
    let zone = Asia::Shanghai;
    let base = midnight("2000-02-29", zone);
    let line = line(Rhythm::Yearly, base, zone);
    let from = midnight("2026-06-01", zone);
    let found = due_within(&line, &[after("s", 0)], from, midnight("2029-06-01", zone));
    let days = days_of(&found, zone);
    assert_eq!(days, ["2027-02-28", "2028-02-29", "2029-02-28"]);
    assert_eq!(found.iter().map(|due| due.cycle).collect::<Vec<_>>(), [2027, 2028, 2029]);
}

#[test]
fn a_time_of_day_is_the_first_not_before_the_offset() {
    let zone = Europe::London;
    let due_at = |base: &str, clock: u16| {
        let line = line(Rhythm::Once, at(base), zone);
        due(&line, &step("s", Offset::After(Duration::days(1)), Some(clock)), 0).unwrap().to_string()
    };
    assert_eq!(due_at("2027-01-01T09:00:00Z", 9 * 60 + 30), "2027-01-02T09:30:00Z");
    assert_eq!(due_at("2027-01-01T09:30:00Z", 9 * 60 + 30), "2027-01-02T09:30:00Z");
    assert_eq!(due_at("2027-01-01T09:31:00Z", 9 * 60 + 30), "2027-01-03T09:30:00Z");
    // 01:30 does not exist on 28 March and comes twice on 31 October.
    assert_eq!(due_at("2027-03-27T00:30:00Z", 90), "2027-03-28T01:00:00Z");
    assert_eq!(due_at("2027-10-29T23:30:00Z", 90), "2027-10-31T00:30:00Z");
    assert_eq!(due_at("2027-10-30T00:45:00Z", 90), "2027-11-01T01:30:00Z");
}

#[test]
fn whole_days_from_a_date_are_days_of_the_calendar() {
    let zone = Europe::London;
    let base = midnight("2027-04-15", zone);
    let line = Timeline { by_days: true, ..line(Rhythm::Once, base, zone) };
    let before = step("s", Offset::Before(Duration::days(30)), None);
    assert_eq!(due(&line, &before, 0), Some(midnight("2027-03-16", zone)));
}

#[test]
fn what_is_next_is_after_and_nothing_lies_between() {
    let zone = Asia::Shanghai;
    let line = line(Rhythm::Every(Duration::days(90)), Timestamp(0), zone);
    let steps = [after("a", 7), after("b", 45), after("c", 89)];
    assert_eq!(next_due(&line, &steps, Timestamp(0)), Some(Timestamp(7 * DAY)));
    assert_eq!(next_due(&line, &steps, Timestamp(7 * DAY)), Some(Timestamp(45 * DAY)));
    assert_eq!(next_due(&line, &steps, Timestamp(89 * DAY)), Some(Timestamp(97 * DAY)));
}

struct World<'a> {
    terms: Terms<'a>,
    sight: Sight<'a>,
    former: Option<Enrolment>,
}

fn world<'a>(steps: &'a [CadenceStep], start: Start, rhythm: Rhythm<'static>) -> World<'a> {
    let terms = Terms {
        name: "care",
        rhythm,
        start,
        zone: Asia::Shanghai,
        stagger: 0,
        reenter: Reenter::Never,
        grace: Duration::days(1),
        steps,
    };
    let sight = Sight {
        customer: "c1",
        standing: Standing::In,
        anchor: None,
        last_number: 0,
        now: Timestamp(0),
        started: Timestamp(0),
        changed: Changed::No,
    };
    World { terms, sight, former: None }
}

impl World<'_> {
    /// One run; gives the steps found, with a `!` where late.
    fn run(&mut self, now: Timestamp) -> Vec<String> {
        self.sight.now = now;
        self.sight.last_number = self.former.as_ref().map_or(0, |former| former.number);
        self.sight.started = self.sight.started.max(now);
        let turn = turn(self.former.as_ref(), &self.sight, &self.terms);
        self.former = turn.enrolment.or(self.former.take());
        let name = |found: &Found| {
            let step = &self.terms.steps[found.due.step].id;
            format!("{}.{} {step}{}", found.enrolment, found.due.cycle, if found.late { "!" } else { "" })
        };
        turn.found.iter().map(name).collect()
    }

    fn day(&mut self, day: i64) -> Vec<String> {
        self.run(Timestamp(day * DAY))
    }

    fn reason(&self) -> Option<String> {
        self.former.as_ref()?.reason.as_deref().map(str::to_owned)
    }
}

#[test]
fn a_step_found_later_than_its_grace_is_late_and_one_from_before_the_enrolment_is_nobody_s() {
    let steps = [after("a", 0), after("b", 7), after("c", 20)];
    let mut world = world(&steps, Start::Enrolment, Rhythm::Once);
    assert_eq!(world.day(0), ["1.0 a"]);
    assert_eq!(world.day(10), ["1.0 b!"]);
    assert_eq!(world.day(21), ["1.0 c"]);
    assert_eq!(world.reason().unwrap(), "completed");
    assert!(world.day(22).is_empty());

    let mut dated = self::world(&steps, Start::Date, Rhythm::Once);
    dated.sight.anchor = Some(Timestamp(0));
    assert_eq!(dated.day(8), ["1.0 b"], "`a` was due long before the enrolment, `b` within the grace");
}

#[test]
fn reentry_counts_from_the_end() {
    let steps = [after("a", 0), after("b", 9)];
    for (reenter, expected) in
        [(Reenter::Never, None), (Reenter::Always, Some(3)), (Reenter::After(Duration::days(30)), Some(32))]
    {
        let mut world = world(&steps, Start::Enrolment, Rhythm::Once);
        world.terms.reenter = reenter;
        assert_eq!(world.day(0), ["1.0 a"]);
        world.sight.standing = Standing::Out;
        assert!(world.day(2).is_empty());
        assert_eq!(world.reason().unwrap(), "left the audience");
        world.sight.standing = Standing::In;
        let again = (3..60).find(|&day| world.day(day) == ["2.0 a"]);
        assert_eq!(again, expected, "{reenter:?}");
    }
}

#[test]
fn a_date_moved_by_less_than_30_days_keeps_its_cycle_and_further_begins_another() {
    let steps = [step("warn", Offset::Before(Duration::days(30)), None), after("end", 0)];
    let mut world = world(&steps, Start::Date, Rhythm::Once);
    world.sight.anchor = Some(Timestamp(100 * DAY));
    assert!(world.day(0).is_empty());
    assert_eq!(world.day(70), ["1.0 warn"]);
    world.sight.anchor = Some(Timestamp(110 * DAY));
    assert!(world.day(71).is_empty());
    assert_eq!(world.day(80), ["1.0 warn"], "the same touch: made once");
    world.sight.anchor = Some(Timestamp(475 * DAY));
    assert!(world.day(81).is_empty());
    assert_eq!(world.day(445), ["2.0 warn"]);
    assert_eq!(world.day(475), ["2.0 end"]);
    assert_eq!(world.reason().unwrap(), "completed");
}

#[test]
fn a_corrected_year_of_birth_changes_nothing_and_a_corrected_day_keeps_its_cycle_over_new_year() {
    let zone = Asia::Shanghai;
    let steps = [after("card", 0)];
    let mut world = world(&steps, Start::Date, Rhythm::Yearly);
    world.sight.anchor = Some(midnight("1980-12-28", zone));
    assert!(world.run(midnight("2026-12-01", zone)).is_empty());
    world.sight.anchor = Some(midnight("1981-12-28", zone));
    assert!(world.run(midnight("2026-12-02", zone)).is_empty());
    assert_eq!(world.run(midnight("2026-12-28", zone)), ["1.2026 card"]);
    world.sight.anchor = Some(midnight("1981-01-05", zone));
    assert!(world.run(midnight("2026-12-29", zone)).is_empty());
    assert_eq!(world.run(midnight("2027-01-05", zone)), ["1.2026 card"], "the same touch: made once");
    assert_eq!(world.run(midnight("2028-01-05", zone)), ["1.2027 card"]);
    world.sight.anchor = Some(midnight("1981-06-05", zone));
    assert_eq!(world.run(midnight("2028-06-05", zone)), ["2.2028 card"]);
}

#[test]
fn an_edited_distance_keeps_the_cycle_in_progress() {
    let steps = [after("a", 0), after("b", 20)];
    let mut world = world(&steps, Start::Enrolment, Rhythm::Every(Duration::days(60)));
    assert_eq!(world.day(0), ["1.0 a"]);
    assert_eq!(world.day(20), ["1.0 b"]);
    assert_eq!(world.day(60), ["1.1 a"]);
    world.terms.rhythm = Rhythm::Every(Duration::days(90));
    world.sight.changed = Changed::Edited;
    assert!(world.day(70).is_empty());
    world.sight.changed = Changed::No;
    assert_eq!(world.day(80), ["1.1 b"]);
    assert!(world.day(120).is_empty());
    assert_eq!(world.day(150), ["1.2 a"]);
}

#[test]
fn listed_days_are_cycles_and_a_corrected_day_is_the_same() {
    let zone = Asia::Shanghai;
    let before = [Date::parse("2027-02-06").unwrap(), Date::parse("2028-01-26").unwrap()];
    let corrected = [Date::parse("2027-02-10").unwrap(), Date::parse("2028-01-26").unwrap()];
    let steps = [step("wish", Offset::Before(Duration::days(3)), None)];
    let mut world = world(&steps, Start::Days, Rhythm::Once);
    world.terms.rhythm = Rhythm::Days(&before);
    assert!(world.run(midnight("2027-01-01", zone)).is_empty());
    assert_eq!(world.run(midnight("2027-02-03", zone)), ["1.20270206 wish"]);
    world.terms.rhythm = Rhythm::Days(&corrected);
    world.sight.changed = Changed::Edited;
    assert!(world.run(midnight("2027-02-04", zone)).is_empty());
    world.sight.changed = Changed::No;
    assert_eq!(world.run(midnight("2027-02-07", zone)), ["1.20270206 wish"], "the same touch: made once");
    assert_eq!(world.run(midnight("2028-01-23", zone)), ["1.20280126 wish"]);
    assert_eq!(world.former.as_ref().unwrap().ended, None, "more days may be listed");
}

#[test]
fn what_slept_wakes_without_a_word_about_what_it_missed() {
    let steps = [after("a", 7)];
    let mut world = world(&steps, Start::Enrolment, Rhythm::Every(Duration::days(30)));
    assert!(world.day(0).is_empty());
    world.sight.changed = Changed::Slept;
    assert!(world.day(300).is_empty());
    world.sight.changed = Changed::No;
    assert_eq!(world.day(307), ["1.10 a"]);
}
