//! What a test expects, checked against what the policy set has.

use std::collections::BTreeSet;

use super::case::{Expect, ExpectedText, ExpectedValue, Fate, Guarded};
use super::read::Context;
use crate::model::Type;
use crate::policy::codes;
use crate::policy::compiled::Action;
use crate::policy::kind::constant;
use crate::policy::raw::{self, Content, Entry, Place, Reader};

/// What stands for a missing value.
const MISSING: &str = "missing";

impl<'a> Context<'a> {
    /// What stands under `expect`.
    pub(super) fn expectations(self, reader: &Reader<'_>, known: &BTreeSet<String>) -> Option<Vec<Expect>> {
        let expect = reader.tables("expect");
        let expect: Vec<Option<Expect>> = expect.iter().map(|expect| self.expect(expect, known)).collect();
        expect.into_iter().collect()
    }

    fn expect(self, reader: &Reader<'_>, known: &BTreeSet<String>) -> Option<Expect> {
        let customer = reader.required("customer", reader.word("customer"));
        if let Some(customer) = customer.as_ref().filter(|customer| !known.contains(&customer.value)) {
            let ids: Vec<&str> = known.iter().map(String::as_str).collect();
            self.sink
                .problem(
                    &codes::test::NOBODY,
                    &customer.place,
                    format!("nobody of the id `{}` is known at this step", customer.value),
                )
                .nearest(&customer.value, &ids, true)
                .report();
        }
        let values = reader.plain_table("values").map(|(_, table)| {
            let values: Vec<_> = table.entries.iter().map(|entry| self.value(entry)).collect();
            values.into_iter().collect::<Option<Vec<_>>>()
        });
        let touches = reader.entry("touches").map(|entry| self.touches(entry));
        let mut guarded = Some(Vec::new());
        for (key, fate) in
            [("suppressed", Fate::Suppressed), ("waiting", Fate::Waiting), ("expired", Fate::Expired)]
        {
            let entries = reader.plain_table(key).into_iter().flat_map(|(_, table)| &table.entries);
            for found in entries.map(|entry| self.guarded(entry, fate)).collect::<Vec<_>>() {
                guarded = guarded.zip(found).map(|(mut guarded, found)| {
                    guarded.push(found);
                    guarded
                });
            }
        }
        let payload = reader.plain_table("payload").map(|(_, table)| {
            let texts: Vec<_> = table.entries.iter().map(|entry| self.payload(entry)).collect();
            texts.into_iter().collect::<Option<Vec<_>>>()
        });
        Some(Expect {
            customer: customer?.value,
            values: values.unwrap_or_else(|| Some(Vec::new()))?,
            touches: touches.map_or(Some(None), |touches| touches.map(Some))?,
            guarded: guarded?,
            payload: payload.unwrap_or_else(|| Some(Vec::new()))?.into_iter().flatten().collect(),
        })
    }

    fn value(self, entry: &Entry) -> Option<ExpectedValue> {
        let name = &entry.key.value;
        let Some((_, ty)) = self.policy.resolve(name) else {
            let schema = &self.policy.schema;
            let values = self.policy.values.iter().map(|value| &*value.name);
            let fields = schema.customer.iter().map(|field| &*field.name);
            let names: Vec<&str> = values.chain(fields).collect();
            self.unknown(&entry.key.place, name, "value", &names, false);
            return None;
        };
        let may_be_missing = matches!(&entry.node.content, Content::Text(text) if text == MISSING);
        let is_word = match &ty {
            Type::Choice(words) => words.iter().any(|word| **word == *MISSING),
            ty => *ty == Type::Text,
        };
        let value = if may_be_missing && !is_word {
            None
        } else {
            Some(constant::read(self.sink, name, &entry.node, &ty)?)
        };
        let place = self.sink.location(&entry.node.place);
        Some(ExpectedValue { name: name.clone(), value, may_be_missing, place })
    }

    fn touches(self, entry: &Entry) -> Option<(Vec<String>, crate::policy::Location)> {
        let Content::Array(items) = &entry.node.content else {
            raw::wrong(self.sink, "touches", &entry.node, "a list of actions");
            return None;
        };
        let named = items.iter().map(|item| {
            let name = raw::text(self.sink, "touches", item)?;
            self.action(&name.value, &name.place, true)?;
            Some(name.value)
        });
        let named: Vec<Option<String>> = named.collect();
        let mut actions = named.into_iter().collect::<Option<Vec<_>>>()?;
        actions.sort();
        Some((actions, self.sink.location(&entry.node.place)))
    }

    fn guarded(self, entry: &Entry, fate: Fate) -> Option<Guarded> {
        let action = &entry.key.value;
        let is_action = self.action(action, &entry.key.place, false).is_some();
        let guard = raw::text(self.sink, action, &entry.node)?.value;
        let guards = &self.policy.guards;
        if !guard.is_empty() && !guards.iter().any(|known| *known.name == *guard) {
            let names: Vec<&str> = guards.iter().map(|guard| &*guard.name).collect();
            self.unknown(&entry.node.place, &guard, "guard", &names, true);
            return None;
        }
        let place = self.sink.location(&entry.node.place);
        is_action.then(|| Guarded { fate, action: action.clone(), guard, place })
    }

    fn payload(self, entry: &Entry) -> Option<Vec<ExpectedText>> {
        let name = &entry.key.value;
        let action = self.action(name, &entry.key.place, false)?;
        let Content::Table(table) = &entry.node.content else {
            raw::wrong(self.sink, name, &entry.node, "a table of texts");
            return None;
        };
        let channel = self.policy.channels.get(action.channel).map(|channel| &channel.payload);
        let keys = channel.into_iter().flatten().chain(&action.payload).map(|entry| &*entry.key);
        let keys: Vec<&str> = keys.collect();
        let texts = table.entries.iter().map(|entry| {
            let key = &entry.key.value;
            if !keys.contains(&key.as_str()) {
                let what = format!("key in the payload of `{name}` called");
                self.unknown(&entry.key.place, key, &what, &keys, false);
                return None;
            }
            let text = raw::text(self.sink, key, &entry.node)?.value;
            let place = self.sink.location(&entry.node.place);
            Some(ExpectedText { action: name.clone(), key: key.clone(), text, place })
        });
        let texts: Vec<Option<ExpectedText>> = texts.collect();
        texts.into_iter().collect()
    }

    fn action(self, name: &str, place: &Place, quoted: bool) -> Option<&'a Action> {
        let actions = &self.policy.actions;
        let found = actions.iter().find(|action| *action.name == *name);
        if found.is_none() {
            let names: Vec<&str> = actions.iter().map(|action| &*action.name).collect();
            self.unknown(place, name, "action", &names, quoted);
        }
        found
    }
}
