//! What goes out about a touch: one object, the same for a webhook's `data` and a line of a file.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::Timestamp;
use crate::model::touch::Outgoing;

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
    because: &'a RawValue,
    policy_version: &'a str,
    payload: &'a RawValue,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

impl<'a> Data<'a> {
    /// What is said about a touch.
    ///
    /// # Errors
    /// Its texts are no JSON, as they are in a damaged store only.
    pub fn of(touch: &'a Outgoing) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: &touch.id,
            customer: &touch.customer,
            action: &touch.action,
            due: touch.due.to_string(),
            because: serde_json::from_str(&touch.because)?,
            policy_version: &touch.policy_version,
            payload: serde_json::from_str(&touch.payload)?,
        })
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
/// As [`Data::of`].
pub fn body(touch: &Outgoing, queued: Timestamp) -> Result<Vec<u8>, serde_json::Error> {
    let data = Data::of(touch)?;
    // Large enough for all but its own texts, so that it grows once at most.
    let mut body = Vec::with_capacity(touch.because.len() + touch.payload.len() + 384);
    let message = Body { r#type: MESSAGE_TYPE, timestamp: queued.to_string(), data };
    serde_json::to_writer(&mut body, &message)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::testing::touch;

    #[test]
    fn the_body_has_its_keys_in_the_documented_order() {
        let touch = touch("tch_1", "c1").outgoing().unwrap();
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
        let touch = touch("tch_1", "c1").outgoing().unwrap();
        assert_eq!(body(&touch, Timestamp(5)).unwrap(), body(&touch.clone(), Timestamp(5)).unwrap());
    }

    #[test]
    fn a_text_that_is_no_json_is_not_sent() {
        let mut touch = touch("tch_1", "c1").outgoing().unwrap();
        touch.payload = "{\"name\": ".to_owned();
        assert!(body(&touch, Timestamp(5)).unwrap_err().is_eof());
    }
}
