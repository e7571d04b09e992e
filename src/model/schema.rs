//! The shape of what is known, as the policy set declares it and the archive stores it.

use std::sync::Arc;

use super::standing::{NO_PLACE, Place};
use super::value::{Type, Value};

/// Everything the archive makes tables and columns for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// Declared customer fields, by name; `id` and the engine's own columns are not among them.
    pub customer: Vec<FieldShape>,
    /// Declared event kinds, by name, and last the engine's own `touch`.
    pub events: Vec<EventShape>,
    /// Segments, tiers and quadrants, by name: the columns of `standing`.
    pub classes: Vec<ClassShape>,
}

/// One field of the customer or of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldShape {
    /// As declared, which is the column's name too.
    pub name: Arc<str>,
    /// What it holds.
    pub ty: Type,
    /// Masked in logs and, by default, on screens.
    pub personal: bool,
    /// What a row without the field counts as.
    pub default: Option<Value>,
    /// Least number allowed.
    pub min: Option<f64>,
    /// Greatest number allowed.
    pub max: Option<f64>,
    /// A trigger waits for it to change, so ingest notes what it was before (customer fields only).
    pub watched: bool,
}

/// One event kind.
#[derive(Clone, Debug, PartialEq)]
pub struct EventShape {
    /// As declared; its table is `event_<name>`.
    pub name: Arc<str>,
    /// Happens to nobody in particular: stored with an empty customer, every customer has it.
    pub everyone: bool,
    /// Declared fields, by name; `id`, `customer` and `at` are not among them.
    pub fields: Vec<FieldShape>,
    /// A trigger or cadence waits for it, so ingest notes each new one as an arrival.
    pub heard: bool,
}

/// One segment, tier or quadrant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassShape {
    /// The value's name, which is its column in `standing`.
    pub name: Arc<str>,
    /// The names a customer's place may have; `None` for a segment, which is a truth.
    pub places: Option<Arc<[Arc<str>]>>,
}

/// The name of the event the engine records when a touch is delivered.
pub const TOUCH_EVENT: &str = "touch";

impl Schema {
    /// The place of a customer field by name.
    #[must_use]
    pub fn customer_field(&self, name: &str) -> Option<usize> {
        self.customer.iter().position(|field| &*field.name == name)
    }

    /// The place of an event kind by name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<usize> {
        self.events.iter().position(|event| &*event.name == name)
    }

    /// The place of a class by name.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| &*class.name == name)
    }
}

impl ClassShape {
    /// A place as transitions say it; `None` for none.
    #[must_use]
    pub fn place_name(&self, place: Place) -> Option<Arc<str>> {
        match &self.places {
            _ if place == NO_PLACE => None,
            None => Some(if place == 0 { "false" } else { "true" }.into()),
            Some(places) => places.get(usize::from(place)).cloned(),
        }
    }
}

impl FieldShape {
    /// A field about which nothing more is declared.
    pub fn new(name: impl Into<Arc<str>>, ty: Type) -> Self {
        Self { name: name.into(), ty, personal: false, default: None, min: None, max: None, watched: false }
    }
}

impl EventShape {
    /// The place of a field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// The engine's own event: a touch that was delivered.
    #[must_use]
    pub fn touch() -> Self {
        let text = |name: &str| FieldShape::new(name, Type::Text);
        Self {
            name: TOUCH_EVENT.into(),
            everyone: false,
            fields: ["action", "cause", "channel", "kind", "name", "step", "touch"].map(text).into(),
            heard: false,
        }
    }
}
