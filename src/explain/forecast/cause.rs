//! What time does at the instant a condition turns: the parts that turn with it, and the events that a window lets go.

use std::sync::Arc;

use serde::Serialize;

use crate::archive::{Archive, ArchiveError};
use crate::engine::Engine;
use crate::evaluate::CutPoints;
use crate::explain::happened::counted;
use crate::explain::subject::Subject;
use crate::explain::trace::Part;
use crate::explain::uses;
use crate::explain::value::{Condition, Teller};
use crate::model::Timestamp;
use crate::policy::compiled::{Fades, Ledger, Metric, ValueKind, Window};
use crate::policy::expression::tree::Expression;

/// How many events of one metric are told.
const EVENTS: usize = 3;

/// A part that turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// The table whose expression it is part of.
    pub of: Arc<str>,
    /// The part, as it is from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The events that a window lets go, or reaches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Passed>,
}

/// An event that counts no more, or counts from then on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Passed {
    /// Its id.
    pub id: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// Whether it counts from then on; else it counts no more.
    pub counts: bool,
}

/// Compares a customer just before an instant and at it.
pub(super) struct Turned<'a> {
    pub(super) archive: &'a Archive,
    pub(super) engine: &'a Engine,
    pub(super) cuts: &'a CutPoints,
    pub(super) before: &'a Subject,
    pub(super) after: &'a Subject,
}

impl Turned<'_> {
    fn tellers(&self) -> [Teller<'_>; 2] {
        [self.before, self.after].map(|subject| Teller {
            archive: self.archive,
            engine: self.engine,
            cuts: self.cuts,
            subject,
            failures: &[],
        })
    }

    /// What turns a value of the policy, by its index.
    pub(super) fn value(&self, index: usize) -> Result<Vec<Cause>, ArchiveError> {
        let mut causes = Vec::new();
        self.follow(index, &mut Vec::new(), &mut causes)?;
        Ok(causes)
    }

    /// What turns conditions of a table.
    pub(super) fn conditions<'e>(
        &self,
        of: &Arc<str>,
        expressions: impl IntoIterator<Item = &'e Expression> + Clone,
    ) -> Result<Vec<Cause>, ArchiveError> {
        let [before, after] = self.tellers();
        let mut causes = Vec::new();
        for expression in expressions.clone() {
            let (before, after) = (before.condition("when", expression), after.condition("when", expression));
            turned(of, &before.part, &after.part, &mut causes);
        }
        let mut seen = Vec::new();
        for name in uses::of(self.engine.policy(), expressions) {
            self.follow_name(&name, &mut seen, &mut causes)?;
        }
        Ok(causes)
    }

    fn follow_name(
        &self,
        name: &str,
        seen: &mut Vec<usize>,
        causes: &mut Vec<Cause>,
    ) -> Result<(), ArchiveError> {
        match self.engine.policy().value(name) {
            Some(index) => self.follow(index, seen, causes),
            None => Ok(()),
        }
    }

    fn follow(
        &self,
        index: usize,
        seen: &mut Vec<usize>,
        causes: &mut Vec<Cause>,
    ) -> Result<(), ArchiveError> {
        if seen.contains(&index) {
            return Ok(());
        }
        seen.push(index);
        let Some(definition) = self.engine.policy().values.get(index) else { return Ok(()) };
        let of = &definition.name;
        match &definition.kind {
            ValueKind::Metric(metric) => {
                let events = self.passed(metric)?;
                if !events.is_empty() {
                    causes.push(Cause { of: Arc::clone(of), part: None, events });
                }
                return Ok(());
            }
            ValueKind::Ledger(ledger) => {
                let events = self.lapsed(ledger)?;
                if !events.is_empty() {
                    causes.push(Cause { of: Arc::clone(of), part: None, events });
                }
                return Ok(());
            }
            _ => {}
        }
        let [before, after] = self.tellers();
        let conditions =
            |teller: &Teller<'_>| -> Vec<Condition> { teller.class(index, definition).conditions };
        let of_before = conditions(&before);
        for after in conditions(&after) {
            let before = of_before.iter().find(|before| before.role == after.role);
            if let Some(before) = before {
                turned(of, &before.part, &after.part, causes);
            }
        }
        for name in uses::of_value(self.engine.policy(), &definition.kind) {
            self.follow_name(&name, seen, causes)?;
        }
        Ok(())
    }

    /// The events that a metric counts at one of the instants and not at the other.
    fn passed(&self, metric: &Metric) -> Result<Vec<Passed>, ArchiveError> {
        if metric.within == Window::All && metric.before.is_none() {
            return Ok(Vec::new());
        }
        let [before, after] = [self.before, self.after].map(|subject| counted(self.archive, subject, metric));
        let (before, after) = (before?, after?);
        let gone = before.iter().filter(|(event, _)| !after.iter().any(|(other, _)| other.id == event.id));
        let come = after.iter().filter(|(event, _)| !before.iter().any(|(other, _)| other.id == event.id));
        let gone = gone.map(|(event, _)| Passed { id: event.id.clone(), at: event.at, counts: false });
        let come = come.map(|(event, _)| Passed { id: event.id.clone(), at: event.at, counts: true });
        Ok(gone.chain(come).take(EVENTS).collect())
    }

    /// The events whose entries lapse between the instants.
    fn lapsed(&self, ledger: &Ledger) -> Result<Vec<Passed>, ArchiveError> {
        let Fades::Expires(expires) = ledger.fades else { return Ok(Vec::new()) };
        let (from, to) = (self.before.moment.now.plus(-expires + 1), self.after.moment.now.plus(-expires));
        let mut lapsed = Vec::new();
        for entry in &ledger.entries {
            for event in self.archive.events_of(entry.event, &self.after.id, from..=to)? {
                lapsed.push(Passed { id: event.id, at: event.at, counts: false });
            }
        }
        lapsed.truncate(EVENTS);
        Ok(lapsed)
    }
}

/// The smallest parts that hold at one instant and not at the other.
fn turned(of: &Arc<str>, before: &Part, after: &Part, causes: &mut Vec<Cause>) {
    if before.holds == after.holds {
        return;
    }
    let known = causes.len();
    for part in &after.parts {
        if let Some(former) = before.parts.iter().find(|former| former.text == part.text) {
            turned(of, former, part, causes);
        }
    }
    if causes.len() == known {
        causes.push(Cause { of: Arc::clone(of), part: Some(after.alone()), events: Vec::new() });
    }
}
