//! What the tests of this module share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Gate, GateError, OutboxStore, OwnStore, StoreError};
use crate::archive::{Archive, Delivery};
use crate::care::release::Said;

use crate::model::Timestamp;
use crate::model::touch::{Because, Touch, TouchState};
use crate::policy::compiled::{File, FileFormat, Retry, Webhook};

/// A gate that lets everything through.
pub(crate) struct OpenGate;

impl Gate for OpenGate {
    fn ask(&self, _: &Archive, due: &[&Delivery], _: Timestamp) -> Result<Vec<Said>, GateError> {
        Ok(vec![Said::Passes; due.len()])
    }
}

/// A store without guards.
impl OutboxStore for Arc<Mutex<Archive>> {
    fn visit<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive, &dyn Gate) -> Result<T, StoreError> + Send + 'static,
    {
        let store = OwnStore { archive: Self::clone(self), gate: Arc::new(OpenGate) };
        async move { store.visit(work).await }
    }
}

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
        event: None,
        due: Timestamp(0),
        expires: Timestamp(i64::MAX),
        made: Timestamp(0),
        queued: None,
        effort: 1.0,
        priority: 0.0,
        state: TouchState::Queued,
        reason: String::new(),
        policy_version: Arc::from("0123456789ab"),
        payload: payload.as_object().cloned().unwrap_or_default(),
    }
}

/// An unsigned webhook with short waits.
pub(crate) fn webhook(url: &str) -> Webhook {
    Webhook {
        url: url.to_owned(),
        secrets: Vec::new(),
        headers: BTreeMap::new(),
        timeout: 5_000,
        rate: None,
        concurrency: 4,
        retry: Retry { first: 10, factor: 1.0, max: 10, attempts: 5 },
        allow_link_local: false,
    }
}

/// A file channel's settings.
pub(crate) fn file(format: FileFormat, columns: &[&str]) -> File {
    File {
        path: "out/calls-{date}.csv".to_owned(),
        format,
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
    }
}
