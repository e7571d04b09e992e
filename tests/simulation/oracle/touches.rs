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
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) expires: i64,
    pub(crate) queued: Option<i64>,
}

/// All of them, in the order in which they were made.
pub(crate) fn read(store: &Connection) -> Vec<Touch> {
    let mut statement = store
        .prepare(
            "SELECT id, kind, name, customer, occurrence, coalesce(because ->> 'step', ''), action, \
             state, reason, expires, queued FROM touch ORDER BY number",
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
            state: row.get(7)?,
            reason: row.get(8)?,
            expires: row.get(9)?,
            queued: row.get(10)?,
        })
    });
    touches.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}
