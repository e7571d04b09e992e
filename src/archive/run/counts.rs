//! How many customers stand where, counted along with a run, so that nobody has to count them to look.

use rusqlite::params;

use super::place::{Decided, Stored};
use super::{Result, RunWriter};
use crate::model::facts::FactBatch;
use crate::model::standing::{NO_PLACE, Place};

/// Customers by place.
#[derive(Debug, Default)]
pub(super) struct PlaceCounts {
    /// One a class of the schema; `None` where the run did not decide it.
    classes: Vec<Option<Vec<i64>>>,
    /// Whether only changes are counted, since the run looks at some customers only.
    changes: bool,
}

impl PlaceCounts {
    /// Counts a batch in.
    pub(super) fn count(&mut self, facts: &FactBatch, decided: &[Decided<'_>]) {
        for class in decided {
            if self.classes.len() <= class.class {
                self.classes.resize_with(class.class + 1, || None);
            }
            let Some(places) = self.classes.get_mut(class.class) else { continue };
            let known = class.shape.places.as_ref().map_or(2, |names| names.len());
            let places = places.get_or_insert_with(|| vec![0; known]);
            if self.changes {
                count_changes(places, facts, class);
            } else {
                class.decision.place.iter().for_each(|&place| add(places, place, 1));
            }
        }
    }
}

fn count_changes(places: &mut [i64], facts: &FactBatch, class: &Decided<'_>) {
    let before = facts.prior.classes.get(class.class).and_then(Option::as_ref);
    for (row, &place) in class.decision.place.iter().enumerate() {
        let changed = class.decision.changed.get(row);
        if changed || class.decision.first.get(row) {
            add(places, place, 1);
        }
        if let (true, Some(&before)) = (changed, before.and_then(|before| before.place.get(row))) {
            add(places, before, -1);
        }
    }
}

fn add(places: &mut [i64], place: Place, customers: i64) {
    if let Some(count) = places.get_mut(usize::from(place)) {
        *count += customers;
    }
}

impl RunWriter<'_> {
    /// Says before the first batch that this run looks at some customers only.
    pub fn looks_at_some(&mut self) {
        self.counts.changes = true;
    }

    /// Puts the counts of all classes this run decided in place of those before, or adds what changed.
    pub(super) fn write_place_counts(&self) -> Result<()> {
        let mut forget = self.transaction.prepare_cached("DELETE FROM place_count WHERE value = ?1")?;
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO place_count (value, place, customers) VALUES (?1, ?2, max(?3, 0)) \
             ON CONFLICT (value, place) DO UPDATE SET customers = max(customers + ?3, 0)",
        )?;
        for (shape, places) in self.archive.schema.classes.iter().zip(&self.counts.classes) {
            let Some(places) = places else { continue };
            if !self.counts.changes {
                forget.execute([&shape.name])?;
            }
            for (place, &customers) in (0..NO_PLACE).zip(places).filter(|(_, customers)| **customers != 0) {
                insert.execute(params![shape.name, Stored(shape, place), customers])?;
            }
        }
        Ok(())
    }
}
