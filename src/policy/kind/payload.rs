//! `payload`: what goes out, templates among it.

use super::occasions::Occasions;
use crate::policy::codes;
use crate::policy::compiled::{PayloadContent, PayloadEntry};
use crate::policy::formula::Context;
use crate::policy::raw::{At, Content, Node, Reader, Table};
use crate::policy::template;

/// A payload as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawPayload {
    table: Table,
}

impl RawPayload {
    /// Reads the `payload` of a table.
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let table = reader.plain_table("payload").map(|(_, table)| table.clone()).unwrap_or_default();
        Self { table }
    }

    /// Whether it has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Checks it for the tables that it goes out for.
    pub(crate) fn check(&self, occasions: &Occasions<'_>, context: Context<'_>) -> Option<Vec<PayloadEntry>> {
        entries(&self.table, occasions, context)
    }
}

fn entries(table: &Table, occasions: &Occasions<'_>, context: Context<'_>) -> Option<Vec<PayloadEntry>> {
    let entries: Vec<Option<PayloadEntry>> = table
        .entries
        .iter()
        .map(|entry| {
            let content = content(&entry.node, occasions, context)?;
            Some(PayloadEntry { key: entry.key.value.as_str().into(), content })
        })
        .collect();
    entries.into_iter().collect()
}

fn content(node: &Node, occasions: &Occasions<'_>, context: Context<'_>) -> Option<PayloadContent> {
    match &node.content {
        Content::Text(text) => {
            let text = At { value: text.clone(), place: node.place.clone() };
            template::check(&text, occasions, context).map(PayloadContent::Template)
        }
        Content::Integer(integer) => Some(PayloadContent::Constant((*integer).into())),
        Content::Float(float) => {
            let number = serde_json::Number::from_f64(*float);
            if number.is_none() {
                context
                    .sink
                    .problem(&codes::table::OUT_OF_RANGE, &node.place, "JSON has no such number")
                    .report();
            }
            number.map(|number| PayloadContent::Constant(number.into()))
        }
        Content::Bool(flag) => Some(PayloadContent::Constant((*flag).into())),
        Content::Datetime(text) => Some(PayloadContent::Constant(text.as_str().into())),
        Content::Array(items) => {
            let items: Vec<Option<PayloadContent>> =
                items.iter().map(|item| content(item, occasions, context)).collect();
            items.into_iter().collect::<Option<_>>().map(PayloadContent::List)
        }
        Content::Table(table) => entries(table, occasions, context).map(PayloadContent::Table),
    }
}
