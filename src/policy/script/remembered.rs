//! What a function gave: scripts are pure, so that the same arguments give the same.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use crate::model::Value;

/// Most results remembered of one function.
const MOST: usize = 16 * 1024;

/// Results by their arguments, shared by all who call the function: a run after the other asks about the same customers.
#[derive(Clone, Default)]
pub(crate) struct Remembered(Arc<Mutex<HashMap<Arguments, Option<Value>>>>);

/// The arguments of a call.
pub(super) type Arguments = Box<[Argument]>;

/// One argument as what tells it from every other of its type.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Argument {
    Bits(u64),
    Text(Arc<str>),
}

impl Remembered {
    /// What a call gave; the inner `None` is missing.
    #[expect(clippy::option_option, reason = "known or not, and then missing or not")]
    pub(super) fn get(&self, arguments: &Arguments) -> Option<Option<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(arguments).cloned()
    }

    /// Remembers it, in place of all else where there is too much.
    pub(super) fn keep(&self, arguments: Arguments, given: Option<Value>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(arguments, given);
    }
}

impl From<&Value> for Argument {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Bits(number.to_bits()),
            Value::Text(text) => Self::Text(Arc::clone(text)),
            Value::Bool(flag) => Self::Bits(u64::from(*flag)),
            Value::Date(day) => Self::Bits(u64::from(day.0.cast_unsigned())),
            Value::Time(at) => Self::Bits(at.0.cast_unsigned()),
        }
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Remembered").finish_non_exhaustive()
    }
}
