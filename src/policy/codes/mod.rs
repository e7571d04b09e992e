//! The kinds of problem a policy set can have. Their ids are contracts.

pub mod script;
pub mod table;
pub mod template;
pub mod test;
pub mod together;
pub mod toml;

use std::path::Path;

use super::diagnostic::Code;
use super::expression;
use super::files::Files;

/// Begins each file of an example of several files.
const FILE: &str = "# file: ";

/// Every kind of problem, in order of id.
#[must_use]
pub fn codes() -> Vec<&'static Code> {
    let parts = [
        toml::CODES,
        table::CODES,
        expression::codes::CODES,
        together::CODES,
        template::CODES,
        script::CODES,
        test::CODES,
    ];
    let mut codes: Vec<&'static Code> = parts.into_iter().flatten().copied().collect();
    codes.sort_by_key(|code| code.id);
    codes
}

/// The files of a code's example: one, or several where lines `# file: NAME` divide it; those that end
/// with `.rhai` are scripts.
#[must_use]
pub fn example(code: &Code) -> Files {
    let mut files = Files::default();
    let mut name = "policy.toml";
    for line in code.example.split_inclusive('\n') {
        if let Some(next) = line.strip_prefix(FILE) {
            name = next.trim();
        }
        if Path::new(name).extension().is_some_and(|extension| extension == "rhai") {
            // The dividing line is no comment in Rhai.
            let script = files.scripts.entry(name.to_owned()).or_default();
            script.push_str(if line.starts_with(FILE) { "" } else { line });
            continue;
        }
        files.policies.entry(name.to_owned()).or_default().push_str(line);
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{load, render};

    #[test]
    fn ids_are_unique_and_say_how_bad_it_is() {
        let codes = codes();
        for (code, next) in codes.iter().zip(codes.iter().skip(1)) {
            assert!(code.id < next.id, "{} is not unique", code.id);
        }
        for code in codes {
            assert!(code.id.len() == 4 && code.id.starts_with(['E', 'W']), "{}", code.id);
        }
    }

    #[test]
    fn the_example_of_each_code_has_exactly_that_problem() {
        let mut wrong = Vec::new();
        // Those of policy tests are found where tests are read.
        for code in codes().into_iter().filter(|code| !test::CODES.contains(code)) {
            let files = example(code);
            let outcome = load(&files);
            let found: Vec<&str> = outcome.diagnostics.iter().map(|found| found.problem.code.id).collect();
            if found != [code.id] {
                wrong.push(format!(
                    "{}: {found:?}\n{}",
                    code.id,
                    render(&outcome.diagnostics, &files, false)
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_reference_names_every_code_key_and_kind() {
        let reference = crate::policy::reference();
        for code in codes() {
            assert!(reference.contains(&format!("### {}: ", code.id)), "{}", code.id);
        }
        for kind in crate::policy::kind::KINDS {
            assert!(reference.contains(kind.name));
            for key in kind.keys {
                assert!(reference.contains(&format!("`{}`", key.name)), "{}.{}", kind.name, key.name);
            }
        }
        assert!(reference.contains("days_since") && reference.contains("at_least"));
    }
}
