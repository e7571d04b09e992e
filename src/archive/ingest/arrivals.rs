//! The order in which events come in: each transaction has its own instant of arrival, and each new event of a
//! kind that is heard its number.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::EventRow;
use super::events::Former;
use crate::archive::Result;
use crate::archive::meta::{self, EVENTS_FROM, LAST_ARRIVAL, LAST_ARRIVED};
use crate::model::EventShape;

/// What one transaction knows of arrivals.
#[derive(Debug)]
pub(in crate::archive) struct Arrivals<'archive> {
    connection: &'archive Connection,
    insert: Option<Statement<'archive>>,
    clock: i64,
    arrived: i64,
    number: i64,
    /// What happened before this may have been here and taken away: it is no news.
    news_from: i64,
}

impl<'archive> Arrivals<'archive> {
    /// Begins a transaction at an instant. Its events arrive then, or just after those before where the clock
    /// stood still or was set back, so that `arrived` tells their order.
    pub(in crate::archive) fn begin(connection: &'archive Connection, clock: i64) -> Result<Self> {
        let last: Option<i64> = meta::recall(connection, LAST_ARRIVED)?;
        let arrived = last.map_or(clock, |last| clock.max(last.saturating_add(1)));
        let number = last_number(connection)?;
        let news_from = meta::recall(connection, EVENTS_FROM)?.unwrap_or(i64::MIN);
        Ok(Self { connection, insert: None, clock, arrived, number, news_from })
    }

    /// When this transaction's events arrive.
    pub(in crate::archive) const fn arrived(&self) -> i64 {
        self.arrived
    }

    /// Notes a new event, where its kind is heard and it is no older than events are kept.
    pub(in crate::archive) fn note(
        &mut self,
        kind: &EventShape,
        id: &str,
        customer: &str,
        at: i64,
    ) -> Result<()> {
        if !kind.heard || at < self.news_from {
            return Ok(());
        }
        let insert = match &mut self.insert {
            Some(insert) => insert,
            none => none.insert(self.connection.prepare(
                "INSERT INTO arrival (event, number, id, customer, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?),
        };
        self.number += 1;
        insert.execute(params![kind.name, self.number, id, customer, at])?;
        Ok(())
    }

    /// Moves an arrival that is still there to where its corrected event is; it is no news. One that had not
    /// happened yet at the last run is numbered anew, since whoever has seen its number would otherwise not look at it again.
    pub(super) fn correct(&mut self, kind: &EventShape, former: &Former, row: &EventRow<'_>) -> Result<()> {
        if !kind.heard || former.at == row.at.0 && former.customer == row.customer {
            return Ok(());
        }
        let ahead = former.at > self.decided_for()?;
        let moved = self
            .connection
            .prepare_cached(
                "UPDATE arrival SET at = ?4, customer = ?5, number = coalesce(?6, number) \
                 WHERE event = ?1 AND at = ?2 AND id = ?3",
            )?
            .execute(params![
                kind.name,
                former.at,
                row.id,
                row.at.0,
                row.customer,
                ahead.then_some(self.number + 1)
            ])?;
        self.number += i64::from(ahead && moved > 0);
        Ok(())
    }

    /// Up to when somebody may have taken events: the time of the last run, which may lie before the clock and, where
    /// that was set back, after it.
    fn decided_for(&self) -> Result<i64> {
        let sql = "SELECT now FROM run WHERE outcome = 'committed' ORDER BY id DESC LIMIT 1";
        let last = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        Ok(last.unwrap_or(self.clock))
    }

    /// Remembers how far this transaction came.
    pub(in crate::archive) fn keep(&self) -> Result<()> {
        meta::remember(self.connection, LAST_ARRIVED, self.arrived)?;
        if self.number != last_number(self.connection)? {
            meta::remember(self.connection, LAST_ARRIVAL, self.number)?;
        }
        Ok(())
    }
}

/// The number of the last arrival; 0 where there was none.
pub(in crate::archive) fn last_number(connection: &Connection) -> Result<i64> {
    Ok(meta::recall::<i64>(connection, LAST_ARRIVAL)?.unwrap_or(0))
}
