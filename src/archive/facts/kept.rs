//! Events kept in memory, for a store whose events are read run after run while few of them change.
//!
//! A rehearsal goes through days or years of runs over the same events, and reading them costs more than all else it does.
//! What is kept of a kind is all of it, so that any window can be cut from it; a kind too large for that is read from the
//! store each time. Whoever adds events says to whom ([`KeptEvents::changed`]), and theirs are read again; whatever else
//! changes events drops all that is kept ([`Archive::events_change`]).

use std::cell::{Ref, RefCell};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};
use std::sync::Arc;

use hashbrown::HashMap;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::columns::FieldReader;
use crate::archive::adopt::EventLayout;
use crate::archive::{Archive, ArchiveError, Result};
use crate::model::Dictionary;

/// How many cells are kept of one kind, of 16 bytes each.
const MOST_CELLS: usize = 2 << 20;
/// Where more customers than these have new events, the kind is read anew instead.
const MOST_CHANGED: usize = 1_000;

/// What is kept, by table.
#[derive(Debug, Default)]
pub(in crate::archive) struct KeptEvents(RefCell<BTreeMap<String, Kept>>);

#[derive(Debug)]
enum Kept {
    Kind(KeptKind),
    /// More than is kept.
    TooMany,
}

/// All events of one kind.
#[derive(Debug)]
pub(super) struct KeptKind {
    /// The columns kept besides `at`, as they stand in SQL.
    columns: Vec<String>,
    customers: BTreeMap<Box<str>, KeptCustomer>,
    /// Those with events that were added since.
    changed: BTreeSet<Box<str>>,
    texts: Texts,
}

/// Each text once, so that a batch looks it up once.
#[derive(Debug, Default)]
struct Texts {
    list: Vec<Arc<str>>,
    places: HashMap<Arc<str>, usize>,
}

/// A customer's events of one kind in order of (at, id).
#[derive(Debug, Default)]
pub(super) struct KeptCustomer {
    at: Vec<i64>,
    /// Event by event, one a column.
    cells: Vec<Cell>,
}

/// The cells of one event.
pub(super) struct KeptEvent<'kept> {
    cells: &'kept [Cell],
    texts: &'kept Texts,
}

/// The codes of a kind's texts in the dictionary of a batch, as far as they are known.
pub(super) struct Codes(Vec<u32>);

#[derive(Clone, Copy, Debug)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    /// The place of a text.
    Text(usize),
}

impl Archive {
    /// Keeps events in memory from now on: for stores that are read over and over while little arrives.
    pub fn keep_events(&mut self) {
        self.kept_events = Some(KeptEvents::default());
    }

    /// Must be called before events are changed other than by adding some.
    pub(in crate::archive) fn events_change(&mut self) {
        if self.kept_events.is_some() {
            self.keep_events();
        }
    }
}

impl KeptEvents {
    /// An event was added to a customer's in the table of this name.
    pub(in crate::archive) fn changed(&self, table: &str, customer: &str) {
        let mut kinds = self.0.borrow_mut();
        let Some(Kept::Kind(kind)) = kinds.get_mut(table) else { return };
        if kind.changed.len() < MOST_CHANGED {
            kind.changed.insert(customer.into());
        } else {
            kinds.remove(table);
        }
    }

    /// Events of the table of this name were changed.
    pub(in crate::archive) fn drop_kind(&self, table: &str) {
        self.0.borrow_mut().remove(table);
    }

    /// All events of a kind as they are in the store; `None` where there are too many.
    pub(super) fn kind(
        &self,
        connection: &Connection,
        layout: &EventLayout,
    ) -> Result<Option<Ref<'_, KeptKind>>> {
        let mut kinds = self.0.borrow_mut();
        match kinds.entry(layout.name.clone()) {
            Entry::Occupied(mut known) => {
                if let Kept::Kind(kind) = known.get_mut() {
                    kind.read_changed(connection, layout)?;
                }
            }
            Entry::Vacant(place) => {
                let kind = KeptKind::read(connection, layout)?;
                place.insert(kind.map_or(Kept::TooMany, Kept::Kind));
            }
        }
        drop(kinds);
        let kind = Ref::filter_map(self.0.borrow(), |kinds| match kinds.get(&layout.name) {
            Some(Kept::Kind(kind)) => Some(kind),
            _ => None,
        });
        Ok(kind.ok())
    }
}

impl KeptKind {
    fn read(connection: &Connection, layout: &EventLayout) -> Result<Option<Self>> {
        let stored = layout.fields.iter().filter(|slot| slot.stored);
        let columns: Vec<String> = stored.map(|slot| slot.column.clone()).chain(["id".to_owned()]).collect();
        let mut kind =
            Self { columns, customers: BTreeMap::new(), changed: BTreeSet::new(), texts: Texts::default() };
        let mut statement = connection.prepare(&kind.select(layout, ""))?;
        let mut rows = statement.query([])?;
        let (mut cells, mut customer, mut events) = (0, Box::<str>::default(), KeptCustomer::default());
        while let Some(row) = rows.next()? {
            let next = text(row.get_ref(0)?)?;
            if *customer != *next {
                let done = std::mem::replace(&mut customer, next.into());
                kind.customers.insert(done, std::mem::take(&mut events));
            }
            events.add(row, kind.columns.len(), &mut kind.texts)?;
            cells += 1 + kind.columns.len();
            if cells > MOST_CELLS {
                return Ok(None);
            }
        }
        kind.customers.insert(customer, events);
        Ok(Some(kind))
    }

    fn read_changed(&mut self, connection: &Connection, layout: &EventLayout) -> Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(&self.select(layout, "WHERE customer = ?1"))?;
        while let Some(customer) = self.changed.pop_first() {
            let mut events = KeptCustomer::default();
            let mut rows = statement.query([&*customer])?;
            while let Some(row) = rows.next()? {
                events.add(row, self.columns.len(), &mut self.texts)?;
            }
            self.customers.insert(customer, events);
        }
        Ok(())
    }

    fn select(&self, layout: &EventLayout, condition: &str) -> String {
        let columns = self.columns.join(", ");
        format!("SELECT customer, at, {columns} FROM {} {condition} ORDER BY customer, at, id", layout.table)
    }

    /// The customers from one on, in order.
    pub(super) fn from(&self, customer: &str) -> impl Iterator<Item = (&str, &KeptCustomer)> {
        let from = (Bound::Included(customer), Bound::Unbounded);
        self.customers.range::<str, _>(from).map(|(customer, events)| (&**customer, events))
    }

    /// The place of a column by its name in SQL.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// What stands in the columns of a customer's event.
    pub(super) fn event<'kept>(&'kept self, events: &'kept KeptCustomer, event: usize) -> KeptEvent<'kept> {
        let width = self.columns.len();
        let cells = events.cells.get(event * width..(event + 1) * width).unwrap_or_default();
        KeptEvent { cells, texts: &self.texts }
    }

    /// For a batch whose dictionary has been looked into for nothing yet.
    pub(super) fn codes(&self) -> Codes {
        Codes(vec![Dictionary::MISSING; self.texts.list.len()])
    }
}

impl KeptEvent<'_> {
    /// Hands what stands in a column to a reader; nothing where there is no such column.
    #[inline]
    pub(super) fn give(
        &self,
        column: Option<usize>,
        reader: &mut FieldReader,
        codes: &mut Codes,
        dictionary: &mut Dictionary,
    ) -> Result<()> {
        let value = match column.and_then(|column| self.cells.get(column)) {
            None | Some(Cell::Null) => ValueRef::Null,
            Some(Cell::Integer(integer)) => ValueRef::Integer(*integer),
            Some(Cell::Real(real)) => ValueRef::Real(*real),
            Some(&Cell::Text(place)) => {
                let (Some(text), Some(code)) = (self.texts.list.get(place), codes.0.get_mut(place)) else {
                    return reader.push(ValueRef::Null, dictionary);
                };
                if !reader.takes_codes() {
                    return reader.push(ValueRef::Text(text.as_bytes()), dictionary);
                }
                if *code == Dictionary::MISSING {
                    *code = dictionary.code(text);
                }
                reader.push_code(*code);
                return Ok(());
            }
        };
        reader.push(value, dictionary)
    }
}

impl KeptCustomer {
    /// Adds a row that begins with customer and `at`.
    fn add(&mut self, row: &Row<'_>, columns: usize, texts: &mut Texts) -> Result<()> {
        self.at.push(row.get(1)?);
        for column in 0..columns {
            self.cells.push(Cell::of(row.get_ref(column + 2)?, texts)?);
        }
        Ok(())
    }

    /// The events with `after < at <= until`.
    pub(super) fn between(&self, after: i64, until: i64) -> Range<usize> {
        self.at.partition_point(|&at| at <= after)..self.at.partition_point(|&at| at <= until)
    }

    /// When events happened.
    pub(super) fn at(&self, range: &Range<usize>) -> &[i64] {
        self.at.get(range.clone()).unwrap_or_default()
    }
}

impl Cell {
    fn of(value: ValueRef<'_>, texts: &mut Texts) -> Result<Self> {
        Ok(match value {
            ValueRef::Integer(integer) => Self::Integer(integer),
            ValueRef::Real(real) => Self::Real(real),
            ValueRef::Text(_) => Self::Text(texts.place(text(value)?)),
            // No column of events holds bytes.
            ValueRef::Null | ValueRef::Blob(_) => Self::Null,
        })
    }
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let text: Arc<str> = text.into();
        self.list.push(Arc::clone(&text));
        self.places.insert(text, self.list.len() - 1);
        self.list.len() - 1
    }
}

fn text(value: ValueRef<'_>) -> Result<&str> {
    value.as_str().map_err(|_| ArchiveError::Corrupt { what: "a text of an event is none".to_owned() })
}
