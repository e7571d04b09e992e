//! Changes of watched customer fields, made history by the run that first sees them.

use rusqlite::params;

use super::RunWriter;
use crate::archive::Result;
use crate::archive::value::Bound;
use crate::model::Timestamp;
use crate::model::standing::TransitionCause;

impl RunWriter<'_> {
    /// Makes a transition of each watched field that differs from what it was at the last run, in order of field
    /// and customer, and forgets what fields were before. What changed back is none, and neither is what changed
    /// before a run first saw the customer. Returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn record_field_changes(&mut self, now: Timestamp) -> Result<u64> {
        let archive = self.archive;
        let mut changed = 0;
        for (field, slot) in archive.schema.customer.iter().zip(&archive.layout.customer) {
            if !field.watched {
                continue;
            }
            let column = &slot.column;
            let default = Bound(field.default.as_ref());
            changed += self
                .transaction
                .prepare_cached(&format!(
                    "INSERT INTO transition (customer, value, \"from\", \"to\", cause, at, run) \
                     SELECT note.customer, note.field, coalesce(note.before, ?2), \
                         coalesce(customer.{column}, ?2), ?3, ?4, ?5 \
                     FROM field_change AS note \
                     JOIN customer ON customer.id = note.customer \
                     JOIN standing_since ON standing_since.customer = note.customer \
                     WHERE note.field = ?1 AND standing_since._seen < ?5 \
                         AND coalesce(note.before, ?2) IS NOT coalesce(customer.{column}, ?2) \
                     ORDER BY note.customer"
                ))?
                .execute(params![field.name, default, TransitionCause::Data.as_str(), now.0, self.id])?;
        }
        self.transaction.prepare_cached("DELETE FROM field_change")?.execute([])?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }
}
