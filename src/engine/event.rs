//! The event that a touch is about: what its payload may say of it, and whether it was answered meanwhile.

use minijinja::Value as Jinja;

use super::occasions::is_answered;
use super::{Engine, EngineError};
use crate::archive::Archive;
use crate::care::payload;
use crate::model::Timestamp;
use crate::model::event::Event;
use crate::model::schema::EventShape;
use crate::model::touch::Touch;
use crate::policy::compiled::Shape;

impl Engine {
    /// What the payload of a touch may say of the event it is about.
    pub(super) fn event_context(
        &self,
        archive: &Archive,
        touch: &Touch,
    ) -> Result<Option<Jinja>, EngineError> {
        let timezone = self.policy.settings.timezone;
        let event = self.event_of(archive, touch)?;
        Ok(event.map(|(shape, event)| payload::event(shape, &event, &touch.customer, timezone)))
    }

    /// Whether touches of a table are not wanted any more once an answer comes.
    pub(super) fn awaits_answer(&self, kind: &str, name: &str) -> bool {
        let trigger = self.policy.triggers.iter().find(|trigger| *trigger.name == *name);
        kind == "trigger" && trigger.is_some_and(|trigger| matches!(trigger.shape, Shape::Awaited(..)))
    }

    /// Why a touch of a trigger that waited for an answer is not wanted any more: it has come by now.
    pub(super) fn answered(
        &self,
        archive: &Archive,
        touch: &Touch,
        now: Timestamp,
    ) -> Result<Option<String>, EngineError> {
        let trigger = self.policy.triggers.iter().find(|trigger| *trigger.name == *touch.because.name);
        let Some(Shape::Awaited(_, awaited)) = trigger.map(|trigger| &trigger.shape) else { return Ok(None) };
        if touch.because.kind != "trigger" {
            return Ok(None);
        }
        let Some((_, event)) = self.event_of(archive, touch)? else { return Ok(None) };
        let is_answered = is_answered(archive, &event, &touch.customer, &awaited.answer, now)?;
        let kind = self.policy.schema.events.get(awaited.answer.event).map_or("", |kind| &*kind.name);
        Ok(is_answered.then(|| format!("`{kind}` came before it was queued")))
    }

    fn event_of<'a>(
        &'a self,
        archive: &Archive,
        touch: &Touch,
    ) -> Result<Option<(&'a EventShape, Event)>, EngineError> {
        let (Some(kind), Some(id)) = (&touch.event, &touch.because.event) else { return Ok(None) };
        let schema = &self.policy.schema;
        let Some((index, shape)) =
            schema.event(kind).and_then(|index| Some((index, schema.events.get(index)?)))
        else {
            return Ok(None);
        };
        Ok(archive.event(index, id)?.map(|event| (shape, event)))
    }
}
