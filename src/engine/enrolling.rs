//! Cadences that enrol for events: asked once everybody has been placed, about the events that are new to each.

use std::collections::{BTreeMap, BTreeSet};

use super::cadences::{Active, Columns, Run, Seen, expressions};
use super::{Engine, EngineError, RunReport};
use crate::archive::{DueArrivals, NewRun, RunWriter};
use crate::care::cadence::{Changed, Sight, Standing, Start, for_event, reaches_back};
use crate::evaluate::{CutPoints, Evaluator, Goal};
use crate::model::event::{Arrival, ArrivalMark, Taken};
use crate::model::facts::{BATCH, EventBatch, EventRequest, FactBatch};
use crate::model::trigger::RuleMemory;
use crate::model::{Column, Date, Timestamp, civil};
use crate::policy::compiled::{Anchor, Cadence};

/// The cadences of a run that enrol for events.
pub(super) struct Enrolling<'run> {
    run: Run<'run>,
    cadences: Vec<(Active<'run>, Program)>,
}

/// What a cadence asks of customers and their events.
struct Program {
    evaluator: Evaluator,
    facts: FactBatch,
    event: usize,
    /// The date or time field that times count from.
    field: Option<usize>,
    /// The column of the condition over events.
    condition: Option<usize>,
    taken: Option<Taken>,
}

impl<'run> Enrolling<'run> {
    /// Those of the selected cadences.
    pub(super) fn new(
        engine: &'run Engine,
        selected: &[usize],
        rules: &BTreeMap<String, RuleMemory>,
        writer: &RunWriter<'_>,
        run: &'run NewRun,
    ) -> Result<Self, EngineError> {
        let run = Run { engine, now: run.now, started: run.started, policy_version: &run.policy_version };
        let mut cadences = Vec::new();
        for cadence in selected.iter().filter_map(|&index| engine.policy.cadences.get(index)) {
            let mut count = 0;
            let columns = Columns::new(cadence, &mut count);
            let Some(mut program) = Program::new(engine, cadence, count)? else { continue };
            let active = Active::new(cadence, columns, rules, writer, run)?;
            if active.changed != Changed::Slept {
                program.taken = writer.archive().taken(&active.rule)?;
            }
            cadences.push((active, program));
        }
        Ok(Self { run, cadences })
    }

    /// The cut points that their conditions hang on.
    pub(super) fn cut_points(&self) -> Vec<usize> {
        self.cadences.iter().flat_map(|(_, program)| program.evaluator.cut_points()).copied().collect()
    }

    /// Enrols for all that is new, and remembers how far each has come.
    pub(super) fn take(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let run = self.run;
        let arrival = writer.archive().last_arrival()?;
        for (active, program) in &mut self.cadences {
            if let Some(taken) = program.taken {
                program.enrol_news(active, taken, (writer, cuts, run), report)?;
            } else {
                program.enrol_past(active, (writer, cuts, run), report)?;
            }
            report.note_scripts(program.evaluator.script_failures());
            writer.take(&active.rule, Taken { arrival, transition: 0, at: run.now })?;
        }
        Ok(())
    }
}

impl Program {
    fn new(engine: &Engine, cadence: &Cadence, columns: usize) -> Result<Option<Self>, EngineError> {
        let Anchor::Event { event, filter, field } = &cadence.anchor else { return Ok(None) };
        let goal = Goal { classes: Vec::new(), expressions: expressions(cadence).collect() };
        let (policy, plan) = (&engine.policy, &engine.plan);
        let evaluator = match filter {
            Some(filter) => Evaluator::over_events(policy, plan, &goal, *event, filter)?,
            None => Evaluator::new(policy, plan, &goal)?,
        };
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        let condition = filter.is_some().then_some(columns);
        Ok(Some(Self { evaluator, facts, event: *event, field: *field, condition, taken: None }))
    }

    /// Enrols for what came in since the cadence last looked.
    fn enrol_news(
        &mut self,
        active: &Active<'_>,
        taken: Taken,
        (writer, cuts, run): (&mut RunWriter<'_>, &CutPoints, Run<'_>),
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let Some(kind) = run.engine.policy.schema.events.get(self.event) else { return Ok(()) };
        let mark = ArrivalMark { number: taken.arrival, at: taken.at };
        let mut due = DueArrivals::new(&kind.name, mark, run.now);
        let mut arrivals = Vec::new();
        while due.next(writer.archive(), &mut arrivals)? {
            self.enrol(active, &arrivals, (writer, cuts, run), report)?;
        }
        Ok(())
    }

    /// Enrols for all events of which anything may be ahead or within the grace: at first sight, and after a sleep.
    fn enrol_past(
        &mut self,
        active: &Active<'_>,
        (writer, cuts, run): (&mut RunWriter<'_>, &CutPoints, Run<'_>),
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let since = reaches_back(&active.terms, self.field.is_some(), run.started);
        let mut last: Option<Arrival> = None;
        loop {
            let archive = writer.archive();
            let arrivals = archive.past_events(self.event, since..=run.now, last.as_ref(), BATCH)?;
            if arrivals.is_empty() {
                return Ok(());
            }
            self.enrol(active, &arrivals, (writer, cuts, run), report)?;
            last = arrivals.last().cloned();
        }
    }

    /// Enrols all whom some events concern; what happens to nobody in particular concerns everybody.
    fn enrol(
        &mut self,
        active: &Active<'_>,
        arrivals: &[Arrival],
        (writer, cuts, run): (&mut RunWriter<'_>, &CutPoints, Run<'_>),
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let new: BTreeSet<&str> = arrivals.iter().map(|arrival| &*arrival.id).collect();
        let customers: BTreeSet<&str> = arrivals.iter().map(|arrival| &*arrival.customer).collect();
        let wanted = EventRequest {
            event: self.event,
            fields: self.field.into_iter().collect(),
            ids: true,
            after: arrivals.iter().map(|arrival| arrival.at.plus(-1)).min(),
        };
        let request = self.evaluator.request_events(&wanted, run.now);
        if customers.contains("") {
            let mut after = None;
            while writer.archive().next_batch(&request, run.now, after.as_deref(), &mut self.facts)? {
                self.enrol_batch(active, &new, (writer, cuts, run), report)?;
                after = self.facts.last_id();
            }
            return Ok(());
        }
        let ids: Vec<&str> = customers.into_iter().collect();
        writer.archive().batch_of(&request, run.now, &ids, &mut self.facts)?;
        self.enrol_batch(active, &new, (writer, cuts, run), report)
    }

    fn enrol_batch(
        &mut self,
        active: &Active<'_>,
        new: &BTreeSet<&str>,
        (writer, cuts, run): (&mut RunWriter<'_>, &CutPoints, Run<'_>),
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if self.facts.is_empty() {
            return Ok(());
        }
        let decisions = self.evaluator.evaluate(&mut self.facts, run.now, cuts)?;
        let facts = &self.facts;
        let Some(events) = facts.events.get(self.event).and_then(Option::as_ref) else { return Ok(()) };
        let condition = self.condition.map(|column| decisions.expression(column));
        for row in 0..facts.len() {
            let seen = Seen { facts, decisions: &decisions, row };
            if active.standing(&seen) != Standing::In {
                continue;
            }
            for event in rows(events, row) {
                let counts = match condition {
                    None => true,
                    Some(Some(Column::Flag(flags))) => flags.values.get(event),
                    Some(_) => false,
                };
                let id = event_id(facts, events, event).filter(|id| counts && new.contains(id));
                let at = event_start(events, event, self.field, active);
                let (Some(id), Some(at)) = (id, at) else { continue };
                let name = &active.cadence.name;
                let Some(number) = writer.enrolments_but_for(seen.customer(), name, id)? else { continue };
                let sight = Sight { last_number: number, ..active.sight(seen.customer(), run) };
                let turn = for_event(number.saturating_add(1), id, at, &sight, &active.terms);
                active.act(&turn, None, &seen, writer, run, report)?;
            }
        }
        Ok(())
    }
}

/// The rows of a customer's events.
fn rows(events: &EventBatch, row: usize) -> std::ops::Range<usize> {
    let end = |row: usize| {
        events.offsets.get(row).map_or(0, |&offset| usize::try_from(offset).unwrap_or(usize::MAX))
    };
    end(row)..end(row + 1)
}

fn event_id<'a>(facts: &'a FactBatch, events: &EventBatch, event: usize) -> Option<&'a str> {
    match events.ids.as_ref()? {
        Column::Code(ids) => facts.dictionary.text(ids.get(event)?),
        _ => None,
    }
}

/// What the times of an event's enrolment count from; `None` where its date is missing.
#[expect(clippy::cast_possible_truncation, reason = "days and instants are whole numbers in range")]
fn event_start(
    events: &EventBatch,
    event: usize,
    field: Option<usize>,
    active: &Active<'_>,
) -> Option<Timestamp> {
    let Some(field) = field else { return events.at.get(event).map(|&at| Timestamp(at as i64)) };
    let Column::Number(numbers) = events.fields.get(field)?.as_ref()? else { return None };
    let number = numbers.get(event)?;
    if active.terms.start == Start::EventDate {
        return civil::midnight(Date(number as i32), active.terms.zone);
    }
    Some(Timestamp(number as i64))
}
