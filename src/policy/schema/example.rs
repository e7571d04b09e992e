//! Examples for the descriptions of keys, taken from those of the reference.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::policy::kind::Kind;
use crate::policy::reference;

/// More than this is no example at a glance.
const LONGEST: usize = 90;

/// The tables among the examples that a schema is made for.
#[derive(Clone, Default)]
pub(crate) struct Examples {
    text: &'static str,
    tables: Vec<DeTable<'static>>,
}

impl Examples {
    /// The examples of a kind.
    pub(super) fn of(kind: &Kind) -> Self {
        let text = reference::example_of(kind.name);
        let (root, _) = DeTable::parse_recoverable(text);
        let of_kind = root.into_inner().remove(kind.name);
        let Some(DeValue::Table(of_kind)) = of_kind.map(Spanned::into_inner) else { return Self::default() };
        let tables =
            if kind.single { vec![of_kind] } else { tables_in(of_kind.into_iter().map(|(_, table)| table)) };
        Self { text, tables }
    }

    /// The tables under a key, in lists and under free keys as well.
    pub(super) fn within(&self, key: &str) -> Self {
        let under = self.tables.iter().filter_map(|table| table.get(key)).cloned();
        let mut tables = tables_in(under);
        let inner: Vec<_> = tables.iter().flat_map(|table| table.values().cloned()).collect();
        tables.extend(tables_in(inner.into_iter()));
        Self { text: self.text, tables }
    }

    /// The first line that gives a key a value.
    pub(super) fn line(&self, key: &str) -> Option<String> {
        let values = self.tables.iter().filter_map(|table| table.get(key));
        let texts = values.filter_map(|value| self.text.get(value.span()));
        let short = |text: &&str| text.len() <= LONGEST && !text.contains('\n') && !text.starts_with("[[");
        let is_value = |text: &&str| !text.starts_with('[') || text.contains(['"', '{']);
        texts.filter(short).find(is_value).map(|text| format!("{key} = {text}"))
    }
}

fn tables_in(values: impl Iterator<Item = Spanned<DeValue<'static>>>) -> Vec<DeTable<'static>> {
    let mut tables = Vec::new();
    for value in values {
        match value.into_inner() {
            DeValue::Table(table) => tables.push(table),
            DeValue::Array(items) => tables.extend(tables_in(items.into_iter())),
            _ => {}
        }
    }
    tables
}
