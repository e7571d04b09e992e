//! The facts of everybody, for one pass of a run after another.
//!
//! Making cut points and deciding each go through the whole population. Reading costs more than evaluating, so where the
//! facts fit into memory they are read once, for all that any of the passes wants; where they don't, each pass reads what
//! it wants itself. Nothing that a run writes before its last pass is among them.

use super::EngineError;
use crate::archive::Archive;
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::{Dictionary, Timestamp};

/// How many cells are kept, of about eight bytes each.
const MOST_CELLS: usize = 8 << 20;

/// What the passes of a run go through.
pub(super) struct Everybody {
    /// What all passes want together.
    request: FactRequest,
    /// What each batch begins with.
    dictionary: Dictionary,
    most_cells: usize,
    kept: Kept,
}

enum Kept {
    /// No pass has been made.
    Nothing,
    /// All batches, in order.
    All(Vec<FactBatch>),
    /// There are more than are kept.
    TooMany,
}

impl Everybody {
    /// For passes that want no more than `request` together, over batches with this dictionary.
    pub(super) const fn new(request: FactRequest, dictionary: Dictionary) -> Self {
        Self { request, dictionary, most_cells: MOST_CELLS, kept: Kept::Nothing }
    }

    /// For passes that want `more` besides.
    pub(super) fn also(&mut self, more: &FactRequest) {
        self.request.join(more);
    }

    /// One pass that wants `own`.
    pub(super) fn pass(
        &mut self,
        archive: &Archive,
        own: &FactRequest,
        now: Timestamp,
        mut take: impl FnMut(&mut FactBatch) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        if let Kept::All(batches) = &mut self.kept {
            return batches.iter_mut().try_for_each(take);
        }
        let mut batches = matches!(self.kept, Kept::Nothing).then(Vec::new);
        let (mut facts, mut after, mut cells) = (self.empty(), None, 0);
        loop {
            let request = if batches.is_some() { &self.request } else { own };
            if !archive.next_batch(request, now, after.as_deref(), &mut facts)? {
                break;
            }
            take(&mut facts)?;
            after = facts.last_id();
            cells += facts.cells();
            if let Some(kept) = batches.as_mut().filter(|_| cells <= self.most_cells) {
                kept.push(std::mem::replace(&mut facts, self.empty()));
            } else {
                batches = None;
            }
        }
        self.kept = batches.map_or(Kept::TooMany, Kept::All);
        Ok(())
    }

    /// The batches, where a pass was made and all of them were kept.
    pub(super) fn into_batches(self) -> Option<Vec<FactBatch>> {
        if let Kept::All(batches) = self.kept { Some(batches) } else { None }
    }

    fn empty(&self) -> FactBatch {
        FactBatch { dictionary: self.dictionary.clone(), ..FactBatch::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::archive::Change;
    use crate::model::{FieldShape, Schema, Type, Value};

    /// More customers than a batch holds, each with a number.
    fn archive() -> Archive {
        let mut archive = Archive::open_in_memory().unwrap();
        let customer = vec![FieldShape::new("number", Type::Number), FieldShape::new("other", Type::Number)];
        archive.adopt(Arc::new(Schema { customer, ..Schema::default() })).unwrap();
        let mut ingest = archive.ingest(Timestamp(1)).unwrap();
        for number in 0..5_000 {
            let changes = [Change::Set(Value::Number(f64::from(number))), Change::Set(Value::Number(1.0))];
            ingest.customer(&format!("{number:04}"), &changes).unwrap();
        }
        ingest.commit().unwrap();
        archive
    }

    /// A customer of a pass, and which of the two fields were read.
    type Seen = (String, bool, bool);

    /// What two passes see that want the first and the second field, and how many batches are left for a third.
    fn passes(archive: &Archive, most_cells: usize) -> (Vec<Vec<Seen>>, Option<usize>) {
        let wanting = |field| FactRequest { customer: vec![field], ..FactRequest::default() };
        let mut everybody = Everybody::new(wanting(0), Dictionary::default());
        everybody.most_cells = most_cells;
        everybody.also(&wanting(1));
        let mut seen = Vec::new();
        for field in 0..2 {
            let mut of_pass = Vec::new();
            let pass = everybody.pass(archive, &wanting(field), Timestamp(2), |facts| {
                let is_there = |field: usize| facts.customer.get(field).is_some_and(Option::is_some);
                let (first, second) = (is_there(0), is_there(1));
                of_pass.extend(facts.ids.iter().map(|id| (id.to_owned(), first, second)));
                Ok(())
            });
            pass.unwrap();
            seen.push(of_pass);
        }
        (seen, everybody.into_batches().map(|batches| batches.len()))
    }

    #[test]
    fn every_pass_sees_everybody_with_what_it_wants_whether_or_not_all_are_kept() {
        let archive = archive();
        let ids: Vec<String> = (0..5_000).map(|number| format!("{number:04}")).collect();
        for (most_cells, left) in [(1_000_000, Some(3)), (10_000, None), (0, None)] {
            let (seen, batches) = passes(&archive, most_cells);
            assert_eq!(batches, left, "{most_cells}");
            for (field, pass) in seen.iter().enumerate() {
                assert!(pass.iter().map(|(id, ..)| id).eq(&ids), "{most_cells}");
                assert!(pass.iter().all(|&(_, first, second)| [first, second][field]), "{most_cells}");
            }
            let all_of_first = seen[0].iter().all(|&(_, first, second)| first && second);
            assert_eq!(all_of_first, left.is_some(), "only what is kept is read for the other pass too");
        }
    }
}
