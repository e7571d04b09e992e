//! All a store holds, as one hash: every table, every row in order, every value.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

/// A hash per table, by name.
pub(crate) fn tables(store: &Connection) -> Vec<(String, String)> {
    let mut names =
        store.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    names.into_iter().map(|name| (hash(store, &name), name)).map(|(hash, name)| (name, hash)).collect()
}

fn hash(store: &Connection, table: &str) -> String {
    let mut statement = store.prepare(&format!("SELECT * FROM \"{table}\" NOT INDEXED")).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut hash = Sha256::new();
    while let Some(row) = rows.next().unwrap() {
        (0..columns).for_each(|column| add(&mut hash, row, column));
    }
    format!("{:x}", hash.finalize())
}

fn add(hash: &mut Sha256, row: &Row<'_>, column: usize) {
    let (kind, bytes): (u8, &[u8]) = match row.get_ref(column).unwrap() {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => {
            hash.update([1]);
            return hash.update(number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            hash.update([2]);
            return hash.update(number.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}
