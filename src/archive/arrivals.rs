//! Taking new events of the kinds that somebody hears.

use rusqlite::{Params, params};

use super::ingest::last_number;
use super::{Archive, Result, RunWriter};
use crate::model::Timestamp;
use crate::model::event::{Arrival, ArrivalMark};
use crate::model::facts::BATCH;

/// Gives the arrivals of one kind that are due to somebody, some at a time, so that they needn't all be in memory
/// and the store can be written in between. First those that came in before the mark and have happened since, in
/// order of (`at`, `id`); then those that came in since, in order of number.
#[derive(Debug)]
pub struct DueArrivals {
    event: String,
    since: ArrivalMark,
    now: Timestamp,
    place: Place,
}

/// Where the next ones begin.
#[derive(Debug)]
enum Place {
    /// Among those that came in before, after this (`at`, `id`).
    Before(i64, String),
    /// Among those that came in since, after this number.
    Since(i64),
    End,
}

impl DueArrivals {
    /// Those of an event kind that are due at `now` to one who has come as far as the mark.
    #[must_use]
    pub fn new(event: &str, since: ArrivalMark, now: Timestamp) -> Self {
        // Ids are not empty, so all of the next instant come after its empty one.
        let place = Place::Before(since.at.0.saturating_add(1), String::new());
        Self { event: event.to_owned(), since, now, place }
    }

    /// Puts the next ones, at most [`BATCH`], in place of those in `arrivals`; false where there are no more.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next(&mut self, archive: &Archive, arrivals: &mut Vec<Arrival>) -> Result<bool> {
        arrivals.clear();
        while arrivals.is_empty() {
            match &self.place {
                Place::Before(at, id) => {
                    archive.happened_since(self, *at, id, arrivals)?;
                    self.place = match arrivals.last() {
                        Some(last) => Place::Before(last.at.0, last.id.to_string()),
                        None => Place::Since(self.since.number),
                    };
                }
                Place::Since(number) => {
                    archive.arrived_since(self, *number, arrivals)?;
                    self.place = arrivals.last().map_or(Place::End, |last| Place::Since(last.number));
                }
                Place::End => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Archive {
    /// The number of the last arrival; 0 where there was none yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_arrival(&self) -> Result<i64> {
        last_number(&self.connection)
    }

    fn happened_since(
        &self,
        due: &DueArrivals,
        at: i64,
        id: &str,
        arrivals: &mut Vec<Arrival>,
    ) -> Result<()> {
        self.read_arrivals(
            "INDEXED BY arrival_at \
             WHERE event = ?1 AND at <= ?2 AND (at, id) > (?4, ?5) AND number <= ?6 ORDER BY at, id LIMIT ?3",
            params![due.event, due.now.0, limit(), at, id, due.since.number],
            arrivals,
        )
    }

    fn arrived_since(&self, due: &DueArrivals, number: i64, arrivals: &mut Vec<Arrival>) -> Result<()> {
        self.read_arrivals(
            "WHERE event = ?1 AND at <= ?2 AND number > ?4 ORDER BY number LIMIT ?3",
            params![due.event, due.now.0, limit(), number],
            arrivals,
        )
    }

    fn read_arrivals(&self, which: &str, params: impl Params, arrivals: &mut Vec<Arrival>) -> Result<()> {
        let sql = format!("SELECT number, id, customer, at FROM arrival {which}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let (number, id, customer) = (row.get(0)?, row.get(1)?, row.get(2)?);
            arrivals.push(Arrival { number, id, customer, at: Timestamp(row.get(3)?) });
        }
        Ok(())
    }
}

impl RunWriter<'_> {
    /// Takes away the arrivals that everybody has taken: for each event kind, how far the one who is furthest
    /// behind has come. Kinds that are not named are heard by nobody any more, and lose all. Returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn prune_arrivals(&mut self, heard: &[(&str, ArrivalMark)]) -> Result<u64> {
        let connection = &self.archive().connection;
        let kinds: Vec<String> = connection
            .prepare_cached("SELECT DISTINCT event FROM arrival")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut taken = connection
            .prepare_cached("DELETE FROM arrival WHERE event = ?1 AND number <= ?2 AND at <= ?3")?;
        let mut pruned = 0;
        for kind in kinds {
            let mark = heard.iter().find(|(event, _)| *event == kind).map(|(_, mark)| *mark);
            let mark = mark.unwrap_or(ArrivalMark { number: i64::MAX, at: Timestamp(i64::MAX) });
            pruned += taken.execute(params![kind, mark.number, mark.at.0])?;
        }
        Ok(u64::try_from(pruned).unwrap_or(u64::MAX))
    }
}

fn limit() -> i64 {
    i64::try_from(BATCH).unwrap_or(i64::MAX)
}
