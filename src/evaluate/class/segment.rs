//! Segments: in or out, with memory.

use super::Former;
use super::clock::Clocks;
use crate::model::standing::Place;
use crate::policy::compiled::Segment;

/// Out of the segment.
pub(in crate::evaluate) const OUT: Place = 0;
/// In the segment.
pub(in crate::evaluate) const IN: Place = 1;

/// What this run's columns say of one customer.
#[derive(Clone, Copy, Debug)]
pub(in crate::evaluate) struct Facts {
    /// `when` holds.
    pub(in crate::evaluate) when: bool,
    /// The leaving condition holds: `leave_when`, or else not `when`.
    pub(in crate::evaluate) leaves: bool,
    /// `best` has a place for a newcomer; true without `best`.
    pub(in crate::evaluate) admitted: bool,
}

impl Facts {
    /// Whether an outsider may come in, as far as conditions go.
    const fn qualifies(self) -> bool {
        self.when && !self.leaves
    }
}

/// The place of one customer.
///
/// Leaving goes by the leaving condition alone, entering by `when` where that doesn't hold at once:
/// where both hold, a customer would otherwise come and go from run to run. The first placement is at
/// once, but for `enter_after`: then the customer starts outside with the clock running. A customer
/// whose clock towards the segment runs holds a place of `best` already.
pub(in crate::evaluate) fn place(
    segment: &Segment,
    row: usize,
    former: Former,
    facts: Facts,
    clocks: &mut Clocks<'_>,
) -> Place {
    let running = clocks.running(row);
    let since = |to| running.filter(|clock| clock.to == to).map(|clock| clock.since);
    if is_in(former) {
        let leaves = facts.leaves && clocks.has_held(row, OUT, since(OUT), segment.leave_after);
        return if leaves { OUT } else { IN };
    }
    let may_enter = facts.qualifies() && (facts.admitted || since(IN).is_some());
    let enters = may_enter && clocks.has_held(row, IN, since(IN), segment.enter_after);
    if enters { IN } else { OUT }
}

/// Whether the customer holds a place of `best` and keeps it: in and not leaving in this run, or on
/// the way in.
pub(in crate::evaluate) fn holds(
    segment: &Segment,
    row: usize,
    former: Former,
    facts: Facts,
    clocks: &mut Clocks<'_>,
) -> bool {
    if is_in(former) {
        place(segment, row, former, facts, clocks) == IN
    } else {
        facts.qualifies() && clocks.running(row).is_some_and(|clock| clock.to == IN)
    }
}

/// Whether the customer would take a free place of `best`.
pub(in crate::evaluate) fn wants(
    segment: &Segment,
    row: usize,
    former: Former,
    facts: Facts,
    clocks: &mut Clocks<'_>,
) -> bool {
    facts.qualifies() && !is_in(former) && !holds(segment, row, former, facts, clocks)
}

const fn is_in(former: Former) -> bool {
    former.place == IN && !former.first
}
