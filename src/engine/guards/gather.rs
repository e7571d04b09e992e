//! All waiting touches, in order of customer: what needs only the customer and the time is decided at once.

use std::collections::BTreeMap;

use super::GuardPass;
use super::questions::Answers;
use super::rooms::{Key, Rooms};
use crate::archive::{Archive, QueuedTouch, RunWriter, WaitingTouch};
use crate::care::guard::capacity::units;
use crate::care::guard::{Rank, Verdict};
use crate::engine::{EngineError, RunReport};
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::model::civil::in_words;
use crate::model::touch::TouchState;
use crate::policy::compiled::{Guard, GuardKind};

/// How many waiting touches are looked at together.
const TOGETHER: usize = 2_048;

/// What is left to decide about.
#[derive(Default)]
pub(super) struct Gathered {
    /// In order of customer and making.
    pub(super) candidates: Vec<Candidate>,
    /// What is still to be asked about candidates, in order.
    pub(super) asks: Vec<Ask>,
    /// The places of capacities that candidates ask for.
    pub(super) rooms: Rooms,
    /// Per customer of a candidate what was queued for it lately, and when.
    pub(super) queued: Vec<Vec<(Counted, Timestamp)>>,
    /// Per blast radius what passed block and holdout for the first time.
    pub(super) made: BTreeMap<usize, Vec<Made>>,
    /// What guards said of candidates in runs before.
    pub(super) said: Sayings,
    customer: String,
    /// Whether what was queued for the last customer is known.
    is_counted: bool,
}

/// What counts for caps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    /// A touch by this of the policy's actions.
    Action(usize),
    /// A touch by an action that is gone, which counts for the caps of what goes over its channel.
    Over(usize),
}

/// A touch that blast radius is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub(super) number: i64,
    /// Whether it waits for hours, and is counted as waiting.
    pub(super) waits: bool,
}

/// The guards that held touches back last, and what they said: few, however many touches.
#[derive(Default)]
pub(super) struct Sayings {
    numbers: BTreeMap<String, BTreeMap<String, usize>>,
    said: Vec<(String, String)>,
}

impl Sayings {
    fn number(&mut self, guard: &str, reason: &str) -> usize {
        if let Some(&number) = self.numbers.get(guard).and_then(|reasons| reasons.get(reason)) {
            return number;
        }
        self.said.push((guard.to_owned(), reason.to_owned()));
        let number = self.said.len() - 1;
        self.numbers.entry(guard.to_owned()).or_default().insert(reason.to_owned(), number);
        number
    }

    pub(super) fn get(&self, number: usize) -> (&str, &str) {
        self.said.get(number).map_or(("", ""), |(guard, reason)| (guard, reason))
    }
}

/// A touch that block, holdout and hours let pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) number: i64,
    /// Its id, as a number.
    pub(super) id: u128,
    pub(super) priority: f64,
    /// What its first capacity that says who comes first says of it.
    pub(super) first: f64,
    pub(super) due: Timestamp,
    /// Index of [`Gathered::queued`].
    pub(super) customer: usize,
    /// Index of the policy's actions.
    pub(super) action: usize,
    /// What it takes of a capacity.
    pub(super) units: i64,
    /// What held it back last, in [`Gathered::said`].
    pub(super) said: usize,
    /// Where its part of [`Gathered::asks`] begins and ends.
    pub(super) asks: (usize, usize),
}

/// One guard that is still to be asked about a candidate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// Index of the policy's guards.
    pub(super) guard: usize,
    /// Of a capacity: where it asks for places.
    pub(super) seat: Option<Seat>,
}

/// Where a candidate asks for places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    /// Index of [`Rooms`].
    pub(super) room: usize,
    /// The entry of the reserve it is entitled to.
    pub(super) entitled: Option<usize>,
}

impl GuardPass<'_> {
    /// Lets all waiting touches pass by.
    pub(super) fn gather(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        report: &mut RunReport,
    ) -> Result<Gathered, EngineError> {
        let mut gathered = Gathered::default();
        for &index in &self.order {
            if let Some(GuardKind::BlastRadius(_)) =
                self.engine.policy.guards.get(index).map(|guard| &guard.kind)
            {
                gathered.made.insert(index, Vec::new());
            }
        }
        let mut after: Option<WaitingTouch> = None;
        loop {
            let mut waiting = writer.waiting(after.as_ref(), TOGETHER)?;
            let Some(last) = waiting.last().cloned() else { return Ok(gathered) };
            after = Some(last);
            self.end_those_over(&mut waiting, writer, report)?;
            if waiting.is_empty() {
                continue;
            }
            let mut ids: Vec<&str> = waiting.iter().map(|touch| touch.customer.as_str()).collect();
            ids.dedup();
            let now = self.now;
            let mut questions = match self.questions.take() {
                Some(questions) => questions,
                None => super::Questions::new(self.engine)?,
            };
            let mut answers = questions.ask(writer.archive(), &ids, now, cuts)?;
            for touch in &waiting {
                if answers.go_to(&touch.customer) {
                    self.gather_one(touch, &answers, &mut gathered, writer, report)?;
                }
            }
            self.questions = Some(questions);
        }
    }

    /// Ends touches that no guard need be asked about any more, and takes out those on hold.
    fn end_those_over(
        &self,
        waiting: &mut Vec<WaitingTouch>,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let zone = self.engine.policy.settings.timezone;
        for late in waiting.extract_if(.., |touch| self.started > touch.expires) {
            let mut reason = format!("not queued by {}", in_words(late.expires, zone));
            if !late.held_by.is_empty() {
                reason = format!("{reason}; it waited for guard.{}: {}", late.held_by, late.reason);
            }
            writer.end_waiting(late.number, TouchState::Expired, &reason, self.started)?;
            report.expired += 1;
        }
        self.cancel_answered(waiting, writer, report)?;
        for held in waiting.extract_if(.., |touch| touch.is_on_hold) {
            report.hold_back(&held.held_by.into(), false);
        }
        Ok(())
    }

    /// Cancels those whose answer has come after all.
    fn cancel_answered(
        &self,
        waiting: &mut Vec<WaitingTouch>,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let until = self.now.max(self.started);
        let mut answered = Vec::new();
        for touch in waiting.iter().filter(|touch| self.engine.awaits_answer(&touch.kind, &touch.name)) {
            let Some(whole) = writer.touch_numbered(touch.number)? else { continue };
            if let Some(reason) = self.engine.answered(writer.archive(), &whole, until)? {
                writer.end_waiting(touch.number, TouchState::Cancelled, &reason, self.started)?;
                report.cancelled += 1;
                answered.push(touch.number);
            }
        }
        answered.sort_unstable();
        waiting.retain(|touch| answered.binary_search(&touch.number).is_err());
        Ok(())
    }

    fn gather_one(
        &self,
        touch: &WaitingTouch,
        answers: &Answers<'_>,
        gathered: &mut Gathered,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let policy = &self.engine.policy;
        let named = policy.actions.iter().enumerate().find(|(_, action)| *action.name == *touch.action);
        let Some((action, definition)) = named else { return Ok(()) };
        let begin = gathered.asks.len();
        let mut first = None;
        for &index in &self.order {
            let Some(guard) = policy.guards.get(index).filter(|guard| guard.actions.contains(&action)) else {
                continue;
            };
            let verdict = match Rank::of(&guard.kind) {
                Rank::Block | Rank::Holdout | Rank::Hours => {
                    let (verdict, unknown) = answers.say(index, policy, &touch.customer, self.started);
                    report.unknown_zones += u64::from(unknown);
                    verdict
                }
                Rank::BlastRadius => {
                    if is_asked(index, answers) && self.is_let_through_first(touch, writer)? {
                        let made = gathered.made.entry(index).or_default();
                        made.push(Made { number: touch.number, waits: false });
                    }
                    Verdict::Passes
                }
                Rank::Cap | Rank::Capacity if !is_asked(index, answers) => Verdict::Passes,
                Rank::Cap => {
                    gathered.asks.push(Ask { guard: index, seat: None });
                    Verdict::Passes
                }
                Rank::Capacity => {
                    let known = gathered.rooms.count();
                    let seat = self.seat(index, guard, answers, &mut gathered.rooms, writer.archive())?;
                    if let Some(seat) = seat.filter(|seat| seat.room >= known) {
                        gathered.rooms.forget_past(seat.room, writer)?;
                    }
                    gathered.asks.push(Ask { guard: index, seat });
                    let question = answers.of(index).and_then(|asked| asked.first.as_ref());
                    first = first.or(question.map(|question| answers.number(question)));
                    Verdict::Passes
                }
            };
            if verdict != Verdict::Passes {
                gathered.asks.truncate(begin);
                let made = gathered.made.values_mut().filter_map(|made| made.last_mut());
                made.filter(|made| made.number == touch.number).for_each(|made| made.waits = true);
                return self.write(touch.number, touch.held(), guard, &verdict, writer, report);
            }
        }
        let customer = self.customer(&touch.customer, begin, gathered, writer)?;
        gathered.candidates.push(Candidate {
            number: touch.number,
            id: number_of(&touch.id),
            // Added so that there is one zero only.
            priority: answers.priority(action) + 0.0,
            first: first.flatten().unwrap_or(f64::NEG_INFINITY) + 0.0,
            due: touch.due,
            customer,
            action,
            units: units(definition.effort),
            said: gathered.said.number(&touch.held_by, &touch.reason),
            asks: (begin, gathered.asks.len()),
        });
        Ok(())
    }

    /// Whether block and holdout let a touch through that they never did before: one of this run, or one that a block
    /// let wait so far. Whatever comes after them would have said something of it otherwise.
    fn is_let_through_first(
        &self,
        touch: &WaitingTouch,
        writer: &RunWriter<'_>,
    ) -> Result<bool, EngineError> {
        if touch.run == writer.id() {
            return Ok(true);
        }
        let last = self.engine.policy.guards.iter().find(|guard| *guard.name == *touch.held_by);
        if last.is_some_and(|guard| Rank::of(&guard.kind) > Rank::Holdout) {
            return Ok(false);
        }
        Ok(!writer.was_let_through(touch.number)?)
    }

    /// Where a candidate asks a capacity for places.
    pub(super) fn seat(
        &self,
        index: usize,
        guard: &Guard,
        answers: &Answers<'_>,
        rooms: &mut Rooms,
        archive: &Archive,
    ) -> Result<Option<Seat>, EngineError> {
        let (GuardKind::Capacity(terms), Some(asked)) = (&guard.kind, answers.of(index)) else {
            return Ok(None);
        };
        let key = match &asked.by {
            None => Key::All,
            Some(by) => answers.text(by).map_or(Key::Missing, Key::Is),
        };
        let zone = self.engine.policy.settings.timezone;
        let room = rooms.enter((index, &guard.name, terms), key, self.started, zone, archive)?;
        let entitled = asked.reserve.iter().position(|when| answers.flag(when) == Some(true));
        Ok(room.map(|room| Seat { room, entitled }))
    }

    /// The index of a candidate's customer, with what was queued for it once a cap asks.
    fn customer(
        &self,
        customer: &str,
        asks: usize,
        gathered: &mut Gathered,
        writer: &RunWriter<'_>,
    ) -> Result<usize, EngineError> {
        if gathered.queued.is_empty() || gathered.customer != customer {
            gathered.customer.clear();
            gathered.customer.push_str(customer);
            gathered.queued.push(Vec::new());
            gathered.is_counted = false;
        }
        // Nothing but a cap is asked without a seat.
        let is_capped = gathered.asks.iter().skip(asks).any(|ask| ask.seat.is_none());
        if is_capped && !gathered.is_counted {
            gathered.is_counted = true;
            let queued = self.queued(customer, writer.archive())?;
            if let Some(of_customer) = gathered.queued.last_mut() {
                *of_customer = queued;
            }
        }
        Ok(gathered.queued.len() - 1)
    }

    pub(super) fn queued(
        &self,
        customer: &str,
        archive: &Archive,
    ) -> Result<Vec<(Counted, Timestamp)>, EngineError> {
        let policy = &self.engine.policy;
        let spans = policy.guards.iter().filter_map(|guard| match &guard.kind {
            GuardKind::Cap(cap) => Some(cap.per),
            _ => None,
        });
        let Some(longest) = spans.max() else { return Ok(Vec::new()) };
        let queued = archive.queued_since(customer, self.started.plus(-longest))?;
        let counted = |touch: &QueuedTouch| {
            if let Some(action) = policy.actions.iter().position(|action| *action.name == *touch.action) {
                return Some(Counted::Action(action));
            }
            policy.channels.iter().position(|channel| *channel.name == *touch.channel).map(Counted::Over)
        };
        Ok(queued.iter().filter_map(|touch| Some((counted(touch)?, touch.at))).collect())
    }
}

/// Whether a guard is asked about the customer: a missing answer counts as no.
pub(super) fn is_asked(guard: usize, answers: &Answers<'_>) -> bool {
    answers.of(guard).is_some_and(|asked| answers.audience(asked) == Some(true))
}

/// A touch's id as a number that orders as the text does.
fn number_of(id: &str) -> u128 {
    id.split_once('_').and_then(|(_, digits)| u128::from_str_radix(digits, 16).ok()).unwrap_or(0)
}
