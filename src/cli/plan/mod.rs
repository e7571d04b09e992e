//! `guanxi plan`: what the policies on disk would do compared with the active ones.

mod text;

use std::path::Path;

use super::arguments::{Common, Plan as Asked};
use super::failure::Failure;
use super::print::{self, Out};
use super::progress::spinner;
use super::{check, open, times};
use crate::archive::Archive;
use crate::daemon::policy_set::{PolicySet, PolicySetError};
use crate::plan::{Plan, Request, SetSide, plan};
use crate::policy::{self, Files};

pub(super) fn execute(common: &Common, command: &Asked, out: &mut Out) -> Result<(), Failure> {
    let new = match PolicySet::read(&common.policies, &common.scripts) {
        Ok(set) => set,
        Err(PolicySetError::Folder(error)) => return Err(error.into()),
        Err(PolicySetError::Invalid { files, diagnostics }) => {
            return check::refuse(common, out, &diagnostics, &files);
        }
    };
    let store = Archive::open_read_only(&common.store)?;
    let old = match &command.from {
        Some(folder) => from_folder(folder, common)?,
        None => active(&store)?,
    };
    let timezone = new.compiled.settings.timezone;
    let now = times::clock(command.at.now.as_deref(), timezone)?.now();
    let warnings = policy::to_json(None, &new.warnings, &new.files).get("diagnostics").cloned();
    let request = Request { now, days: command.days, examples: command.examples };
    let rehearsing = spinner("both policy sets are rehearsed");
    let plan = plan(&store, side(&old), side(&new), warnings.unwrap_or_default(), request);
    rehearsing.finish_and_clear();
    let plan = plan?;
    if let Some(file) = &command.save {
        save(&plan, file)?;
    }
    if common.json {
        out.json(&serde_json::to_value(&plan).map_err(Failure::fault)?)?;
    } else {
        for line in text::lines(&plan, timezone) {
            out.line(line)?;
        }
        print::message(policy::render(&new.warnings, &new.files, open::colored()));
    }
    if plan.is_empty() { Ok(()) } else { Err(Failure::Changes) }
}

fn side(set: &PolicySet) -> SetSide<'_> {
    SetSide { files: &set.files, compiled: &set.compiled }
}

/// The set that is active.
fn active(store: &Archive) -> Result<PolicySet, Failure> {
    let Some((version, kept)) = store.last_policy_set()? else {
        return Err(Failure::Input(
            "no policies were active in this store yet: compare with those in another folder, --from DIR"
                .to_owned(),
        ));
    };
    PolicySet::check(Files::from_kept(&kept)).map_err(|_| {
        Failure::Input(format!(
            "the active policies ({version}) have errors for this version of the program: compare with those in a folder, \
             --from DIR"
        ))
    })
}

/// The set in another folder, with the scripts beside it.
fn from_folder(folder: &Path, common: &Common) -> Result<PolicySet, Failure> {
    let beside = folder.canonicalize().ok().and_then(|folder| Some(folder.parent()?.join("scripts")));
    let scripts = beside.filter(|beside| beside.is_dir()).unwrap_or_else(|| common.scripts.clone());
    PolicySet::read(folder, &scripts).map_err(|error| match error {
        PolicySetError::Folder(error) => error.into(),
        invalid @ PolicySetError::Invalid { .. } => {
            if let PolicySetError::Invalid { files, diagnostics } = &invalid {
                print::message(policy::render(diagnostics, files, open::colored()));
            }
            Failure::Input(format!("the policies to compare with, in {}: {invalid}", folder.display()))
        }
    })
}

fn save(plan: &Plan, file: &Path) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(plan).map_err(Failure::fault)?;
    std::fs::write(file, text + "\n")
        .map_err(|error| Failure::Input(format!("{} can't be written: {error}", file.display())))
}
