//! What the tests of this module share.

use std::sync::Arc;

use serde_json::json;

use crate::model::Timestamp;
use crate::model::touch::{Because, Touch, TouchState};

/// A queued touch of a customer.
pub(crate) fn touch(id: &str, customer: &str) -> Touch {
    let payload = json!({"name": "Acme", "amount": 12.5});
    Touch {
        id: id.into(),
        customer: customer.into(),
        action: "care_call".into(),
        channel: "crm".into(),
        because: Because {
            kind: "trigger".to_owned(),
            name: "overdue".to_owned(),
            title: "Overdue".to_owned(),
            step: None,
            event: None,
            cause: None,
            severity: None,
            from: None,
            to: None,
        },
        occurrence: "1".to_owned(),
        due: Timestamp(0),
        expires: Timestamp(i64::MAX),
        priority: 0.0,
        state: TouchState::Queued,
        reason: String::new(),
        policy_version: Arc::from("0123456789ab"),
        payload: payload.as_object().cloned().unwrap_or_default(),
    }
}
