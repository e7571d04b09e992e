//! A value of a customer, and what it comes from.

use std::sync::Arc;

use serde::Serialize;

use super::happened::{self, Booked, Counted};
use super::subject::Subject;
use super::trace::{Part, Tracer, is_false};
use super::words::{cut_words, share_words, split_words};
use crate::archive::{Archive, ArchiveError};
use crate::engine::Engine;
use crate::evaluate::{CutPoints, scalar};
use crate::model::cut::{CutPoint, Figure};
use crate::model::standing::{NO_PLACE, Place};
use crate::model::{Duration, Timestamp, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{Quadrant, Segment, Split, Tier, ValueDefinition, ValueKind};
use crate::policy::expression::tree::Expression;

/// All that telling goes by.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) archive: &'a Archive,
    pub(super) engine: &'a Engine,
    pub(super) cuts: &'a CutPoints,
    pub(super) subject: &'a Subject,
    /// Functions from scripts that failed for the customer, with what they said.
    pub(super) failures: &'a [(Arc<str>, String)],
}

/// A value and what it comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ValueTree {
    /// As declared.
    pub name: Arc<str>,
    /// `field`, `metric`, `ledger`, `score`, `segment`, `tier` or `quadrant`.
    pub kind: &'static str,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it is for the customer now.
    pub value: Option<Value>,
    /// Whether it is a personal field.
    #[serde(skip_serializing_if = "is_false")]
    pub personal: bool,
    /// Where the customer stands, of a segment, tier or quadrant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<StandingTree>,
    /// Its expressions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The figures of the population that it goes by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut_points: Vec<CutTree>,
    /// The events behind a metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Counted>,
    /// The entries of a ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Booked>,
    /// What else should be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The fields and values it uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Arc<str>>,
}

/// An expression of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// Its key: `when`, `audience`; a level or an axis by name.
    pub role: String,
    /// The expression.
    #[serde(flatten)]
    pub part: Part,
}

/// Where a customer stands in a segment, tier or quadrant.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StandingTree {
    /// Where the last run left the customer.
    pub place: Option<Value>,
    /// The place's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Since when; nothing where no run has placed the customer.
    pub since: Option<Timestamp>,
    /// The place before.
    pub previous: Option<Value>,
    /// Whether a run now would move the customer, to [`ValueTree::value`].
    pub would_move: bool,
    /// A change that holds but must hold longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// A change that must hold for a while before it counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// The key that asks for it: `enter_after`.
    pub key: &'static str,
    /// How long it must hold.
    pub length: String,
    /// The place it leads to.
    pub to: Option<Value>,
    /// The run that first saw it.
    pub since: Timestamp,
    /// A run from then on lets it count.
    pub until: Timestamp,
}

/// A figure of the population.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CutTree {
    /// Which of the value's: `rank`, `best`, `x`, `y` or a level.
    pub part: Arc<str>,
    /// How it is found: `top 20%`.
    pub by: String,
    /// The figure; nothing over an empty population, and for ranks, which go by the whole population.
    pub figure: Option<f64>,
    /// Over how many customers.
    pub population: u64,
    /// When it was made.
    pub made: Timestamp,
    /// The first run from then on makes it anew.
    pub serves_until: Timestamp,
}

impl<'a> Teller<'a> {
    pub(super) fn policy(&self) -> &'a Compiled {
        self.engine.policy()
    }

    /// Tells expressions over the customer.
    pub(super) fn tracer(&self) -> Tracer<'a> {
        let subject = self.subject;
        Tracer { row: subject, moment: &subject.moment, schema: &self.policy().schema, event: None }
    }

    pub(super) fn condition(&self, role: impl Into<String>, expression: &Expression) -> Condition {
        Condition { role: role.into(), part: self.tracer().expression(expression) }
    }

    /// A field of the customer.
    pub(super) fn field(&self, index: usize) -> ValueTree {
        let field = self.policy().schema.customer.get(index);
        ValueTree {
            name: field.map_or_else(|| "".into(), |field| field.name.clone()),
            kind: "field",
            value: self.subject.fields.get(index).cloned().flatten(),
            personal: field.is_some_and(|field| field.personal),
            ..ValueTree::default()
        }
    }

    /// A value, with where it stands and what it comes from.
    pub(super) fn value(&self, index: usize) -> Result<ValueTree, ArchiveError> {
        let Some(definition) = self.policy().values.get(index) else { return Ok(ValueTree::default()) };
        let mut tree = self.class(index, definition);
        match &definition.kind {
            ValueKind::Metric(metric) => {
                tree.events = Some(happened::metric(self.archive, self.policy(), self.subject, metric)?);
            }
            ValueKind::Ledger(ledger) => {
                tree.entries = Some(happened::ledger(self.archive, self.policy(), self.subject, ledger)?);
            }
            _ => {}
        }
        tree.uses = super::uses::of_value(self.policy(), &definition.kind);
        let failed =
            self.failures.iter().filter(|(function, _)| super::uses::calls(&definition.kind, function));
        tree.notes.extend(failed.map(|(function, said)| format!("`{function}` failed: {said}")));
        Ok(tree)
    }

    /// A value without its events: all that needs no look at the store.
    pub(super) fn class(&self, index: usize, definition: &ValueDefinition) -> ValueTree {
        let mut tree = ValueTree {
            name: definition.name.clone(),
            kind: definition.kind.word(),
            title: definition.about.title.clone(),
            value: self.subject.values.get(index).cloned().flatten(),
            cut_points: self.cut_points(definition),
            ..ValueTree::default()
        };
        let conditions = &mut tree.conditions;
        match &definition.kind {
            ValueKind::Score(value) => conditions.push(self.condition("value", value)),
            ValueKind::Rank(rank) => {
                conditions.push(self.condition("rank", &rank.of));
                conditions.extend(rank.among.iter().map(|among| self.condition("among", among)));
            }
            ValueKind::Segment(segment) => self.segment(index, definition, segment, conditions),
            ValueKind::Tier(tier) => self.tier(definition, tier, conditions),
            ValueKind::Quadrant(quadrant) => self.quadrant(definition, quadrant, conditions),
            ValueKind::Metric(_) | ValueKind::Ledger(_) => {}
        }
        if definition.kind.class().is_some() {
            tree.standing = self.standing(index, definition);
        }
        if self.cuts_of(definition).any(|cut| cut.version != definition.version) {
            tree.notes.push(
                "its cut points are those of an earlier definition; the next run makes them anew".to_owned(),
            );
        }
        tree
    }

    fn segment(
        &self,
        index: usize,
        definition: &ValueDefinition,
        segment: &Segment,
        conditions: &mut Vec<Condition>,
    ) {
        conditions.push(self.condition("when", &segment.when));
        conditions.extend(segment.leave_when.iter().map(|leave| self.condition("leave_when", leave)));
        if let Some(best) = &segment.best {
            // Places are given when cut points are made; the standing alone says who has one.
            let standing = self.subject.standing(index);
            let has_place = standing.is_some_and(|standing| standing.place == 1 || standing.clock.is_some());
            let value = scalar::evaluate(&best.by.root, self.subject, &self.subject.moment);
            let text = format!("one of the best {} by {}", best.count, best.by.text);
            let last = self.cuts_of(definition).find_map(|cut| match &cut.figure {
                Figure::Best(last) => last.as_ref().map(|(figure, _)| Value::Number(*figure)),
                _ => None,
            });
            conditions.push(Condition {
                role: "best".to_owned(),
                part: Part {
                    holds: Some(has_place),
                    note: Some(
                        "places are given when cut points are made, the figure is that of the last let in"
                            .to_owned(),
                    ),
                    ..Part::compared(text, value, ">=", last)
                },
            });
        }
    }

    fn tier(&self, definition: &ValueDefinition, tier: &Tier, conditions: &mut Vec<Condition>) {
        conditions.extend(tier.among.iter().map(|among| self.condition("among", among)));
        for level in &tier.levels {
            let by_share = tier.by.as_ref().zip(level.share).map(|(by, share)| {
                let value = scalar::evaluate(&by.root, self.subject, &self.subject.moment);
                let threshold = self.threshold(definition, &level.name);
                Part::compared(format!("{} >= {}", by.text, share_words(share)), value, ">=", threshold)
            });
            let by_condition = level.when.as_ref().map(|when| self.tracer().expression(when));
            let part = match (by_share, by_condition) {
                (Some(share), Some(when)) => either(share, when),
                (Some(part), None) | (None, Some(part)) => part,
                (None, None) => rest(),
            };
            conditions.push(Condition { role: level.name.to_string(), part });
        }
    }

    fn quadrant(&self, definition: &ValueDefinition, quadrant: &Quadrant, conditions: &mut Vec<Condition>) {
        for (name, axis) in [("x", &quadrant.x), ("y", &quadrant.y)] {
            let split = match axis.split {
                Split::At(split) => Some(Value::Number(split)),
                _ => self.threshold(definition, name),
            };
            let value = scalar::evaluate(&axis.value.root, self.subject, &self.subject.moment);
            let text = format!("{} >= {}", axis.value.text, split_words(axis));
            let mut part = Part::compared(text, value, ">=", split);
            part.note =
                (axis.margin > 0.0).then(|| format!("changes side only when past it by {}", axis.margin));
            conditions.push(Condition { role: name.to_owned(), part });
        }
    }

    fn threshold(&self, definition: &ValueDefinition, part: &str) -> Option<Value> {
        let cut = self.cuts_of(definition).find(|cut| *cut.part == *part)?;
        match cut.figure {
            Figure::Threshold(threshold) => threshold.map(Value::Number),
            Figure::Population(_) | Figure::Best(_) => None,
        }
    }

    fn cuts_of<'t>(
        &self,
        definition: &'t ValueDefinition,
    ) -> impl Iterator<Item = &'a CutPoint> + use<'a, 't> {
        let cuts = self.cuts;
        cuts.iter().filter(|cut| cut.value == definition.name)
    }

    fn cut_points(&self, definition: &ValueDefinition) -> Vec<CutTree> {
        let settings = &self.policy().settings;
        let tree = |cut: &CutPoint| CutTree {
            part: cut.part.clone(),
            by: cut_words(&definition.kind, &cut.part),
            figure: match &cut.figure {
                Figure::Threshold(figure) => *figure,
                Figure::Best(last) => last.as_ref().map(|(figure, _)| *figure),
                Figure::Population(_) => None,
            },
            population: cut.population,
            made: cut.as_of,
            serves_until: settings.refresh.after(cut.as_of, settings.timezone),
        };
        self.cuts_of(definition).map(tree).collect()
    }

    /// Where the last run left the customer, and whether a run now would leave it there.
    fn standing(&self, index: usize, definition: &ValueDefinition) -> Option<StandingTree> {
        let standing = self.subject.standing(index)?;
        let place = |place: Place| definition.kind.place(place);
        let stored = standing.stored;
        let shown = stored.map_or(NO_PLACE, |(place, _)| place);
        Some(StandingTree {
            place: place(shown),
            title: definition.kind.place_title(shown).map(str::to_owned),
            since: stored.map(|(_, since)| since),
            previous: if stored.is_some_and(|(before, _)| before != standing.place) {
                None
            } else {
                standing.previous.clone()
            },
            would_move: stored.is_some_and(|(before, _)| before != standing.place),
            clock: standing.clock.and_then(|clock| self.clock(definition, clock)),
        })
    }

    fn clock(&self, definition: &ValueDefinition, (to, since): (Place, Timestamp)) -> Option<Clock> {
        let (key, length) = clock_length(&definition.kind, to)?;
        Some(Clock {
            key,
            length: length.to_string(),
            to: definition.kind.place(to),
            since,
            until: length.after(since, self.policy().settings.timezone),
        })
    }
}

/// The key and length of the clock that runs towards a place.
pub(super) fn clock_length(kind: &ValueKind, to: Place) -> Option<(&'static str, Duration)> {
    match kind {
        ValueKind::Segment(segment) if to == 1 => Some(("enter_after", segment.enter_after?)),
        ValueKind::Segment(segment) => Some(("leave_after", segment.leave_after?)),
        ValueKind::Tier(tier) => Some(("fall_after", tier.fall_after?)),
        _ => None,
    }
}

fn either(one: Part, other: Part) -> Part {
    let holds = one.holds == Some(true) || other.holds == Some(true);
    Part {
        text: format!("{} or {}", one.text, other.text),
        holds: Some(holds),
        value: Some(Value::Bool(holds)),
        compared: None,
        given: Vec::new(),
        personal: one.personal || other.personal,
        note: None,
        parts: vec![one, other],
    }
}

/// What takes all who are let in nowhere else.
fn rest() -> Part {
    Part {
        text: "the rest".to_owned(),
        holds: Some(true),
        value: Some(Value::Bool(true)),
        compared: None,
        given: Vec::new(),
        parts: Vec::new(),
        note: None,
        personal: false,
    }
}
