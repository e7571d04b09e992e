//! How far back the events of each kind are needed, so that older ones are not read.

use std::collections::BTreeMap;

use super::run::bounds;
use crate::model::{Duration, Timestamp};
use crate::policy::compiled::Window;
use crate::policy::expression::Moment;

/// The windows over each event kind, by index of the kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    windows: BTreeMap<usize, Vec<(Window, Option<Duration>)>>,
}

impl Reach {
    pub(super) fn add(&mut self, event: usize, window: Window, before: Option<Duration>) {
        let windows = self.windows.entry(event).or_default();
        if !windows.contains(&(window, before)) {
            windows.push((window, before));
        }
    }

    /// Whether anything says how far back events of a kind are needed.
    pub(super) fn is_used(&self, event: usize) -> bool {
        self.windows.contains_key(&event)
    }

    /// The instant up to which no event of a kind is needed; nothing where all are.
    pub(super) fn after(&self, event: usize, moment: &Moment) -> Option<Timestamp> {
        let windows = self.windows.get(&event)?;
        let after = windows.iter().map(|&(window, before)| bounds(window, before, moment).0);
        after.collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}
