//! The touches of a store.

use rusqlite::Connection;

#[derive(Clone, Debug)]
pub(crate) struct Touch {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) customer: String,
    pub(crate) occurrence: String,
    pub(crate) step: String,
    pub(crate) action: String,
    pub(crate) channel: String,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) expires: i64,
    pub(crate) queued: Option<i64>,
    pub(crate) effort: f64,
    pub(crate) guard: Option<String>,
    pub(crate) run: i64,
    /// Whether an attempt was noted: it may have arrived.
    pub(crate) attempted: bool,
}

impl Touch {
    /// What it is owed for, within its table.
    pub(crate) fn key(&self) -> (String, String, String, String) {
        (self.customer.clone(), self.occurrence.clone(), self.step.clone(), self.action.clone())
    }
}

/// All of them, in the order in which they were made.
pub(crate) fn read(store: &Connection) -> Vec<Touch> {
    let mut statement = store
        .prepare(
            "SELECT id, kind, name, customer, occurrence, coalesce(because ->> 'step', ''), action, channel, \
             state, reason, expires, queued, effort, guard, run, attempted FROM touch ORDER BY number",
        )
        .unwrap();
    let touches = statement.query_map([], |row| {
        Ok(Touch {
            id: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            customer: row.get(3)?,
            occurrence: row.get(4)?,
            step: row.get(5)?,
            action: row.get(6)?,
            channel: row.get(7)?,
            state: row.get(8)?,
            reason: row.get(9)?,
            expires: row.get(10)?,
            queued: row.get(11)?,
            effort: row.get(12)?,
            guard: row.get(13)?,
            run: row.get(14)?,
            attempted: row.get(15)?,
        })
    });
    touches.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}
