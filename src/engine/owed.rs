//! What triggers and cadences owe: a touch for each, which waits for the guards or is over at once.

use std::sync::Arc;

use super::{Engine, EngineError};
use crate::archive::RunWriter;
use crate::care::identity::touch_id;
use crate::model::Timestamp;
use crate::model::touch::{Because, Touch, TouchKey, TouchState};
use crate::policy::compiled::Action;

/// One action for one customer for one reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owed {
    /// Why; its step is part of the touch's identity.
    pub(super) because: Because,
    /// Whose.
    pub(super) customer: Arc<str>,
    /// The id the touch's identity goes by, where it is not the customer's: one merged into it since.
    pub(super) identity: Option<Arc<str>>,
    /// The cycle, the n-th rise, the event or the n-th transition.
    pub(super) occurrence: String,
    /// The kind of the event it is about.
    pub(super) event: Option<Arc<str>>,
    /// Index of the policy's actions.
    pub(super) action: usize,
    /// When it is due.
    pub(super) due: Timestamp,
    /// What becomes of it.
    pub(super) fate: Fate,
}

/// What becomes of what is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The guards are asked.
    Waits,
    /// It was found too late, for this reason.
    Missed(String),
    /// Its own condition drops it, for this reason.
    Suppressed(String),
}

impl Engine {
    /// Makes the touch of what is owed; false where this reason made one before.
    pub(super) fn owe(
        &self,
        writer: &mut RunWriter<'_>,
        owed: Owed,
        started: Timestamp,
    ) -> Result<bool, EngineError> {
        let Some(action) = self.policy.actions.get(owed.action) else { return Ok(false) };
        let is_about_event = owed.because.kind == "trigger" && owed.event.is_some();
        let (name, event) = (&owed.because.name, &owed.occurrence);
        if is_about_event && writer.archive().came_before_merge(&owed.customer, name, event, &action.name)? {
            return Ok(false);
        }
        Ok(writer.touch(&self.touch(owed, action, started), started)?)
    }

    pub(super) fn touch(&self, owed: Owed, action: &Action, started: Timestamp) -> Touch {
        let id = touch_id(&TouchKey {
            kind: &owed.because.kind,
            name: &owed.because.name,
            customer: owed.identity.as_deref().unwrap_or(&owed.customer),
            occurrence: &owed.occurrence,
            step: owed.because.step.as_deref().unwrap_or_default(),
            action: &action.name,
        });
        let channel = self.policy.channels.get(action.channel);
        let (state, reason) = match owed.fate {
            Fate::Waits => (TouchState::Waiting, String::new()),
            Fate::Missed(reason) => (TouchState::Missed, reason),
            Fate::Suppressed(reason) => (TouchState::Suppressed, reason),
        };
        Touch {
            id,
            customer: owed.customer,
            action: action.name.clone(),
            channel: channel.map_or_else(|| "".into(), |channel| channel.name.clone()),
            because: owed.because,
            occurrence: owed.occurrence,
            event: owed.event,
            due: owed.due,
            expires: action.expires.after(owed.due, self.policy.settings.timezone),
            made: started,
            queued: None,
            effort: action.effort,
            priority: 0.0,
            state,
            reason,
            policy_version: self.policy.version.clone(),
            payload: serde_json::Map::new(),
        }
    }
}
