//! `guanxi reference`: the language, as Markdown.

use super::failure::Failure;
use super::print::Out;

pub(super) fn execute(out: &mut Out) -> Result<(), Failure> {
    out.line(crate::policy::reference().trim_end())?;
    Ok(())
}
