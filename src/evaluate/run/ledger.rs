//! Steps from the events of several kinds to what a ledger holds for each customer.

use super::frame::Frame;
use crate::evaluate::graph::op::{Book, Op, Space};
use crate::evaluate::kernel::{number, time};
use crate::evaluate::ledger::{Account, Change};
use crate::model::{Column, Dictionary};
use crate::policy::compiled::Fades;
use crate::policy::expression::Moment;

pub(super) fn step(
    frame: &Frame<'_>,
    moment: &Moment,
    dictionary: &Dictionary,
    account: &mut Account,
    out: &mut Column,
) {
    let Column::Number(out) = out else { return };
    let now = time::instant(moment.now);
    out.values.clear();
    match &frame.node.op {
        Op::Balance(book) => {
            for customer in 0..frame.rows {
                open(frame, book, 0, customer, dictionary, account);
                out.values.push(account.balance(book.fades, now));
            }
        }
        Op::Lapsing(book) => {
            let Fades::Expires(expires) = book.fades else { return };
            let (expires, days) = (expires as f64, frame.numbers(0));
            for customer in 0..frame.facts.ids.len() {
                open(frame, book, 1, customer, dictionary, account);
                account.settle(expires, now);
                for row in rows(frame, frame.node.space, customer) {
                    let lapsing = days.get(row).map(|days| account.lapsing(days, expires, now));
                    out.values.push(lapsing.unwrap_or(f64::NAN));
                }
            }
        }
        _ => {}
    }
    out.valid.reset(out.values.len(), true);
    number::settle(out);
}

/// Notes a customer's changes in order. The operands of the first entry are those from `first`.
fn open(
    frame: &Frame<'_>,
    book: &Book,
    first: usize,
    customer: usize,
    dictionary: &Dictionary,
    account: &mut Account,
) {
    account.changes.clear();
    let is_mixed = book.is_mixed();
    for (entry, &kind) in book.kinds.iter().enumerate() {
        let Some(events) = frame.facts.events(kind) else { continue };
        let which = frame.flags(first + 2 * entry).values;
        let amounts = frame.numbers(first + 2 * entry + 1);
        let ids = frame.codes(first + 2 * book.kinds.len() + entry);
        for row in rows(frame, Space::Event(kind), customer).filter(|&row| which.get(row)) {
            let (Some(&at), Some(amount)) = (events.at.get(row), amounts.get(row)) else { continue };
            // Rows of a batch are counted in 32 bits, as their offsets are.
            let id = if is_mixed { ids.code(row) } else { u32::try_from(row).unwrap_or(u32::MAX) };
            account.changes.push(Change { at, id, entry, amount });
        }
    }
    if book.kinds.len() > 1 {
        account.sort(is_mixed.then_some(dictionary));
    }
}

/// The rows of a space that are a customer's.
fn rows(frame: &Frame<'_>, space: Space, customer: usize) -> std::ops::Range<usize> {
    let Space::Event(kind) = space else { return customer..customer + 1 };
    let offsets = frame.facts.events(kind).map_or(&[][..], |events| &events.offsets);
    let offset = |index: usize| offsets.get(index).map_or(0, |&offset| offset as usize);
    offset(customer)..offset(customer + 1)
}
