//! All customers and their orders, in order of time, as values and as CSV with the columns of Online Retail. What else
//! happens is in [`chronicle`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};

use chrono::DateTime;
use chrono_tz::Tz;

use super::chronicle;
use super::customer::{self, Customer};
use super::moment::Minute;
use super::order::{Order, Orders};
use super::person::Past;
use super::product::Pounds;
use super::random::{Random, whole};
use super::season::{DAY_MINUTES, Weekdays};
use super::sheet::Sheet;
use crate::model::{Timestamp, civil};

/// The zone whose local time the orders are written in.
pub const ZONE: Tz = chrono_tz::Europe::London;

/// A generated customer world.
#[derive(Clone, Debug)]
pub struct World {
    seed: u64,
    customers: u32,
    /// Local days since 1970-01-01.
    period: (f64, f64),
    weekdays: Weekdays,
}

/// A file for the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What to call it, so that the shipped policies find it.
    pub name: String,
    /// CSV.
    pub text: String,
}

impl World {
    /// So many customers who come, at the measured pace, between `start` and `end`; those still
    /// there go on ordering after it. A few of those there from the start may let their first order wait
    /// beyond `end`.
    ///
    /// With cancellations that makes 5 orders a customer over 373 days and 10 over three and a half years.
    #[must_use]
    pub fn new(seed: u64, customers: u32, start: Timestamp, end: Timestamp) -> Self {
        let days = |at: Timestamp| local_minute(at) as f64 / DAY_MINUTES as f64;
        Self { seed, customers, period: (days(start), days(end)), weekdays: Weekdays::default() }
    }

    /// The orders and cancellations of `from <= at < to`, in order of time, then of customer.
    ///
    /// Holds a few numbers for each customer, nothing for each order; passing over what lies before
    /// `from` costs as much as going through it.
    #[must_use]
    pub fn orders_between(&self, from: Timestamp, to: Timestamp) -> OrdersBetween<'_> {
        let (from, to) = (local_minute(from), local_minute(to));
        let mut streams = Vec::new();
        let mut due = BinaryHeap::new();
        for number in 0..self.customers {
            let mut orders = self.orders_of(number);
            while orders.due().is_some_and(|minute| minute < from) {
                orders.take(&self.weekdays);
            }
            if let Some(minute) = orders.due().filter(|&minute| minute < to) {
                due.push(Reverse((minute, streams.len())));
                streams.push(orders);
            }
        }
        OrdersBetween { world: self, streams, due, to }
    }

    /// Writes the customers whose first order is placed in `from <= at < to`; returns how many.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_customers_csv(
        &self,
        from: Timestamp,
        to: Timestamp,
        out: &mut impl Write,
    ) -> io::Result<u64> {
        let window = local_minute(from)..local_minute(to);
        let mut rows = 0;
        writeln!(out, "{}", Sheet::Customers.name_and_columns().1)?;
        for number in 0..self.customers {
            let (customer, random) = self.customer(number);
            let country = customer.country();
            let first = Orders::new(customer, random, &self.weekdays).due();
            if first.is_some_and(|minute| window.contains(&minute)) {
                writeln!(out, "{},{country}", customer::id(number))?;
                rows += 1;
            }
        }
        Ok(rows)
    }

    /// Writes the orders and cancellations of `from <= at < to` in order of time; returns how many.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_orders_csv(&self, from: Timestamp, to: Timestamp, out: &mut impl Write) -> io::Result<u64> {
        let mut rows = 0;
        writeln!(out, "{}", Sheet::Invoices.name_and_columns().1)?;
        for order in self.orders_between(from, to) {
            writeln!(out, "{order}")?;
            rows += 1;
        }
        Ok(rows)
    }

    /// What happens in `from <= at < to` as files for the inbox, new customers first; none where
    /// nothing happens. Windows that meet give each row once.
    ///
    /// Costs as much as all that happened before; [`Chronicle`](super::Chronicle) is for those who ask day by day.
    #[must_use]
    pub fn files_between(&self, from: Timestamp, to: Timestamp) -> Vec<File> {
        chronicle::files(&chronicle::rows_between(self, local_minute(from)..local_minute(to)), to)
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) const fn customers(&self) -> u32 {
        self.customers
    }

    /// The local day on which the period begins.
    pub(super) fn first_day(&self) -> i64 {
        whole(self.period.0.floor())
    }

    /// A customer with all orders before a local minute.
    pub(super) fn past(&self, number: u32, end: i64) -> (Customer, Past) {
        let (customer, random) = self.customer(number);
        let mut stream = Orders::new(customer.clone(), random, &self.weekdays);
        let first = stream.due().unwrap_or(i64::MAX);
        let mut orders = Vec::new();
        while stream.due().is_some_and(|minute| minute < end) {
            orders.extend(stream.take(&self.weekdays));
        }
        (customer, Past::new(orders, first, stream.next_order()))
    }

    fn customer(&self, number: u32) -> (Customer, Random) {
        let mut random = Random::of(self.seed, u64::from(number));
        (Customer::new(number, self.period, &mut random), random)
    }

    fn orders_of(&self, number: u32) -> Orders {
        let (customer, random) = self.customer(number);
        Orders::new(customer, random, &self.weekdays)
    }
}

/// Orders of all customers in order of time; see [`World::orders_between`].
#[derive(Clone, Debug)]
pub struct OrdersBetween<'world> {
    world: &'world World,
    streams: Vec<Orders>,
    /// The next minute of each stream that has one before `to`.
    due: BinaryHeap<Reverse<(i64, usize)>>,
    to: i64,
}

impl Iterator for OrdersBetween<'_> {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        let Reverse((_, index)) = self.due.pop()?;
        let orders = self.streams.get_mut(index)?;
        let order = orders.take(&self.world.weekdays);
        if let Some(minute) = orders.due().filter(|&minute| minute < self.to) {
            self.due.push(Reverse((minute, index)));
        }
        order
    }
}

impl Order {
    /// The instant.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let local = DateTime::from_timestamp(self.minute * 60, 0).unwrap_or_default();
        civil::resolve(local.naive_utc(), ZONE)
    }

    /// The customer's id.
    #[must_use]
    pub fn customer_id(&self) -> String {
        customer::id(self.customer).to_string()
    }

    /// The number of the invoice: unique, and for a cancellation that of its order after a `C`.
    #[must_use]
    pub fn invoice(&self) -> String {
        let mark = if self.cancelled { "C" } else { "" };
        format!("{mark}{}-{}", customer::id(self.customer), self.ordinal)
    }

    /// The amount in pounds.
    #[must_use]
    pub fn amount(&self) -> f64 {
        self.pence as f64 / 100.0
    }
}

/// A row with the columns of [`World::write_orders_csv`].
impl Display for Order {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{},{},{},{},{},{},{}",
            self.invoice(),
            customer::id(self.customer),
            Minute(self.minute),
            self.country,
            self.lines,
            self.quantity,
            Pounds(self.pence),
        )
    }
}

/// The first local minute at or after an instant, since 1970-01-01.
pub(super) fn local_minute(at: Timestamp) -> i64 {
    const MINUTE: i64 = 60_000;
    let local = civil::local(at, ZONE).map_or(at.0, |local| local.and_utc().timestamp_millis());
    -(-local).div_euclid(MINUTE)
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
