//! The way along the coming runs.

use std::sync::Arc;

use super::cause::{Cause, Turned};
use super::program::{Placed, Program, Sighting, united};
use super::rules::{Moved, Outcome, Rules};
use super::state::Ahead;
use super::{Change, Forecast};
use crate::archive::Archive;
use crate::care::cadence::{Terms, Verdict as Enrolling};
use crate::care::trigger::Verdict;
use crate::care::trigger::awaited::answers;
use crate::care::trigger::occasion::OccasionVerdict;
use crate::engine::{Engine, EngineError, trigger_conditions};
use crate::evaluate::CutPoints;
use crate::explain::subject::{Lens, Subject, owner};
use crate::explain::tell::ExplainError;
use crate::explain::value::clock_length;
use crate::model::facts::FactBatch;
use crate::model::standing::{NO_PLACE, Place};
use crate::model::time::DAY;
use crate::model::{Timestamp, Value, civil};
use crate::policy::Compiled;
use crate::policy::compiled::{Scope, Shape};
use crate::schedule::{Course, DueRun};

/// With up to so many runs ahead each is decided.
const EACH: usize = 4_000;
/// With more, those of about so long together, and one by one only where that changes anything.
const TOGETHER: i64 = DAY;

/// Decides the coming runs for a customer. `facts` is an empty batch; `seen` the run that looked at the customer first.
pub(in crate::explain) fn forecast(
    (archive, engine, cuts): (&Archive, &Engine, &CutPoints),
    (id, seen): (&str, i64),
    lens: &mut Lens,
    facts: FactBatch,
    (now, days): (Timestamp, u32),
) -> Result<Forecast, ExplainError> {
    let policy = engine.policy();
    let until = now.plus(i64::from(days).saturating_mul(DAY));
    let course: Vec<DueRun> = Course::new(policy, now, until)?.collect();
    let mut programs: Vec<Program> = Vec::new();
    for due in &course {
        if !programs.iter().any(|program| program.scope == due.scope) {
            programs.push(Program::new(engine, &due.scope, now)?);
        }
    }
    let requests = programs.iter_mut().map(|program| program.evaluator.request(now).clone());
    let request = united(requests.chain([lens.request(now)]));
    let mut walker = Walker {
        archive,
        engine,
        cuts,
        id,
        lens,
        ahead: Ahead::new(archive, id, request, facts, (now, until))?,
        terms: policy.cadences.iter().map(|cadence| Terms::of(policy, cadence)).collect(),
        rules: Rules::read(archive, policy, id, (seen, now))?,
        classes: vec![Followed::default(); policy.schema.classes.len()],
        triggers: vec![Followed::default(); policy.triggers.len()],
        changes: Vec::new(),
    };
    for program in &mut programs {
        walker.begin(program, now)?;
    }
    let mut looked_every = None;
    if course.len() <= EACH {
        for due in &course {
            walker.step(&mut programs, due)?;
        }
    } else {
        for chunk in together(&course) {
            walker.pass(&mut programs, chunk)?;
        }
        looked_every = Some(crate::model::Duration::Fixed(TOGETHER).to_string());
    }
    Ok(Forecast {
        days,
        until,
        runs: course.len(),
        looked_every,
        changes: walker.changes,
        untold: untold(policy),
    })
}

/// Runs that are looked at together.
fn together(course: &[DueRun]) -> impl Iterator<Item = &[DueRun]> {
    course.chunk_by(|one, other| one.at.0.div_euclid(TOGETHER) == other.at.0.div_euclid(TOGETHER))
}

/// What can't be told ahead.
fn untold(policy: &Compiled) -> Vec<String> {
    let on_events =
        policy.triggers.iter().filter(|trigger| matches!(trigger.shape, Shape::Event(_) | Shape::Times(..)));
    let names: Vec<&str> = on_events.map(|trigger| &*trigger.name).collect();
    let mut untold = Vec::new();
    if !names.is_empty() {
        untold.push(format!("{} go by events, which are data", names.join(", ")));
    }
    untold
}

/// What is known of a class or a trigger up to some instant.
#[derive(Clone, Debug, PartialEq)]
struct Followed<T> {
    /// What its conditions led to when last looked at, and when that was.
    last: Option<(T, Timestamp)>,
    /// When that came about, and by what; nothing where it did before the beginning.
    turned: Option<(Timestamp, Vec<Cause>)>,
}

impl<T> Default for Followed<T> {
    fn default() -> Self {
        Self { last: None, turned: None }
    }
}

struct Walker<'a, 'lens> {
    archive: &'a Archive,
    engine: &'a Engine,
    cuts: &'a CutPoints,
    id: &'a str,
    lens: &'lens mut Lens,
    ahead: Ahead<'a>,
    terms: Vec<Terms<'a>>,
    rules: Rules,
    classes: Vec<Followed<Place>>,
    triggers: Vec<Followed<bool>>,
    changes: Vec<Change>,
}

impl Walker<'_, '_> {
    fn look(&mut self, program: &mut Program, at: Timestamp) -> Result<Sighting, ExplainError> {
        let facts = self.ahead.at(at)?;
        Ok(program.look(facts, at, self.cuts, &self.terms)?)
    }

    /// Notes where conditions lead at the beginning.
    fn begin(&mut self, program: &mut Program, now: Timestamp) -> Result<(), ExplainError> {
        let sighting = self.look(program, now)?;
        for placed in &sighting.places {
            if let Some(followed) = self.classes.get_mut(placed.class) {
                followed.last = Some((placed.wanted(), now));
            }
        }
        for (&index, &holds) in program.selection.triggers.iter().zip(&sighting.triggers) {
            if let Some(followed) = self.triggers.get_mut(index) {
                followed.last = Some((holds, now));
            }
        }
        Ok(())
    }

    /// Goes along runs that lie together: where the last of each scope would change nothing, none before it did.
    fn pass(&mut self, programs: &mut [Program], runs: &[DueRun]) -> Result<(), ExplainError> {
        let [run] = runs else {
            if self.is_quiet(programs, runs)? {
                return Ok(());
            }
            let (first, second) = runs.split_at(runs.len() / 2);
            self.pass(programs, first)?;
            return self.pass(programs, second);
        };
        self.step(programs, run)
    }

    fn is_quiet(&mut self, programs: &mut [Program], runs: &[DueRun]) -> Result<bool, ExplainError> {
        let mut scopes: Vec<&Scope> = Vec::new();
        for due in runs.iter().rev() {
            if scopes.contains(&&due.scope) {
                continue;
            }
            scopes.push(&due.scope);
            let Some(program) = programs.iter_mut().find(|program| program.scope == due.scope) else {
                continue;
            };
            let sighting = self.look(program, due.at)?;
            let is_same = |placed: &Placed| {
                let (_, clock) = self.ahead.before(placed.class);
                let last = self.classes.get(placed.class).and_then(|followed| followed.last);
                !placed.first
                    && !placed.changed
                    && placed.clock == clock
                    && last.is_some_and(|(wanted, _)| wanted == placed.wanted())
            };
            if !sighting.places.iter().all(is_same) {
                return Ok(false);
            }
            let mut rules = self.rules.clone();
            self.decide(&mut rules, program, &sighting, due.at)?;
            if rules != self.rules {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn decide(
        &self,
        rules: &mut Rules,
        program: &Program,
        sighting: &Sighting,
        at: Timestamp,
    ) -> Result<Vec<Outcome>, EngineError> {
        let policy = self.engine.policy();
        let (archive, id) = (self.archive, self.id);
        let mut is_answered = |trigger: usize, event: &str| -> Result<bool, EngineError> {
            let Some(Shape::Awaited(happening, awaited)) =
                policy.triggers.get(trigger).map(|trigger| &trigger.shape)
            else {
                return Ok(true);
            };
            let Some(event) = archive.event(happening.event, event)? else { return Ok(true) };
            let later = archive.events_of(awaited.answer.event, id, event.at..=at)?;
            Ok(later.iter().any(|answer| answers(&event, answer, &awaited.answer)))
        };
        rules.decide((policy, &self.terms), id, program, sighting, at, &mut is_answered)
    }

    /// One run.
    fn step(&mut self, programs: &mut [Program], due: &DueRun) -> Result<(), ExplainError> {
        let Some(program) = programs.iter_mut().find(|program| program.scope == due.scope) else {
            return Ok(());
        };
        let sighting = self.look(program, due.at)?;
        for placed in &sighting.places {
            self.follow_class(program, placed, due)?;
        }
        let selected = program.selection.triggers.clone();
        for (place, (&index, &holds)) in selected.iter().zip(&sighting.triggers).enumerate() {
            self.follow_trigger(program, (place, index, holds), due)?;
        }
        let mut rules = self.rules.clone();
        for outcome in self.decide(&mut rules, program, &sighting, due.at)? {
            self.tell(outcome, due);
        }
        self.rules = rules;
        self.ahead.advance(&sighting.places, due.at);
        Ok(())
    }

    /// Notes when the conditions of a class turned, and a change of place.
    fn follow_class(
        &mut self,
        program: &mut Program,
        placed: &Placed,
        due: &DueRun,
    ) -> Result<(), ExplainError> {
        let (class, wanted) = (placed.class, placed.wanted());
        let last = self.classes.get(class).and_then(|followed| followed.last);
        let mut turned = None;
        if let Some((_, from)) = last.filter(|(before, _)| *before != wanted) {
            let leads_there = |sighting: &Sighting| {
                let found = sighting.places.iter().find(|placed| placed.class == class);
                found.is_some_and(|placed| placed.wanted() == wanted)
            };
            let at = self.turn(program, (from, due.at), &leads_there)?;
            let by = match owner(self.engine.policy(), class) {
                Some(value) => self.between(at, |turned| turned.value(value))?,
                None => Vec::new(),
            };
            turned = Some((at, by));
        }
        if let Some(followed) = self.classes.get_mut(class) {
            if turned.is_some() {
                followed.turned = turned;
            }
            followed.last = Some((wanted, due.at));
        }
        if placed.changed {
            self.tell_move(placed, due);
        }
        Ok(())
    }

    fn follow_trigger(
        &mut self,
        program: &mut Program,
        (place, index, holds): (usize, usize, bool),
        due: &DueRun,
    ) -> Result<(), ExplainError> {
        let policy = self.engine.policy();
        let Some(trigger) = policy.triggers.get(index) else { return Ok(()) };
        let last = self.triggers.get(index).and_then(|followed| followed.last);
        let mut turned = None;
        if let Some((_, from)) = last.filter(|(before, _)| *before != holds)
            && matches!(trigger.shape, Shape::When(_))
        {
            let leads_there = |sighting: &Sighting| sighting.triggers.get(place) == Some(&holds);
            let at = self.turn(program, (from, due.at), &leads_there)?;
            let by = self.between(at, |turned| {
                turned.conditions(&trigger.name, trigger_conditions(trigger).collect::<Vec<_>>())
            })?;
            turned = Some((at, by));
        }
        if let Some(followed) = self.triggers.get_mut(index) {
            if turned.is_some() {
                followed.turned = turned;
            }
            followed.last = Some((holds, due.at));
        }
        Ok(())
    }

    /// The instant within a span, to the millisecond, at which what is so at its end begins to be.
    fn turn(
        &mut self,
        program: &mut Program,
        (from, to): (Timestamp, Timestamp),
        leads_there: &dyn Fn(&Sighting) -> bool,
    ) -> Result<Timestamp, ExplainError> {
        let (mut before, mut after) = (from.0, to.0);
        while before.saturating_add(1) < after {
            let middle = before.midpoint(after);
            let sighting = self.look(program, Timestamp(middle))?;
            if leads_there(&sighting) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Ok(Timestamp(after))
    }

    /// What time does at an instant.
    fn between(
        &mut self,
        at: Timestamp,
        causes: impl FnOnce(&Turned<'_>) -> Result<Vec<Cause>, crate::archive::ArchiveError>,
    ) -> Result<Vec<Cause>, ExplainError> {
        let before = self.see(at.plus(-1))?;
        let after = self.see(at)?;
        let turned = Turned {
            archive: self.archive,
            engine: self.engine,
            cuts: self.cuts,
            before: &before,
            after: &after,
        };
        Ok(causes(&turned)?)
    }

    fn see(&mut self, at: Timestamp) -> Result<Subject, ExplainError> {
        let facts = self.ahead.at(at)?;
        Ok(self.lens.see(facts, at, self.cuts)?)
    }

    fn tell_move(&mut self, placed: &Placed, due: &DueRun) {
        let policy = self.engine.policy();
        let Some(definition) = owner(policy, placed.class).and_then(|value| policy.values.get(value)) else {
            return;
        };
        let (before, clock) = self.ahead.before(placed.class);
        let counts_from = clock.and_then(|clock| {
            let (_, length) = clock_length(&definition.kind, clock.to)?;
            Some(length.after(clock.since, policy.settings.timezone))
        });
        let turned = self.classes.get(placed.class).and_then(|followed| followed.turned.clone());
        let from = definition.kind.place(before.unwrap_or(NO_PLACE));
        let to = definition.kind.place(placed.place);
        let name = |value: &Option<Value>| value.as_ref().map(|value| Arc::from(value.to_string()));
        let moved = Moved { at: due.at, from: name(&from), to: name(&to) };
        self.rules.note_move(policy, &definition.name, &moved);
        let change = Change {
            from,
            to,
            turns: turned.as_ref().map(|(at, _)| *at),
            counts_from,
            by: turned.map(|(_, by)| by).unwrap_or_default(),
            ..change(due, definition.kind.word(), definition.name.clone())
        };
        self.changes.push(change);
    }

    fn tell(&mut self, outcome: Outcome, due: &DueRun) {
        let policy = self.engine.policy();
        let change = match outcome {
            Outcome::Trigger(index, verdict) => self.risen(index, verdict, due),
            Outcome::Occasion(index, what, verdict) => policy.triggers.get(index).map(|trigger| Change {
                says: Some(format!("{what}: {}", occasion_words(verdict, policy))),
                ..change(due, "trigger", trigger.name.clone())
            }),
            Outcome::Cadence(index, verdict) => policy.cadences.get(index).and_then(|cadence| {
                let (from, to, says) = match verdict {
                    Enrolling::Enrols { number, .. } => (false, true, format!("enrols (enrolment {number})")),
                    Enrolling::Resumes(_) => (false, true, "goes on".to_owned()),
                    Enrolling::Ends(end) => (true, false, format!("ends: {}", end.as_str())),
                    _ => return None,
                };
                Some(Change {
                    from: Some(Value::Bool(from)),
                    to: Some(Value::Bool(to)),
                    says: Some(says),
                    ..change(due, "cadence", cadence.name.clone())
                })
            }),
            Outcome::Step(index, step, at, becomes) => policy.cadences.get(index).and_then(|cadence| {
                let step = cadence.steps.get(step)?;
                let action = policy.actions.get(step.action)?;
                Some(Change {
                    says: Some(format!("step {} ({}): {becomes}", step.id, action.name)),
                    turns: Some(at),
                    ..change(due, "cadence", cadence.name.clone())
                })
            }),
        };
        self.changes.extend(change);
    }

    fn risen(&self, index: usize, verdict: Verdict, due: &DueRun) -> Option<Change> {
        let policy = self.engine.policy();
        let trigger = policy.triggers.get(index)?;
        let turned = self.triggers.get(index).and_then(|followed| followed.turned.clone());
        let words = |at: Timestamp| civil::in_words(at, policy.settings.timezone);
        let (from, to, says) = match verdict {
            Verdict::Fires { rise } => (false, true, format!("fires (rise {rise})")),
            Verdict::CoolingDown { until } => (false, true, format!("held back until {}", words(until))),
            Verdict::Backlog => (false, true, "true at first sight: noted, not fired".to_owned()),
            Verdict::Stopped => (true, false, "no longer holds; unsent touches are cancelled".to_owned()),
            Verdict::Quiet | Verdict::StillTrue => return None,
        };
        Some(Change {
            from: Some(Value::Bool(from)),
            to: Some(Value::Bool(to)),
            says: Some(says),
            turns: turned.as_ref().map(|(at, _)| *at),
            by: turned.map(|(_, by)| by).unwrap_or_default(),
            ..change(due, "trigger", trigger.name.clone())
        })
    }
}

fn occasion_words(verdict: OccasionVerdict, policy: &Compiled) -> String {
    match verdict {
        OccasionVerdict::Fires { number } => format!("fires (occasion {number})"),
        OccasionVerdict::Backlog => "backlog: noted, not fired".to_owned(),
        OccasionVerdict::TooLate => "later than its grace: noted, not fired".to_owned(),
        OccasionVerdict::CoolingDown { until } => {
            format!("cools down until {}", civil::in_words(until, policy.settings.timezone))
        }
    }
}

/// A change of a table, of which nothing more is told yet.
fn change(due: &DueRun, kind: &'static str, name: Arc<str>) -> Change {
    Change {
        run: due.at,
        schedules: due.label(),
        kind,
        name,
        from: None,
        to: None,
        says: None,
        turns: None,
        counts_from: None,
        by: Vec::new(),
    }
}
