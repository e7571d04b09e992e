//! The commands, one file each; the only place that prints.
//!
//! Results go to stdout, messages to stderr. Exit codes: 0 fine, 1 the operator's input is wrong or a
//! check failed, 2 there are changes (`plan`), 70 a fault of the program.

mod arguments;
mod ask;
mod backup;
mod check;
mod completions;
mod demo;
mod difference;
mod explain;
mod failure;
mod fields;
mod forget;
mod format;
mod import;
mod init;
mod logging;
mod man;
mod merge;
mod once;
mod open;
mod outbox;
mod plan;
mod preview;
mod print;
mod progress;
mod reference;
mod report;
mod run;
mod runs;
mod schema;
mod select;
mod simulate;
mod status;
mod test;
mod times;
mod touches;

use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;
use print::Out;

/// Exit code of a plan in which anything differs.
const CHANGES: u8 = 2;
/// Exit code of a fault of the program, as `sysexits.h` has it.
const FAULT: u8 = 70;

/// Runs the program with the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let failed = error.use_stderr();
            // Nobody listens: the exit code still tells.
            let _ = error.print();
            return ExitCode::from(u8::from(failed));
        }
    };
    match catch_unwind(|| execute(&arguments)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            let code = failure.exit_code();
            print::message(&failure);
            ExitCode::from(code)
        }
        // The panic's own message is on stderr already.
        Err(_) => ExitCode::from(FAULT),
    }
}

fn execute(arguments: &Arguments) -> Result<(), Failure> {
    let common = &arguments.common;
    let mut out = Out::new();
    match &arguments.command {
        Command::Run(command) => run::execute(common, command, &mut out),
        Command::Once(command) => once::execute(common, command, &mut out),
        Command::Check(command) => check::execute(common, command, &mut out),
        Command::Explain(command) => explain::execute(common, command, &mut out),
        Command::Preview(command) => preview::execute(common, command, &mut out),
        Command::Simulate(command) => simulate::execute(common, command, &mut out),
        Command::Select(command) => select::execute(common, command, &mut out),
        Command::Report(command) => report::execute(common, command, &mut out),
        Command::Import(command) => import::execute(common, command, &mut out),
        Command::Status => status::execute(common, &mut out),
        Command::Runs(command) => runs::execute(common, command, &mut out),
        Command::Touches(command) => touches::execute(common, command, &mut out),
        Command::Outbox(command) => outbox::execute(common, command, &mut out),
        Command::Test(command) => test::execute(common, command, &mut out),
        Command::Plan(command) => plan::execute(common, command, &mut out),
        Command::Forget(command) => forget::execute(common, command, &mut out),
        Command::Merge(command) => merge::execute(common, command, &mut out),
        Command::Backup(command) => backup::execute(common, command, &mut out),
        Command::Init(command) => init::execute(common, command, &mut out),
        Command::Format(command) => format::execute(common, command, &mut out),
        Command::Schema(command) => schema::execute(command, &mut out),
        Command::Completions(command) => completions::execute(command, &mut out),
        Command::Man => man::execute(&mut out),
        Command::Reference => reference::execute(&mut out),
    }
}
