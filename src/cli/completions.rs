//! `guanxi completions`: what a shell completes.

use clap::CommandFactory;

use super::arguments::{Arguments, Completions};
use super::failure::Failure;
use super::print::Out;

pub(super) fn execute(command: &Completions, out: &mut Out) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Arguments::command(), "guanxi", &mut script);
    out.text(&String::from_utf8_lossy(&script))?;
    Ok(())
}
