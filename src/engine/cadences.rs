//! Every cadence over a batch: who is enrolled, which steps are due, what is remembered.

mod act;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Engine, EngineError, RunReport, memories};
use crate::archive::{NewRun, RunWriter};
use crate::care::cadence::{Changed, End, Rhythm, Sight, Standing, Start, Terms, Turn, turn};
use crate::evaluate::Decisions;
use crate::model::enrolment::Enrolment;
use crate::model::facts::FactBatch;
use crate::model::trigger::RuleMemory;
use crate::model::{Column, Date, Timestamp, Type, civil};
use crate::policy::Compiled;
use crate::policy::compiled::{Anchor, Cadence, Repeat};
use crate::policy::expression::tree::Expression;

/// The expressions of a cadence over the customer, in the order in which [`Columns`] numbers them.
pub(super) fn expressions(cadence: &Cadence) -> impl Iterator<Item = &Expression> {
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
    names: Vec<String>,
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
        writer: &RunWriter<'_>,
        run: &'run NewRun,
    ) -> Result<Self, EngineError> {
        let rules = memories(writer.archive())?;
        let run =
            Run { engine, now: run.now, started: run.started, policy_version: run.policy_version.as_str() };
        let mut cadences = Vec::new();
        for cadence in selected.iter().filter_map(|&index| engine.policy.cadences.get(index)) {
            let columns = Columns::new(cadence, &mut column);
            cadences.push(Active::new(cadence, columns, &rules, writer, run)?);
        }
        let names = cadences.iter().map(|active| active.cadence.name.to_string()).collect();
        Ok(Self { run, cadences, names })
    }

    /// The names under which the store keeps enrolments.
    pub(super) fn names(&self) -> &[String] {
        &self.names
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
        for (active, enrolments) in self.cadences.iter_mut().zip(enrolments) {
            let mut rest = enrolments.as_slice();
            for row in 0..facts.len() {
                let count = rest.iter().take_while(|(at, _)| *at == row).count();
                let (own, others) = rest.split_at(count);
                rest = others;
                let seen = Seen { facts, decisions, row };
                active.customer(&seen, own, writer, run, report)?;
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
            terms: terms(&run.engine.policy, cadence),
            first_seen: memory.map_or(run.now, |memory| memory.first_seen),
            rule,
            changed,
            columns,
            unsent: writer.customers_with_unsent(&cadence.name)?,
            midnights: HashMap::new(),
        })
    }

    fn customer(
        &mut self,
        seen: &Seen<'_>,
        enrolments: &[(usize, &Enrolment)],
        writer: &mut RunWriter<'_>,
        run: Run<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let standing = self.standing(seen);
        if enrolments.is_empty() && (standing != Standing::In || self.cadence.event().is_some()) {
            return Ok(());
        }
        let anchor = if standing == Standing::In { self.anchor(seen) } else { None };
        let last_number = enrolments.iter().map(|(_, enrolment)| enrolment.number).max().unwrap_or(0);
        let sight = Sight { standing, anchor, last_number, ..self.sight(seen.customer(), run) };
        if self.cadence.event().is_some() {
            for (_, enrolment) in enrolments {
                let unfinished = self.unfinished(enrolment, &sight);
                let mut turn = turn(Some(&unfinished), &sight, &self.terms);
                keep_end(&mut turn, enrolment);
                self.act(&turn, Some(&unfinished), seen, writer, run, report)?;
            }
            return Ok(());
        }
        let last = enrolments.iter().max_by_key(|(_, last)| (last.ended.is_none(), last.ended, last.number));
        let former = last.map(|(_, enrolment)| self.unfinished(enrolment, &sight));
        let mut turn = turn(former.as_deref(), &sight, &self.terms);
        if let Some((_, last)) = last {
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

/// What a cadence's table says, as far as time goes by it.
fn terms<'run>(policy: &Compiled, cadence: &'run Cadence) -> Terms<'run> {
    let is_date = |ty: Option<&Type>| matches!(ty, Some(Type::Date));
    let (start, listed) = match &cadence.anchor {
        Anchor::Enrolment => (Start::Enrolment, None),
        Anchor::Value(value) if is_date(Some(&value.root.ty)) => (Start::Date, None),
        Anchor::Value(_) => (Start::Time, None),
        Anchor::Days { days, .. } => (Start::Days, Some(&**days)),
        Anchor::Event { event, field, .. } => {
            let shape = policy.schema.events.get(*event);
            let field = field.and_then(|field| shape?.fields.get(field));
            (if is_date(field.map(|field| &field.ty)) { Start::EventDate } else { Start::Event }, None)
        }
    };
    let rhythm = match (listed, cadence.repeat) {
        (Some(days), _) => Rhythm::Days(days),
        (None, None) => Rhythm::Once,
        (None, Some(Repeat::Every(every))) => Rhythm::Every(every),
        (None, Some(Repeat::Yearly)) => Rhythm::Yearly,
    };
    Terms {
        name: &cadence.name,
        rhythm,
        start,
        zone: policy.settings.timezone,
        stagger: cadence.stagger,
        reenter: cadence.reenter,
        grace: cadence.grace,
        steps: &cadence.steps,
    }
}
