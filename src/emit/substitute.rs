//! Puts variables of the environment into a channel's settings.

use crate::ports::Environment;

/// Why text could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubstituteError {
    /// The environment has no such variable.
    #[error("the environment variable {0} is not set")]
    Missing(String),
    /// `${` without its end.
    #[error("`${{` has no closing `}}`")]
    Unclosed,
}

/// The text with each `${NAME}` replaced by that variable. What a variable holds is not looked into again.
///
/// # Errors
/// Names the first variable that is not set.
pub fn substitute(text: &str, environment: &dyn Environment) -> Result<String, SubstituteError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or(SubstituteError::Unclosed)?;
        let variable = environment.variable(name).ok_or_else(|| SubstituteError::Missing(name.to_owned()))?;
        filled.push_str(before);
        filled.push_str(&variable);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::simulated::SetEnvironment;

    #[test]
    fn variables_are_put_in_once_and_a_missing_one_is_named() {
        let environment = SetEnvironment(
            [("HOST", "crm.example"), ("ODD", "${HOST}")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
        );
        let fill = |text: &str| substitute(text, &environment);
        assert_eq!(fill("https://${HOST}/in?x=$1"), Ok("https://crm.example/in?x=$1".to_owned()));
        assert_eq!(fill("${ODD}"), Ok("${HOST}".to_owned()));
        assert_eq!(fill("${NONE}"), Err(SubstituteError::Missing("NONE".to_owned())));
        assert_eq!(fill("a ${HOST"), Err(SubstituteError::Unclosed));
    }
}
