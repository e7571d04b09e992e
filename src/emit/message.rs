//! What goes out about a touch: one object, the same for a webhook's `data` and a line of a file.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::Timestamp;
use crate::model::touch::{Because, Touch};

/// The `type` of every message.
pub const MESSAGE_TYPE: &str = "guanxi.touch";

/// The object that says what is due, for whom and why. Everything in it was frozen when the touch was
/// queued, so it is the same bytes on every attempt and after a restart.
#[derive(Debug, Serialize)]
pub struct Data<'a> {
    id: &'a str,
    customer: &'a str,
    action: &'a str,
    due: String,
    because: &'a Because,
    policy_version: &'a str,
    payload: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

impl<'a> Data<'a> {
    /// What is said about a touch.
    #[must_use]
    pub fn of(touch: &'a Touch) -> Self {
        Self {
            id: &touch.id,
            customer: &touch.customer,
            action: &touch.action,
            due: touch.due.to_string(),
            because: &touch.because,
            policy_version: &touch.policy_version,
            payload: &touch.payload,
        }
    }

    /// The object as JSON on one line, without the line's end.
    ///
    /// # Errors
    /// None that a touch can cause; the serializer's are passed on.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

/// The body of a webhook request. `queued` is when the touch's payload was frozen.
///
/// # Errors
/// None that a touch can cause; the serializer's are passed on.
pub fn body(touch: &Touch, queued: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body { r#type: MESSAGE_TYPE, timestamp: queued.to_string(), data: Data::of(touch) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::testing::touch;

    #[test]
    fn the_body_has_its_keys_in_the_documented_order() {
        let touch = touch("tch_1", "c1");
        let body = String::from_utf8(body(&touch, Timestamp(1_000)).unwrap()).unwrap();
        assert_eq!(
            body,
            concat!(
                r#"{"type":"guanxi.touch","timestamp":"1970-01-01T00:00:01Z","data":{"id":"tch_1","#,
                r#""customer":"c1","action":"care_call","due":"1970-01-01T00:00:00Z","#,
                r#""because":{"kind":"trigger","name":"overdue","title":"Overdue"},"#,
                r#""policy_version":"0123456789ab","payload":{"name":"Acme","amount":12.5}}}"#
            )
        );
    }

    #[test]
    fn the_body_does_not_change_when_it_is_made_again() {
        let touch = touch("tch_1", "c1");
        assert_eq!(body(&touch, Timestamp(5)).unwrap(), body(&touch.clone(), Timestamp(5)).unwrap());
    }
}
