//! What each guard would say of an action for a customer at an instant: asked as a run asks, but of one touch alone, and
//! nothing is noted.

use std::sync::Arc;

use super::GuardPass;
use super::gather::is_asked;
use super::rooms::Rooms;
use crate::archive::Archive;
use crate::care::guard::capacity::units;
use crate::care::guard::{Rank, Verdict, word};
use crate::engine::{Engine, EngineError};
use crate::evaluate::CutPoints;
use crate::model::Timestamp;

/// What one guard says of a touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSaying {
    /// The guard.
    pub guard: Arc<str>,
    /// Its kind, as in its table.
    pub kind: &'static str,
    /// What it says; nothing where it is asked only about all touches of a run together.
    pub verdict: Option<Verdict>,
}

impl Engine {
    /// What each guard of some actions would say of one more touch of a customer, in the order in which they are
    /// asked; one list an action. Capacities speak as if nobody else waited.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn guards_say(
        &self,
        archive: &Archive,
        customer: &str,
        actions: &[usize],
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Vec<Vec<GuardSaying>>, EngineError> {
        let mut pass = GuardPass::new(self, now, now);
        let mut questions = super::Questions::new(self)?;
        let mut answers = questions.ask(archive, &[customer], now, cuts)?;
        answers.go_to(customer);
        let queued = pass.queued(customer, archive)?;
        let order = std::mem::take(&mut pass.order);
        let mut said = Vec::with_capacity(actions.len());
        for &action in actions {
            let effort = self.policy.actions.get(action).map_or(1.0, |action| action.effort);
            let mut sayings = Vec::new();
            for &index in &order {
                let Some(guard) =
                    self.policy.guards.get(index).filter(|guard| guard.actions.contains(&action))
                else {
                    continue;
                };
                let verdict = match Rank::of(&guard.kind) {
                    Rank::Block | Rank::Holdout | Rank::Hours => {
                        Some(answers.say(index, &self.policy, customer, now).0)
                    }
                    Rank::BlastRadius => None,
                    Rank::Cap | Rank::Capacity if !is_asked(index, &answers) => Some(Verdict::Passes),
                    Rank::Cap => pass.cap_says(index, &queued),
                    Rank::Capacity => {
                        let mut rooms = Rooms::default();
                        let seat = pass.seat(index, guard, &answers, &mut rooms, archive)?;
                        let decide =
                            |seat: super::gather::Seat| rooms.decide(seat.room, seat.entitled, units(effort));
                        Some(seat.map_or(Verdict::Passes, decide))
                    }
                };
                sayings.push(GuardSaying { guard: guard.name.clone(), kind: word(&guard.kind), verdict });
            }
            said.push(sayings);
        }
        Ok(said)
    }
}
