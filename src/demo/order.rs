//! The orders of one customer, one after another.

use super::calibration::{
    AMOUNT_BETWEEN, AMOUNT_MEAN, AMOUNT_WITHIN, CANCELLED_PART, CANCELLED_WITHIN, GAP_WITHIN, LINES,
    LINES_WITH_AMOUNT, PRICE, SAME_DAY,
};
use super::customer::Customer;
use super::random::{Random, whole};
use super::season::{DAY_MINUTES, Weekdays, advance, minute_of_day};

/// An order, or the cancellation of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Local minutes since 1970-01-01.
    pub minute: i64,
    /// The customer's number.
    pub customer: u32,
    /// Counts the customer's orders from 1; a cancellation has that of its order.
    pub ordinal: u32,
    /// Whether this is a cancellation.
    pub cancelled: bool,
    /// Lines on the invoice.
    pub lines: u32,
    /// Pieces, below zero for a cancellation.
    pub quantity: i64,
    /// Pence, below zero for a cancellation.
    pub pence: i64,
    /// Where the customer is.
    pub country: &'static str,
}

/// One customer's orders and cancellations in order of time, without end unless the customer leaves.
#[derive(Clone, Debug)]
pub struct Orders {
    customer: Customer,
    random: Random,
    ordinal: u32,
    /// When the next order is placed; none once the customer has left.
    next: Option<i64>,
    cancellation: Option<Order>,
}

impl Orders {
    /// Longest gap in days: beyond it nobody would speak of a customer.
    const LONGEST_GAP: f64 = 3_650.0;

    /// From the customer's first order on.
    #[must_use]
    pub fn new(customer: Customer, mut random: Random, weekdays: &Weekdays) -> Self {
        let day = weekdays.place(whole(customer.begins.floor()), &mut random);
        let next = Some(day * DAY_MINUTES + minute_of_day(&mut random));
        Self { customer, random, ordinal: 0, next, cancellation: None }
    }

    /// When the next order or cancellation comes.
    #[must_use]
    pub fn due(&self) -> Option<i64> {
        self.cancellation.map(|cancellation| cancellation.minute).or(self.next)
    }

    /// When the next order is placed; none once the customer has left, though a cancellation may still come.
    #[must_use]
    pub const fn next_order(&self) -> Option<i64> {
        self.next
    }

    /// The next order or cancellation.
    pub fn take(&mut self, weekdays: &Weekdays) -> Option<Order> {
        if let Some(cancellation) = self.cancellation.take() {
            return Some(cancellation);
        }
        let minute = self.next?;
        self.ordinal += 1;
        let order = self.order(minute);
        self.next = self.after(minute, weekdays);
        if self.random.chance(self.customer.cancels) {
            self.cancellation = self.cancel(&order);
        }
        Some(order)
    }

    fn order(&mut self, minute: i64) -> Order {
        let logarithm = AMOUNT_WITHIN.mul_add(self.random.normal(), self.customer.usual);
        let amount = logarithm.exp();
        let standard = (logarithm - AMOUNT_MEAN) / AMOUNT_WITHIN.hypot(AMOUNT_BETWEEN);
        let [mean, deviation] = LINES;
        let rest = (1.0 - LINES_WITH_AMOUNT * LINES_WITH_AMOUNT).sqrt();
        let spread = LINES_WITH_AMOUNT.mul_add(standard, rest * self.random.normal());
        let lines = u32::try_from(whole(deviation.mul_add(spread, mean).exp())).unwrap_or(u32::MAX).max(1);
        let [mean, deviation] = PRICE;
        let price = self.random.log_normal(mean, deviation);
        Order {
            minute,
            customer: self.customer.number,
            ordinal: self.ordinal,
            cancelled: false,
            lines,
            quantity: whole(amount / price).max(i64::from(lines)),
            pence: whole(amount * 100.0).max(1),
            country: self.customer.country(),
        }
    }

    fn after(&mut self, minute: i64, weekdays: &Weekdays) -> Option<i64> {
        if self.random.chance(SAME_DAY) {
            return Some(minute + 1 + whole(self.random.fraction() * 119.0));
        }
        if self.random.chance(self.customer.leaves) {
            return None;
        }
        let gap = self.customer.gap * self.random.log_normal(0.0, GAP_WITHIN);
        let due = advance(minute as f64 / DAY_MINUTES as f64, gap.min(Self::LONGEST_GAP));
        let day = weekdays.place(whole(due.floor()), &mut self.random);
        Some((day * DAY_MINUTES + minute_of_day(&mut self.random)).max(minute + 1))
    }

    /// A cancellation of part of the order, before the next one; none where no minute is left for it.
    fn cancel(&mut self, order: &Order) -> Option<Order> {
        let longest = order.minute + whole(CANCELLED_WITHIN * DAY_MINUTES as f64);
        let last = self.next.map_or(longest, |next| longest.min(next - 1));
        let days = (last - order.minute) / DAY_MINUTES;
        let day = order.minute / DAY_MINUTES + whole(self.random.fraction() * days as f64);
        let minute = (day * DAY_MINUTES + minute_of_day(&mut self.random)).min(last);
        let [mean, deviation] = CANCELLED_PART;
        let usual = self.customer.usual.exp() * 100.0;
        let pence = whole(self.random.log_normal(mean, deviation) * usual).clamp(1, order.pence);
        let part = pence as f64 / order.pence as f64;
        let lines = whole(f64::from(order.lines) * part).max(1);
        (minute > order.minute).then_some(Order {
            minute,
            cancelled: true,
            lines: u32::try_from(lines).unwrap_or(order.lines),
            quantity: -whole(order.quantity as f64 * part).max(1),
            pence: -pence,
            ..*order
        })
    }
}
