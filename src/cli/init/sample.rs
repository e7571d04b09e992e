//! A few made-up customers and their orders up to today.

use std::fmt::Write;

use crate::model::Timestamp;
use crate::model::time::DAY;

/// Id, name, phone, whether they want no calls, days from order to order, days since the last, usual amount.
type Customer = (&'static str, &'static str, &'static str, bool, i64, i64, u32);

const CUSTOMERS: &[Customer] = &[
    ("ada", "Ada Loxley", "555 0101", false, 14, 40, 120),
    ("ben", "Ben Okoro", "555 0102", false, 30, 12, 340),
    ("chen", "Chen Wei", "555 0103", false, 10, 26, 85),
    ("dora", "Dora Lind", "555 0104", true, 7, 31, 60),
    ("emil", "Emil Brandt", "555 0105", false, 45, 20, 510),
];

const ORDERS: u32 = 5;

/// `customers.csv`.
pub(super) fn customers() -> String {
    let mut out = String::from("id,name,phone,opted_out\n");
    for (id, name, phone, opted_out, ..) in CUSTOMERS {
        // Writing to a string never fails.
        let _ = writeln!(out, "{id},{name},{phone},{opted_out}");
    }
    out
}

/// `orders.csv`, as of today.
pub(super) fn orders(today: Timestamp) -> String {
    let mut out = String::from("id,customer,date,amount\n");
    for (id, _, _, _, gap, since, amount) in CUSTOMERS {
        for number in 0..ORDERS {
            let ago = since + gap * i64::from(ORDERS - 1 - number);
            let at = today.plus(-ago * DAY).to_string();
            let date = at.split('T').next().unwrap_or_default();
            let amount = amount + 5 * number;
            let _ = writeln!(out, "{id}-{},{id},{date},{amount}", number + 1);
        }
    }
    out
}
