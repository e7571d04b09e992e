//! Who is who: customers joined with another, and those who asked to be forgotten.
//!
//! Of the forgotten a keyed hash is kept and nothing else, so that their rows are known when they come again and
//! nobody can tell from the store who they were without the key and a guess.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use hmac::{Hmac, Mac};
use rusqlite::{Connection, params};
use sha2::Sha256;

use super::meta::{self, FORGET_KEY};
use super::{Archive, ArchiveError, Result};

/// A keyed hash of an id.
type Trace = [u8; 32];

/// Ids that are not taken as they come. In most stores there are none.
#[derive(Debug, Default)]
pub struct Identities {
    /// Who was joined with whom; those joined with one that was joined itself have the last.
    aliases: HashMap<Box<str>, Arc<str>>,
    forgotten: Option<Forgotten>,
}

#[derive(Debug)]
struct Forgotten {
    key: Hmac<Sha256>,
    traces: HashSet<Trace>,
}

impl Identities {
    /// Whether all ids are taken as they come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.aliases.is_empty() && self.forgotten.is_none()
    }

    /// The customer an id means: itself, or the one it was joined with.
    #[must_use]
    pub fn resolve<'id>(&'id self, id: &'id str) -> &'id str {
        self.aliases.get(id).map_or(id, |customer| customer)
    }

    /// Whether an id is that of a customer who was forgotten.
    #[must_use]
    pub fn is_forgotten(&self, id: &str) -> bool {
        let Some(forgotten) = &self.forgotten else { return false };
        forgotten.traces.contains(&trace(forgotten.key.clone(), id))
    }
}

impl Archive {
    /// The ids that are not taken as they come.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn identities(&mut self) -> Result<Arc<Identities>> {
        if let Some(identities) = &self.identities {
            return Ok(Arc::clone(identities));
        }
        let identities = Arc::new(load(&self.connection)?);
        self.identities = Some(Arc::clone(&identities));
        Ok(identities)
    }
}

fn load(connection: &Connection) -> Result<Identities> {
    let mut identities = Identities::default();
    let mut statement = connection.prepare("SELECT id, customer FROM alias")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        identities.aliases.insert(id.into(), row.get(1)?);
    }
    let mut statement = connection.prepare("SELECT trace FROM forgotten")?;
    let traces: HashSet<Trace> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if !traces.is_empty() {
        let key: Option<Vec<u8>> = meta::recall(connection, FORGET_KEY)?;
        let missing =
            || ArchiveError::Corrupt { what: "the key of forgotten customers is missing".to_owned() };
        identities.forgotten = Some(Forgotten { key: keyed(&key.ok_or_else(missing)?)?, traces });
    }
    Ok(identities)
}

/// Keeps the traces of ids. `fresh` is the key of a store that has none yet.
pub(super) fn keep_traces(connection: &Connection, ids: &[String], fresh: &[u8; 32]) -> Result<()> {
    let known: Option<Vec<u8>> = meta::recall(connection, FORGET_KEY)?;
    if known.is_none() {
        meta::remember(connection, FORGET_KEY, fresh.as_slice())?;
    }
    let key = keyed(known.as_deref().unwrap_or(fresh))?;
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO forgotten (trace) VALUES (?1)")?;
    for id in ids {
        insert.execute(params![trace(key.clone(), id)])?;
    }
    Ok(())
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>> {
    Hmac::new_from_slice(key)
        .map_err(|_| ArchiveError::Corrupt { what: "the key of forgotten customers".to_owned() })
}

fn trace(mut key: Hmac<Sha256>, id: &str) -> Trace {
    key.update(id.as_bytes());
    key.finalize().into_bytes().into()
}
