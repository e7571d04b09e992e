//! `guanxi schema`: the JSON Schema of policy files, for editors.

use super::arguments::Schema;
use super::failure::Failure;
use super::print::Out;
use crate::{policy, policy_test};

pub(super) fn execute(command: &Schema, out: &mut Out) -> Result<(), Failure> {
    let schema = if command.test { policy_test::schema() } else { policy::schema() };
    Ok(out.json(&schema)?)
}
