//! Some rows on their way into the store: read and checked, put in the order the store takes them
//! fastest.

use std::ops::Range;

use hashbrown::HashSet;

use super::report::Tally;
use crate::archive::{ArchiveError, Change, EventRow, Ingest, Outcome};
use crate::model::{Timestamp, Value};
use crate::policy::compiled::Into;

/// Rows of one kind. Texts of ids share one piece of memory; a chunk is cleared and filled again.
#[derive(Debug)]
pub(super) struct Chunk {
    into: Into,
    /// Fields of a row.
    width: usize,
    text: String,
    heads: Vec<Head>,
    /// An event's fields, `width` a row.
    fields: Vec<Option<Value>>,
    /// A customer's fields, `width` a row.
    changes: Vec<Change>,
    order: Vec<u32>,
    /// Rows of the file read for it, with those that were filtered or rejected.
    pub(super) read: u64,
    /// Bytes of the file read when it was full.
    pub(super) bytes: u64,
}

/// What every row has.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    id: Range<usize>,
    customer: Range<usize>,
    at: Timestamp,
    /// Of a row without an id of its own.
    pub(super) hash: Option<u64>,
}

/// A row that is being filled; it is in the chunk once [`Filling::keep`] is called.
#[derive(Debug)]
pub(super) struct Filling<'chunk> {
    chunk: &'chunk mut Chunk,
    head: Head,
    start: usize,
    kept: bool,
}

impl Chunk {
    pub(super) fn new(into: Into, width: usize) -> Self {
        Self {
            into,
            width,
            text: String::new(),
            heads: Vec::new(),
            fields: Vec::new(),
            changes: Vec::new(),
            order: Vec::new(),
            read: 0,
            bytes: 0,
        }
    }

    /// Forgets all rows, keeping memory.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.heads.clear();
        self.fields.clear();
        self.changes.clear();
        self.order.clear();
        self.read = 0;
    }

    /// Number of rows.
    pub(super) const fn len(&self) -> usize {
        self.heads.len()
    }

    /// Bytes of ids, as a measure of how large the rows are.
    pub(super) const fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Begins a row.
    pub(super) fn row(&mut self) -> Filling<'_> {
        let start = self.text.len();
        match self.into {
            Into::Customer => self.changes.resize(self.changes.len() + self.width, Change::Keep),
            Into::Event(_) => self.fields.resize(self.fields.len() + self.width, None),
        }
        Filling { chunk: self, head: Head::default(), start, kept: false }
    }

    /// The hashes of rows without an id of their own, in order.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.heads.iter().filter_map(|head| head.hash)
    }

    /// Tells equal rows apart: the ids of those that are not the first of their kind get their number.
    pub(super) fn number(&mut self, numbers: &[u32]) {
        let without_id = self.heads.iter_mut().filter(|head| head.hash.is_some());
        for (head, number) in without_id.zip(numbers).filter(|(_, number)| **number > 1) {
            let start = self.text.len();
            self.text.extend_from_within(head.id.clone());
            self.text.push('-');
            self.text.push_str(&number.to_string());
            head.id = start..self.text.len();
        }
    }

    /// Puts rows in order of customer, time and id. A row whose id was there before in this chunk
    /// comes after all those, as later rows of a file correct earlier ones.
    pub(super) fn sort(&mut self) {
        let mut keys: Vec<(u64, u32)> = Vec::with_capacity(self.heads.len());
        let mut repeated: Vec<u32> = Vec::new();
        let mut ids: HashSet<&str> = HashSet::new();
        for (index, head) in (0_u32..).zip(&self.heads) {
            if head.hash.is_none() && !ids.insert(self.slice(&head.id)) {
                repeated.push(index);
            } else {
                keys.push((prefix(self.owner(head)), index));
            }
        }
        keys.sort_unstable_by(|left, right| left.0.cmp(&right.0).then_with(|| self.compare(left.1, right.1)));
        let sorted = keys.into_iter().map(|(_, index)| index).chain(repeated).collect();
        drop(ids);
        self.order = sorted;
    }

    fn compare(&self, left: u32, right: u32) -> std::cmp::Ordering {
        let (Some(a), Some(b)) = (self.head(left), self.head(right)) else { return left.cmp(&right) };
        self.owner(a)
            .cmp(self.owner(b))
            .then_with(|| a.at.cmp(&b.at))
            .then_with(|| self.slice(&a.id).cmp(self.slice(&b.id)))
            .then_with(|| left.cmp(&right))
    }

    /// Hands all rows to the store, in the order [`Chunk::sort`] made.
    pub(super) fn store(&self, ingest: &mut Ingest<'_>, tally: &mut Tally) -> Result<(), ArchiveError> {
        for &index in &self.order {
            let Some(head) = self.head(index) else { continue };
            let place = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(self.width);
            let cells = place..place.saturating_add(self.width);
            let outcome = match self.into {
                Into::Customer => {
                    ingest.customer(self.slice(&head.id), self.changes.get(cells).unwrap_or_default())?
                }
                Into::Event(kind) => ingest.event(
                    kind,
                    &EventRow {
                        id: self.slice(&head.id),
                        customer: self.slice(&head.customer),
                        at: head.at,
                        fields: self.fields.get(cells).unwrap_or_default(),
                    },
                )?,
            };
            match outcome {
                Outcome::New => tally.new += 1,
                Outcome::Same => tally.same += 1,
                Outcome::Replaced => tally.replaced += 1,
                Outcome::Forgotten => tally.forgotten += 1,
            }
        }
        Ok(())
    }

    fn head(&self, index: u32) -> Option<&Head> {
        usize::try_from(index).ok().and_then(|index| self.heads.get(index))
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// What the store's rows are ordered by first.
    fn owner(&self, head: &Head) -> &str {
        self.slice(if self.into == Into::Customer { &head.id } else { &head.customer })
    }
}

/// The first bytes of a text, such that their order is the texts' order but for ties.
fn prefix(text: &str) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(first)
}

impl Filling<'_> {
    /// Sets the id; for a row without one, the id made of its time and hash.
    pub(super) fn id(&mut self, id: &str, hash: Option<u64>) {
        self.head.id = self.push(id);
        self.head.hash = hash;
    }

    /// Sets the event's customer.
    pub(super) fn customer(&mut self, customer: &str) {
        self.head.customer = self.push(customer);
    }

    /// Sets when the event happened.
    pub(super) fn at(&mut self, at: Timestamp) {
        self.head.at = at;
    }

    /// Sets a field; `clear` says whether a missing value clears what a customer has.
    pub(super) fn field(&mut self, index: usize, value: Option<Value>, clear: bool) {
        let chunk = &mut *self.chunk;
        let place = chunk.heads.len() * chunk.width + index;
        match chunk.into {
            Into::Customer => {
                if let Some(change) = chunk.changes.get_mut(place) {
                    *change = match value {
                        Some(value) => Change::Set(value),
                        None if clear => Change::Clear,
                        None => Change::Keep,
                    };
                }
            }
            Into::Event(_) => {
                if let Some(field) = chunk.fields.get_mut(place) {
                    *field = value;
                }
            }
        }
    }

    /// Puts the row into the chunk.
    pub(super) fn keep(mut self) {
        self.kept = true;
        self.chunk.heads.push(std::mem::take(&mut self.head));
    }

    fn push(&mut self, text: &str) -> Range<usize> {
        let start = self.chunk.text.len();
        self.chunk.text.push_str(text);
        start..self.chunk.text.len()
    }
}

/// A row that wasn't kept leaves nothing behind.
impl Drop for Filling<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let chunk = &mut *self.chunk;
        chunk.text.truncate(self.start);
        chunk.fields.truncate(chunk.heads.len() * chunk.width);
        chunk.changes.truncate(chunk.heads.len() * chunk.width);
    }
}
