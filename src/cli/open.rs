//! What most commands begin with: the policies and the store.

use std::io::IsTerminal;
use std::sync::Arc;

use chrono_tz::Tz;

use super::arguments::Common;
use super::failure::Failure;
use super::print;
use crate::archive::{Archive, ArchiveError};
use crate::daemon::policy_set::{self, PolicySet, PolicySetError};
use crate::policy;

/// Loads the policies; prints every problem where they can't be used.
pub(super) fn policies(common: &Common) -> Result<PolicySet, Failure> {
    match PolicySet::read(&common.policies, &common.scripts) {
        Ok(set) => Ok(set),
        Err(PolicySetError::Folder(error)) => Err(error.into()),
        Err(PolicySetError::Invalid { files, diagnostics }) => {
            print::message(policy::render(&diagnostics, &files, colored()));
            Err(Failure::Input(format!("the policies have {}", policy_set::counted(&diagnostics))))
        }
    }
}

/// Whether messages may be colored.
pub(super) fn colored() -> bool {
    std::io::stderr().is_terminal()
}

/// Opens the store to look, with the schema of a policy set.
pub(super) fn look(common: &Common, set: &PolicySet) -> Result<Archive, Failure> {
    let mut archive = Archive::open_read_only(&common.store)?;
    archive.adopt(Arc::clone(&set.compiled.schema))?;
    Ok(archive)
}

/// Opens the store for a change of what is in it: where there is none, none is made.
pub(super) fn existing(common: &Common) -> Result<Archive, ArchiveError> {
    if !common.store.exists() {
        return Err(ArchiveError::NoStore { path: common.store.clone() });
    }
    Archive::open(&common.store)
}

/// Opens the store for a change that a running guanxi can't be asked for.
pub(super) fn alone(common: &Common) -> Result<Archive, Failure> {
    match existing(common) {
        Err(error @ ArchiveError::InUse { .. }) => Err(Failure::Input(format!(
            "{error}; stop the running guanxi, ask again, and start it: it goes on where it was"
        ))),
        opened => Ok(opened?),
    }
}

/// The set that was active last, as the store keeps it.
pub(super) fn active(archive: &Archive) -> Result<Option<PolicySet>, ArchiveError> {
    let kept = archive.last_policy_set()?;
    Ok(kept.and_then(|(_, files)| PolicySet::check(policy::Files::from_kept(&files)).ok()))
}

/// The timezone of the set that was active last; UTC where there is none.
pub(super) fn timezone(archive: &Archive) -> Result<Tz, ArchiveError> {
    Ok(active(archive)?.map_or(Tz::UTC, |set| set.compiled.settings.timezone))
}
