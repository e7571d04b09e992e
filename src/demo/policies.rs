//! The shipped policies, as they stand in the tree.

/// A path under the policies folder and the file's text, by path.
pub const FILES: &[(&str, &str)] = &[
    ("archive.toml", include_str!("../../policies/archive.toml")),
    ("care.toml", include_str!("../../policies/care.toml")),
    ("channels.toml", include_str!("../../policies/channels.toml")),
    ("churn.toml", include_str!("../../policies/churn.toml")),
    ("crm.toml", include_str!("../../policies/crm.toml")),
    ("guards.toml", include_str!("../../policies/guards.toml")),
    ("lines.toml", include_str!("../../policies/lines.toml")),
    ("loyalty/lapsing.toml", include_str!("../../policies/loyalty/lapsing.toml")),
    ("schedules.toml", include_str!("../../policies/schedules.toml")),
    ("selection.toml", include_str!("../../policies/selection.toml")),
    ("value.toml", include_str!("../../policies/value.toml")),
];

/// The shipped policies with the tables of `crm.toml` switched on, for those who have set `CRM_URL`
/// and `CRM_SECRET`.
pub fn with_crm() -> impl Iterator<Item = (&'static str, String)> {
    FILES.iter().map(|&(path, text)| {
        let text = if path == "crm.toml" {
            text.replace("enabled = false", "enabled = true")
        } else {
            text.to_owned()
        };
        (path, text)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn collect(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_policy_file_in_the_tree_is_shipped() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let mut found = Vec::new();
        collect(&root, &root, &mut found);
        found.retain(|path| !path.ends_with(".test.toml"));
        found.sort();
        assert_eq!(found, FILES.iter().map(|&(path, _)| path.to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn every_policy_file_opens_with_what_it_is_for_and_what_to_change_first() {
        for (path, text) in FILES {
            let opening: String = text.lines().take_while(|line| line.starts_with('#')).collect();
            assert!(opening.to_lowercase().contains("change first"), "{path}");
        }
    }

    #[test]
    fn switching_the_crm_on_leaves_nothing_off() {
        assert!(with_crm().all(|(_, text)| {
            text.lines().all(|line| !(line.starts_with("enabled") && line.ends_with("false")))
        }));
    }
}
