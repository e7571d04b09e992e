//! Cap and capacity, one touch at a time: the highest priority first, then what its capacity says of who comes first,
//! then due time, then id.

use super::GuardPass;
use super::gather::{Candidate, Counted, Gathered};
use crate::archive::RunWriter;
use crate::care::guard::{Verdict, cap};
use crate::engine::{EngineError, RunReport};
use crate::model::Timestamp;
use crate::policy::compiled::{Guard, GuardKind};

impl GuardPass<'_> {
    /// Decides about all candidates; returns the numbers of those that may go, in order of customer and making.
    pub(super) fn decide(
        &self,
        mut gathered: Gathered,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<Vec<i64>, EngineError> {
        let candidates = std::mem::take(&mut gathered.candidates);
        // Whoever is over a cap already asks for no place, and none need be kept for him.
        let wanting: Vec<bool> =
            candidates.iter().map(|candidate| self.over_cap(candidate, &gathered).is_none()).collect();
        for (candidate, _) in candidates.iter().zip(&wanting).filter(|(_, wants)| **wants) {
            for_seats(candidate, &mut gathered, |rooms, room, entitled| {
                rooms.want(room, entitled, candidate.units);
            });
        }
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_unstable_by(|&one, &other| {
            candidates.get(one).zip(candidates.get(other)).map_or(
                std::cmp::Ordering::Equal,
                |(one, other)| {
                    (other.priority.total_cmp(&one.priority))
                        .then(other.first.total_cmp(&one.first))
                        .then((one.due, one.id, one.number).cmp(&(other.due, other.id, other.number)))
                },
            )
        });
        let mut passes = vec![false; candidates.len()];
        for index in order {
            let Some(candidate) = candidates.get(index) else { continue };
            let wants = wanting.get(index).copied().unwrap_or(false);
            let may_go = self.decide_one(candidate, wants, &mut gathered, writer, report)?;
            if let Some(pass) = passes.get_mut(index) {
                *pass = may_go;
            }
        }
        let passing = candidates.iter().zip(passes).filter(|(_, pass)| *pass);
        Ok(passing.map(|(candidate, _)| candidate.number).collect())
    }

    fn decide_one(
        &self,
        candidate: &Candidate,
        wants: bool,
        gathered: &mut Gathered,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<bool, EngineError> {
        let held = self.over_cap(candidate, gathered).or_else(|| without_place(candidate, gathered));
        if wants {
            for_seats(candidate, gathered, |rooms, room, entitled| {
                rooms.leave(room, entitled, candidate.units);
            });
        }
        if let Some((index, verdict)) = held {
            if let Some(guard) = self.engine.policy.guards.get(index) {
                let before = gathered.said.get(candidate.said);
                self.write(candidate.number, before, guard, &verdict, writer, report)?;
            }
            return Ok(false);
        }
        let (begin, end) = candidate.asks;
        for ask in gathered.asks.get(begin..end).into_iter().flatten() {
            if let Some(seat) = ask.seat {
                gathered.rooms.take(seat.room, seat.entitled, candidate.units, candidate.number, writer)?;
            }
        }
        if let Some(queued) = gathered.queued.get_mut(candidate.customer) {
            queued.push((Counted::Action(candidate.action), self.started));
        }
        Ok(true)
    }

    /// The first cap that holds a touch back.
    fn over_cap(&self, candidate: &Candidate, gathered: &Gathered) -> Option<(usize, Verdict)> {
        let (begin, end) = candidate.asks;
        let queued = gathered.queued.get(candidate.customer)?;
        gathered.asks.get(begin..end)?.iter().find_map(|ask| {
            let verdict = self.cap_says(ask.guard, queued)?;
            (verdict != Verdict::Passes).then_some((ask.guard, verdict))
        })
    }

    /// What a cap says of another touch of a customer for whom these were queued; nothing of another guard.
    pub(super) fn cap_says(&self, guard: usize, queued: &[(Counted, Timestamp)]) -> Option<Verdict> {
        let guard = self.engine.policy.guards.get(guard)?;
        let GuardKind::Cap(terms) = &guard.kind else { return None };
        let counts = |counted: Counted| match counted {
            Counted::Action(action) => guard.actions.contains(&action),
            Counted::Over(channel) => self.goes_over(guard, channel),
        };
        let counted = queued.iter().filter(|(counted, _)| counts(*counted));
        Some(cap::decide(terms, counted.map(|(_, at)| *at), self.started))
    }

    /// Whether any of a guard's actions goes over a channel.
    fn goes_over(&self, guard: &Guard, channel: usize) -> bool {
        let mut actions = guard.actions.iter().filter_map(|&action| self.engine.policy.actions.get(action));
        actions.any(|action| action.channel == channel)
    }
}

/// The first capacity that has no place for a touch.
fn without_place(candidate: &Candidate, gathered: &Gathered) -> Option<(usize, Verdict)> {
    let (begin, end) = candidate.asks;
    gathered.asks.get(begin..end)?.iter().find_map(|ask| {
        let seat = ask.seat?;
        let verdict = gathered.rooms.decide(seat.room, seat.entitled, candidate.units);
        (verdict != Verdict::Passes).then_some((ask.guard, verdict))
    })
}

/// Every place where a candidate asks for room.
fn for_seats(
    candidate: &Candidate,
    gathered: &mut Gathered,
    mut act: impl FnMut(&mut super::rooms::Rooms, usize, Option<usize>),
) {
    let (begin, end) = candidate.asks;
    for ask in gathered.asks.get(begin..end).into_iter().flatten() {
        if let Some(seat) = ask.seat {
            act(&mut gathered.rooms, seat.room, seat.entitled);
        }
    }
}
