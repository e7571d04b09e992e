//! `guanxi forget`: erases a customer and says how much went.
//!
//! What is on disk goes first, what is in the store last and in one transaction: whatever stops it in between, the
//! customer is still known, and asking again does the rest.

use serde_json::{Map, Value, json};

use super::arguments::{Common, Forget};
use super::failure::Failure;
use super::open;
use super::print::{self, Out};
use crate::archive::{Archive, Person, RowCounts};
use crate::daemon::policy_set::PolicySet;
use crate::emit::file::withdraw::{WithdrawError, withdraw};
use crate::intake::{Inbox, forget_rejected};
use crate::ports::system::{SystemClock, SystemEntropy};
use crate::ports::{Clock, Entropy};

pub(super) fn execute(common: &Common, command: &Forget, out: &mut Out) -> Result<(), Failure> {
    let mut archive = open::alone(common)?;
    let person = archive.person(&command.customer)?;
    let already = archive.identities()?.is_forgotten(&command.customer);
    let rejected = forget_in_rejected(common, &archive, &person)?;
    if !person.known && rejected == 0 && !already {
        return Err(Failure::Input(
            "no customer has this id, and no rejected row names it; nothing was changed".to_owned(),
        ));
    }
    let mut erased = RowCounts::new();
    if person.known || !already {
        finish_writes(common, &mut archive, &person)?;
        erased = archive.forget(&person, &SystemEntropy.key()?, SystemClock.now())?;
        archive.checkpoint()?;
    }
    if common.json {
        out.json(&json!({ "forgotten": true, "erased": counts(&erased), "rejected_rows": rejected }))?;
        return Ok(());
    }
    show(out, &erased, rejected, already)?;
    Ok(())
}

/// Takes the person out of the files of rejected rows, read as the policies on disk say, or else as the last did.
fn forget_in_rejected(common: &Common, archive: &Archive, person: &Person) -> Result<u64, Failure> {
    let set = match PolicySet::read(&common.policies, &common.scripts) {
        Ok(set) => Some(set),
        Err(_) => open::active(archive)?,
    };
    let folder = Inbox::new(common.data_folder()).rejected();
    Ok(forget_rejected(&folder, set.as_ref().map(|set| &*set.compiled), &person.ids)?)
}

/// Sees to it that no touch of the person is in a planned file write: what has not begun to leave never will.
fn finish_writes(common: &Common, archive: &mut Archive, person: &Person) -> Result<(), Failure> {
    let writing = archive.touches_being_written(person)?;
    let reason = "its customer was forgotten";
    Ok(withdraw(archive, common.data_folder(), &writing, reason, SystemClock.now())?)
}

impl From<WithdrawError> for Failure {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::Archive(error) => error.into(),
            error @ WithdrawError::File { .. } => Self::input(error),
        }
    }
}

/// Counts of rows by table.
pub(super) fn counts(counts: &RowCounts) -> Value {
    counts.iter().map(|(table, rows)| (table.clone(), (*rows).into())).collect::<Map<_, _>>().into()
}

fn show(out: &mut Out, erased: &RowCounts, rejected: u64, already: bool) -> Result<(), Failure> {
    if already && erased.is_empty() {
        out.line("forgotten  before; nothing was left in the store")?;
    } else {
        out.line("forgotten  the customer; rows of this id are refused from now on")?;
    }
    for (table, rows) in erased {
        out.line(format_args!("  {table}: {rows}"))?;
    }
    if rejected > 0 {
        out.line(format_args!("  rejected rows on disk: {rejected}"))?;
    }
    print::message("not touched: files that were imported (imported/), files that channels wrote, backups");
    Ok(())
}
