//! The events of a batch of customers.

use std::cell::Ref;
use std::ops::Range;

use rusqlite::{Connection, params};

use super::columns::FieldReader;
use super::kept::KeptKind;
use super::{Cursor, FactReader, put_back, take_columns};
use crate::archive::adopt::EventLayout;
use crate::archive::{ArchiveError, Result};
use crate::model::facts::{EventBatch, EventRequest, FactBatch, FactRequest};
use crate::model::{Dictionary, FieldShape, TextList, Timestamp};

impl FactReader<'_> {
    pub(super) fn fill_events(
        self,
        request: &FactRequest,
        now: Timestamp,
        spans: &[Range<usize>],
        facts: &mut FactBatch,
    ) -> Result<()> {
        facts.events.resize_with(self.schema.events.len(), || None);
        for (index, place) in facts.events.iter_mut().enumerate() {
            let former = place.take();
            let Some(wanted) = request.events.iter().find(|wanted| wanted.event == index) else { continue };
            let (Some(shape), Some(layout)) = (self.schema.events.get(index), self.layout.events.get(index))
            else {
                continue;
            };
            let kept = match self.kept {
                Some(kept) if layout.stored && !layout.everyone => kept.kind(self.connection, layout)?,
                _ => None,
            };
            let source =
                Source { connection: self.connection, wanted, now, fields: &shape.fields, layout, kept };
            let batch = former.unwrap_or_default();
            *place = Some(source.read(batch, spans, &facts.ids, &mut facts.dictionary)?);
        }
        Ok(())
    }
}

/// Where the events of one kind come from.
struct Source<'request> {
    connection: &'request Connection,
    wanted: &'request EventRequest,
    now: Timestamp,
    fields: &'request [FieldShape],
    layout: &'request EventLayout,
    kept: Option<Ref<'request, KeptKind>>,
}

impl Source<'_> {
    fn read(
        &self,
        mut batch: EventBatch,
        spans: &[Range<usize>],
        ids: &TextList,
        dictionary: &mut Dictionary,
    ) -> Result<EventBatch> {
        batch.offsets.clear();
        batch.at.clear();
        batch.fields.resize_with(self.fields.len(), || None);
        let (mut readers, mut columns) = take_columns(
            &mut batch.fields,
            &self.wanted.fields,
            self.fields,
            &self.layout.fields,
            dictionary,
        );
        let ids_of_events = batch.ids.take();
        if self.wanted.ids {
            readers.push(FieldReader::of_ids(ids_of_events));
            columns.push_str(", id");
        }
        if !self.layout.stored {
            batch.offsets.resize(ids.len() + 1, 0);
        } else if self.layout.everyone {
            self.read_everyones(&columns, &mut readers, &mut batch, ids.len(), dictionary)?;
        } else if let Some(kept) = &self.kept {
            self.take_kept(kept, &mut readers, &mut batch, (spans, ids), dictionary)?;
        } else {
            self.read_own(&columns, &mut readers, &mut batch, spans, ids, dictionary)?;
        }
        if self.wanted.ids {
            batch.ids = readers.pop().map(FieldReader::into_column);
        }
        put_back(readers, &mut batch.fields);
        Ok(batch)
    }

    /// The conditions on `at`, which are parameters 1 and 2.
    fn after(&self) -> i64 {
        self.wanted.after.map_or(i64::MIN, |after| after.0)
    }

    fn read_own(
        &self,
        columns: &str,
        readers: &mut [FieldReader],
        batch: &mut EventBatch,
        spans: &[Range<usize>],
        ids: &TextList,
        dictionary: &mut Dictionary,
    ) -> Result<()> {
        let after = if self.wanted.after.is_some() { "at > ?2" } else { "?2 IS NOT NULL" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT customer, at{columns} FROM {} \
             WHERE customer >= ?3 AND customer <= ?4 AND at <= ?1 AND {after} ORDER BY customer, at, id",
            self.layout.table
        ))?;
        for span in spans {
            let mut cursor = Cursor::new(ids, span);
            let (first, last) = cursor.bounds();
            let mut rows = statement.query(params![self.now.0, self.after(), first, last])?;
            while let Some(row) = rows.next()? {
                let Some(customer) = cursor.find(row.get_ref(0)?) else { continue };
                begin_groups(batch, customer)?;
                batch.at.push(row.get::<_, i64>(1)? as f64);
                for (index, reader) in readers.iter_mut().enumerate() {
                    reader.push(row.get_ref(index + 2)?, dictionary)?;
                }
            }
        }
        begin_groups(batch, ids.len())
    }

    /// As [`Source::read_own`], of what is kept in memory.
    fn take_kept(
        &self,
        kept: &KeptKind,
        readers: &mut [FieldReader],
        batch: &mut EventBatch,
        (spans, ids): (&[Range<usize>], &TextList),
        dictionary: &mut Dictionary,
    ) -> Result<()> {
        let fields = self.layout.fields.iter().enumerate();
        let wanted = fields.filter(|(field, _)| self.wanted.fields.contains(field));
        let columns = wanted.map(|(_, slot)| kept.column(slot.selected())).chain([kept.column("id")]);
        let columns: Vec<Option<usize>> = columns.collect();
        let mut codes = kept.codes();
        for span in spans {
            let mut customers = kept.from(ids.get(span.start).unwrap_or_default()).peekable();
            for row in span.clone() {
                let id = ids.get(row).unwrap_or_default();
                while customers.next_if(|(customer, _)| *customer < id).is_some() {}
                let Some((_, events)) = customers.next_if(|(customer, _)| *customer == id) else { continue };
                let range = events.between(self.after(), self.now.0);
                begin_groups(batch, row)?;
                batch.at.extend(events.at(&range).iter().map(|&at| at as f64));
                for event in range {
                    let cells = kept.event(events, event);
                    for (reader, &column) in readers.iter_mut().zip(&columns) {
                        cells.give(column, reader, &mut codes, dictionary)?;
                    }
                }
            }
        }
        begin_groups(batch, ids.len())
    }

    /// Events that happen to everyone stand in every customer's group.
    fn read_everyones(
        &self,
        columns: &str,
        readers: &mut [FieldReader],
        batch: &mut EventBatch,
        customers: usize,
        dictionary: &mut Dictionary,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT at{columns} FROM {} WHERE customer = '' AND at <= ?1 AND at > ?2 ORDER BY at, id",
            self.layout.table
        ))?;
        let mut rows = statement.query(params![self.now.0, self.after()])?;
        if customers == 0 {
            return begin_groups(batch, 0);
        }
        while let Some(row) = rows.next()? {
            batch.at.push(row.get::<_, i64>(0)? as f64);
            for (index, reader) in readers.iter_mut().enumerate() {
                reader.push(row.get_ref(index + 1)?, dictionary)?;
            }
        }
        let events = batch.at.len();
        for _ in 1..customers {
            batch.at.extend_from_within(..events);
        }
        for reader in readers {
            reader.repeat(0, customers - 1);
        }
        for customer in 0..=customers {
            batch.offsets.push(offset(customer * events)?);
        }
        Ok(())
    }
}

/// Notes that the groups up to this customer's begin here, those before it being empty.
#[inline]
fn begin_groups(batch: &mut EventBatch, customer: usize) -> Result<()> {
    if batch.offsets.len() <= customer {
        let here = offset(batch.at.len())?;
        batch.offsets.resize(customer + 1, here);
    }
    Ok(())
}

fn offset(events: usize) -> Result<u32> {
    u32::try_from(events).map_err(|_| ArchiveError::Corrupt {
        what: "one batch of customers has more than four thousand million events".to_owned(),
    })
}
