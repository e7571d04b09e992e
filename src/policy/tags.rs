//! The tags of actions, which guards and `tagged` go by.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::raw::{At, Content, Declared, Table};

/// Which actions have which tag, both by name. Disabled actions count: touches that went out are what
/// they were.
#[derive(Debug, Default)]
pub(crate) struct Tags(BTreeMap<String, Vec<Arc<str>>>);

impl Tags {
    /// Those that the declared actions have. What is wrong with a list of tags is said where the action is
    /// checked.
    pub(crate) fn of_actions(declared: &Declared) -> Self {
        let mut tags: BTreeMap<String, Vec<Arc<str>>> = BTreeMap::new();
        for (name, table) in declared.get("action").into_iter().flatten() {
            for tag in texts(table) {
                tags.entry(tag.to_owned()).or_default().push(name.as_str().into());
            }
        }
        Self(tags)
    }

    /// The actions that have a tag; `None` where none has.
    pub(crate) fn actions(&self, tag: &str) -> Option<&[Arc<str>]> {
        self.0.get(tag).map(Vec::as_slice)
    }

    /// Every tag.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// What a tag stands for, for versions of what goes by it.
    pub(crate) fn meaning(&self, tag: &str) -> String {
        self.actions(tag).unwrap_or_default().join(" ")
    }
}

fn texts(table: &At<Table>) -> impl Iterator<Item = &str> {
    let items = match table.value.get("tags").map(|entry| &entry.node.content) {
        Some(Content::Array(items)) => items.as_slice(),
        _ => &[],
    };
    items.iter().filter_map(|item| match &item.content {
        Content::Text(text) => Some(text.as_str()),
        _ => None,
    })
}
