//! Balances: what a customer's events put into a ledger and take out, one after the other.

use super::aggregate::round6;
use crate::model::Dictionary;
use crate::model::time::DAY;
use crate::policy::compiled::Fades;

/// What one event does by one entry. Instants and lengths of time are milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) at: f64,
    /// The code of the event's id, or the event's place among those of its kind.
    pub(super) id: u32,
    /// The entry's place in the ledger.
    pub(super) entry: usize,
    /// Put in, or taken out where negative.
    pub(super) amount: f64,
}

/// What is left of something put in.
#[derive(Clone, Copy, Debug)]
struct Lot {
    at: f64,
    left: f64,
}

/// Memory kept from batch to batch: the changes of one customer, and what is left of them.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) changes: Vec<Change>,
    lots: Vec<Lot>,
}

impl Account {
    /// Puts the changes in order of (`at`, `id`), then entry. With a dictionary ids are codes.
    pub(super) fn sort(&mut self, ids: Option<&Dictionary>) {
        let text = |id: u32| ids.and_then(|ids| ids.text(id));
        self.changes.sort_unstable_by(|one, other| {
            let by_id = || match ids {
                Some(_) if one.id != other.id => text(one.id).cmp(&text(other.id)),
                Some(_) => std::cmp::Ordering::Equal,
                None => one.id.cmp(&other.id),
            };
            one.at.total_cmp(&other.at).then_with(by_id).then_with(|| one.entry.cmp(&other.entry))
        });
    }

    /// What the changes come to at an instant.
    pub(super) fn balance(&mut self, fades: Fades, now: f64) -> f64 {
        let amounts = self.changes.iter();
        let sum = match fades {
            Fades::Never => amounts.fold(0.0, |sum, change| sum + change.amount),
            Fades::HalfLife(half_life) => {
                let half_life = half_life as f64;
                let weight = |change: &Change| ((change.at - now) / half_life).exp2();
                amounts.fold(0.0, |sum, change| sum + weight(change) * change.amount)
            }
            Fades::Expires(expires) => {
                let debt = self.replay(expires as f64, now);
                self.lots.iter().fold(-debt, |sum, lot| sum + lot.left)
            }
        };
        // Adding zero makes -0 plain 0.
        round6(sum) + 0.0
    }

    /// Settles everything at an instant, for [`Account::lapsing`].
    pub(super) fn settle(&mut self, expires: f64, now: f64) {
        self.replay(expires, now);
    }

    /// What of the lots that are there lapses within so many days.
    pub(super) fn lapsing(&self, days: f64, expires: f64, now: f64) -> f64 {
        let lapses = |lot: &&Lot| lot.at + expires - now <= days * DAY as f64;
        round6(self.lots.iter().take_while(lapses).fold(0.0, |sum, lot| sum + lot.left))
    }

    /// Leaves the lots that are there at an instant, the oldest first, and gives the debt. A lot is there
    /// as long as it is younger than `expires`, like an event in a window.
    fn replay(&mut self, expires: f64, now: f64) -> f64 {
        let Self { changes, lots } = self;
        lots.clear();
        let (mut first, mut debt) = (0, 0.0);
        for change in changes.iter() {
            if change.amount > 0.0 {
                let paid = change.amount.min(debt);
                debt -= paid;
                if change.amount > paid {
                    lots.push(Lot { at: change.at, left: change.amount - paid });
                }
                continue;
            }
            let mut wanted = -change.amount;
            while wanted > 0.0 {
                let Some(lot) = lots.get_mut(first) else { break };
                let taken = if change.at - lot.at < expires { lot.left.min(wanted) } else { 0.0 };
                lot.left -= taken;
                wanted -= taken;
                if wanted > 0.0 {
                    first += 1;
                }
            }
            debt += wanted;
        }
        let is_gone = |lot: &&Lot| now - lot.at >= expires;
        first += lots.iter().skip(first).take_while(is_gone).count();
        lots.drain(..first.min(lots.len()));
        debt
    }
}
