//! `guanxi merge`: joins two customers and says how much went over.

use serde_json::json;

use super::arguments::{Common, Merge};
use super::failure::Failure;
use super::forget::counts;
use super::open;
use super::print::Out;
use crate::archive::MergeError;
use crate::ports::Clock;
use crate::ports::system::SystemClock;

pub(super) fn execute(common: &Common, command: &Merge, out: &mut Out) -> Result<(), Failure> {
    let mut archive = open::alone(common)?;
    let moved = archive.merge(&command.old, &command.new, SystemClock.now())?;
    if common.json {
        out.json(&json!({ "merged": true, "moved": counts(&moved) }))?;
        return Ok(());
    }
    out.line(format_args!("merged     {} into {}; its later rows go there too", command.old, command.new))?;
    for (table, rows) in moved {
        out.line(format_args!("  {table}: {rows}"))?;
    }
    Ok(())
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Archive(error) => error.into(),
            error => Self::input(error),
        }
    }
}
