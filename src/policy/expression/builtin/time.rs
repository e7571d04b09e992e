//! Functions of dates and times. Days and hours are local; a date counts from its local midnight.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::compute::{date_of, local_of, midnight_of};
use super::results::{ANYTHING, Exactness, Results};
use super::{Accepts, Compute, Function, Gives, Kernel, Moment, Parameter};
use crate::model::civil;
use crate::model::time::DAY;
use crate::policy::expression::reason::Range;

/// The function whose result is the run's own instant.
pub(super) const NOW: &str = "now";

const HOUR: f64 = 3_600_000.0;
const WHEN: Parameter = Parameter { name: "date or time", accepts: Accepts::DateOrTime };

const OF_WHEN: Function = Function {
    name: "",
    parameters: &[WHEN],
    last_is_optional: false,
    last_repeats: false,
    returns: Gives::Number,
    summary: "",
    missing: "where the argument is",
    compute: Compute::Moment(|_| f64::NAN),
    kernel: None,
    results: ANYTHING,
    examples: &[],
};

/// A part of a civil day, of a date or of the local day of a time.
macro_rules! parts {
    ($part:expr) => {
        Compute::Civil {
            date: |day, _| date_of(day).map_or(f64::NAN, $part),
            time: |at, moment| local_of(at, moment).map(|local| local.date()).map_or(f64::NAN, $part),
        }
    };
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: NOW,
        parameters: &[],
        returns: Gives::Time,
        summary: "The instant for which the run decides.",
        missing: "never",
        compute: Compute::Moment(|moment| moment.now.0 as f64),
        examples: &[("now()", "2027-03-01T01:30:00Z")],
        ..OF_WHEN
    },
    Function {
        name: "today",
        parameters: &[],
        returns: Gives::Date,
        summary: "The local day for which the run decides.",
        missing: "never",
        compute: Compute::Moment(|moment| {
            civil::local_date(moment.now, moment.timezone).map_or(f64::NAN, |day| f64::from(day.0))
        }),
        examples: &[("today()", "2027-03-01")],
        ..OF_WHEN
    },
    Function {
        name: "days_since",
        summary: "Days of 24 hours that have passed since, with fractions; negative for the future.",
        compute: Compute::Civil {
            date: |day, moment| since(midnight_of(day, moment), moment) / DAY as f64,
            time: |at, moment| since(at, moment) / DAY as f64,
        },
        kernel: Some(Kernel::DaysSince),
        results: Results {
            range: |given| given.is_past.then(|| Range::from(0.0)),
            exactness: Exactness::Continuous,
            ..ANYTHING
        },
        examples: &[
            ("days_since(now() - 1.5)", "1.5"),
            ("days_since(date(\"2027-02-27\"))", "2.3958333333333335"),
        ],
        ..OF_WHEN
    },
    Function {
        name: "hours_since",
        summary: "Hours that have passed since, with fractions; negative for the future.",
        compute: Compute::Civil {
            date: |day, moment| since(midnight_of(day, moment), moment) / HOUR,
            time: |at, moment| since(at, moment) / HOUR,
        },
        results: Results {
            range: |given| given.is_past.then(|| Range::from(0.0)),
            exactness: Exactness::Continuous,
            ..ANYTHING
        },
        examples: &[("hours_since(today())", "9.5")],
        ..OF_WHEN
    },
    Function {
        name: "days_until",
        summary: "Days of 24 hours until then, with fractions; negative for the past.",
        compute: Compute::Civil {
            date: |day, moment| -since(midnight_of(day, moment), moment) / DAY as f64,
            time: |at, moment| -since(at, moment) / DAY as f64,
        },
        kernel: Some(Kernel::DaysUntil),
        results: Results {
            range: |given| given.is_past.then(|| Range::between(f64::NEG_INFINITY, 0.0)),
            exactness: Exactness::Continuous,
            ..ANYTHING
        },
        examples: &[("days_until(now() + 2)", "2")],
        ..OF_WHEN
    },
    Function {
        name: "age",
        parameters: &[Parameter { name: "date", accepts: Accepts::Date }],
        summary: "Whole years since a day; 29 February counts as the 28th in other years.",
        missing: "where the argument is, or lies in the future",
        compute: Compute::Civil { date: age, time: |_, _| f64::NAN },
        results: Results { range: |_| Some(Range::from(0.0).whole()), is_total: |_| false, ..ANYTHING },
        examples: &[("age(date(\"1980-03-01\"))", "47"), ("age(date(\"1980-03-02\"))", "46")],
        ..OF_WHEN
    },
    Function {
        name: "year",
        summary: "The local year.",
        compute: parts!(|day: NaiveDate| f64::from(day.year())),
        results: Results { range: |_| Some(Range::all().whole()), ..ANYTHING },
        examples: &[("year(today())", "2027")],
        ..OF_WHEN
    },
    Function {
        name: "month",
        summary: "The local month, 1 to 12.",
        compute: parts!(|day: NaiveDate| f64::from(day.month())),
        results: Results { range: |_| Some(Range::between(1.0, 12.0).whole()), is_finite: true, ..ANYTHING },
        examples: &[("month(now())", "3")],
        ..OF_WHEN
    },
    Function {
        name: "day",
        summary: "The local day of the month, 1 to 31.",
        compute: parts!(|day: NaiveDate| f64::from(day.day())),
        results: Results { range: |_| Some(Range::between(1.0, 31.0).whole()), is_finite: true, ..ANYTHING },
        examples: &[("day(date(\"2027-01-31\"))", "31")],
        ..OF_WHEN
    },
    Function {
        name: "weekday",
        summary: "The local day of the week; Monday is 1, Sunday 7.",
        compute: parts!(|day: NaiveDate| f64::from(day.weekday().number_from_monday())),
        results: Results { range: |_| Some(Range::between(1.0, 7.0).whole()), is_finite: true, ..ANYTHING },
        examples: &[("weekday(today())", "1"), ("weekday(date(\"2027-02-28\"))", "7")],
        ..OF_WHEN
    },
    Function {
        name: "hour",
        parameters: &[Parameter { name: "time", accepts: Accepts::Time }],
        summary: "The local hour, 0 to 23.",
        compute: Compute::Civil {
            date: |_, _| f64::NAN,
            time: |at, moment| {
                local_of(at, moment).map_or(f64::NAN, |local: NaiveDateTime| f64::from(local.hour()))
            },
        },
        results: Results { range: |_| Some(Range::between(0.0, 23.0).whole()), is_finite: true, ..ANYTHING },
        examples: &[("hour(now())", "9")],
        ..OF_WHEN
    },
];

fn since(at: f64, moment: &Moment) -> f64 {
    moment.now.0 as f64 - at
}

fn age(day: f64, moment: &Moment) -> f64 {
    let today = civil::local_date(moment.now, moment.timezone).and_then(crate::model::Date::to_naive);
    let (Some(born), Some(today)) = (date_of(day), today) else { return f64::NAN };
    if born > today {
        return f64::NAN;
    }
    let leap_day = (born.month(), born.day()) == (2, 29);
    let anniversary = if leap_day && !today.leap_year() { (2, 28) } else { (born.month(), born.day()) };
    let reached = (today.month(), today.day()) >= anniversary;
    f64::from(today.year() - born.year() - i32::from(!reached))
}
