//! The facts of everybody, for one pass of a run after another.
//!
//! Making cut points and deciding each go through the whole population. Reading costs more than evaluating, so where the
//! facts fit into memory they are read once, for all that any of the passes wants; where they don't, each pass reads what
//! it wants itself. Nothing that a run writes before its last pass is among them.

use super::{EngineError, last_id};
use crate::archive::Archive;
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::{Dictionary, Timestamp};

/// How many cells are kept, of about eight bytes each.
const MOST_CELLS: usize = 8 << 20;

/// What the passes of a run go through.
#[derive(Default)]
pub(super) struct Everybody {
    /// What all passes want together.
    request: FactRequest,
    /// What each batch begins with.
    dictionary: Dictionary,
    kept: Kept,
}

#[derive(Default)]
enum Kept {
    /// No pass has been made.
    #[default]
    Nothing,
    /// All batches, in order.
    All(Vec<FactBatch>),
    /// There are more than are kept.
    TooMany,
}

impl Everybody {
    /// For passes that want no more than `request` together, over batches with this dictionary.
    pub(super) const fn new(request: FactRequest, dictionary: Dictionary) -> Self {
        Self { request, dictionary, kept: Kept::Nothing }
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
            after = last_id(&facts);
            cells += facts.cells();
            if let Some(kept) = batches.as_mut().filter(|_| cells <= MOST_CELLS) {
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
