//! Calls of scripts' functions: row by row, but once a batch for equal arguments.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;

use super::Setting;
use super::frame::Frame;
use crate::evaluate::graph::op::Space;
use crate::evaluate::kernel::View;
use crate::model::{Bitmap, Column, Dictionary, TextList, Type, Value};
use crate::policy::expression::builtin::compute::{instant, whole_date};
use crate::policy::script::{Failure, Function, Parameter};

/// Most results kept of one function; calls with other arguments are made each time.
const MOST_KEPT: usize = 8 * 1024;

/// For whom a function from a script failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFailure {
    /// The function.
    pub function: Arc<str>,
    /// How many customers.
    pub customers: u64,
    /// The first of them.
    pub customer: Arc<str>,
    /// What went wrong with that one.
    pub message: String,
}

impl fmt::Display for ScriptFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, customers, customer, message } = self;
        let noun = if *customers == 1 { "customer" } else { "customers" };
        write!(
            formatter,
            "function.{function} failed for {customers} {noun}, whose value is missing, such as {customer}: {message}"
        )
    }
}

/// What is kept of calls, for one batch, and of failures, for all.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct Scripts {
    functions: Vec<Calls>,
    /// The arguments of a row, as bits.
    key: Vec<u64>,
    /// How often scripts were run.
    pub(in crate::evaluate) runs: u64,
}

/// The calls of one function.
#[derive(Debug, Default)]
struct Calls {
    known: HashMap<Box<[u64]>, Outcome>,
    failed: Option<Failed>,
    failures: Option<ScriptFailure>,
}

/// The failures of one function in one batch.
#[derive(Debug)]
struct Failed {
    /// For which customers.
    customers: Bitmap,
    /// The one with the first failure.
    first: usize,
    message: String,
}

/// What a call gave; `None` is missing.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Number(Option<f64>),
    Flag(Option<bool>),
    Code(Option<u32>),
    Failed,
}

impl Scripts {
    /// Forgets what only held for the last batch.
    pub(in crate::evaluate) fn begin(&mut self, functions: usize) {
        self.functions.resize_with(functions, Calls::default);
        for calls in &mut self.functions {
            calls.known.clear();
        }
    }

    /// Counts the customers for whom something failed.
    pub(in crate::evaluate) fn finish(&mut self, functions: &[Arc<Function>], ids: &TextList) {
        for (calls, function) in self.functions.iter_mut().zip(functions) {
            let Some(Failed { customers, first, message }) = calls.failed.take() else { continue };
            let failures = calls.failures.get_or_insert_with(|| ScriptFailure {
                function: function.name.clone(),
                customers: 0,
                customer: ids.get(first).unwrap_or_default().into(),
                message,
            });
            failures.customers += customers.count() as u64;
        }
    }

    /// Of all batches, by function.
    pub(in crate::evaluate) fn failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.functions.iter().filter_map(|calls| calls.failures.as_ref())
    }
}

pub(super) fn step(
    frame: &Frame<'_>,
    setting: Setting<'_>,
    (function, arguments): (usize, usize),
    dictionary: &mut Dictionary,
    scripts: &mut Scripts,
    out: &mut Column,
) {
    out.clear();
    let Some(function) = setting.policy.functions.get(function) else { return };
    let Scripts { functions, key, runs } = scripts;
    let Some(calls) = functions.get_mut(function.index) else { return };
    let views: Vec<View<'_>> = (0..arguments).filter_map(|index| frame.view(index)).collect();
    let guard = (frame.node.operands.len() > arguments).then(|| frame.flags(arguments));
    for row in 0..frame.rows {
        key.clear();
        key.extend(views.iter().map_while(|view| bits(view, row)));
        if key.len() < arguments || guard.is_some_and(|guard| !guard.values.get(row)) {
            out.push_missing();
            continue;
        }
        let known = calls.known.get(key.as_slice()).copied();
        let outcome = known.unwrap_or_else(|| {
            *runs += 1;
            let outcome = match call(function, key, dictionary) {
                Ok(value) => Outcome::of(value, &function.returns, dictionary),
                Err(failure) => {
                    calls.failed.get_or_insert_with(|| Failed {
                        customers: Bitmap::filled(frame.facts.ids.len(), false),
                        first: customer(frame, row),
                        message: failure.message,
                    });
                    Outcome::Failed
                }
            };
            if calls.known.len() < MOST_KEPT {
                calls.known.insert(key.as_slice().into(), outcome);
            }
            outcome
        });
        if let (Outcome::Failed, Some(failed)) = (outcome, &mut calls.failed) {
            failed.customers.set(customer(frame, row), true);
        }
        outcome.push(out);
    }
}

/// Whose a row is.
fn customer(frame: &Frame<'_>, row: usize) -> usize {
    match frame.node.space {
        Space::Event(kind) => frame.facts.events(kind).map_or(0, |events| {
            // The offsets are where each customer's events begin.
            events.offsets.partition_point(|&start| start as usize <= row).saturating_sub(1)
        }),
        Space::Run | Space::Customer => row,
    }
}

/// An argument as bits that tell it from every other of its type; `None` where it is missing.
fn bits(view: &View<'_>, row: usize) -> Option<u64> {
    match view {
        View::Number(numbers) => numbers.get(row).map(f64::to_bits),
        View::Flag(flags) => flags.valid.get(row).then(|| u64::from(flags.values.get(row))),
        View::Code(codes) => codes.get(row).map(u64::from),
    }
}

fn call(function: &Function, key: &[u64], dictionary: &Dictionary) -> Result<Option<Value>, Failure> {
    let arguments = key.iter().zip(&function.parameters);
    let arguments: Option<Vec<Value>> =
        arguments.map(|(&bits, parameter)| argument(bits, parameter, dictionary)).collect();
    arguments.map_or(Ok(None), |arguments| function.call(arguments.into_iter()))
}

fn argument(bits: u64, parameter: &Parameter, dictionary: &Dictionary) -> Option<Value> {
    match parameter.ty {
        Type::Number => Some(Value::Number(f64::from_bits(bits))),
        Type::Date => whole_date(f64::from_bits(bits)).map(Value::Date),
        Type::Time => instant(f64::from_bits(bits)).map(Value::Time),
        Type::Bool => Some(Value::Bool(bits != 0)),
        Type::Text | Type::Choice(_) => {
            u32::try_from(bits).ok().and_then(|code| dictionary.text(code)).map(Value::text)
        }
    }
}

impl Outcome {
    fn of(value: Option<Value>, returns: &Type, dictionary: &mut Dictionary) -> Self {
        match (value, returns) {
            (Some(Value::Number(number)), _) => Self::Number(Some(number)),
            (Some(Value::Date(day)), _) => Self::Number(Some(f64::from(day.0))),
            (Some(Value::Time(at)), _) => Self::Number(Some(at.0 as f64)),
            (Some(Value::Bool(flag)), _) => Self::Flag(Some(flag)),
            (Some(Value::Text(text)), _) => Self::Code(Some(dictionary.code(&text))),
            (None, Type::Bool) => Self::Flag(None),
            (None, Type::Text | Type::Choice(_)) => Self::Code(None),
            (None, Type::Number | Type::Date | Type::Time) => Self::Number(None),
        }
    }

    fn push(self, out: &mut Column) {
        match (self, out) {
            (Self::Number(number), Column::Number(out)) => out.push(number),
            (Self::Flag(flag), Column::Flag(out)) => out.push(flag),
            (Self::Code(code), Column::Code(out)) => out.push(code),
            (_, out) => out.push_missing(),
        }
    }
}
