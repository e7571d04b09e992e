//! How many customers stand where, counted along with a run, so that nobody has to count them to look.

use rusqlite::params;

use super::place::{Decided, Stored};
use super::{Result, RunWriter};
use crate::archive::value::as_integer;
use crate::model::standing::NO_PLACE;

/// Customers by place, one a class of the schema; `None` where the run did not decide it.
pub(super) type PlaceCounts = Vec<Option<Vec<u64>>>;

/// Counts a batch in.
pub(super) fn count(counts: &mut PlaceCounts, decided: &[Decided<'_>]) {
    for class in decided {
        if counts.len() <= class.class {
            counts.resize_with(class.class + 1, || None);
        }
        let Some(places) = counts.get_mut(class.class) else { continue };
        let known = class.shape.places.as_ref().map_or(2, |names| names.len());
        let places = places.get_or_insert_with(|| vec![0; known]);
        for place in &class.decision.place {
            if let Some(customers) = places.get_mut(usize::from(*place)) {
                *customers += 1;
            }
        }
    }
}

impl RunWriter<'_> {
    /// Puts the counts of all classes this run decided in place of those before.
    pub(super) fn write_place_counts(&self) -> Result<()> {
        let mut forget = self.transaction.prepare_cached("DELETE FROM place_count WHERE value = ?1")?;
        let mut insert = self
            .transaction
            .prepare_cached("INSERT INTO place_count (value, place, customers) VALUES (?1, ?2, ?3)")?;
        for (shape, places) in self.archive.schema.classes.iter().zip(&self.counts) {
            let Some(places) = places else { continue };
            forget.execute([&shape.name])?;
            for (place, &customers) in (0..NO_PLACE).zip(places).filter(|(_, customers)| **customers > 0) {
                insert.execute(params![shape.name, Stored(shape, place), as_integer(customers)])?;
            }
        }
        Ok(())
    }
}
