//! What the daemon is at: which of it a kill aims at, and which it hit, as the log tells up to its last line.

use std::fs;
use std::path::Path;

/// Something the daemon does that a kill may interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Start,
    Import,
    Run,
    /// A request that was sent and not answered.
    Request,
    /// Rows of a file that were announced to the store and not yet confirmed.
    Rows,
    Reload,
    Shutdown,
}

impl Phase {
    pub(crate) const ALL: [Self; 7] =
        [Self::Start, Self::Import, Self::Run, Self::Request, Self::Rows, Self::Reload, Self::Shutdown];

    /// What the log says when it begins and when it ends.
    const fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Import => ("importing ", &["imported ", "was imported before", "inbox: "]),
            Self::Run => ("a run begins", &["run committed", "a run failed"]),
            Self::Reload => (
                "the policies are checked",
                &["policies reloaded", "policies not reloaded", "policies looked at again"],
            ),
            Self::Shutdown => ("\"stopping\"", &["\"stopped\""]),
            Self::Start | Self::Request | Self::Rows => ("listening on", &[]),
        }
    }

    /// Whether it has begun.
    pub(crate) fn has_begun(self, log: &Path) -> bool {
        fs::read_to_string(log).unwrap_or_default().contains(self.words().0)
    }
}

/// What was going on when the log broke off; requests and rows are told by others.
pub(crate) fn hit(log: &Path) -> Vec<Phase> {
    let log = fs::read_to_string(log).unwrap_or_default();
    if !log.contains(Phase::Start.words().0) {
        return vec![Phase::Start];
    }
    let logged = [Phase::Import, Phase::Run, Phase::Reload, Phase::Shutdown];
    let is_open = |phase: &Phase| {
        let (begins, ends) = phase.words();
        let last = |word: &str| log.rfind(word);
        let ended = ends.iter().filter_map(|end| last(end)).max();
        last(begins).is_some_and(|began| ended.is_none_or(|ended| ended < began))
    };
    logged.into_iter().filter(is_open).collect()
}
