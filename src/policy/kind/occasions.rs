//! For which events the touches of an action come about, so that its payload speaks of no other.

use super::action::RawAction;

/// A table that fires actions.
pub(crate) struct Rule {
    /// `trigger.overdue`.
    pub(crate) table: String,
    /// The event kind it fires for, where it does.
    pub(crate) event: Option<String>,
    /// What it fires.
    pub(crate) actions: Vec<String>,
}

/// Every table that fires actions, and which action goes out by which channel.
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// Actions with their channels.
    channels: Vec<(String, String)>,
}

/// The tables that a payload goes out for.
pub(crate) struct Occasions<'a> {
    pub(crate) rules: Vec<&'a Rule>,
}

impl Rules {
    /// Of the tables that count.
    pub(crate) fn new(rules: Vec<Rule>, actions: &[RawAction]) -> Self {
        let on_channel = |action: &RawAction| Some((action.name.clone(), action.channel.clone()?.value));
        Self { rules, channels: actions.iter().filter_map(on_channel).collect() }
    }

    /// What fires an action.
    pub(crate) fn of_action(&self, action: &str) -> Occasions<'_> {
        self.of(|fired| fired == action)
    }

    /// What fires any action of a channel.
    pub(crate) fn of_channel(&self, channel: &str) -> Occasions<'_> {
        self.of(|fired| self.channels.iter().any(|(action, by)| action == fired && by == channel))
    }

    fn of(&self, is_meant: impl Fn(&str) -> bool) -> Occasions<'_> {
        let fires = |rule: &&Rule| rule.actions.iter().any(|action| is_meant(action));
        Occasions { rules: self.rules.iter().filter(fires).collect() }
    }
}
