//! `guanxi check`: every problem of the policies.

use super::arguments::{Check, Common};
use super::failure::Failure;
use super::open;
use super::print::{self, Out};
use crate::daemon::policy_set::{self, PolicySet, PolicySetError};
use crate::policy::diagnostic::Diagnostic;
use crate::policy::{self, Files};

pub(super) fn execute(common: &Common, command: &Check, out: &mut Out) -> Result<(), Failure> {
    match PolicySet::read(&common.policies, &common.scripts) {
        Err(PolicySetError::Folder(error)) => Err(error.into()),
        Err(PolicySetError::Invalid { files, diagnostics }) => refuse(common, out, &diagnostics, &files),
        Ok(set) => {
            show(common, out, Some(&set.compiled.version), &set.warnings, &set.files)?;
            let problems = policy_set::counted(&set.warnings);
            let files = policy_set::plural(set.files.policies.len(), "file");
            print::message(format_args!(
                "policies {}: {problems} in {files} ({})",
                set.compiled.version,
                set.summary()
            ));
            if command.deny_warnings && !set.warnings.is_empty() { print::told() } else { Ok(()) }
        }
    }
}

/// Prints the problems of a set that can't be used.
pub(super) fn refuse<T>(
    common: &Common,
    out: &mut Out,
    diagnostics: &[Diagnostic],
    files: &Files,
) -> Result<T, Failure> {
    show(common, out, None, diagnostics, files)?;
    print::message(policy_set::counted(diagnostics));
    print::told()
}

fn show(
    common: &Common,
    out: &mut Out,
    version: Option<&str>,
    diagnostics: &[Diagnostic],
    files: &Files,
) -> Result<(), Failure> {
    if common.json {
        out.json(&policy::to_json(version, diagnostics, files))?;
    } else {
        print::message(policy::render(diagnostics, files, open::colored()));
    }
    Ok(())
}
