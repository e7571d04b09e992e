//! What a trigger asks about customers and their events, batch by batch.

use std::collections::BTreeMap;

use crate::archive::{Archive, RunWriter};
use crate::engine::{Engine, EngineError};
use crate::evaluate::{CutPoints, Decisions, Evaluator, Goal, ScriptFailure};
use crate::model::facts::{EventBatch, EventRequest, FactBatch};
use crate::model::trigger::{TriggerMemory, TriggerRecord};
use crate::model::{Bitmap, Column, Timestamp};
use crate::policy::compiled::{Shape, Trigger};

/// Finds who is in a trigger's audience, and which of their events meet its condition.
pub(super) struct Program {
    evaluator: Evaluator,
    facts: FactBatch,
    /// Its name, under which the store keeps what it remembers.
    names: Vec<String>,
    has_audience: bool,
    /// The kind of its events, and whether there is a condition on them.
    event: Option<(usize, bool)>,
    /// The fields of its events that are looked at besides.
    fields: Vec<usize>,
}

/// Which customers are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who<'a> {
    /// These, at most a batch of them.
    These(&'a [&'a str]),
    /// The next batch of all.
    After(Option<&'a str>),
}

impl Program {
    /// What a trigger asks; nothing where it does not fire on occasions.
    pub(super) fn new(engine: &Engine, trigger: &Trigger) -> Result<Option<Self>, EngineError> {
        if matches!(trigger.shape, Shape::When(_)) {
            return Ok(None);
        }
        let goal = Goal { classes: Vec::new(), expressions: trigger.audience.iter().collect() };
        let happening = trigger.happening();
        let (policy, plan) = (&engine.policy, &engine.plan);
        let evaluator =
            match happening.and_then(|happening| Some((happening.event, happening.filter.as_ref()?))) {
                Some((event, filter)) => Evaluator::over_events(policy, plan, &goal, event, filter)?,
                None => Evaluator::new(policy, plan, &goal)?,
            };
        let fields = match &trigger.shape {
            Shape::Times(_, alike) => alike.same.into_iter().collect(),
            _ => Vec::new(),
        };
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        Ok(Some(Self {
            evaluator,
            facts,
            names: vec![trigger.name.to_string()],
            has_audience: trigger.audience.is_some(),
            event: happening.map(|happening| (happening.event, happening.filter.is_some())),
            fields,
        }))
    }

    pub(super) fn cut_points(&self) -> &[usize] {
        self.evaluator.cut_points()
    }

    pub(super) fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.evaluator.script_failures()
    }

    /// Looks at customers and those of their events that are later than an instant; `None` where there are no
    /// more customers.
    pub(super) fn see(
        &mut self,
        archive: &Archive,
        who: Who<'_>,
        later_than: Option<Timestamp>,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Option<Seen<'_>>, EngineError> {
        let mut request = match self.event {
            Some((event, _)) => {
                let fields = self.fields.clone();
                let wanted = EventRequest { event, fields, ids: true, after: later_than };
                self.evaluator.request_events(&wanted, now)
            }
            None => self.evaluator.request(now).clone(),
        };
        request.triggers.clone_from(&self.names);
        match who {
            Who::These(ids) => archive.batch_of(&request, now, ids, &mut self.facts)?,
            Who::After(after) => {
                archive.next_batch(&request, now, after, &mut self.facts)?;
            }
        }
        if self.facts.is_empty() {
            return Ok(None);
        }
        let decisions = self.evaluator.evaluate(&mut self.facts, now, cuts)?;
        let condition = usize::from(self.has_audience);
        let is_filtered = self.event.is_some_and(|(_, is_filtered)| is_filtered);
        let audience = self.has_audience.then(|| truth(&decisions, 0));
        let condition = is_filtered.then(|| truth(&decisions, condition));
        let event = self.event.map(|(event, _)| event);
        Ok(Some(Seen { facts: &self.facts, names: &self.names, audience, condition, event }))
    }
}

/// Nobody, where there is no such column.
fn truth(decisions: &Decisions<'_>, column: usize) -> Bitmap {
    match decisions.expression(column) {
        Some(Column::Flag(flags)) => flags.values.clone(),
        _ => Bitmap::default(),
    }
}

/// What was found out about a batch of customers.
pub(super) struct Seen<'a> {
    facts: &'a FactBatch,
    names: &'a [String],
    /// `None`: everybody.
    audience: Option<Bitmap>,
    /// One row an event; `None`: all.
    condition: Option<Bitmap>,
    event: Option<usize>,
}

/// An event of a customer's.
#[derive(Clone, Copy)]
pub(super) struct SeenEvent<'a> {
    /// Its row among the events of the batch.
    row: usize,
    pub(super) id: &'a str,
    pub(super) at: Timestamp,
}

impl<'a> Seen<'a> {
    /// The rows of those in the audience.
    pub(super) fn audience(&self) -> impl Iterator<Item = usize> {
        (0..self.facts.len()).filter(|&row| self.audience.as_ref().is_none_or(|audience| audience.get(row)))
    }

    pub(super) fn customer(&self, row: usize) -> &'a str {
        self.facts.ids.get(row).unwrap_or_default()
    }

    /// The last customer of the batch.
    pub(super) fn last(&self) -> Option<String> {
        self.facts.ids.iter().last().map(str::to_owned)
    }

    fn batch(&self) -> Option<&'a EventBatch> {
        self.facts.events.get(self.event?)?.as_ref()
    }

    /// A customer's events that meet the condition, in order of (`at`, `id`).
    pub(super) fn events(&self, row: usize) -> impl Iterator<Item = SeenEvent<'a>> {
        let batch = self.batch();
        let end = |row: usize| {
            let offset = batch.and_then(|batch| batch.offsets.get(row)).copied().unwrap_or(0);
            usize::try_from(offset).unwrap_or(usize::MAX)
        };
        (end(row)..end(row + 1)).filter_map(move |event| {
            if !self.condition.as_ref().is_none_or(|condition| condition.get(event)) {
                return None;
            }
            let Some(Column::Code(ids)) = batch?.ids.as_ref() else { return None };
            let id = self.facts.dictionary.text(ids.get(event)?)?;
            // Instants are exact as floats.
            #[expect(clippy::cast_possible_truncation, reason = "it came from whole milliseconds")]
            let at = Timestamp(*batch?.at.get(event)? as i64);
            Some(SeenEvent { row: event, id, at })
        })
    }

    /// What stands for an event's field: equal for equal values of the batch, `None` where missing.
    pub(super) fn field(&self, event: SeenEvent<'_>, field: usize) -> Option<u64> {
        match self.batch()?.fields.get(field)?.as_ref()? {
            // Adding nothing makes one zero of both.
            Column::Number(numbers) => numbers.get(event.row).map(|number| (number + 0.0).to_bits()),
            Column::Flag(flags) => flags.get(event.row).map(u64::from),
            Column::Code(codes) => codes.get(event.row).map(u64::from),
        }
    }

    /// What is remembered of those in the batch, by row.
    pub(super) fn memories(&self) -> BTreeMap<usize, TriggerMemory> {
        let records = self.facts.prior.triggers.iter();
        records.filter_map(|record| Some((usize::try_from(record.row).ok()?, record.memory))).collect()
    }

    /// Stores what is to be remembered of all in the batch.
    pub(super) fn remember(
        &self,
        writer: &mut RunWriter<'_>,
        memories: &BTreeMap<usize, TriggerMemory>,
    ) -> Result<(), EngineError> {
        let records: Vec<TriggerRecord> = memories
            .iter()
            .filter_map(|(&row, &memory)| {
                Some(TriggerRecord { row: u32::try_from(row).ok()?, trigger: 0, memory })
            })
            .collect();
        Ok(writer.remember_triggers(self.facts, self.names, &records)?)
    }
}
