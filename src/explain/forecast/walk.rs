//! The way along the coming runs.

use super::cause::{Cause, Turned};
use super::program::{Placed, Program, Sighting, united};
use super::rules::{Outcome, Rules};
use super::state::Ahead;
use super::{Change, Forecast};
use crate::archive::Archive;
use crate::care::cadence::Terms;
use crate::care::trigger::awaited::answers;
use crate::engine::{Engine, EngineError, trigger_conditions};
use crate::evaluate::CutPoints;
use crate::explain::subject::{Lens, Subject, owner};
use crate::explain::tell::ExplainError;
use crate::model::Timestamp;
use crate::model::facts::FactBatch;
use crate::model::standing::Place;
use crate::model::time::DAY;
use crate::policy::Compiled;
use crate::policy::compiled::{Scope, Shape, Split, ValueDefinition, ValueKind};
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
    // Runs never decide for an earlier instant than those before them.
    let now = archive.last_run_now()?.map_or(now, |last| last.max(now));
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
        untold: untold(policy, cuts),
    })
}

/// Runs that are looked at together.
fn together(course: &[DueRun]) -> impl Iterator<Item = &[DueRun]> {
    course.chunk_by(|one, other| one.at.0.div_euclid(TOGETHER) == other.at.0.div_euclid(TOGETHER))
}

/// What can't be told ahead.
fn untold(policy: &Compiled, cuts: &CutPoints) -> Vec<String> {
    let on_events =
        policy.triggers.iter().filter(|trigger| matches!(trigger.shape, Shape::Event(_) | Shape::Times(..)));
    let names: Vec<&str> = on_events.map(|trigger| &*trigger.name).collect();
    let mut untold = Vec::new();
    let unmade: Vec<&str> =
        policy.values.iter().filter(|value| !has_cut_points(value, cuts)).map(|value| &*value.name).collect();
    if !unmade.is_empty() {
        let names = unmade.join(", ");
        untold.push(format!(
            "{names} and what hangs on them: the next run makes cut points that are not there yet"
        ));
    }
    if !names.is_empty() {
        untold.push(format!("{} go by events, which are data", names.join(", ")));
    }
    untold
}

/// Whether the cut points of a value are there, made by its present definition; those of one that needs none are.
fn has_cut_points(value: &ValueDefinition, cuts: &CutPoints) -> bool {
    let needed = match &value.kind {
        ValueKind::Rank(_) => 1,
        ValueKind::Segment(segment) => usize::from(segment.best.is_some()),
        ValueKind::Tier(tier) => tier.levels.iter().filter(|level| level.share.is_some()).count(),
        ValueKind::Quadrant(quadrant) => {
            let axes = [&quadrant.x, &quadrant.y];
            axes.iter().filter(|axis| !matches!(axis.split, Split::At(_))).count()
        }
        ValueKind::Metric(_) | ValueKind::Ledger(_) | ValueKind::Score(_) => 0,
    };
    let own = cuts.iter().filter(|cut| cut.value == value.name && cut.version == value.version);
    own.count() >= needed
}

/// What is known of a class or a trigger up to some instant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Followed<T> {
    /// What its conditions led to when last looked at, and when that was.
    last: Option<(T, Timestamp)>,
    /// When that came about, and by what; nothing where it did before the beginning.
    pub(super) turned: Option<(Timestamp, Vec<Cause>)>,
}

impl<T> Default for Followed<T> {
    fn default() -> Self {
        Self { last: None, turned: None }
    }
}

pub(super) struct Walker<'a, 'lens> {
    archive: &'a Archive,
    pub(super) engine: &'a Engine,
    cuts: &'a CutPoints,
    id: &'a str,
    lens: &'lens mut Lens,
    pub(super) ahead: Ahead<'a>,
    terms: Vec<Terms<'a>>,
    pub(super) rules: Rules,
    pub(super) classes: Vec<Followed<Place>>,
    pub(super) triggers: Vec<Followed<bool>>,
    pub(super) changes: Vec<Change>,
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
}
