//! Tables and columns for what a policy set declares: added, never taken away.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Archive, ArchiveError, Result};
use crate::model::schema::TOUCH_EVENT;
use crate::model::{ClassShape, EventShape, FieldShape, Schema, Type};

/// Columns of the engine's own in the tables that declared ones join.
const CUSTOMER_COLUMNS: &[&str] = &["id", "known_since", "arrived", "changed"];
const EVENT_COLUMNS: &[&str] = &["customer", "at", "id", "arrived"];
const STANDING_COLUMNS: &[&str] = &["customer", "as_of"];

/// Where the declared fields and classes are in the store, by their index in the schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) customer: Vec<Slot>,
    pub(super) events: Vec<EventLayout>,
    /// The columns of `standing`, `standing_since` and `standing_previous`.
    pub(super) classes: Vec<Slot>,
}

/// Where the events of one kind are.
#[derive(Clone, Debug)]
pub(super) struct EventLayout {
    /// The table's name as it stands in SQL.
    pub(super) table: String,
    /// Its name in `tally`.
    pub(super) name: String,
    /// Whether the table is there; it may not be where the store is only looked at.
    pub(super) stored: bool,
    pub(super) everyone: bool,
    pub(super) fields: Vec<Slot>,
}

/// One declared column.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Its name as it stands in SQL.
    pub(super) column: String,
    /// Whether it is there; it may not be where the store is only looked at.
    pub(super) stored: bool,
}

impl Slot {
    /// What selects it.
    pub(super) fn selected(&self) -> &str {
        if self.stored { &self.column } else { "NULL" }
    }
}

/// The types columns were made with, by table and column.
type Stored = BTreeMap<(String, String), String>;

impl Archive {
    /// Makes room for all a policy set declares: adds tables and columns, takes none away. Indices in later
    /// calls are those of this schema. A store opened to look is not changed: what it lacks reads as missing.
    /// Between text and choice a field may change; any other change needs a column without values.
    ///
    /// # Errors
    /// [`ArchiveError::TypeChanged`] where stored values have another type; nothing is changed then.
    pub fn adopt(&mut self, schema: Arc<Schema>) -> Result<()> {
        let mut look = Adoption::new(&self.connection, false)?;
        let known = look.all(&schema)?;
        // Where all is there nothing is written, so that going back to a set works in a store that takes no writes.
        let layout = if self.writable && look.lacks {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let mut adoption = Adoption::new(&transaction, true)?;
            let layout = adoption.all(&schema)?;
            transaction.commit()?;
            layout
        } else {
            known
        };
        self.schema = schema;
        self.layout = layout;
        self.events_change();
        Ok(())
    }

    /// Where what a schema declares is, as far as it is there; nothing is made.
    pub(super) fn look_by(&self, schema: &Schema) -> Result<Layout> {
        Adoption::new(&self.connection, false)?.all(schema)
    }
}

struct Adoption<'connection> {
    connection: &'connection Connection,
    writable: bool,
    /// Whether something was found that is to be written.
    lacks: bool,
    stored: Stored,
}

/// A column to be made or found.
struct Wanted<'name> {
    /// Tables that have it, the one whose type counts first.
    tables: &'name [&'name str],
    column: String,
    ty: &'static str,
    what: String,
}

impl<'connection> Adoption<'connection> {
    fn new(connection: &'connection Connection, writable: bool) -> Result<Self> {
        let mut statement = connection.prepare("SELECT table_name, column_name, type FROM column_type")?;
        let stored = statement
            .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { connection, writable, lacks: false, stored })
    }

    fn all(&mut self, schema: &Schema) -> Result<Layout> {
        let customer = self.fields("customer", CUSTOMER_COLUMNS, &schema.customer, None)?;
        let events = schema.events.iter().map(|event| self.event(event)).collect::<Result<_>>()?;
        let classes = schema.classes.iter().map(|class| self.class(class)).collect::<Result<_>>()?;
        Ok(Layout { customer, events, classes })
    }

    fn event(&mut self, event: &EventShape) -> Result<EventLayout> {
        let name = format!("event_{}", event.name);
        let table = quoted(&name);
        let kind = if event.everyone { "happening to everyone" } else { "happening to a customer" };
        let key = (name.clone(), String::new());
        let known = self.stored.get(&key).cloned();
        self.lacks |= known.as_deref() != Some(kind);
        let mut stored = known.is_some();
        match known.as_deref() {
            None if self.writable => {
                self.make_event(&name, &table, &event.name)?;
                self.note(&name, "", kind)?;
                stored = true;
            }
            Some(before) if before != kind => {
                if !self.is_empty(&table, "customer")? {
                    return Err(ArchiveError::TypeChanged {
                        what: format!("event {}", event.name),
                        stored: before.to_owned(),
                        declared: kind.to_owned(),
                    });
                }
                if self.writable {
                    self.note(&name, "", kind)?;
                }
            }
            _ => {}
        }
        let fields = self.fields(&name, EVENT_COLUMNS, &event.fields, Some(&event.name))?;
        Ok(EventLayout { table, name, stored, everyone: event.everyone, fields })
    }

    fn make_event(&self, name: &str, table: &str, kind: &str) -> Result<()> {
        // The index's name starts unlike a table's, since a kind may be called anything.
        let index = quoted(&format!("by_id_{kind}"));
        self.connection.execute_batch(&format!(
            "CREATE TABLE {table} (customer TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, \
             arrived INTEGER NOT NULL, PRIMARY KEY (customer, at, id)) WITHOUT ROWID;"
        ))?;
        // The store itself makes events of this kind, one a touch: nobody brings one that is known by its id.
        if kind != TOUCH_EVENT {
            self.connection.execute_batch(&format!("CREATE UNIQUE INDEX {index} ON {table} (id)"))?;
        }
        self.connection.execute("INSERT INTO tally VALUES (?1, 0)", [name])?;
        Ok(())
    }

    fn fields(
        &mut self,
        table: &str,
        own: &[&str],
        fields: &[FieldShape],
        kind: Option<&str>,
    ) -> Result<Vec<Slot>> {
        let of = kind.map(|kind| format!(" of event {kind}")).unwrap_or_default();
        let customer = if kind.is_none() { "customer " } else { "" };
        let wanted = |field: &FieldShape| Wanted {
            tables: &[],
            column: column_name(&field.name, own),
            ty: field.ty.name(),
            what: format!("{customer}field {}{of}", field.name),
        };
        fields.iter().map(|field| self.column(&Wanted { tables: &[table], ..wanted(field) })).collect()
    }

    fn class(&mut self, class: &ClassShape) -> Result<Slot> {
        self.column(&Wanted {
            tables: &["standing", "standing_since", "standing_previous"],
            column: column_name(&class.name, STANDING_COLUMNS),
            ty: if class.places.is_some() { "choice" } else { "bool" },
            what: format!("value {}", class.name),
        })
    }

    fn column(&mut self, wanted: &Wanted<'_>) -> Result<Slot> {
        let column = quoted(&wanted.column);
        let table = wanted.tables.first().copied().unwrap_or_default();
        let before = self.stored.get(&(table.to_owned(), wanted.column.clone())).cloned();
        self.lacks |= before.as_deref() != Some(wanted.ty);
        let stored = match before.as_deref() {
            None if self.writable => {
                self.add(wanted, &column)?;
                true
            }
            None => false,
            Some(before) if before == wanted.ty => true,
            Some(before) if is_textual(before) && is_textual(wanted.ty) => {
                if self.writable {
                    self.note(table, &wanted.column, wanted.ty)?;
                }
                true
            }
            Some(before) => {
                self.replace_empty(wanted, &column, before)?;
                self.writable
            }
        };
        Ok(Slot { column, stored })
    }

    fn add(&mut self, wanted: &Wanted<'_>, column: &str) -> Result<()> {
        for &table in wanted.tables {
            let ty = if table == "standing_since" { "INTEGER" } else { column_type(wanted.ty) };
            let table = quoted(table);
            self.connection.execute(&format!("ALTER TABLE {table} ADD COLUMN {column} {ty}"), [])?;
        }
        let table = wanted.tables.first().copied().unwrap_or_default();
        self.note(table, &wanted.column, wanted.ty)
    }

    /// Makes a column anew with another type, where it holds nothing that would be lost.
    fn replace_empty(&mut self, wanted: &Wanted<'_>, column: &str, before: &str) -> Result<()> {
        for &table in wanted.tables {
            if !self.is_empty(&quoted(table), column)? {
                return Err(ArchiveError::TypeChanged {
                    what: wanted.what.clone(),
                    stored: before.to_owned(),
                    declared: wanted.ty.to_owned(),
                });
            }
        }
        if !self.writable {
            return Ok(());
        }
        for &table in wanted.tables {
            let table = quoted(table);
            self.connection.execute(&format!("ALTER TABLE {table} DROP COLUMN {column}"), [])?;
        }
        self.add(wanted, column)
    }

    fn is_empty(&self, table: &str, column: &str) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {table} WHERE {column} IS NOT NULL LIMIT 1");
        Ok(self.connection.query_row(&sql, [], |_| Ok(())).optional()?.is_none())
    }

    fn note(&mut self, table: &str, column: &str, ty: &str) -> Result<()> {
        self.connection
            .execute("INSERT OR REPLACE INTO column_type VALUES (?1, ?2, ?3)", params![table, column, ty])?;
        self.stored.insert((table.to_owned(), column.to_owned()), ty.to_owned());
        Ok(())
    }
}

/// A declared name may be one of the engine's columns; an underscore in front makes it another.
fn column_name(name: &str, own: &[&str]) -> String {
    if own.contains(&name) { format!("_{name}") } else { name.to_owned() }
}

/// A name as it stands in SQL, whatever word it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// So many parameters from a number on, each after a comma.
pub(super) fn parameters(first: usize, count: usize) -> String {
    let mut list = String::new();
    for number in first..first + count {
        list.push_str(", ?");
        list.push_str(&number.to_string());
    }
    list
}

fn is_textual(ty: &str) -> bool {
    ty == Type::Text.name() || ty == "choice"
}

fn column_type(ty: &str) -> &'static str {
    match ty {
        "number" => "REAL",
        "bool" | "time" => "INTEGER",
        _ => "TEXT",
    }
}
