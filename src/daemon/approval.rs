//! Holding what is to become active to a plan that was approved.
//!
//! Where the daemon was started with a plan (`run --plan FILE`), nothing else becomes active: an edit whose set isn't the
//! file's is refused like one with errors, until the file holds the plan of it or `POST /v1/reload` brings that along.

use std::path::{Path, PathBuf};

use super::policy_set::PolicySet;
use crate::plan::{Approved, ApprovedError, Refusal};

/// Why a set may not become active.
#[derive(Debug, thiserror::Error)]
pub enum NotApproved {
    /// The plan's file can't be read.
    #[error("the plan {} can't be read: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no plan.
    #[error("{}: {error}", path.display())]
    NoPlan {
        /// Which.
        path: PathBuf,
        /// Why.
        error: ApprovedError,
    },
    /// The plan says something else.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Reads the plan in a file.
pub(super) fn read(path: &Path) -> Result<Approved, NotApproved> {
    let text = std::fs::read(path).map_err(|error| NotApproved::File { path: path.to_owned(), error })?;
    Approved::read(&text).map_err(|error| NotApproved::NoPlan { path: path.to_owned(), error })
}

/// Holds a set to the plan that came with the request or else, where it would change what is decided, to the plan in the
/// file; without either everything is allowed.
pub(super) fn allow(
    set: &PolicySet,
    active: &str,
    asked: Option<&Approved>,
    file: Option<&Path>,
) -> Result<(), NotApproved> {
    let version = &*set.compiled.version;
    match (asked, file) {
        (Some(plan), _) => Ok(plan.allow(version, Some(active))?),
        (None, Some(file)) if version != active => Ok(read(file)?.allow(version, Some(active))?),
        (None, _) => Ok(()),
    }
}
