//! A plan that was approved, to which what is to become active is held.

use serde_json::Value as Json;

use super::change::FORMAT;

/// What a kept plan says about the sets it is of; its figures are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The version of the set that was planned.
    pub version: String,
    /// The version of the set it was compared with.
    pub from: String,
}

/// Why something is no plan.
#[derive(Debug, thiserror::Error)]
pub enum ApprovedError {
    /// It is no JSON.
    #[error("a plan is what `guanxi plan --save FILE` wrote: {0}")]
    NotJson(#[from] serde_json::Error),
    /// It is of another kind.
    #[error(
        "a plan is what `guanxi plan --save FILE` wrote, with `\"format\": \"{FORMAT}\"`; this has {found}"
    )]
    Format {
        /// What it says instead.
        found: String,
    },
    /// It lacks something.
    #[error("the plan doesn't say its `{0}`: make it anew with `guanxi plan --save FILE`")]
    Lacks(&'static str),
}

/// Why a set may not become active.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not the one that was planned.
    #[error(
        "the plan is of the policies {planned}, and the folders hold {found}: make a plan of these and have it approved"
    )]
    OtherSet {
        /// What was planned.
        planned: String,
        /// What there is.
        found: String,
    },
    /// What is active is not what it was compared with, so that it would do something else than the plan says.
    #[error(
        "the plan was made when the policies {from} were active, and by now {active} are: make the plan anew, since it would do something else"
    )]
    Stale {
        /// What it was compared with.
        from: String,
        /// What is active.
        active: String,
    },
}

impl Approved {
    /// Reads a plan, by itself or as the `plan` of an object.
    ///
    /// # Errors
    /// [`ApprovedError`].
    pub fn read(text: &[u8]) -> Result<Self, ApprovedError> {
        let read: Json = serde_json::from_slice(text)?;
        let plan = read.get("plan").unwrap_or(&read);
        let word = |key: &'static str| plan.get(key).and_then(Json::as_str);
        match word("format") {
            Some(FORMAT) => {}
            Some(other) => return Err(ApprovedError::Format { found: format!("`{other}`") }),
            None => return Err(ApprovedError::Format { found: "none".to_owned() }),
        }
        let said = |key: &'static str| word(key).map(str::to_owned).ok_or(ApprovedError::Lacks(key));
        Ok(Self { version: said("version")?, from: said("from")? })
    }

    /// Holds a set to the plan: it must be the one planned, and what is active the one it was compared with, or already
    /// the one planned. Where nothing is active yet, nothing can have changed since.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn allow(&self, set: &str, active: Option<&str>) -> Result<(), Refusal> {
        if self.version != set {
            return Err(Refusal::OtherSet { planned: self.version.clone(), found: set.to_owned() });
        }
        match active {
            Some(active) if active != self.from && active != self.version => {
                Err(Refusal::Stale { from: self.from.clone(), active: active.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_by_itself_and_within_a_request() {
        let plan =
            format!("{{\"format\": \"{FORMAT}\", \"version\": \"b\", \"from\": \"a\", \"values\": []}}");
        let approved = Approved { version: "b".to_owned(), from: "a".to_owned() };
        assert_eq!(Approved::read(plan.as_bytes()).unwrap(), approved);
        assert_eq!(Approved::read(format!("{{\"plan\": {plan}}}").as_bytes()).unwrap(), approved);
        let reason = |text: &str| Approved::read(text.as_bytes()).unwrap_err().to_string();
        assert!(reason("{").starts_with("a plan is what `guanxi plan --save FILE` wrote: EOF"));
        assert!(reason("[]").ends_with("this has none"));
        assert!(reason("{\"format\": \"guanxi.plan/2\"}").ends_with("this has `guanxi.plan/2`"));
        assert!(reason(&format!("{{\"format\": \"{FORMAT}\", \"version\": 7}}")).contains("`version`"));
    }

    #[test]
    fn only_the_planned_set_may_follow_the_one_it_was_compared_with() {
        let plan = Approved { version: "b".to_owned(), from: "a".to_owned() };
        assert_eq!(plan.allow("b", Some("a")), Ok(()));
        assert_eq!(plan.allow("b", Some("b")), Ok(()), "it is active already");
        assert_eq!(plan.allow("b", None), Ok(()));
        assert!(matches!(plan.allow("c", Some("a")), Err(Refusal::OtherSet { .. })));
        assert!(matches!(plan.allow("b", Some("x")), Err(Refusal::Stale { .. })));
    }
}
