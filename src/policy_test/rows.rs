//! The customers and events of a test, checked against what the policy set declares.

use std::collections::BTreeSet;

use super::case::{CustomerRow, EventRow, Rows};
use super::read::{Context, instant};
use crate::model::{FieldShape, Value};
use crate::policy::codes;
use crate::policy::kind::constant;
use crate::policy::raw::{self, Node, Place, Reader, Table};

/// The keys of a customer's row besides its fields.
const CUSTOMER_KEYS: &[&str] = &["id"];
/// The keys of an event besides its fields.
const EVENT_KEYS: &[&str] = &["type", "id", "customer", "at"];

impl Context<'_> {
    /// The rows under `customer` and `event`; those they speak of are known from then on.
    pub(super) fn rows(self, reader: &Reader<'_>, known: &mut BTreeSet<String>) -> Option<Rows> {
        let customers = reader.plain_tables("customer");
        let customers: Vec<Option<CustomerRow>> =
            customers.into_iter().map(|(place, table)| self.customer(place, table, known)).collect();
        let events = reader.plain_tables("event");
        let events: Vec<Option<EventRow>> =
            events.into_iter().map(|(place, table)| self.event(place, table, known)).collect();
        Some(Rows {
            customers: customers.into_iter().collect::<Option<_>>()?,
            events: events.into_iter().collect::<Option<_>>()?,
        })
    }

    fn customer(self, place: &Place, table: &Table, known: &mut BTreeSet<String>) -> Option<CustomerRow> {
        let id = self.needed(place, table, "id");
        known.extend(id.clone());
        let fields = self.fields(table, &self.policy.schema.customer, CUSTOMER_KEYS);
        Some(CustomerRow { id: id?, fields: fields? })
    }

    fn event(self, place: &Place, table: &Table, known: &mut BTreeSet<String>) -> Option<EventRow> {
        let kinds = &self.policy.schema.events;
        let kind = self.needed(place, table, "type")?;
        let Some(index) = self.policy.schema.event(&kind) else {
            let names: Vec<&str> = kinds.iter().map(|kind| &*kind.name).collect();
            let place = table.get("type").map_or(place, |entry| &entry.node.place);
            self.unknown(place, &kind, "event", &names, true);
            return None;
        };
        let shape = kinds.get(index)?;
        let customer =
            if shape.everyone { Some(String::new()) } else { self.needed(place, table, "customer") };
        known.extend(customer.clone().filter(|customer| !customer.is_empty()));
        let fields = self.fields(table, &shape.fields, EVENT_KEYS);
        let at = table.get("at").map(|entry| instant(self.sink, &entry.node));
        let id = table.get("id").map(|entry| raw::text(self.sink, "id", &entry.node));
        Some(EventRow {
            kind: index,
            id: id.map_or(Some(None), |id| id.map(|id| Some(id.value)))?,
            customer: customer?,
            at: at.map_or(Some(None), |at| at.map(|at| Some(at.value)))?,
            fields: fields?,
        })
    }

    /// A text that a row can't do without.
    fn needed(self, place: &Place, table: &Table, key: &str) -> Option<String> {
        let Some(entry) = table.get(key) else {
            self.sink
                .problem(&codes::table::MISSING_KEY, place, format!("`{key}` is missing"))
                .help(format!("add `{key} = …` (text)"))
                .report();
            return None;
        };
        let text = raw::text(self.sink, key, &entry.node)?.value;
        if text.is_empty() {
            self.sink.problem(&codes::table::EMPTY, &entry.node.place, format!("`{key}` is empty")).report();
        }
        (!text.is_empty()).then_some(text)
    }

    /// One value a declared field, in the schema's order.
    fn fields(self, table: &Table, shapes: &[FieldShape], own: &[&str]) -> Option<Vec<Option<Value>>> {
        let mut are_sound = true;
        let names = shapes.iter().map(|shape| &*shape.name);
        let names: Vec<&str> = own.iter().copied().chain(names).collect();
        for entry in table.entries.iter().filter(|entry| !names.contains(&entry.key.value.as_str())) {
            self.unknown(&entry.key.place, &entry.key.value, "field", &names, false);
            are_sound = false;
        }
        let value = |shape: &FieldShape| {
            // A field may have the name of one of the row's own keys, and can't be told from it then.
            let entry = table.get(&shape.name).filter(|_| !own.contains(&&*shape.name))?;
            Some(self.field(shape, &entry.node))
        };
        let values: Vec<Option<Option<Value>>> = shapes.iter().map(value).collect();
        are_sound &= !values.contains(&Some(None));
        are_sound.then(|| values.into_iter().map(Option::flatten).collect())
    }

    /// A value that the field may hold.
    fn field(self, shape: &FieldShape, node: &Node) -> Option<Value> {
        let value = constant::read(self.sink, &shape.name, node, &shape.ty)?;
        if let Value::Number(number) = value
            && (shape.min.is_some_and(|least| number < least) || shape.max.is_some_and(|most| number > most))
        {
            let bound = |word: &str, bound: Option<f64>| bound.map(|bound| format!("{word} {bound}"));
            let bounds = [bound("at least", shape.min), bound("at most", shape.max)];
            let bounds = bounds.into_iter().flatten().collect::<Vec<_>>().join(" and ");
            self.sink
                .problem(
                    &codes::table::OUT_OF_RANGE,
                    &node.place,
                    format!("`{}` is {bounds}, not {number}: such a row would be rejected", shape.name),
                )
                .report();
            return None;
        }
        Some(value)
    }

    /// Reports a name that the policies don't have.
    pub(super) fn unknown(self, place: &Place, name: &str, what: &str, names: &[&str], quoted: bool) {
        self.sink
            .problem(&codes::test::UNKNOWN, place, format!("there is no {what} `{name}`"))
            .nearest(name, names, quoted)
            .report();
    }
}
