//! For whom metrics, ledgers and scores are others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::batches::Batches;
use super::change::{Changed, Move};
use super::sample::Sample;
use super::tables::table_of;
use crate::evaluate::median;
use crate::model::{Type, Value};
use crate::policy::Compiled;
use crate::policy::compiled::ValueDefinition;

/// A metric, ledger or score that one set finds otherwise than the other.
pub(super) struct Figure {
    /// `kind.name`.
    pub(super) table: String,
    ty: Type,
    /// Its place among the values asked of each set; `None` where the set lacks it.
    asked: [Option<usize>; 2],
    customers: Sample<String>,
    /// Between truths, where it is one.
    turns: BTreeMap<(Option<bool>, Option<bool>), Sample<String>>,
    /// All numbers there are, by set.
    numbers: [Vec<f64>; 2],
}

/// The figures of two sets that differ, and what must be asked of each set to compare them.
pub(super) struct Figures {
    all: Vec<Figure>,
    /// The names of the values to ask of each set.
    pub(super) asked: [Vec<Arc<str>>; 2],
}

impl Figures {
    /// Those whose version is another, or that one set lacks.
    pub(super) fn of(old: &Compiled, new: &Compiled) -> Self {
        let sets = [figures(old), figures(new)];
        let [before, after] = &sets;
        let names: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).copied().collect();
        let mut figures = Self { all: Vec::new(), asked: [Vec::new(), Vec::new()] };
        for name in names {
            let (was, is) = (before.get(name), after.get(name));
            let version = |value: Option<&&ValueDefinition>| value.map(|value| value.version.clone());
            let Some(shown) = is.or(was).filter(|_| version(was) != version(is)) else { continue };
            let mut asked = [None, None];
            for ((place, names), value) in asked.iter_mut().zip(&mut figures.asked).zip([was, is]) {
                if value.is_some() {
                    *place = Some(names.len());
                    names.push(name.clone());
                }
            }
            figures.all.push(Figure {
                table: table_of(shown),
                ty: shown.ty.clone(),
                asked,
                customers: Sample::default(),
                turns: BTreeMap::new(),
                numbers: [Vec::new(), Vec::new()],
            });
        }
        figures
    }

    /// Takes in one customer.
    pub(super) fn take(&mut self, row: usize, sides: [&Batches<'_>; 2], most: usize) {
        for figure in &mut self.all {
            figure.take(row, sides, most);
        }
    }

    /// Those that are another for anybody.
    pub(super) fn finish(self) -> impl Iterator<Item = (String, Vec<Move>, Option<Changed>)> {
        self.all.into_iter().filter(|figure| !figure.customers.is_empty()).map(Figure::finish)
    }
}

impl Figure {
    fn take(&mut self, row: usize, sides: [&Batches<'_>; 2], most: usize) {
        let [before, after] = sides;
        let [was, is] = self.asked;
        let (was, is) =
            (was.and_then(|index| before.value(index, row)), is.and_then(|index| after.value(index, row)));
        for (numbers, value) in self.numbers.iter_mut().zip([&was, &is]) {
            if let Some(Value::Number(number)) = value {
                numbers.push(*number);
            }
        }
        if was == is {
            return;
        }
        let id = || after.id(row).to_owned();
        self.customers.note(most, id);
        if self.ty == Type::Bool {
            let truth = |value: Option<Value>| match value {
                Some(Value::Bool(truth)) => Some(truth),
                _ => None,
            };
            self.turns.entry((truth(was), truth(is))).or_default().note(most, id);
        }
    }

    fn finish(self) -> (String, Vec<Move>, Option<Changed>) {
        let Self { table, ty, customers, turns, numbers: [mut before, mut after], .. } = self;
        if ty != Type::Bool {
            let (median_before, median_after) = (median(&mut before), median(&mut after));
            return (table, Vec::new(), Some(Changed { customers, median_before, median_after }));
        }
        let word = |truth: Option<bool>| truth.map(|truth| truth.to_string());
        let moves = turns
            .into_iter()
            .map(|((from, to), customers)| Move { from: word(from), to: word(to), customers })
            .collect();
        (table, moves, None)
    }
}

/// Metrics, ledgers and scores, by name.
fn figures(policy: &Compiled) -> BTreeMap<&Arc<str>, &ValueDefinition> {
    let values = policy.values.iter().filter(|value| value.kind.class().is_none());
    values.map(|value| (&value.name, value)).collect()
}
