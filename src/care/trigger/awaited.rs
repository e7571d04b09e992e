//! Events that must be answered in time.

use crate::model::event::Event;
use crate::policy::compiled::Unless;

/// Whether one event answers another: at the same instant or later, with the same in the field both must share. A
/// missing field is like no other.
#[must_use]
pub fn answers(event: &Event, answer: &Event, by: &Unless) -> bool {
    let is_alike = by.same.is_none_or(|(own, other)| {
        let field = |event: &Event, index: usize| event.fields.get(index).cloned().flatten();
        let own = field(event, own);
        own.is_some() && own == field(answer, other)
    });
    is_alike && answer.at >= event.at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, Value};

    fn event(at: i64, ticket: Option<&str>) -> Event {
        Event {
            id: "e".into(),
            customer: "a".into(),
            at: Timestamp(at),
            fields: vec![ticket.map(Value::text)],
        }
    }

    #[test]
    fn an_answer_has_the_same_ticket_and_is_not_earlier() {
        let by = Unless { event: 0, same: Some((0, 0)) };
        let asked = event(5, Some("t1"));
        assert!(answers(&asked, &event(5, Some("t1")), &by));
        assert!(!answers(&asked, &event(4, Some("t1")), &by));
        assert!(!answers(&asked, &event(6, Some("t2")), &by));
        assert!(!answers(&event(5, None), &event(6, None), &by));
        assert!(answers(&event(5, None), &event(6, None), &Unless { event: 0, same: None }));
    }
}
