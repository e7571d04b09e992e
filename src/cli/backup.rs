//! `guanxi backup`: a consistent copy of the store, also beside a running daemon.

use serde_json::json;

use super::arguments::{Backup, Common};
use super::failure::Failure;
use super::print::Out;
use super::progress::CopyBar;
use crate::archive::{self, BackupError};

pub(super) fn execute(common: &Common, command: &Backup, out: &mut Out) -> Result<(), Failure> {
    let bar = CopyBar::new();
    let mut show = |done, all| bar.show(done, all);
    let made = archive::backup(&common.store, &command.file, command.force, &mut show)?;
    drop(bar);
    if common.json {
        out.json(&json!({
            "store": common.store,
            "file": command.file,
            "bytes": made.bytes,
            "check": made.check,
        }))?;
        return Ok(());
    }
    let size = indicatif::HumanBytes(made.bytes);
    out.line(format_args!("backup     {} ({size}); {}: ok", command.file.display(), made.check))?;
    Ok(())
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Archive(error) => error.into(),
            BackupError::Copy { .. } => Self::fault(error),
            error => Self::input(error),
        }
    }
}
