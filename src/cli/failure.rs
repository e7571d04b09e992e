//! Why a command failed, and with which exit code.

use std::fmt;

use crate::archive::ArchiveError;
use crate::daemon::reload::ActivateError;
use crate::daemon::{Fault, StartError};
use crate::engine::EngineError;
use crate::evaluate::EvaluateError;
use crate::intake::{ImportError, MapError};
use crate::plan::PlanError;
use crate::ports::edit::EditError;
use crate::ports::files::FolderError;

/// A command that came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// What was asked, or what it was asked of, is wrong; the operator can mend it.
    Input(String),
    /// The reason has been printed already.
    Told,
    /// Nothing failed: there are changes, which have been printed.
    Changes,
    /// The program or the machine is at fault.
    Fault(String),
}

impl Failure {
    pub(super) fn input(what: impl fmt::Display) -> Self {
        Self::Input(what.to_string())
    }

    pub(super) fn fault(what: impl fmt::Display) -> Self {
        Self::Fault(what.to_string())
    }

    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Told => 1,
            Self::Changes => super::CHANGES,
            Self::Fault(_) => super::FAULT,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(what) | Self::Fault(what) => write!(formatter, "error: {what}"),
            Self::Told | Self::Changes => Ok(()),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::InUse { .. } => Self::Input(format!(
                "{error}; a running guanxi imports what is put into its inbox, takes rows at POST /v1/customers and /v1/events, and evaluates at POST /v1/runs"
            )),
            ArchiveError::Newer { .. }
            | ArchiveError::Older { .. }
            | ArchiveError::NotAStore { .. }
            | ArchiveError::NoStore { .. }
            | ArchiveError::TypeChanged { .. }
            | ArchiveError::BeingWritten { .. }
            | ArchiveError::File { .. } => Self::input(error),
            _ => Self::fault(error),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Archive(error) => error.into(),
            error => Self::fault(error),
        }
    }
}

impl From<EvaluateError> for Failure {
    fn from(error: EvaluateError) -> Self {
        Self::fault(error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Archive(error) => error.into(),
            PlanError::Engine(error) => error.into(),
            error => Self::fault(error),
        }
    }
}

impl From<ActivateError> for Failure {
    fn from(error: ActivateError) -> Self {
        match error {
            ActivateError::Archive(error) => error.into(),
            ActivateError::Engine(error) => error.into(),
            error @ ActivateError::Timetables(_) => Self::fault(error),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Archive(error) => error.into(),
            StartError::Activate(error) => error.into(),
            StartError::Thread(_) => Self::fault(error),
            error => Self::input(error),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::fault(fault)
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::input(error)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self::input(error)
    }
}

impl From<MapError> for Failure {
    fn from(error: MapError) -> Self {
        Self::input(error)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        Self::input(error)
    }
}

/// Something could not be printed for another reason than that nobody reads any more.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::fault(error)
    }
}
