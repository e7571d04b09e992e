//! Everything that happens in a world, in order of time: customers with what they do, prospects, colleagues, news.

use std::ops::Range;

use super::acquaintance::Acquaintance;
use super::market::Market;
use super::person::{Past, Person};
use super::profile::Profile;
use super::sheet::{Row, Rows, Sheet};
use super::staff::Staff;
use super::world::{File, World, local_minute};
use super::{
    change, complaint, contact, enquiry, handover, line, occasion, payment, prospect, redemption, rival,
    suggestion, survey, terms,
};
use crate::model::Timestamp;
use crate::model::time::DAY;

/// What happens in a world, with what comes next already at hand: for those who live in it day by day.
///
/// Windows give what [`World::files_between`] gives, only sooner. Holds the rows of the time at hand.
#[derive(Clone, Debug)]
pub struct Chronicle {
    world: World,
    at_hand: (Timestamp, Timestamp),
    rows: Vec<Row>,
}

impl Chronicle {
    /// How much is made at once, unless more is asked for.
    const AT_ONCE: i64 = 60 * DAY;

    /// Of this world.
    #[must_use]
    pub const fn new(world: World) -> Self {
        Self { world, at_hand: (Timestamp(0), Timestamp(0)), rows: Vec::new() }
    }

    /// What happens in `from <= at < to` as files for the inbox; see [`World::files_between`].
    pub fn files_between(&mut self, from: Timestamp, to: Timestamp) -> Vec<File> {
        let (first, end) = self.at_hand;
        if from < first || to > end {
            let end = to.max(from.plus(Self::AT_ONCE));
            self.rows = rows_between(&self.world, local_minute(from)..local_minute(end));
            self.at_hand = (from, end);
        }
        let place = |at| self.rows.partition_point(|row| row.minute < local_minute(at));
        files(self.rows.get(place(from)..place(to)).unwrap_or_default(), to)
    }
}

/// The rows of a window of local minutes, in order of time.
pub(super) fn rows_between(world: &World, window: Range<i64>) -> Vec<Row> {
    let end = window.end;
    let (seed, start) = (world.seed(), world.first_day());
    let staff = Staff::new(seed, start, end);
    let market = Market::new(seed, start, end);
    let mut rows = Rows::new(window);
    for number in 0..world.customers() {
        let (customer, past) = world.past(number, end);
        write_customer(&Person::new(seed, customer), &past, &staff, &market, &mut rows);
    }
    prospect::write_others(seed, (world.customers(), start), &staff, &mut rows);
    staff.write(&mut rows);
    market.write(&mut rows);
    rows.in_order()
}

/// Rows in order of time as files.
pub(super) fn files(rows: &[Row], to: Timestamp) -> Vec<File> {
    let label = to.to_string().replace([':', '-'], "");
    let of = |sheet: Sheet| {
        let (name, columns) = sheet.name_and_columns();
        let mut text = String::new();
        for row in rows.iter().filter(|row| row.sheet == sheet) {
            text.push_str(&row.text);
            text.push('\n');
        }
        (!text.is_empty())
            .then(|| File { name: format!("{name}-{label}.csv"), text: format!("{columns}\n{text}") })
    };
    Sheet::ALL.into_iter().filter_map(of).collect()
}

/// Adds all that one customer does, and what we come to know.
fn write_customer(person: &Person, past: &Past, staff: &Staff, market: &Market, rows: &mut Rows) {
    let before = prospect::known_before(person, past);
    let with = Acquaintance::with(person, before.is_some());
    if let Some(minute) = before {
        prospect::write(person, minute, &with, staff, rows);
    }
    if past.first >= rows.end() {
        return;
    }
    let id = person.id();
    rows.add(past.first, Sheet::Customers, format_args!("{id},{}", person.customer.country()));
    for order in &past.orders {
        rows.add(order.minute, Sheet::Invoices, format_args!("{order}"));
    }
    if let Some((minute, profile)) = Profile::of(person, past, &with, staff, market) {
        rows.add(minute, Sheet::Profiles, format_args!("{id},{profile}"));
        change::write(person, past, (minute, &profile), rows);
        if before.is_none() {
            handover::write(id, minute, &with, staff, rows);
        }
    }
    line::write(person, past, market, rows);
    survey::write(person, past, &with, staff, rows);
    for write in [
        payment::write,
        complaint::write,
        contact::write,
        enquiry::write,
        suggestion::write,
        rival::write,
        terms::write,
        redemption::write,
        occasion::write,
    ] {
        write(person, past, rows);
    }
}

#[cfg(test)]
#[path = "chronicle_tests.rs"]
mod tests;
