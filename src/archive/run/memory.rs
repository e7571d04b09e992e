//! What runs remember for the next: triggers, cut points, the policy's tables.

use rusqlite::params;

use super::RunWriter;
use super::place::customer;
use crate::archive::Result;
use crate::archive::value::as_integer;
use crate::model::cut::{CutPoint, Figure};
use crate::model::facts::FactBatch;
use crate::model::trigger::{RuleMemory, TriggerRecord};

impl RunWriter<'_> {
    /// Writes what triggers remember of a batch from now on, where it is not what they remembered before: `names` is
    /// the request's [`triggers`](crate::model::facts::FactRequest::triggers). Fastest in order of row.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn remember_triggers(
        &mut self,
        facts: &FactBatch,
        names: &[String],
        records: &[TriggerRecord],
    ) -> Result<()> {
        let key = |record: &TriggerRecord| (record.row, record.trigger);
        let name = |record: &TriggerRecord| {
            usize::try_from(record.trigger).ok().and_then(|trigger| names.get(trigger))
        };
        let mut insert = self.transaction.prepare_cached(
            "INSERT OR REPLACE INTO trigger_memory (customer, trigger, truth, rises, fired, held) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let before = &facts.prior.triggers;
        for record in records {
            let same = before
                .binary_search_by_key(&key(record), key)
                .is_ok_and(|index| before.get(index) == Some(record));
            if let (false, Some(customer), Some(name)) = (same, customer(facts, record.row), name(record)) {
                let memory = &record.memory;
                let fired = memory.fired.map(|at| at.0);
                insert.execute(params![customer, name, memory.truth, memory.rises, fired, memory.held])?;
            }
        }
        Ok(())
    }

    /// Keeps a cut point in place of the one before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cut_point(&mut self, cut: &CutPoint) -> Result<()> {
        let (kind, figure, customer, ranked) = match &cut.figure {
            Figure::Threshold(figure) => ("threshold", *figure, None, None),
            Figure::Population(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                ("population", None, None, Some(bytes))
            }
            Figure::Best(best) => {
                let (figure, customer) =
                    best.as_ref().map(|(figure, customer)| (*figure, &**customer)).unzip();
                ("best", figure, customer, None)
            }
        };
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO cut_point \
                 (value, part, version, as_of, population, kind, figure, customer, ranked) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                cut.value,
                cut.part,
                cut.version,
                cut.as_of.0,
                as_integer(cut.population),
                kind,
                figure,
                customer,
                ranked
            ])?;
        Ok(())
    }

    /// Keeps what is remembered of a table of the policy.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn rule(&mut self, rule: &RuleMemory) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO rule (name, version, first_seen, last_run, run, policy_version) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                rule.name,
                rule.version,
                rule.first_seen.0,
                rule.last_run.0,
                rule.run,
                rule.policy_version
            ])?;
        Ok(())
    }

    /// Notes which tables sleep: those for whose name `sleeps` says so forget the policy set they last ran under.
    /// Looks only in the first run after the policy set changed, since only an edit puts a table to sleep.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn put_to_sleep(&mut self, sleeps: impl Fn(&str) -> bool) -> Result<()> {
        if !self.is_first_of_its_policy()? {
            return Ok(());
        }
        let mut update =
            self.transaction.prepare_cached("UPDATE rule SET policy_version = '' WHERE name = ?1")?;
        for rule in self.archive.rules()?.iter().filter(|rule| sleeps(&rule.name)) {
            update.execute([&rule.name])?;
        }
        Ok(())
    }

    /// A place of a tier or quadrant has another name from now on: whoever stands there stays, and so do clocks.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn rename_place(&mut self, class: usize, from: &str, to: &str) -> Result<()> {
        let classes = (self.archive.schema.classes.get(class), self.archive.layout.classes.get(class));
        let (Some(shape), Some(slot)) = classes else { return Ok(()) };
        let column = &slot.column;
        for table in ["standing", "standing_previous"] {
            self.transaction
                .execute(&format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1"), [from, to])?;
        }
        self.transaction.execute(
            "UPDATE pending SET place = ?3 WHERE value = ?1 AND place = ?2",
            [&*shape.name, from, to],
        )?;
        Ok(())
    }
}
