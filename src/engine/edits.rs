//! What was edited since the tables of a run last ran, so that what the data did can be told from what the edit did.
//!
//! Every class and trigger remembers its version and the policy set it last ran under. Where the version is another
//! now, that set is read back and evaluated beside the present one, from the same stored memory, on the same facts and
//! for the same instant: from what is stored to the former result is the data's doing, from there to the present one
//! the edit's. A set can be asked once only, since the present result is stored then; a run in which nothing was
//! edited asks nothing. Where the former set can't be had, and for a table that slept since (removed or disabled
//! while runs went on), everything counts as the edit's doing: nothing can show that it is news.
//!
//! All this is asked of everybody at once. A run over some customers only would leave the others a memory of another
//! definition than the table then claims: where something was edited it must look at everybody, and so where a table
//! never ran, since what is first seen could never be told from news otherwise.
//!
//! A level or cell whose name is gone, where at the same position of as many one stands that is new, was renamed: its
//! customers stay where they are, with their clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::former::{FormerSet, Question, recall};
use super::triggers::conditions;
use super::{Engine, EngineError, RunReport, Selection};
use crate::archive::{ClassEdit, FormerPlaces, RunWriter};
use crate::model::trigger::RuleMemory;
use crate::model::{Bitmap, ClassShape, Schema, Timestamp};
use crate::policy::Compiled;
use crate::policy::compiled::{Trigger, ValueDefinition, ValueKind};

/// The edits that a run meets.
#[derive(Default)]
pub(super) struct Edits {
    sets: Vec<FormerSet>,
    classes: Vec<EditedClass>,
    /// By index of the policy's triggers.
    triggers: BTreeMap<usize, Option<Asked>>,
    /// What to remember of the classes once everybody was placed.
    rules: Vec<RuleMemory>,
    /// Whether a table never ran before.
    any_new: bool,
}

/// Where the answer of a former set is.
#[derive(Clone, Copy)]
struct Asked {
    /// Index of [`Edits::sets`].
    set: usize,
    /// Place in its question.
    place: usize,
}

struct EditedClass {
    class: usize,
    former: Option<(ClassShape, Asked)>,
}

/// What a trigger's former definition says of a batch.
#[derive(Clone, Copy)]
pub(super) enum Former<'run> {
    /// The trigger was not edited.
    Same,
    /// It was, and nobody knows what it would say.
    Unknown,
    /// It was, and this is for whom it holds.
    Truth(&'run Bitmap),
}

/// The tables that were edited, by the policy set they last ran under; of an empty version those that none can tell of.
#[derive(Default)]
struct Found {
    sets: BTreeMap<String, Tables>,
    rules: Vec<RuleMemory>,
}

/// Edited tables of the present set.
#[derive(Default)]
struct Tables {
    classes: Vec<usize>,
    triggers: Vec<usize>,
}

/// Notes which tables sleep, and gives what is remembered of all.
pub(super) fn put_to_sleep(
    policy: &Compiled,
    writer: &mut RunWriter<'_>,
) -> Result<BTreeMap<String, RuleMemory>, EngineError> {
    let awake = tables(policy);
    writer.put_to_sleep(|rule| sleeps(rule, &awake))?;
    super::memories(writer.archive())
}

impl Edits {
    /// Finds what was edited of the classes that a run decides and the triggers it selects, and prepares the former
    /// sets. Must come before the run makes cut points.
    pub(super) fn find(
        engine: &Engine,
        writer: &mut RunWriter<'_>,
        memories: &BTreeMap<String, RuleMemory>,
        (classes, selection): (&[usize], &Selection),
        now: Timestamp,
        report: &mut RunReport,
    ) -> Result<Self, EngineError> {
        let policy = &engine.policy;
        let found = Found::of(policy, memories, (classes, selection), now, report);
        let any_new = selected(policy, (classes, selection)).any(|rule| !memories.contains_key(&rule));
        let mut edits = Self { rules: found.rules, any_new, ..Self::default() };
        for (version, tables) in found.sets {
            let recalled = if version.is_empty() { None } else { Some(recall(writer.archive(), &version)?) };
            match recalled {
                None => edits.nobody_knows(&tables),
                Some(Ok(former)) => edits.ask(engine, writer, &former, &tables, now, report)?,
                Some(Err(why)) => {
                    report.forgotten.push(forgotten(&version, &why));
                    edits.nobody_knows(&tables);
                }
            }
        }
        Ok(edits)
    }

    /// Takes up tables of which no former set tells.
    fn nobody_knows(&mut self, tables: &Tables) {
        self.classes.extend(tables.classes.iter().map(|&class| EditedClass { class, former: None }));
        self.triggers.extend(tables.triggers.iter().map(|&trigger| (trigger, None)));
    }

    /// Takes up tables that last ran under one set, and prepares it.
    fn ask(
        &mut self,
        engine: &Engine,
        writer: &mut RunWriter<'_>,
        former: &Arc<Compiled>,
        tables: &Tables,
        now: Timestamp,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let policy = &engine.policy;
        let set = self.sets.len();
        let mut schema = Schema::clone(&former.schema);
        let mut question = Question { classes: Vec::new(), triggers: Vec::new(), schema: Arc::default() };
        let mut asked = Self::default();
        for &class in &tables.classes {
            let shape = policy.schema.classes.get(class);
            let before = shape.and_then(|shape| former.schema.class(&shape.name));
            let named = before.and_then(|before| Some((before, schema.classes.get_mut(before)?)));
            let former = match (shape, named) {
                (Some(shape), Some((before, read))) => {
                    let place = Asked { set, place: question.classes.len() };
                    question.classes.push(before);
                    rename(writer, (class, shape), read)?;
                    // By their present names: who stands in a renamed place has not moved.
                    Some((read.clone(), place))
                }
                _ => None,
            };
            asked.classes.push(EditedClass { class, former });
        }
        for &index in &tables.triggers {
            let before = policy.triggers.get(index).and_then(|trigger| named(former, &trigger.name));
            let place = before.map(|before| {
                question.triggers.push(before);
                Asked { set, place: question.triggers.len() - 1 }
            });
            asked.triggers.insert(index, place);
        }
        question.schema = Arc::new(schema);
        match FormerSet::new(writer.archive(), former, question, (now, engine.plan.refresh()))? {
            Ok(former) => {
                self.sets.push(former);
                self.classes.extend(asked.classes);
                self.triggers.extend(asked.triggers);
            }
            Err(why) => {
                report.forgotten.push(forgotten(&former.version, &why));
                self.nobody_knows(tables);
            }
        }
        Ok(())
    }

    /// Whether the run must look at everybody, since a table was edited or never ran before.
    pub(super) fn ask_for_everybody(&self) -> bool {
        self.any_new || !self.classes.is_empty() || !self.triggers.is_empty()
    }

    /// Asks the former sets about the batch after an id.
    pub(super) fn evaluate(
        &mut self,
        writer: &RunWriter<'_>,
        now: Timestamp,
        after: Option<&str>,
    ) -> Result<(), EngineError> {
        self.sets.iter_mut().try_for_each(|set| set.evaluate(writer.archive(), now, after))
    }

    /// The edited classes, with the former sets' word on the last batch.
    pub(super) fn classes(&self) -> Vec<ClassEdit<'_>> {
        let edits = self.classes.iter().map(|edited| {
            let former = edited.former.as_ref().and_then(|(shape, asked)| {
                let (before, now) = self.sets.get(asked.set)?.places(asked.place)?;
                Some(FormerPlaces { shape, before, now })
            });
            ClassEdit { class: edited.class, former }
        });
        edits.collect()
    }

    /// The former set's word on a trigger and the last batch.
    pub(super) fn trigger(&self, index: usize) -> Former<'_> {
        let Some(asked) = self.triggers.get(&index) else { return Former::Same };
        let truth = asked.and_then(|asked| self.sets.get(asked.set)?.truth(asked.place));
        truth.map_or(Former::Unknown, Former::Truth)
    }

    /// What to remember of the classes that a run decided.
    pub(super) fn rules(self, run: i64) -> impl Iterator<Item = RuleMemory> {
        self.rules.into_iter().map(move |rule| RuleMemory { run, ..rule })
    }
}

impl Found {
    fn of(
        policy: &Compiled,
        memories: &BTreeMap<String, RuleMemory>,
        (classes, selection): (&[usize], &Selection),
        now: Timestamp,
        report: &mut RunReport,
    ) -> Self {
        let mut found = Self::default();
        for &class in classes {
            let own = |value: &&ValueDefinition| value.kind.class() == Some(class);
            let Some(value) = policy.values.iter().find(own) else { continue };
            let memory = memory_of_class(memories, &value.name);
            let rule = class_rule(value);
            if let Some(tables) = found.edited(memory, &value.version, &rule, report) {
                tables.classes.push(class);
            }
            found.rules.push(RuleMemory {
                name: rule,
                version: value.version.to_string(),
                first_seen: memory.map_or(now, |memory| memory.first_seen),
                last_run: now,
                run: 0,
                policy_version: policy.version.to_string(),
            });
        }
        for &index in &selection.triggers {
            let asked = |trigger: &&Trigger| conditions(trigger).next().is_some();
            let Some(trigger) = policy.triggers.get(index).filter(asked) else { continue };
            let rule = format!("trigger.{}", trigger.name);
            if let Some(tables) = found.edited(memories.get(&rule), &trigger.version, &rule, report) {
                tables.triggers.push(index);
            }
        }
        found
    }

    /// Where to put a table that was edited; a table that never ran was not.
    fn edited(
        &mut self,
        memory: Option<&RuleMemory>,
        version: &str,
        rule: &str,
        report: &mut RunReport,
    ) -> Option<&mut Tables> {
        let memory = memory?;
        if memory.version == version && !memory.policy_version.is_empty() {
            return None;
        }
        report.edited.push(rule.to_owned());
        Some(self.sets.entry(memory.policy_version.clone()).or_default())
    }
}

/// Where a class may be remembered: it may have been of another kind.
const CLASS_KINDS: [&str; 3] = ["segment", "tier", "quadrant"];

/// The last memory of a class, of whatever kind it was.
fn memory_of_class<'a>(memories: &'a BTreeMap<String, RuleMemory>, name: &str) -> Option<&'a RuleMemory> {
    let of_kind = |kind| memories.get(&format!("{kind}.{name}"));
    CLASS_KINDS.into_iter().filter_map(of_kind).max_by_key(|memory| memory.run)
}

fn class_rule(value: &ValueDefinition) -> String {
    let kind = match value.kind {
        ValueKind::Tier(_) => "tier",
        ValueKind::Quadrant(_) => "quadrant",
        _ => "segment",
    };
    format!("{kind}.{}", value.name)
}

/// The names of the classes and triggers that a set has.
fn tables(policy: &Compiled) -> BTreeSet<String> {
    let classes = policy.values.iter().filter(|value| value.kind.class().is_some()).map(class_rule);
    let triggers = policy.triggers.iter().map(|trigger| format!("trigger.{}", trigger.name));
    let cadences = policy.cadences.iter().map(|cadence| format!("cadence.{}", cadence.name));
    classes.chain(triggers).chain(cadences).collect()
}

/// The names of the tables that a run evaluates.
fn selected<'a>(
    policy: &'a Compiled,
    (classes, selection): (&'a [usize], &'a Selection),
) -> impl Iterator<Item = String> + 'a {
    let decided = |value: &&ValueDefinition| value.kind.class().is_some_and(|class| classes.contains(&class));
    let classes = policy.values.iter().filter(decided).map(class_rule);
    let triggers = selection.triggers.iter().filter_map(|&index| policy.triggers.get(index));
    let cadences = selection.cadences.iter().filter_map(|&index| policy.cadences.get(index));
    classes
        .chain(triggers.map(|trigger| format!("trigger.{}", trigger.name)))
        .chain(cadences.map(|cadence| format!("cadence.{}", cadence.name)))
}

/// Whether a table that is remembered is none of those that are awake.
fn sleeps(rule: &str, awake: &BTreeSet<String>) -> bool {
    let kind = rule.split_once('.').map_or("", |(kind, _)| kind);
    (matches!(kind, "trigger" | "cadence") || CLASS_KINDS.contains(&kind)) && !awake.contains(rule)
}

/// A trigger of a former set that has conditions to ask.
fn named<'policy>(policy: &'policy Compiled, name: &str) -> Option<&'policy Trigger> {
    let trigger = policy.triggers.iter().find(|trigger| &*trigger.name == name);
    trigger.filter(|trigger| conditions(trigger).next().is_some())
}

/// Gives places that were renamed their new name, in the store and in the shape by which it is read.
fn rename(
    writer: &mut RunWriter<'_>,
    (class, shape): (usize, &ClassShape),
    read: &mut ClassShape,
) -> Result<(), EngineError> {
    let (Some(places), Some(before)) = (&shape.places, &read.places) else { return Ok(()) };
    let names = renamed(before, places);
    for (from, to) in before.iter().zip(&names).filter(|(from, to)| from != to) {
        writer.rename_place(class, from, to)?;
    }
    read.places = Some(names.into());
    Ok(())
}

/// The names of a class's former places as its present definition says them.
#[must_use]
pub fn renamed(before: &[Arc<str>], now: &[Arc<str>]) -> Vec<Arc<str>> {
    let other = |index: usize, from: &Arc<str>| {
        let to = now.get(index).filter(|_| before.len() == now.len())?;
        (!now.contains(from) && !before.contains(to)).then_some(to)
    };
    before.iter().enumerate().map(|(index, from)| other(index, from).unwrap_or(from).clone()).collect()
}

fn forgotten(version: &str, why: &str) -> String {
    format!(
        "the policy set {version} can't be asked any more: {why}; all that changed counts as the edit's doing"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|name| (*name).into()).collect()
    }

    #[test]
    fn a_new_name_where_one_is_gone_is_a_rename() {
        let renamed = |before: &[&str], now: &[&str]| renamed(&names(before), &names(now));
        assert_eq!(renamed(&["a", "b", "c"], &["a", "x", "c"]), names(&["a", "x", "c"]));
        assert_eq!(renamed(&["a", "b"], &["x", "y"]), names(&["x", "y"]));
    }

    #[test]
    fn a_name_that_stays_a_level_more_or_another_order_is_none() {
        let renamed = |before: &[&str], now: &[&str]| renamed(&names(before), &names(now));
        assert_eq!(renamed(&["a", "b"], &["b", "a"]), names(&["a", "b"]));
        assert_eq!(renamed(&["a", "b"], &["a", "x", "b"]), names(&["a", "b"]));
        assert_eq!(renamed(&["a", "b", "c"], &["b", "x", "c"]), names(&["a", "b", "c"]));
    }
}
