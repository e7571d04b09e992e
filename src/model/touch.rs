//! A touch: one action for one customer for one reason.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// What a touch's id is derived from; the same reason never makes two touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchKey<'a> {
    /// `trigger` or `cadence`.
    pub kind: &'a str,
    /// The table's name.
    pub name: &'a str,
    /// Whose.
    pub customer: &'a str,
    /// The cycle, the n-th rise, the event or the n-th transition.
    pub occurrence: &'a str,
    /// The cadence step; empty for a trigger.
    pub step: &'a str,
    /// The action.
    pub action: &'a str,
}

/// The life of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TouchState {
    /// A guard holds it.
    Waiting,
    /// Payload and reason are frozen; it leaves when its channel lets it.
    Queued,
    /// Taken by the receiver, or written to the file.
    Delivered,
    /// A guard dropped it.
    Suppressed,
    /// Not sent in time.
    Expired,
    /// Found too late to be sent at all.
    Missed,
    /// Its reason went away before it was sent.
    Cancelled,
    /// Every attempt failed.
    Dead,
}

impl TouchState {
    /// Every state, in the order of a touch's life.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Queued,
        Self::Delivered,
        Self::Suppressed,
        Self::Expired,
        Self::Missed,
        Self::Cancelled,
        Self::Dead,
    ];

    /// The word in the store and on screens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Suppressed => "suppressed",
            Self::Expired => "expired",
            Self::Missed => "missed",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl fmt::Display for TouchState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a touch is due, as it goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Because {
    /// `trigger` or `cadence`.
    pub kind: String,
    /// The table's name.
    pub name: String,
    /// The table's title, or its name where it has none.
    pub title: String,
    /// The cadence step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<String>,
    /// The trigger's free word for the cause.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// `low`, `normal` or `high`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub severity: Option<String>,
    /// The place left, for a transition.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// The place taken, for a transition.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<String>,
}

/// One touch as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// Derived from its [`TouchKey`]; also the `webhook-id`.
    pub id: Arc<str>,
    /// Whose.
    pub customer: Arc<str>,
    /// What is done.
    pub action: Arc<str>,
    /// Where it goes.
    pub channel: Arc<str>,
    /// Why, as the payload says it.
    pub because: Because,
    /// The cycle, the n-th rise, the event or the n-th transition.
    pub occurrence: String,
    /// The kind of the event it is about, where it is about one; the event's id is in [`Because::event`].
    pub event: Option<Arc<str>>,
    /// When it was due.
    pub due: Timestamp,
    /// Not sent after this.
    pub expires: Timestamp,
    /// When it was really made, whatever instant the run that made it decided for.
    pub made: Timestamp,
    /// When it was queued, where it was.
    pub queued: Option<Timestamp>,
    /// Places it takes of a capacity.
    pub effort: f64,
    /// Higher first where something is scarce.
    pub priority: f64,
    /// Where it is in its life.
    pub state: TouchState,
    /// Why it is there, in words; empty while nothing need be said.
    pub reason: String,
    /// The version of the policy set that made it.
    pub policy_version: Arc<str>,
    /// The payload as frozen when queued: a JSON object in the order the policy declares.
    pub payload: serde_json::Map<String, serde_json::Value>,
}

/// A queued touch as it is sent: what was frozen when it was queued, its reason and payload as the JSON texts that are
/// kept, so that nobody reads and writes them again on the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// As [`Touch::id`].
    pub id: Arc<str>,
    /// Whose.
    pub customer: Arc<str>,
    /// What is done.
    pub action: Arc<str>,
    /// When it was due.
    pub due: Timestamp,
    /// Not sent after this.
    pub expires: Timestamp,
    /// Where it is in its life.
    pub state: TouchState,
    /// Why it is there, in words; empty while nothing need be said.
    pub reason: String,
    /// The version of the policy set that made it.
    pub policy_version: Arc<str>,
    /// A [`Because`], as JSON.
    pub because: String,
    /// The payload: a JSON object.
    pub payload: String,
}

impl Touch {
    /// The touch as it would be sent.
    ///
    /// # Errors
    /// None that a touch can cause; the serializer's are passed on.
    pub fn outgoing(&self) -> Result<Outgoing, serde_json::Error> {
        Ok(Outgoing {
            id: Arc::clone(&self.id),
            customer: Arc::clone(&self.customer),
            action: Arc::clone(&self.action),
            due: self.due,
            expires: self.expires,
            state: self.state,
            reason: self.reason.clone(),
            policy_version: Arc::clone(&self.policy_version),
            because: serde_json::to_string(&self.because)?,
            payload: serde_json::to_string(&self.payload)?,
        })
    }
}

/// What is to be noted of a queued touch whose attempt is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Which.
    pub id: Arc<str>,
    /// What becomes of it.
    pub fate: Fate,
    /// The guard that holds or dropped it, or held it last.
    pub guard: Option<Arc<str>>,
    /// Why, in words.
    pub reason: String,
    /// Where a guard decided: its kind, and when it may say something else, where that can be told.
    pub verdict: Option<(&'static str, Option<Timestamp>)>,
}

/// What becomes of a queued touch whose attempt is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It leaves, and no guard holds it any more.
    Leaves,
    /// It stays queued, and its next attempt is due then.
    PutOff(Timestamp),
    /// It ends so.
    Ends(TouchState),
}
