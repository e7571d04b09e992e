//! What is asked about: a table of the policy by its name.

use crate::policy::Compiled;

/// A table of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A customer field, index in the schema.
    Field(usize),
    /// A metric, ledger, score, segment, tier or quadrant.
    Value(usize),
    /// A trigger.
    Trigger(usize),
    /// A cadence.
    Cadence(usize),
    /// A guard.
    Guard(usize),
    /// An action.
    Action(usize),
}

/// Why a name means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Nothing has this name.
    #[error("nothing in the policies is called `{name}`{}", nearest.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    Unknown {
        /// As asked.
        name: String,
        /// The nearest name that means something.
        nearest: Option<String>,
    },
    /// Several tables have it.
    #[error("`{name}` is the name of several tables: ask for {}", among.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" or "))]
    Ambiguous {
        /// As asked.
        name: String,
        /// With their kinds.
        among: Vec<String>,
    },
}

impl Topic {
    /// What a name, or `kind.name`, means.
    ///
    /// # Errors
    /// [`TopicError`].
    pub fn find(policy: &Compiled, asked: &str) -> Result<Self, TopicError> {
        let all = all(policy);
        let full = all.iter().find(|(kind, name, _)| asked.split_once('.') == Some((*kind, *name)));
        if let Some((_, _, topic)) = full {
            return Ok(*topic);
        }
        let named: Vec<_> = all.iter().filter(|(_, name, _)| *name == asked).collect();
        match named.as_slice() {
            [(_, _, topic)] => Ok(*topic),
            [] => {
                let full: Vec<String> = all.iter().map(|(kind, name, _)| format!("{kind}.{name}")).collect();
                let names = all.iter().map(|(_, name, _)| *name);
                let candidates = names.chain(full.iter().map(String::as_str));
                let nearest = crate::policy::nearest(asked, candidates).map(str::to_owned);
                Err(TopicError::Unknown { name: asked.to_owned(), nearest })
            }
            several => {
                let among = several.iter().map(|(kind, name, _)| format!("{kind}.{name}")).collect();
                Err(TopicError::Ambiguous { name: asked.to_owned(), among })
            }
        }
    }

    /// `trigger.overdue`.
    #[must_use]
    pub fn full_name(self, policy: &Compiled) -> String {
        let found = all(policy).into_iter().find(|(_, _, topic)| *topic == self);
        found.map_or_else(String::new, |(kind, name, _)| format!("{kind}.{name}"))
    }
}

/// All that can be asked about.
fn all(policy: &Compiled) -> Vec<(&'static str, &str, Topic)> {
    let mut all = Vec::new();
    for (index, field) in policy.schema.customer.iter().enumerate() {
        all.push(("customer", &*field.name, Topic::Field(index)));
    }
    for (index, value) in policy.values.iter().enumerate() {
        all.push((value.kind.word(), &*value.name, Topic::Value(index)));
    }
    for (index, trigger) in policy.triggers.iter().enumerate() {
        all.push(("trigger", &*trigger.name, Topic::Trigger(index)));
    }
    for (index, cadence) in policy.cadences.iter().enumerate() {
        all.push(("cadence", &*cadence.name, Topic::Cadence(index)));
    }
    for (index, guard) in policy.guards.iter().enumerate() {
        all.push(("guard", &*guard.name, Topic::Guard(index)));
    }
    for (index, action) in policy.actions.iter().enumerate() {
        all.push(("action", &*action.name, Topic::Action(index)));
    }
    all
}
