//! `data`: what a segment, level or cell carries.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::constant;
use crate::model::{Type, Value};
use crate::policy::codes;
use crate::policy::compiled::Data;
use crate::policy::names::check_form;
use crate::policy::raw::{At, Content, Place, Reader, Sink};

/// The data of one place, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawData {
    entries: Vec<(Arc<str>, At<Value>)>,
}

impl RawData {
    /// Reads the `data` of a table.
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let Some((_, table)) = reader.plain_table("data") else { return Self::default() };
        let mut entries = Vec::new();
        for entry in &table.entries {
            if !check_form(&entry.key, reader.sink) {
                continue;
            }
            match constant::own(&entry.node.content) {
                Some(value) => {
                    let place = entry.node.place.clone();
                    entries.push((entry.key.value.as_str().into(), At { value, place }));
                }
                None => wrong(reader.sink, &entry.key.value, &entry.node.content, &entry.node.place),
            }
        }
        Self { entries }
    }

    /// What is compiled of it.
    pub(crate) fn compiled(&self) -> Data {
        self.entries.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect()
    }
}

fn wrong(sink: &Sink<'_>, key: &str, content: &Content, place: &Place) {
    let message = format!(
        "`{key}` must be text, a number, true or false, a date or a time, not {}",
        content.description()
    );
    sink.problem(&codes::table::WRONG_TYPE, place, message).report();
}

/// The type of each key over all places of a class; reports those that differ.
pub(crate) fn types<'a>(
    places: impl IntoIterator<Item = &'a RawData>,
    sink: &Sink<'_>,
) -> BTreeMap<Arc<str>, Type> {
    let mut types: BTreeMap<Arc<str>, At<Type>> = BTreeMap::new();
    for (key, value) in places.into_iter().flat_map(|place| &place.entries) {
        let ty = value.value.kind();
        match types.get(key) {
            Some(first) if first.value != ty => {
                let message = format!("`{key}` is a {ty} here and a {} elsewhere", first.value);
                sink.problem(&codes::together::DATA_DIFFERS, &value.place, message)
                    .related(&first.place, format!("a {} here", first.value))
                    .help("give a key the same type at every place: expressions over it are typed once")
                    .report();
            }
            Some(_) => {}
            None => {
                types.insert(key.clone(), At { value: ty, place: value.place.clone() });
            }
        }
    }
    types.into_iter().map(|(key, ty)| (key, ty.value)).collect()
}
