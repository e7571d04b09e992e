//! The text of a policy set, as read from its folders.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The text of all files of a policy set, by path relative to its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Every `*.toml` that counts.
    pub policies: BTreeMap<String, String>,
    /// Every `*.rhai`.
    pub scripts: BTreeMap<String, String>,
}

impl Files {
    /// The text as the store keeps it.
    #[must_use]
    pub fn to_kept(&self) -> Value {
        json!({ "policies": self.policies, "scripts": self.scripts })
    }

    /// Reads back what [`Files::to_kept`] made; what is missing is empty.
    #[must_use]
    pub fn from_kept(kept: &Value) -> Self {
        let texts = |part: &str| -> BTreeMap<String, String> {
            let entries = kept.get(part).and_then(Value::as_object).into_iter().flatten();
            entries.filter_map(|(path, text)| Some((path.clone(), text.as_str()?.to_owned()))).collect()
        };
        Self { policies: texts("policies"), scripts: texts("scripts") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_set_reads_back_the_same() {
        let files = Files {
            policies: BTreeMap::from([("a/b.toml".to_owned(), "# 关系\n".to_owned())]),
            scripts: BTreeMap::from([("fit.rhai".to_owned(), "fn fit() {}".to_owned())]),
        };
        assert_eq!(Files::from_kept(&files.to_kept()), files);
    }
}
