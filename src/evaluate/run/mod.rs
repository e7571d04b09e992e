//! Runs a program over one batch, node by node.

mod class;
mod event;
mod ledger;
pub use event::bounds;
pub(super) mod frame;
mod row;
pub(super) mod script;

use frame::Frame;
use script::Scripts;

use super::aggregate::Scratch;
use super::cut::{CutPlan, CutPoints};
use super::graph::op::Op;
use super::kernel::text::Memo;
use super::ledger::Account;
use crate::model::standing::{ClassDecision, PendingClock};
use crate::model::{Column, Dictionary};
use crate::policy::Compiled;
use crate::policy::expression::Moment;

/// What stays the same through a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) policy: &'a Compiled,
    pub(super) plan: &'a CutPlan,
    pub(super) cuts: &'a CutPoints,
    pub(super) moment: Moment,
    pub(super) words: &'a [std::sync::Arc<str>],
    /// The value that owns each class, by class.
    pub(super) owners: &'a [Option<usize>],
}

/// What steps write besides their column.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) decisions: Vec<Option<ClassDecision>>,
    pub(super) pending: Vec<PendingClock>,
    pub(super) memo: Memo,
    pub(super) scratch: Scratch,
    pub(super) account: Account,
    pub(super) scripts: Scripts,
}

/// Computes one node.
pub(super) fn step(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    dictionary: &mut Dictionary,
    work: &mut Work,
    out: &mut Column,
) {
    match &frame.node.op {
        Op::CustomerField(_) | Op::EventField(_) | Op::EventId | Op::EventAt => {}
        Op::Window(..) | Op::Unanswered(_) | Op::Aggregate(_) | Op::Fading(..) | Op::Spread => {
            event::step(frame, setting, work, out);
        }
        Op::Balance(_) | Op::Lapsing(_) => {
            ledger::step(frame, &setting.moment, dictionary, &mut work.account, out);
        }
        Op::Rank(_)
        | Op::Decide(_)
        | Op::Contends(..)
        | Op::Place(_)
        | Op::PlaceData(..)
        | Op::AtLeast(..)
        | Op::PlaceSince(_)
        | Op::PlaceBefore(_) => class::step(frame, setting, dictionary, work, out),
        Op::Script { function, arguments } => {
            let call = (*function, *arguments);
            script::step(frame, setting, call, dictionary, &mut work.scripts, out);
        }
        _ => row::step(frame, setting, dictionary, work, out),
    }
}
