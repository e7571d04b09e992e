//! What an expression on the command line may speak of: everything a customer has under the policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Type, Value};
use crate::policy::compiled::{Data, Fades, ValueDefinition, ValueKind};
use crate::policy::expression::reason::Facts;
use crate::policy::expression::tree::Reference;
use crate::policy::expression::{ClassName, Declared, LedgerName, Names};
use crate::policy::{Compiled, facts_of_field};

/// The names of a customer's values.
pub(super) struct CustomerNames<'a>(pub(super) &'a Compiled);

impl Names for CustomerNames<'_> {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        let policy = self.0;
        match path {
            ["id"] => Some((Reference::Id, Type::Text)),
            ["known_since"] => Some((Reference::KnownSince, Type::Time)),
            [name] => policy.resolve(name),
            [class, "data", key] => {
                let index = policy.value(class)?;
                let data = data_types(policy.values.get(index)?);
                let (key, ty) = data.get_key_value(*key)?;
                Some((Reference::Data(index, Arc::clone(key)), ty.clone()))
            }
            _ => None,
        }
    }

    fn candidates(&self) -> Vec<String> {
        let policy = self.0;
        let fields = policy.schema.customer.iter().map(|field| field.name.to_string());
        let values = policy.values.iter().map(|value| value.name.to_string());
        let data = policy.values.iter().flat_map(|value| {
            data_types(value).into_keys().map(move |key| format!("{}.data.{key}", value.name))
        });
        let own = ["id", "known_since"].map(str::to_owned);
        let mut names: Vec<String> = fields.chain(values).chain(data).chain(own).collect();
        names.sort_unstable();
        names
    }

    fn function(&self, name: &str) -> Option<Declared> {
        let function = self.0.functions.iter().find(|function| &*function.name == name)?;
        Some(Declared::Sound(Arc::clone(function)))
    }

    fn functions(&self) -> Vec<String> {
        self.0.functions.iter().map(|function| function.name.to_string()).collect()
    }

    fn class(&self, name: &str) -> Option<ClassName> {
        let index = self.0.value(name)?;
        let value = self.0.values.get(index)?;
        value.kind.class()?;
        let ordered = matches!(&value.kind, ValueKind::Tier(tier) if tier.ordered);
        Some(ClassName { value: index, ty: value.ty.clone(), ordered })
    }

    fn ledger(&self, name: &str) -> Option<LedgerName> {
        let value = self.0.value(name)?;
        match &self.0.values.get(value)?.kind {
            ValueKind::Ledger(ledger) => {
                Some(LedgerName { value, lapses: matches!(ledger.fades, Fades::Expires(_)) })
            }
            _ => None,
        }
    }

    fn facts(&self, reference: &Reference) -> Option<Facts> {
        match reference {
            Reference::Customer(field) => self.0.schema.customer.get(*field).map(facts_of_field),
            Reference::Value(value) => self.0.values.get(*value).map(|value| value.facts.clone()),
            _ => None,
        }
    }

    fn places(&self, value: usize) -> Option<Arc<[Arc<str>]>> {
        match &self.0.values.get(value)?.ty {
            Type::Choice(places) => Some(Arc::clone(places)),
            _ => None,
        }
    }
}

/// What the places of a class carry.
fn data_types(value: &ValueDefinition) -> BTreeMap<Arc<str>, Type> {
    let data: Vec<&Data> = match &value.kind {
        ValueKind::Segment(segment) => vec![&segment.data],
        ValueKind::Tier(tier) => tier.levels.iter().map(|level| &level.data).collect(),
        ValueKind::Quadrant(quadrant) => quadrant.cells.iter().map(|cell| &cell.data).collect(),
        ValueKind::Metric(_) | ValueKind::Ledger(_) | ValueKind::Score(_) | ValueKind::Rank(_) => Vec::new(),
    };
    let entries = data.into_iter().flatten();
    entries.map(|(key, value): (&Arc<str>, &Value)| (Arc::clone(key), value.kind())).collect()
}
