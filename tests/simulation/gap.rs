//! Three days without the program: what is caught up run by run, or by one run, against what hourly runs decided.

use std::collections::BTreeSet;

use guanxi::model::Timestamp;
use guanxi::policy::compiled::CatchUp;
use guanxi::schedule::{Timetable, next_due};

use crate::policies::Figures;
use crate::program::Program;
use crate::receiver::Receiver;
use crate::world::{HOUR, World, beginning};

/// Whole hours before the gap, in it and after it.
const BEFORE: i64 = 45 * 24;
const GAP: i64 = 72;
const AFTER: i64 = 6 * 24;

/// A world where everything comes when it happens, so that what is told late is all that differs.
struct Quiet {
    program: Program,
    receiver: Receiver,
    world: World,
    now: i64,
}

impl Quiet {
    fn new(seed: u64, customers: u64) -> Self {
        let text = Figures::first().text();
        let mut quiet = Self {
            program: Program::new(&text, beginning(), None),
            receiver: Receiver::new(seed),
            world: World::new(seed, customers),
            now: beginning().0,
        };
        let facts = quiet.world.beginning(quiet.now);
        quiet.program.take_in(&facts);
        quiet.world.make_plain();
        quiet
    }

    fn live(&mut self, hours: i64) {
        for _ in 0..hours {
            self.now += HOUR;
            self.program.set_clock(Timestamp(self.now));
            let facts = self.world.hour(self.now);
            self.program.take_in(&facts);
            self.program.run(Timestamp(self.now));
            self.program.deliver(&mut self.receiver);
        }
    }

    /// The program is down; at the end all that happened meanwhile comes in, then the schedule catches up.
    fn be_down(&mut self, hours: i64, catch_up: CatchUp) {
        let mut last = Timestamp(self.now);
        let mut facts = Vec::new();
        for _ in 0..hours {
            self.now += HOUR;
            facts.extend(self.world.hour(self.now));
        }
        let end = Timestamp(self.now);
        self.program.set_clock(end);
        self.program.take_in(&facts);
        let mut runs = 0;
        while let Some(due) = next_due(&[(self.timetable(catch_up), last)], end) {
            self.program.run(due.at);
            self.program.deliver(&mut self.receiver);
            last = due.at;
            runs += 1;
        }
        assert_eq!(last, end);
        assert_eq!(runs, if catch_up == CatchUp::All { hours } else { 1 });
    }

    fn timetable(&self, catch_up: CatchUp) -> Timetable {
        let mut timetable = self.program.timetable();
        timetable.catch_up = catch_up;
        timetable
    }

    /// The rows that a query gives, each as one text.
    fn rows(&self, query: &str) -> BTreeSet<String> {
        let mut statement = self.program.store().prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let values: rusqlite::Result<Vec<_>> =
                (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect();
            Ok(format!("{:?}", values?))
        });
        rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }
}

/// All that is decided, whenever it was sent.
const DECISIONS: [(&str, &str); 5] = [
    ("transitions", "SELECT customer, value, \"from\", \"to\", cause, at FROM transition"),
    ("standing", "SELECT * FROM standing"),
    ("rises", "SELECT * FROM trigger_memory"),
    (
        "enrolments",
        "SELECT customer, cadence, number, base, started, next, ended, reason, event FROM enrolment",
    ),
    (
        "touches",
        "SELECT kind, name, customer, occurrence, because ->> 'step', action, due, expires - due FROM touch",
    ),
];

fn same(what: &str, one: &BTreeSet<String>, other: &BTreeSet<String>) {
    let (lost, made): (Vec<_>, Vec<_>) =
        (one.difference(other).take(4).collect(), other.difference(one).take(4).collect());
    assert!(lost.is_empty() && made.is_empty(), "{what}: only hourly {lost:#?}, only caught up {made:#?}");
    eprintln!("{what}: {} the same", one.len());
}

/// The world after the gap, and some days later.
fn through_the_gap(seed: u64, customers: u64, gap: impl FnOnce(&mut Quiet)) -> Quiet {
    let mut quiet = Quiet::new(seed, customers);
    quiet.live(BEFORE);
    gap(&mut quiet);
    quiet
}

pub(crate) fn all_decides_as_hourly_runs(seed: u64, customers: u64) {
    let (mut hourly, mut caught_up) = std::thread::scope(|scope| {
        let hourly = scope.spawn(|| through_the_gap(seed, customers, |quiet| quiet.live(GAP)));
        let all = through_the_gap(seed, customers, |quiet| quiet.be_down(GAP, CatchUp::All));
        (hourly.join().unwrap(), all)
    });
    for quiet in [&mut hourly, &mut caught_up] {
        quiet.live(AFTER);
    }
    for (what, query) in DECISIONS {
        same(what, &hourly.rows(query), &caught_up.rows(query));
    }
}

pub(crate) fn latest_repeats_and_loses_nothing(seed: u64, customers: u64) {
    const ALL: &str = "SELECT kind, name, customer, occurrence, because ->> 'step', action FROM touch";
    const OF_STEPS: &str = "SELECT name, customer, occurrence, because ->> 'step', action, due FROM touch \
                            WHERE name IN ('welcome', 'birthday')";
    const OF_PROJECTS: &str =
        "SELECT customer, occurrence, because ->> 'step' FROM touch WHERE name = 'project'";
    const OF_EVENTS: &str = "SELECT name, customer, occurrence, action FROM touch WHERE event IS NOT NULL";
    let (hourly, latest) = std::thread::scope(|scope| {
        let hourly = scope.spawn(|| through_the_gap(seed, customers, |quiet| quiet.live(GAP)));
        let latest = through_the_gap(seed, customers, |quiet| quiet.be_down(GAP, CatchUp::Latest));
        (hourly.join().unwrap(), latest)
    });
    same("touches about events", &hourly.rows(OF_EVENTS), &latest.rows(OF_EVENTS));
    same("steps of who was enrolled before", &hourly.rows(OF_STEPS), &latest.rows(OF_STEPS));
    // A step that was over before the event was seen is nobody's, unless it is within the grace.
    let grace = latest.now - 24 * HOUR;
    let of_events = format!("{OF_PROJECTS} AND due >= {grace}");
    let lost: Vec<_> = hourly.rows(&of_events).difference(&latest.rows(OF_PROJECTS)).cloned().collect();
    assert!(lost.is_empty(), "steps within their grace are lost: {lost:#?}");
    let (every, made) = (hourly.rows(ALL), latest.rows(ALL));
    let more: Vec<_> = made.difference(&every).collect();
    assert!(more.is_empty(), "one run made what hourly runs never did: {more:#?}");
}
