//! Marks: for each customer the triggers whose condition held when it was last looked at. They stand beside what
//! every run reads anyway, so that what triggers remember is read only of those of whom something changed.

use rusqlite::{Connection, OptionalExtension, params};

use super::run::RunWriter;
use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::trigger::TriggerMemory;

/// A customer's marks: the numbers of triggers, each with an `h` where it is held back by its cooldown.
const MARK: &str = "UPDATE standing_since SET _marks = (
    SELECT group_concat(number || iif(held, 'h', ''), ' ')
    FROM trigger_memory JOIN trigger_number ON trigger_number.name = trigger_memory.trigger
    WHERE trigger_memory.customer = standing_since.customer AND truth)
    WHERE customer = ?1";

/// Writes a customer's marks anew.
pub(super) fn mark(connection: &Connection, customer: &str) -> Result<()> {
    connection.prepare_cached(MARK)?.execute([customer])?;
    Ok(())
}

/// Takes marks apart: calls `each` with a trigger's number and whether it is held back.
pub(super) fn read(marks: &[u8], mut each: impl FnMut(u32, bool)) {
    let (mut number, mut held) = (None::<u32>, false);
    for &byte in marks.iter().chain(b" ") {
        match byte {
            b'0'..=b'9' => {
                number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u32::from(byte - b'0')));
            }
            b'h' => held = true,
            _ => {
                if let Some(number) = number.take() {
                    each(number, held);
                }
                held = false;
            }
        }
    }
}

impl Archive {
    /// What a trigger remembers of a customer.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn trigger_memory(&self, customer: &str, trigger: &str) -> Result<Option<TriggerMemory>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT truth, rises, fired, held FROM trigger_memory WHERE customer = ?1 AND trigger = ?2",
        )?;
        let memory = statement.query_row([customer, trigger], |row| {
            Ok(TriggerMemory {
                truth: row.get(0)?,
                rises: row.get(1)?,
                fired: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                held: row.get(3)?,
            })
        });
        Ok(memory.optional()?)
    }
}

impl RunWriter<'_> {
    /// The numbers by which triggers are marked, given where one has none yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn trigger_numbers<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<Vec<u32>> {
        let connection = &self.archive().connection;
        let mut number =
            connection.prepare_cached("INSERT OR IGNORE INTO trigger_number (name) VALUES (?1)")?;
        let mut find = connection.prepare_cached("SELECT number FROM trigger_number WHERE name = ?1")?;
        names
            .map(|name| {
                number.execute(params![name])?;
                Ok(find.query_row([name], |row| row.get(0))?)
            })
            .collect()
    }

    /// Marks for which triggers a customer's condition holds, by what they remember now.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn mark(&mut self, customer: &str) -> Result<()> {
        mark(&self.archive().connection, customer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_numbers_with_an_h_where_the_cooldown_holds() {
        let found = |marks: &str| {
            let mut found = Vec::new();
            read(marks.as_bytes(), |number, held| found.push((number, held)));
            found
        };
        assert_eq!(found(""), []);
        assert_eq!(found("7"), [(7, false)]);
        assert_eq!(found("3h 12 40h"), [(3, true), (12, false), (40, true)]);
    }
}
