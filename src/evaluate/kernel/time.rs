//! Functions of one number, date or time.

use super::{Numbers, number};
use crate::evaluate::graph::op::{Arithmetic, On};
use crate::model::civil;
use crate::model::{Date, NumberColumn, Timestamp};
use crate::policy::expression::Moment;
use crate::policy::expression::builtin::Builtin;
use chrono::{Datelike, NaiveDateTime, Timelike};

const DAY: f64 = 86_400_000.0;
const HOUR: f64 = 3_600_000.0;

/// A function of the language over a column.
pub(in crate::evaluate) fn function(
    builtin: Builtin,
    on: On,
    operand: Numbers<'_>,
    moment: &Moment,
    rows: usize,
    out: &mut NumberColumn,
) {
    match builtin {
        Builtin::Abs => number::unary(operand, rows, out, f64::abs),
        Builtin::Floor => number::unary(operand, rows, out, f64::floor),
        Builtin::Ceil => number::unary(operand, rows, out, f64::ceil),
        Builtin::Sqrt => number::unary(operand, rows, out, f64::sqrt),
        Builtin::Ln => number::unary(operand, rows, out, f64::ln),
        Builtin::Exp => number::unary(operand, rows, out, f64::exp),
        Builtin::DaysSince => elapsed(on, operand, moment, rows, out, |now, at| (now - at) / DAY),
        Builtin::HoursSince => elapsed(on, operand, moment, rows, out, |now, at| (now - at) / HOUR),
        Builtin::DaysUntil => elapsed(on, operand, moment, rows, out, |now, at| (at - now) / DAY),
        Builtin::Age => number::partial(operand, rows, out, |day| age(day, moment)),
        _ => number::partial(operand, rows, out, |at| part(builtin, local(on, at, moment)?)),
    }
}

fn elapsed(
    on: On,
    operand: Numbers<'_>,
    moment: &Moment,
    rows: usize,
    out: &mut NumberColumn,
    between: impl Fn(f64, f64) -> f64,
) {
    let now = instant(moment.now);
    if on == On::Date {
        number::partial(operand, rows, out, |day| {
            let midnight = civil::midnight(date(day), moment.timezone)?;
            Some(between(now, instant(midnight)))
        });
    } else {
        number::unary(operand, rows, out, |at| between(now, at));
    }
}

fn age(day: f64, moment: &Moment) -> Option<f64> {
    let today = civil::local_date(moment.now, moment.timezone)?.to_naive()?;
    let born = date(day).to_naive()?;
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    Some(f64::from(today.year() - born.year() - i32::from(!had_birthday)))
}

fn local(on: On, at: f64, moment: &Moment) -> Option<NaiveDateTime> {
    match on {
        On::Date => Some(date(at).to_naive()?.and_time(chrono::NaiveTime::MIN)),
        On::Time | On::Number => civil::local(timestamp(at), moment.timezone),
    }
}

fn part(builtin: Builtin, local: NaiveDateTime) -> Option<f64> {
    Some(match builtin {
        Builtin::Year => f64::from(local.year()),
        Builtin::Month => f64::from(local.month()),
        Builtin::Day => f64::from(local.day()),
        Builtin::Weekday => f64::from(local.weekday().number_from_monday()),
        Builtin::Hour => f64::from(local.hour()),
        _ => return None,
    })
}

/// Arithmetic over two columns.
pub(in crate::evaluate) fn arithmetic(
    arithmetic: Arithmetic,
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut NumberColumn,
) {
    match arithmetic {
        Arithmetic::Add => number::binary(left, right, rows, out, |a, b| a + b),
        Arithmetic::Subtract => number::binary(left, right, rows, out, |a, b| a - b),
        Arithmetic::Multiply => number::binary(left, right, rows, out, |a, b| a * b),
        Arithmetic::Divide => number::binary(left, right, rows, out, |a, b| a / b),
        Arithmetic::Remainder => number::binary(left, right, rows, out, |a, b| a % b),
        Arithmetic::Power => number::binary(left, right, rows, out, f64::powf),
        Arithmetic::Least => number::binary(left, right, rows, out, |a, b| if b < a { b } else { a }),
        Arithmetic::Greatest => number::binary(left, right, rows, out, |a, b| if b > a { b } else { a }),
        Arithmetic::RoundTo => number::binary(left, right, rows, out, round_to),
        Arithmetic::DateLater => number::binary(left, right, rows, out, |a, b| (a + b).floor()),
        Arithmetic::DateEarlier => number::binary(left, right, rows, out, |a, b| (a - b).floor()),
        Arithmetic::TimeLater => number::binary(left, right, rows, out, |a, b| (a + b * DAY).round()),
        Arithmetic::TimeEarlier => number::binary(left, right, rows, out, |a, b| (a - b * DAY).round()),
        Arithmetic::DaysBetweenTimes => number::binary(left, right, rows, out, |a, b| (a - b) / DAY),
    }
}

fn round_to(number: f64, digits: f64) -> f64 {
    let scale = 10_f64.powf(digits.round());
    (number * scale).round() / scale
}

#[expect(clippy::cast_possible_truncation, reason = "columns hold day numbers of the 32-bit range")]
const fn date(day: f64) -> Date {
    Date(day as i32)
}

#[expect(clippy::cast_possible_truncation, reason = "columns hold whole milliseconds in range")]
const fn timestamp(at: f64) -> Timestamp {
    Timestamp(at as i64)
}

/// An instant as columns hold it.
#[expect(clippy::cast_precision_loss, reason = "exact up to the year 287,396")]
pub(in crate::evaluate) const fn instant(at: Timestamp) -> f64 {
    at.0 as f64
}
