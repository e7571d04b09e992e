//! What was known of each customer after so many facts had come in.

use std::collections::BTreeMap;

use guanxi::model::Value;

use crate::world::Fact;

/// A value, and after how many facts it came.
type Given = (usize, Option<Value>);

pub(crate) struct Known {
    /// By customer and field: every value it ever got.
    fields: BTreeMap<(String, &'static str), Vec<Given>>,
}

impl Known {
    pub(crate) fn new(facts: &[Fact]) -> Self {
        let mut known = BTreeMap::<_, Vec<_>>::new();
        for (number, fact) in (1..).zip(facts) {
            if let Fact::Customer { id, fields } = fact {
                for (&field, value) in fields {
                    known.entry((id.clone(), field)).or_default().push((number, value.clone()));
                }
            }
        }
        Self { fields: known }
    }

    /// A field's value after so many facts.
    pub(crate) fn value(&self, customer: &str, field: &'static str, facts: usize) -> Option<&Value> {
        let values = self.fields.get(&(customer.to_owned(), field))?;
        let place = values.partition_point(|&(number, _)| number <= facts);
        values[..place].last()?.1.as_ref()
    }

    pub(crate) fn holds(&self, customer: &str, field: &'static str, facts: usize) -> bool {
        self.value(customer, field, facts) == Some(&Value::Bool(true))
    }

    /// A text; empty where it is missing.
    pub(crate) fn text(&self, customer: &str, field: &'static str, facts: usize) -> &str {
        match self.value(customer, field, facts) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }
}
