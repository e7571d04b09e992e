//! The text of a policy set, as read from its folders.

use std::collections::BTreeMap;

/// The text of all files of a policy set, by path relative to its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Every `*.toml` that counts.
    pub policies: BTreeMap<String, String>,
    /// Every `*.rhai`.
    pub scripts: BTreeMap<String, String>,
}
