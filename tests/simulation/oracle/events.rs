//! Events as a plain model keeps them: by customer, corrected where a correction came.

use std::collections::BTreeMap;

use guanxi::model::Value;

use crate::world::{Event, Fact};

/// The events of one kind that have come in.
pub(crate) struct Events {
    kind: &'static str,
    by_id: BTreeMap<String, Event>,
}

impl Events {
    pub(crate) const fn new(kind: &'static str) -> Self {
        Self { kind, by_id: BTreeMap::new() }
    }

    /// Takes some facts in; returns the events among them that were not known before.
    pub(crate) fn take_in(&mut self, facts: &[Fact]) -> Vec<Event> {
        let mut new = Vec::new();
        for fact in facts {
            if let Fact::Event(event) = fact
                && event.kind == self.kind
                && self.by_id.insert(event.id.clone(), event.clone()).is_none()
            {
                new.push(event.clone());
            }
        }
        new
    }

    pub(crate) fn get(&self, id: &str) -> &Event {
        &self.by_id[id]
    }
}

pub(crate) fn number(event: &Event, field: &str) -> f64 {
    match &event.fields[field] {
        Some(Value::Number(number)) => *number,
        _ => f64::NAN,
    }
}
