//! What earlier runs decided of a batch of customers.

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{Row, params};

use super::{Cursor, FactReader};
use crate::archive::{Result, marks};
use crate::model::facts::{ClassRequest, FactBatch, FactRequest};
use crate::model::standing::{FormerTruth, NEVER, NO_PLACE, PendingClock, Place, Prior, PriorClass};
use crate::model::trigger::{TriggerMemory, TriggerRecord};
use crate::model::{ClassShape, TextList, Timestamp};

impl FactReader<'_> {
    pub(super) fn fill_prior(
        self,
        request: &FactRequest,
        spans: &[Range<usize>],
        facts: &mut FactBatch,
    ) -> Result<()> {
        let FactBatch { ids, prior, .. } = facts;
        prior.pending.clear();
        prior.triggers.clear();
        prior.enrolments.clear();
        refill(&mut prior.seen, ids.len(), NEVER);
        self.clear_classes(request, ids.len(), prior);
        if !request.classes.is_empty() {
            self.read_places("standing", &request.classes, spans, ids, prior, |class, row, place| {
                set(&mut class.place, row, place);
            })?;
            let previous: Vec<ClassRequest> =
                request.classes.iter().filter(|class| class.previous).copied().collect();
            if !previous.is_empty() {
                self.read_places("standing_previous", &previous, spans, ids, prior, |class, row, place| {
                    set(&mut class.previous, row, place);
                })?;
            }
            self.read_pending(request, spans, ids, prior)?;
        }
        self.read_since(request, spans, ids, prior)?;
        if !request.triggers.is_empty() {
            self.read_triggers(&request.triggers, spans, ids, prior)?;
        }
        if !request.cadences.is_empty() {
            self.read_enrolments(&request.cadences, spans, ids, prior)?;
        }
        Ok(())
    }

    fn clear_classes(self, request: &FactRequest, customers: usize, prior: &mut Prior) {
        prior.classes.resize_with(self.schema.classes.len(), || None);
        for (index, place) in prior.classes.iter_mut().enumerate() {
            let Some(wanted) = request.classes.iter().find(|wanted| wanted.class == index) else {
                *place = None;
                continue;
            };
            let class = place.get_or_insert_default();
            refill(&mut class.place, customers, NO_PLACE);
            refill(&mut class.since, customers, NEVER);
            refill(&mut class.previous, if wanted.previous { customers } else { 0 }, NO_PLACE);
        }
    }

    /// Runs a query over the spans; its first column is the customer, its parameters the bounds.
    pub(super) fn each_row(
        self,
        sql: &str,
        spans: &[Range<usize>],
        ids: &TextList,
        mut with: impl FnMut(usize, &Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for span in spans {
            let mut cursor = Cursor::new(ids, span);
            let (first, last) = cursor.bounds();
            let mut rows = statement.query(params![first, last])?;
            while let Some(row) = rows.next()? {
                if let Some(customer) = cursor.find(row.get_ref(0)?) {
                    with(customer, row)?;
                }
            }
        }
        Ok(())
    }

    fn select(self, table: &str, own: &str, classes: &[ClassRequest]) -> String {
        let columns: String = classes
            .iter()
            .filter_map(|wanted| self.layout.classes.get(wanted.class))
            .flat_map(|slot| [", ", slot.selected()])
            .collect();
        format!(
            "SELECT customer{own}{columns} FROM {table} WHERE customer >= ?1 AND customer <= ?2 ORDER BY customer"
        )
    }

    fn read_places(
        self,
        table: &str,
        classes: &[ClassRequest],
        spans: &[Range<usize>],
        ids: &TextList,
        prior: &mut Prior,
        mut put: impl FnMut(&mut PriorClass, usize, Place),
    ) -> Result<()> {
        let sql = self.select(table, "", classes);
        self.each_row(&sql, spans, ids, |customer, row| {
            for (index, wanted) in classes.iter().enumerate() {
                let shape = self.schema.classes.get(wanted.class);
                let class = prior.classes.get_mut(wanted.class).and_then(Option::as_mut);
                if let (Some(shape), Some(class)) = (shape, class) {
                    put(class, customer, place_of(shape, row.get_ref(index + 1)?));
                }
            }
            Ok(())
        })
    }

    fn read_since(
        self,
        request: &FactRequest,
        spans: &[Range<usize>],
        ids: &TextList,
        prior: &mut Prior,
    ) -> Result<()> {
        let classes = request.classes.as_slice();
        let numbers = Numbers::new(&request.conditions);
        prior.conditions.resize_with(request.conditions.len(), FormerTruth::default);
        for condition in &mut prior.conditions {
            condition.truth.reset(ids.len(), false);
            condition.held.reset(ids.len(), false);
        }
        let own = if request.conditions.is_empty() { ", _seen, NULL" } else { ", _seen, _marks" };
        let sql = self.select("standing_since", own, classes);
        self.each_row(&sql, spans, ids, |customer, row| {
            if let ValueRef::Integer(seen) = row.get_ref(1)? {
                set(&mut prior.seen, customer, seen);
            }
            if let ValueRef::Text(marks) = row.get_ref(2)? {
                marks::read(marks, |number, held| {
                    if let Some(condition) = numbers.place(number).and_then(|at| prior.conditions.get_mut(at))
                    {
                        condition.truth.set(customer, true);
                        condition.held.set(customer, held);
                    }
                });
            }
            for (index, wanted) in classes.iter().enumerate() {
                let class = prior.classes.get_mut(wanted.class).and_then(Option::as_mut);
                if let (Some(class), ValueRef::Integer(since)) = (class, row.get_ref(index + 3)?) {
                    set(&mut class.since, customer, since);
                }
            }
            Ok(())
        })
    }

    fn read_pending(
        self,
        request: &FactRequest,
        spans: &[Range<usize>],
        ids: &TextList,
        prior: &mut Prior,
    ) -> Result<()> {
        let sql = "SELECT customer, value, place, since FROM pending \
                   WHERE customer >= ?1 AND customer <= ?2 ORDER BY customer";
        let Prior { pending, .. } = prior;
        self.each_row(sql, spans, ids, |customer, row| {
            let value = row.get_ref(1)?;
            let wanted = request.classes.iter().find_map(|wanted| {
                let shape = self.schema.classes.get(wanted.class)?;
                (value == ValueRef::Text(shape.name.as_bytes())).then_some((wanted.class, shape))
            });
            if let Some((class, shape)) = wanted {
                pending.push(PendingClock {
                    row: index32(customer),
                    class: index32(class),
                    to: place_of(shape, row.get_ref(2)?),
                    since: Timestamp(row.get(3)?),
                });
            }
            Ok(())
        })?;
        prior.pending.sort_by_key(|clock| (clock.row, clock.class));
        Ok(())
    }

    fn read_triggers(
        self,
        names: &[String],
        spans: &[Range<usize>],
        ids: &TextList,
        prior: &mut Prior,
    ) -> Result<()> {
        let sql = "SELECT customer, trigger, truth, rises, fired, held FROM trigger_memory \
                   WHERE customer >= ?1 AND customer <= ?2 ORDER BY customer, trigger";
        let Prior { triggers, .. } = prior;
        let names = Names::new(names.iter());
        self.each_row(sql, spans, ids, |customer, row| {
            if let Some(trigger) = names.find(row.get_ref(1)?) {
                triggers.push(TriggerRecord {
                    row: index32(customer),
                    trigger: index32(trigger),
                    memory: TriggerMemory {
                        truth: row.get(2)?,
                        rises: row.get(3)?,
                        fired: row.get::<_, Option<i64>>(4)?.map(Timestamp),
                        held: row.get(5)?,
                    },
                });
            }
            Ok(())
        })?;
        prior.triggers.sort_by_key(|record| (record.row, record.trigger));
        Ok(())
    }
}

/// Finds the places of the numbers of triggers among those asked for.
struct Numbers(Vec<Option<usize>>);

impl Numbers {
    fn new(numbers: &[u32]) -> Self {
        let mut places = Vec::new();
        for (place, number) in numbers.iter().filter_map(|&number| usize::try_from(number).ok()).enumerate() {
            if places.len() <= number {
                places.resize(number + 1, None);
            }
            if let Some(entry) = places.get_mut(number) {
                *entry = Some(place);
            }
        }
        Self(places)
    }

    fn place(&self, number: u32) -> Option<usize> {
        self.0.get(usize::try_from(number).ok()?).copied().flatten()
    }
}

/// Finds the places of names among those asked for.
pub(super) struct Names<'a>(Vec<(&'a [u8], usize)>);

impl<'a> Names<'a> {
    pub(super) fn new(names: impl Iterator<Item = &'a String>) -> Self {
        let mut sorted: Vec<_> = names.enumerate().map(|(place, name)| (name.as_bytes(), place)).collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    pub(super) fn find(&self, name: ValueRef<'_>) -> Option<usize> {
        let ValueRef::Text(name) = name else { return None };
        let found = self.0.binary_search_by_key(&name, |(known, _)| known).ok()?;
        self.0.get(found).map(|(_, place)| *place)
    }
}

/// The place that the store names; a name the policy no longer has is no place.
pub(in super::super) fn place_of(shape: &ClassShape, stored: ValueRef<'_>) -> Place {
    match (stored, &shape.places) {
        (ValueRef::Integer(inside), None) => Place::from(inside != 0),
        (ValueRef::Text(name), Some(places)) => places
            .iter()
            .position(|place| place.as_bytes() == name)
            .and_then(|place| Place::try_from(place).ok())
            .unwrap_or(NO_PLACE),
        _ => NO_PLACE,
    }
}

fn refill<T: Clone>(column: &mut Vec<T>, rows: usize, value: T) {
    column.clear();
    column.resize(rows, value);
}

fn set<T>(column: &mut [T], row: usize, value: T) {
    if let Some(place) = column.get_mut(row) {
        *place = value;
    }
}

/// Rows of a batch, classes, triggers and cadences are far fewer than this holds.
pub(super) fn index32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
