//! A trigger: whether it holds, whether it could fire, and what stands against it.

use super::rule::{Memory, Move, Occasion, Reason, RuleTree};
use super::uses;
use super::value::{Condition, Teller};
use crate::care::trigger::awaited::answers;
use crate::care::trigger::occasion::OccasionTerms;
use crate::care::trigger::{Sight, Terms, Verdict, decide};
use crate::engine::EngineError;
use crate::model::standing::NEVER;
use crate::model::trigger::TriggerMemory;
use crate::model::{Timestamp, civil};
use crate::policy::compiled::{Awaited, Backlog, Shape, Trigger};

/// How many of the latest changes of place are looked through.
const MOVES: usize = 500;

impl Teller<'_> {
    /// A trigger of the policy, by its index.
    pub(super) fn trigger(&self, index: usize, seen: i64) -> Result<RuleTree, EngineError> {
        let Some(trigger) = self.policy().triggers.get(index) else { return Ok(RuleTree::default()) };
        let conditions = self.trigger_conditions(trigger);
        let memory = self.archive.trigger_memory(&self.subject.id, &trigger.name)?;
        let occasions = self.occasions(trigger)?;
        let holds = conditions.iter().all(|condition| condition.part.holds == Some(true));
        let applies = match &trigger.shape {
            Shape::When(_) => holds,
            _ => holds && occasions.iter().any(|occasion| occasion.counts),
        };
        let mut why: Vec<Reason> = conditions
            .iter()
            .filter(|condition| condition.part.holds != Some(true))
            .map(|condition| Reason::condition(role(condition), condition))
            .collect();
        match &trigger.shape {
            Shape::When(_) => self.rises(trigger, memory, (holds, seen), &mut why)?,
            _ => self.occurs(trigger, memory, &occasions, &mut why),
        }
        if applies {
            let holding = conditions.iter().filter(|condition| role(condition) == "when");
            why.extend(holding.map(|condition| Reason::condition("when", condition)));
        }
        Ok(RuleTree {
            kind: "trigger",
            name: trigger.name.clone(),
            title: trigger.about.title.clone(),
            applies,
            why,
            memory: memory.map(|memory| Memory {
                holds: memory.truth,
                times: memory.rises,
                fired: memory.fired,
                held_back: memory.held,
            }),
            occasions,
            actions: self.actions(&trigger.actions)?,
            touches: self.touches_of("trigger", &trigger.name)?,
            uses: self.used_by(trigger),
            conditions,
            ..RuleTree::default()
        })
    }

    fn trigger_conditions(&self, trigger: &Trigger) -> Vec<Condition> {
        let when = match &trigger.shape {
            Shape::When(when) => Some(when),
            _ => None,
        };
        let when = when.map(|when| self.condition("when", when));
        let audience = trigger.audience.as_ref().map(|audience| self.condition("audience", audience));
        when.into_iter().chain(audience).collect()
    }

    fn used_by(&self, trigger: &Trigger) -> Vec<std::sync::Arc<str>> {
        let when = match &trigger.shape {
            Shape::When(when) => Some(when),
            _ => None,
        };
        let filter = trigger.happening().and_then(|happening| happening.filter.as_ref());
        let mut uses = uses::of(self.policy(), when.into_iter().chain(&trigger.audience).chain(filter));
        if let Shape::Moves(moves) = &trigger.shape {
            uses.retain(|name| *name != moves.name);
            uses.insert(0, moves.name.clone());
        }
        uses
    }

    /// What a run now would decide about a condition, in the decision's own words.
    fn rises(
        &self,
        trigger: &Trigger,
        memory: Option<TriggerMemory>,
        (holds, seen): (bool, i64),
        why: &mut Vec<Reason>,
    ) -> Result<(), EngineError> {
        let (before, now) = (memory.unwrap_or_default(), self.subject.moment.now);
        let (verdict, _) = self.verdict(trigger, memory, (holds, seen))?;
        let says = |about, says: String| Reason::new(about, says);
        let zone = self.policy().settings.timezone;
        let words = |at: Timestamp| civil::in_words(at, zone);
        let reason = match verdict {
            Verdict::Quiet => cooldown(trigger, before, zone).filter(|until| *until > now).map(|until| {
                Reason::new("cooldown", format!("would be held back until {}", words(until))).until(until)
            }),
            Verdict::Fires { rise } => Some(says("fires", format!("a run now would fire it (rise {rise})"))),
            Verdict::StillTrue => Some(match before.fired {
                Some(fired) => says("fired", format!("has held since before; last fired {}", words(fired))),
                None => says(
                    "backlog",
                    "was already true when first seen: noted, not fired (backlog = \"skip\")".to_owned(),
                ),
            }),
            Verdict::Backlog => Some(says(
                "backlog",
                "a run now would note it without firing: true at first sight (backlog = \"skip\")".to_owned(),
            )),
            Verdict::CoolingDown { until } => Some(
                Reason::new(
                    "cooldown",
                    format!("held back until {}; fires then if it still holds", words(until)),
                )
                .until(until),
            ),
            Verdict::Stopped => Some(says(
                "when",
                "held at the last run; a run now would cancel its unsent touches".to_owned(),
            )),
        };
        why.extend(reason);
        Ok(())
    }

    /// What a run now would decide about a trigger on a condition. `seen` is the run that looked at the customer first.
    pub(super) fn verdict(
        &self,
        trigger: &Trigger,
        memory: Option<TriggerMemory>,
        (holds, seen): (bool, i64),
    ) -> Result<(Verdict, TriggerMemory), EngineError> {
        let rule = format!("trigger.{}", trigger.name);
        let rules = self.archive.rules()?;
        let last_run = rules.iter().find(|known| known.name == rule).map(|known| known.run);
        let is_later = last_run.is_none_or(|last_run| seen == NEVER || seen > last_run);
        let sight = Sight { truth: holds, first: memory.is_none() && is_later, now: self.subject.moment.now };
        let terms = Terms {
            cooldown: trigger.cooldown,
            backlog: trigger.backlog,
            timezone: self.policy().settings.timezone,
        };
        Ok(decide(memory.unwrap_or_default(), sight, &terms))
    }

    /// What stands against a trigger on occasions.
    fn occurs(
        &self,
        trigger: &Trigger,
        memory: Option<TriggerMemory>,
        occasions: &[Occasion],
        why: &mut Vec<Reason>,
    ) {
        let zone = self.policy().settings.timezone;
        if !occasions.iter().any(|occasion| occasion.counts) {
            why.push(Reason::new(
                "on",
                match &trigger.shape {
                    Shape::Moves(moves) => format!("no such move of `{}` is on record", moves.name),
                    Shape::Awaited(..) => "no event waits for an answer, or went without".to_owned(),
                    _ => "none of the latest events meets its condition".to_owned(),
                },
            ));
        }
        let now = self.subject.moment.now;
        if let Some(until) = cooldown(trigger, memory.unwrap_or_default(), zone).filter(|until| *until > now)
        {
            let says = format!("an occasion until {} is noted, not fired", civil::in_words(until, zone));
            why.push(Reason::new("cooldown", says).until(until));
        }
        if let Some(fired) = memory.and_then(|memory| memory.fired) {
            why.push(Reason::new("fired", format!("last fired {}", civil::in_words(fired, zone))));
        } else if trigger.backlog == Backlog::Skip && memory.is_some_and(|memory| memory.rises > 0) {
            let says = "occasions were noted, none fired: backlog, cooldown or grace";
            why.push(Reason::new("backlog", says));
        }
    }

    /// The latest events or moves that a trigger goes by.
    fn occasions(&self, trigger: &Trigger) -> Result<Vec<Occasion>, EngineError> {
        match &trigger.shape {
            Shape::When(_) => Ok(Vec::new()),
            Shape::Event(happening) | Shape::Times(happening, _) => {
                let events = self.events(happening)?;
                Ok(events.into_iter().map(|(_, occasion)| self.in_time(trigger, occasion)).collect())
            }
            Shape::Awaited(happening, awaited) => {
                let events = self.events(happening)?;
                events.into_iter().map(|(event, occasion)| self.awaited(&event, occasion, awaited)).collect()
            }
            Shape::Moves(moves) => {
                let past = self.archive.transitions(Some(&self.subject.id), MOVES)?;
                let own = past.into_iter().filter(|(_, moved)| moved.value == moves.name);
                let tell = own.take(super::happened::EXAMPLES).map(|(run, moved)| Occasion {
                    id: None,
                    at: None,
                    run: Some(run),
                    counts: moves.includes(moved.from.as_deref(), moved.to.as_deref()),
                    moved: Some(Move { from: moved.from, to: moved.to }),
                    r#where: None,
                    awaited_until: None,
                    note: None,
                });
                Ok(tell.collect())
            }
        }
    }

    /// An event older than the grace fires no more if it were news.
    fn in_time(&self, trigger: &Trigger, mut occasion: Occasion) -> Occasion {
        let terms = OccasionTerms {
            cooldown: trigger.cooldown,
            backlog: trigger.backlog,
            grace: trigger.grace,
            timezone: self.policy().settings.timezone,
        };
        if occasion.at.is_some_and(|at| terms.is_too_late(at, self.subject.moment.now)) {
            occasion.note = Some(format!("older than the grace of {}", trigger.grace));
        }
        occasion
    }

    fn awaited(
        &self,
        event: &crate::model::event::Event,
        mut occasion: Occasion,
        awaited: &Awaited,
    ) -> Result<Occasion, EngineError> {
        let now = self.subject.moment.now;
        let until = awaited.within.after(event.at, self.policy().settings.timezone);
        let later = self.archive.events_of(awaited.answer.event, &self.subject.id, event.at..=now)?;
        let answer = later.iter().find(|answer| answers(event, answer, &awaited.answer));
        if let Some(answer) = answer {
            occasion.counts = false;
            occasion.note = Some(format!("answered by {}", answer.id));
        } else {
            occasion.awaited_until = Some(until);
            occasion.note = (until <= now).then(|| "not answered in time".to_owned());
        }
        Ok(occasion)
    }
}

fn role(condition: &Condition) -> &'static str {
    if condition.role == "audience" { "audience" } else { "when" }
}

pub(super) fn cooldown(trigger: &Trigger, memory: TriggerMemory, zone: chrono_tz::Tz) -> Option<Timestamp> {
    Some(trigger.cooldown?.after(memory.fired?, zone))
}
