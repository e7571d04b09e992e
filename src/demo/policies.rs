//! The shipped policies, as they stand in the tree.

/// A path under the policies folder and the file's text, by path.
pub const FILES: &[(&str, &str)] = &[
    ("archive.toml", include_str!("../../policies/archive.toml")),
    ("care.toml", include_str!("../../policies/care.toml")),
    ("channels.toml", include_str!("../../policies/channels.toml")),
    ("churn.toml", include_str!("../../policies/churn.toml")),
    ("complaints.toml", include_str!("../../policies/complaints.toml")),
    ("crm.toml", include_str!("../../policies/crm.toml")),
    ("guards.toml", include_str!("../../policies/guards.toml")),
    ("key_accounts.toml", include_str!("../../policies/key_accounts.toml")),
    ("lines.toml", include_str!("../../policies/lines.toml")),
    ("loyalty/ladder.toml", include_str!("../../policies/loyalty/ladder.toml")),
    ("loyalty/lapsing.toml", include_str!("../../policies/loyalty/lapsing.toml")),
    ("loyalty/loyalty.toml", include_str!("../../policies/loyalty/loyalty.toml")),
    ("loyalty/satisfaction.toml", include_str!("../../policies/loyalty/satisfaction.toml")),
    ("needs.toml", include_str!("../../policies/needs.toml")),
    ("offers.toml", include_str!("../../policies/offers.toml")),
    ("programme.toml", include_str!("../../policies/programme.toml")),
    ("prospects.toml", include_str!("../../policies/prospects.toml")),
    ("schedules.toml", include_str!("../../policies/schedules.toml")),
    ("selection.toml", include_str!("../../policies/selection.toml")),
    ("service.toml", include_str!("../../policies/service.toml")),
    ("staff.toml", include_str!("../../policies/staff.toml")),
    ("value.toml", include_str!("../../policies/value.toml")),
];

/// A path under the scripts folder and the file's text, by path.
pub const SCRIPTS: &[(&str, &str)] = &[
    ("guidance.rhai", include_str!("../../scripts/guidance.rhai")),
    ("prospects.rhai", include_str!("../../scripts/prospects.rhai")),
];

/// The shipped policies with the tables of `crm.toml` switched on, for those who have set `CRM_URL`
/// and `CRM_SECRET`.
pub fn with_crm() -> impl Iterator<Item = (&'static str, String)> {
    FILES.iter().map(|&(path, text)| {
        let text = if path == "crm.toml" {
            let lines =
                text.lines().map(|line| if line.starts_with("enabled") { "enabled = true" } else { line });
            lines.collect::<Vec<_>>().join("\n")
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

    fn collect(folder: &Path, root: &Path, kind: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, kind, found);
            } else if path.extension().is_some_and(|extension| extension == kind) {
                found.push(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_policy_file_in_the_tree_is_shipped() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let mut found = Vec::new();
        collect(&root, &root, "toml", &mut found);
        found.retain(|path| !path.ends_with(".test.toml"));
        found.sort();
        assert_eq!(found, FILES.iter().map(|&(path, _)| path.to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn every_script_in_the_tree_is_shipped() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        let mut found = Vec::new();
        collect(&root, &root, "rhai", &mut found);
        found.sort();
        assert_eq!(found, SCRIPTS.iter().map(|&(path, _)| path.to_owned()).collect::<Vec<_>>());
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
