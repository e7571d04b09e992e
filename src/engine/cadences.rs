//! Every cadence over a batch: who is enrolled, which steps are due, what is remembered.

mod act;

pub(super) use act::because;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use super::{Engine, EngineError, RunReport};
use crate::archive::{NewRun, RunWriter};
use crate::care::cadence::{Changed, End, Sight, Standing, Start, Terms, Turn, turn};
use crate::evaluate::Decisions;
use crate::model::enrolment::Enrolment;
use crate::model::facts::{CadenceRequest, FactBatch};
use crate::model::standing::AtRest;
use crate::model::trigger::RuleMemory;
use crate::model::{Bitmap, Column, Date, Timestamp, civil};
use crate::policy::compiled::{Anchor, Cadence, Reenter};
use crate::policy::expression::tree::Expression;

/// The expressions of a cadence over the customer: audience, `stop_when`, anchor, then the conditions of its steps.
pub fn expressions(cadence: &Cadence) -> impl Iterator<Item = &Expression> {
    let anchor = match &cadence.anchor {
        Anchor::Value(expression) => Some(expression),
        _ => None,
    };
    let whens = cadence.steps.iter().filter_map(|step| step.when.as_ref());
    cadence.audience.iter().chain(&cadence.stop_when).chain(anchor).chain(whens)
}

/// Where the columns of a cadence are among those of a program.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    audience: Option<usize>,
    stop_when: Option<usize>,
    anchor: Option<usize>,
    /// By step.
    whens: Vec<Option<usize>>,
}

impl Columns {
    /// Numbers them from one on, which then is the next free one.
    pub(super) fn new(cadence: &Cadence, next: &mut usize) -> Self {
        let mut number = |is_there: bool| {
            is_there.then(|| {
                *next += 1;
                *next - 1
            })
        };
        Self {
            audience: number(cadence.audience.is_some()),
            stop_when: number(cadence.stop_when.is_some()),
            anchor: number(matches!(cadence.anchor, Anchor::Value(_))),
            whens: cadence.steps.iter().map(|step| number(step.when.is_some())).collect(),
        }
    }
}

/// The cadences of a run.
pub(super) struct CadencePass<'run> {
    run: Run<'run>,
    cadences: Vec<Active<'run>>,
}

/// The run they are asked in.
#[derive(Clone, Copy)]
pub(super) struct Run<'run> {
    pub(super) engine: &'run Engine,
    pub(super) now: Timestamp,
    pub(super) started: Timestamp,
    pub(super) policy_version: &'run str,
}

/// A cadence that is asked.
pub(super) struct Active<'run> {
    pub(super) cadence: &'run Cadence,
    pub(super) terms: Terms<'run>,
    /// The store's name of it.
    pub(super) rule: String,
    first_seen: Timestamp,
    pub(super) changed: Changed,
    pub(super) columns: Columns,
    /// Who has touches of it not sent yet, of the enrolments of which numbers.
    unsent: BTreeMap<String, BTreeSet<u32>>,
    /// The midnights of dates met before.
    midnights: HashMap<i32, Option<Timestamp>>,
}

/// One customer of a batch, as seen by a cadence.
pub(super) struct Seen<'a> {
    pub(super) facts: &'a FactBatch,
    pub(super) decisions: &'a Decisions<'a>,
    pub(super) row: usize,
}

impl<'run> CadencePass<'run> {
    /// Those selected; their columns begin at `column`.
    pub(super) fn new(
        engine: &'run Engine,
        selected: &[usize],
        mut column: usize,
        rules: &BTreeMap<String, RuleMemory>,
        writer: &RunWriter<'_>,
        run: &'run NewRun,
    ) -> Result<Self, EngineError> {
        let run =
            Run { engine, now: run.now, started: run.started, policy_version: run.policy_version.as_str() };
        let mut cadences = Vec::new();
        for cadence in selected.iter().filter_map(|&index| engine.policy.cadences.get(index)) {
            let columns = Columns::new(cadence, &mut column);
            cadences.push(Active::new(cadence, columns, rules, writer, run)?);
        }
        Ok(Self { run, cadences })
    }

    /// What of their enrolments is needed: not those that no time and no standing in the audience would change.
    pub(super) fn requests(&self) -> impl Iterator<Item = CadenceRequest> {
        self.cadences.iter().map(|active| {
            let is_plain = active.changed == Changed::No && active.terms.start == Start::Enrolment;
            CadenceRequest {
                name: active.cadence.name.to_string(),
                due_by: is_plain.then_some(self.run.now),
                is_once: is_plain && active.terms.reenter == Reenter::Never,
            }
        })
    }

    /// Whether any was edited, or slept, since it last ran.
    pub(super) fn changed(&self) -> bool {
        self.cadences.iter().any(|active| active.changed != Changed::No)
    }

    /// What to remember of the cadences themselves once everybody was seen.
    pub(super) fn rules(&self, run: i64) -> impl Iterator<Item = RuleMemory> {
        self.cadences.iter().map(move |active| RuleMemory {
            name: active.rule.clone(),
            version: active.cadence.version.to_string(),
            first_seen: active.first_seen,
            last_run: self.run.now,
            run,
            policy_version: self.run.policy_version.to_owned(),
        })
    }

    /// Decides for every customer of a batch, stores what is remembered, takes back what lost its reason and makes
    /// what is due.
    pub(super) fn decide(
        &mut self,
        writer: &mut RunWriter<'_>,
        facts: &FactBatch,
        decisions: &Decisions<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let run = self.run;
        let mut enrolments: Vec<Vec<(usize, &Enrolment)>> = vec![Vec::new(); self.cadences.len()];
        for record in &facts.prior.enrolments {
            let cadence =
                usize::try_from(record.cadence).ok().and_then(|cadence| enrolments.get_mut(cadence));
            if let (Some(found), Ok(row)) = (cadence, usize::try_from(record.row)) {
                found.push((row, &record.enrolment));
            }
        }
        let none = AtRest::default();
        for (index, (active, enrolments)) in self.cadences.iter_mut().zip(enrolments).enumerate() {
            let at_rest = facts.prior.at_rest.get(index).unwrap_or(&none);
            let mut rest = enrolments.as_slice();
            for row in active.to_be_asked(facts, decisions, &enrolments, at_rest).ones() {
                rest = rest.get(rest.partition_point(|(at, _)| *at < row)..).unwrap_or_default();
                let seen = Seen { facts, decisions, row };
                if at_rest.waits.get(row) || at_rest.ended.get(row) {
                    let own = writer.archive().enrolments_in(seen.customer(), &active.cadence.name)?;
                    active.customer(&seen, own.iter(), writer, run, report)?;
                } else {
                    let own = rest.iter().take_while(|(at, _)| *at == row).map(|(_, own)| *own);
                    active.customer(&seen, own, writer, run, report)?;
                }
            }
        }
        Ok(())
    }
}

impl<'run> Active<'run> {
    pub(super) fn new(
        cadence: &'run Cadence,
        columns: Columns,
        rules: &BTreeMap<String, RuleMemory>,
        writer: &RunWriter<'_>,
        run: Run<'run>,
    ) -> Result<Self, EngineError> {
        let rule = format!("cadence.{}", cadence.name);
        let memory = rules.get(&rule);
        let changed = match memory {
            Some(memory) if memory.policy_version.is_empty() => Changed::Slept,
            Some(memory) if *memory.version != *cadence.version => Changed::Edited,
            _ => Changed::No,
        };
        Ok(Self {
            cadence,
            terms: Terms::of(&run.engine.policy, cadence),
            first_seen: memory.map_or(run.now, |memory| memory.first_seen),
            rule,
            changed,
            columns,
            unsent: writer.customers_with_unsent(&cadence.name)?,
            midnights: HashMap::new(),
        })
    }

    /// Those of a batch for whom anything may have changed: all with enrolments that are not at rest, those at rest who
    /// left the audience, and those in it who have none.
    fn to_be_asked(
        &self,
        facts: &FactBatch,
        decisions: &Decisions<'_>,
        enrolments: &[(usize, &Enrolment)],
        at_rest: &AtRest,
    ) -> Bitmap {
        let mut asked = Bitmap::filled(facts.len(), false);
        for &(row, enrolment) in enrolments {
            // Whoever was enrolled before the enrolment that rests is asked about by that.
            if enrolment.ended.is_none() || !at_rest.waits.get(row) {
                asked.set(row, true);
            }
        }
        let (first, last) =
            (facts.ids.get(0).unwrap_or_default(), facts.ids.iter().last().unwrap_or_default());
        let mut unsent = Bitmap::filled(facts.len(), false);
        for (customer, _) in self.unsent.range::<str, _>((Bound::Included(first), Bound::Included(last))) {
            if let Some(row) = facts.ids.find(customer) {
                unsent.set(row, true);
            }
        }
        let inside = self.inside(decisions, facts.len());
        let enrols = self.cadence.event().is_none();
        for (word, asked) in asked.words_mut().iter_mut().enumerate() {
            let of = |bitmap: &Bitmap| bitmap.words().get(word).copied().unwrap_or(0);
            let (inside, waits, ended) = (of(&inside), of(&at_rest.waits), of(&at_rest.ended));
            let may_enrol = if enrols { inside & !waits & !ended } else { 0 };
            *asked |= may_enrol | (waits | ended & of(&unsent)) & !inside;
        }
        asked.mask_tail();
        asked
    }

    /// Who stands in the audience.
    fn inside(&self, decisions: &Decisions<'_>, customers: usize) -> Bitmap {
        let mut inside = Bitmap::filled(customers, true);
        let columns = [(self.columns.audience, true), (self.columns.stop_when, false)];
        for (column, wanted) in columns {
            let Some(column) = column else { continue };
            let flags = match decisions.expression(column) {
                Some(Column::Flag(flags)) => flags.values.words(),
                _ => &[],
            };
            for (index, word) in inside.words_mut().iter_mut().enumerate() {
                let holds = flags.get(index).copied().unwrap_or(0);
                *word &= if wanted { holds } else { !holds };
            }
        }
        inside
    }

    fn customer<'a>(
        &mut self,
        seen: &Seen<'_>,
        enrolments: impl Iterator<Item = &'a Enrolment> + Clone,
        writer: &mut RunWriter<'_>,
        run: Run<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let standing = self.standing(seen);
        let anchor = if standing == Standing::In { self.anchor(seen) } else { None };
        let last_number = enrolments.clone().map(|enrolment| enrolment.number).max().unwrap_or(0);
        let sight = Sight { standing, anchor, last_number, ..self.sight(seen.customer(), run) };
        if self.cadence.event().is_some() {
            for enrolment in enrolments {
                let unfinished = self.unfinished(enrolment, &sight);
                let mut turn = turn(Some(&unfinished), &sight, &self.terms);
                keep_end(&mut turn, enrolment);
                self.act(&turn, Some(&unfinished), seen, writer, run, report)?;
            }
            return Ok(());
        }
        let last = enrolments.max_by_key(|last| (last.ended.is_none(), last.ended, last.number));
        let former = last.map(|enrolment| self.unfinished(enrolment, &sight));
        let mut turn = turn(former.as_deref(), &sight, &self.terms);
        if let Some(last) = last {
            keep_end(&mut turn, last);
        }
        self.act(&turn, former.as_deref(), seen, writer, run, report)
    }

    /// An enrolment whose last step has passed goes on as long as its touches are not sent, as far as they may have
    /// lost their reason.
    fn unfinished<'a>(&self, enrolment: &'a Enrolment, sight: &Sight<'_>) -> Cow<'a, Enrolment> {
        let may_have_lost =
            sight.standing != Standing::In || sight.changed != Changed::No || self.terms.is_anchored();
        let has_unsent = || {
            let numbers = self.unsent.get(sight.customer);
            numbers.is_some_and(|numbers| numbers.contains(&enrolment.number))
        };
        if may_have_lost && enrolment.reason.as_deref() == Some(End::Completed.as_str()) && has_unsent() {
            return Cow::Owned(Enrolment { ended: None, reason: None, ..enrolment.clone() });
        }
        Cow::Borrowed(enrolment)
    }

    /// What every sight of a customer has.
    pub(super) const fn sight<'a>(&self, customer: &'a str, run: Run<'_>) -> Sight<'a> {
        Sight {
            customer,
            standing: Standing::In,
            anchor: None,
            last_number: 0,
            now: run.now,
            started: run.started,
            changed: self.changed,
        }
    }

    /// Where a customer stands with regard to the cadence.
    pub(super) fn standing(&self, seen: &Seen<'_>) -> Standing {
        if self.columns.stop_when.is_some_and(|column| seen.holds(column)) {
            Standing::Stopped
        } else if self.columns.audience.is_none_or(|column| seen.holds(column)) {
            Standing::In
        } else {
            Standing::Out
        }
    }

    /// The date or time that the customer's cycles count from; a date begins at its local midnight.
    #[expect(clippy::cast_possible_truncation, reason = "days and instants are whole numbers in range")]
    fn anchor(&mut self, seen: &Seen<'_>) -> Option<Timestamp> {
        let Some(Column::Number(numbers)) = seen.decisions.expression(self.columns.anchor?) else {
            return None;
        };
        let number = numbers.get(seen.row)?;
        if self.terms.start != Start::Date {
            return Some(Timestamp(number as i64));
        }
        let zone = self.terms.zone;
        *self.midnights.entry(number as i32).or_insert_with_key(|&day| civil::midnight(Date(day), zone))
    }
}

impl<'a> Seen<'a> {
    pub(super) fn customer(&self) -> &'a str {
        self.facts.ids.get(self.row).unwrap_or_default()
    }

    fn holds(&self, column: usize) -> bool {
        matches!(self.decisions.expression(column), Some(Column::Flag(flags)) if flags.values.get(self.row))
    }
}

/// What had completed, and is looked at again for touches not sent yet, keeps its end where nothing more is to come.
fn keep_end(turn: &mut Turn, before: &Enrolment) {
    let completed = |enrolment: &Enrolment| enrolment.reason.as_deref() == Some(End::Completed.as_str());
    if let Some(enrolment) = &mut turn.enrolment
        && enrolment.number == before.number
        && completed(enrolment)
        && completed(before)
    {
        enrolment.ended = before.ended;
    }
}
