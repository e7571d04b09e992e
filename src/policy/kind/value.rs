//! Metrics, ledgers, scores, segments, tiers and quadrants together: names, order, types and versions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{about, data, ledger, metric, quadrant, score, segment, tier};
use crate::model::Type;
use crate::model::schema::ClassShape;
use crate::policy::codes;
use crate::policy::compiled::{About, ValueDefinition, ValueKind};
use crate::policy::facts;
use crate::policy::formula::{Context, Formula};
use crate::policy::names::{Known, KnownValue, Scope, Target};
use crate::policy::order::{Order, Uses, order};
use crate::policy::raw::{Content, Declared, Place, Sink};
use crate::policy::version::{self, UsedVersions};

/// The tag of values that people look at.
const REPORT: &str = "report";

/// A value as written.
pub(crate) struct RawValue {
    name: String,
    place: Place,
    kind: &'static str,
    about: About,
    enabled: bool,
    raw: Raw,
    /// What it decides by, for versions.
    own: String,
}

enum Raw {
    Metric(metric::RawMetric),
    Ledger(ledger::RawLedger),
    Score(score::RawScore),
    Segment(segment::RawSegment),
    Tier(tier::RawTier),
    Quadrant(Box<quadrant::RawQuadrant>),
}

/// What the checks of all values give.
#[derive(Default)]
pub(crate) struct Values {
    /// Those that count and are without error, in order of evaluation.
    pub(crate) definitions: Vec<ValueDefinition>,
    /// Those that count, by name.
    pub(crate) classes: Vec<ClassShape>,
    /// The version of each value that counts.
    pub(crate) versions: BTreeMap<String, Arc<str>>,
}

/// Reads all values; a name that comes twice is reported, and its first table stands for it.
pub(crate) fn read(declared: &Declared, known: &Known, sink: &Sink<'_>) -> Vec<RawValue> {
    let mut values = Vec::new();
    for kind in ["metric", "ledger", "score", "segment", "tier", "quadrant"] {
        for (name, table) in declared.get(kind).into_iter().flatten() {
            let keys = match kind {
                "metric" => metric::KEYS,
                "ledger" => ledger::KEYS,
                "score" => score::KEYS,
                "segment" => segment::KEYS,
                "tier" => tier::KEYS,
                _ => quadrant::KEYS,
            };
            let head = about::read(sink, table, keys);
            let raw = match kind {
                "metric" => Raw::Metric(metric::read(&head.reader)),
                "ledger" => Raw::Ledger(ledger::read(&head.reader)),
                "score" => Raw::Score(score::read(&head.reader)),
                "segment" => Raw::Segment(segment::read(&head.reader)),
                "tier" => Raw::Tier(tier::read(&head.reader)),
                _ => Raw::Quadrant(Box::new(quadrant::read(&head.reader))),
            };
            values.push(RawValue {
                name: name.clone(),
                place: table.place.clone(),
                kind,
                about: head.about,
                enabled: head.enabled,
                raw,
                own: version::of_table(kind, &table.value),
            });
        }
    }
    unique(values, known, sink)
}

fn unique(values: Vec<RawValue>, known: &Known, sink: &Sink<'_>) -> Vec<RawValue> {
    let mut first: BTreeMap<String, (String, Place)> = known
        .field_places
        .iter()
        .map(|(name, place)| (name.clone(), (format!("customer.fields.{name}"), place.clone())))
        .collect();
    let mut kept = Vec::new();
    for value in values {
        let said = format!("{}.{}", value.kind, value.name);
        if let Some((other, place)) = first.get(&value.name) {
            sink.problem(
                &codes::table::SAME_NAME,
                &value.place,
                format!("`{said}` has the same name as `{other}`"),
            )
            .related(place, "the other")
            .help("expressions use values and customer fields by their bare names: give one another name")
            .report();
            continue;
        }
        first.insert(value.name.clone(), (said, value.place.clone()));
        kept.push(value);
    }
    kept
}

impl RawValue {
    /// Its expressions, each with what it stands over; nothing where that is no event kind.
    fn formulas(&self, known: &Known) -> Vec<(&Formula, Option<Scope>)> {
        let over = |name: Option<&str>| name.and_then(|name| known.event(name)).map(Scope::Event);
        let customers = match &self.raw {
            Raw::Metric(metric) => {
                let scope = over(metric.event_name());
                return metric.formulas().into_iter().map(|formula| (formula, scope)).collect();
            }
            Raw::Ledger(ledger) => {
                return ledger.formulas().map(|(formula, on)| (formula, over(on))).collect();
            }
            Raw::Score(score) => score.formulas(),
            Raw::Segment(segment) => segment.formulas(),
            Raw::Tier(tier) => tier.formulas(),
            Raw::Quadrant(quadrant) => quadrant.formulas(),
        };
        customers.into_iter().map(|formula| (formula, Some(Scope::Customer))).collect()
    }

    /// The event kinds it is made of.
    fn events(&self) -> Vec<&str> {
        match &self.raw {
            Raw::Metric(metric) => metric.event_name().into_iter().chain(metric.unless_name()).collect(),
            Raw::Ledger(ledger) => ledger.events().collect(),
            Raw::Score(_) | Raw::Segment(_) | Raw::Tier(_) | Raw::Quadrant(_) => Vec::new(),
        }
    }

    /// The type as far as the table alone tells it.
    fn declared_type(&self) -> Option<Type> {
        match &self.raw {
            Raw::Metric(_) | Raw::Score(_) => None,
            Raw::Ledger(_) => Some(Type::Number),
            Raw::Segment(_) => Some(Type::Bool),
            Raw::Tier(tier) => tier.places().map(Type::Choice),
            Raw::Quadrant(quadrant) => quadrant.places().map(Type::Choice),
        }
    }

    fn known(&self, sink: &Sink<'_>) -> KnownValue {
        let (ordered, data) = match &self.raw {
            Raw::Segment(segment) => (false, vec![&segment.data]),
            Raw::Tier(tier) => (tier.is_ordered(), tier.data()),
            Raw::Quadrant(quadrant) => (false, quadrant.data()),
            Raw::Metric(_) | Raw::Ledger(_) | Raw::Score(_) => (false, Vec::new()),
        };
        KnownValue {
            name: self.name.as_str().into(),
            kind: self.kind,
            enabled: self.enabled,
            ty: self.declared_type(),
            ordered,
            lapses: matches!(&self.raw, Raw::Ledger(ledger) if ledger.lapses()),
            data: data::types(data, sink),
            facts: None,
            wants_use: self.wants_use(),
        }
    }

    /// A class is looked at by itself; a metric, ledger or score is there for something.
    fn wants_use(&self) -> Option<Place> {
        let is_looked_at = self.about.tags.iter().any(|tag| tag == REPORT);
        match &self.raw {
            Raw::Metric(_) | Raw::Ledger(_) | Raw::Score(_) if !is_looked_at => Some(self.place.clone()),
            _ => None,
        }
    }
}

/// Orders, types and checks all values; fills in [`Known::values`].
pub(crate) fn check(raw: Vec<RawValue>, declared: &Declared, known: &mut Known, sink: &Sink<'_>) -> Values {
    known.values = raw.iter().map(|value| value.known(sink)).collect();
    let uses: Uses = raw.iter().map(|value| (value.name.clone(), used_values(value, known, sink))).collect();
    let Order { names, looped } = order(&uses, sink);
    let mut by_name: BTreeMap<String, RawValue> =
        raw.into_iter().map(|value| (value.name.clone(), value)).collect();
    let mut ordered: Vec<RawValue> = names.iter().filter_map(|name| by_name.remove(name)).collect();
    ordered.sort_by_key(|value| !value.enabled);
    let looped: Vec<RawValue> = looped.iter().filter_map(|name| by_name.remove(name)).collect();
    known.values = ordered.iter().chain(&looped).map(|value| known_again(value, known)).collect();
    let mut values = Values { classes: classes(&ordered, known), ..Values::default() };
    let mut checks = Checks { declared, uses: &uses, known, sink };
    for (index, value) in ordered.into_iter().enumerate() {
        checks.value(index, value, &mut values);
    }
    values
}

fn known_again(value: &RawValue, known: &Known) -> KnownValue {
    let found = known.value(&value.name).and_then(|index| known.values.get(index));
    found.cloned().unwrap_or_else(|| KnownValue {
        name: value.name.as_str().into(),
        kind: value.kind,
        enabled: value.enabled,
        ty: None,
        ordered: false,
        lapses: false,
        data: BTreeMap::new(),
        facts: None,
        wants_use: None,
    })
}

fn used_values(value: &RawValue, known: &Known, sink: &Sink<'_>) -> Vec<(String, Place)> {
    let mut used = Vec::new();
    for (formula, scope) in value.formulas(known) {
        let Some(scope) = scope else { continue };
        for (path, place) in formula.paths(sink) {
            let Target::Value(index) = known.target(scope, &path) else { continue };
            used.extend(known.values.get(index).map(|value| (value.name.to_string(), place)));
        }
    }
    used
}

/// The classes that count, by name.
fn classes(ordered: &[RawValue], known: &Known) -> Vec<ClassShape> {
    let mut classes: Vec<ClassShape> = ordered
        .iter()
        .zip(&known.values)
        .filter(|(value, known)| value.enabled && known.is_class())
        .map(|(_, known)| {
            let places = match &known.ty {
                Some(Type::Choice(places)) => Some(places.clone()),
                _ => None,
            };
            ClassShape { name: known.name.clone(), places }
        })
        .collect();
    classes.sort_by(|a, b| a.name.cmp(&b.name));
    classes
}

/// What the check of each value goes by.
struct Checks<'a> {
    declared: &'a Declared,
    uses: &'a Uses,
    known: &'a mut Known,
    sink: &'a Sink<'a>,
}

impl Checks<'_> {
    fn value(&mut self, index: usize, value: RawValue, values: &mut Values) {
        // A class that does not count has no column; its index is not used.
        let class = values.classes.iter().position(|shape| *shape.name == value.name).unwrap_or(usize::MAX);
        let context = Context { sink: self.sink, known: self.known, enabled: value.enabled };
        let (kind, ty) = check_kind(&value, class, context);
        let facts = match (&kind, &ty) {
            (Some(kind), Some(ty)) => Some(facts::of_value(kind, ty, self.known)),
            _ => None,
        };
        if let Some(known) = self.known.values.get_mut(index) {
            known.ty = ty.clone().or_else(|| known.ty.take());
            known.facts.clone_from(&facts);
        }
        if !value.enabled {
            return;
        }
        let (version, uses) = self.version(&value, &values.versions);
        values.versions.insert(value.name.clone(), version.clone());
        if let (Some(kind), Some(ty), Some(facts)) = (kind, ty, facts) {
            let name = value.name.as_str().into();
            values.definitions.push(ValueDefinition {
                name,
                about: value.about,
                ty,
                facts,
                version,
                uses,
                kind,
            });
        }
    }

    fn version(&self, value: &RawValue, versions: &BTreeMap<String, Arc<str>>) -> (Arc<str>, UsedVersions) {
        let mut parts = UsedVersions::new();
        for (used, _) in self.uses.get(&value.name).into_iter().flatten() {
            let version = versions.get(used).map(ToString::to_string).unwrap_or_default();
            parts.insert(format!("value.{used}"), version);
        }
        for event in value.events() {
            let declaration = version::declaration(self.declared, "event", event);
            parts.insert(format!("event.{event}"), declaration);
        }
        let formulas: Vec<&Formula> =
            value.formulas(self.known).into_iter().map(|(formula, _)| formula).collect();
        fields_used(&formulas, self.declared, self.known, self.sink, &mut parts);
        let own = format!("{} {}", value.kind, value.own);
        (version::of_uses(&own, &parts), parts)
    }
}

fn check_kind(value: &RawValue, class: usize, context: Context<'_>) -> (Option<ValueKind>, Option<Type>) {
    let declared = value.declared_type();
    match &value.raw {
        Raw::Metric(metric) => {
            let (metric, ty) = metric.check(context);
            (metric.map(ValueKind::Metric), ty)
        }
        Raw::Ledger(ledger) => (ledger.check(context).map(ValueKind::Ledger), declared),
        Raw::Score(score) => score.check(context),
        Raw::Segment(segment) => (segment.check(class, context).map(ValueKind::Segment), declared),
        Raw::Tier(tier) => (tier.check(class, context).map(ValueKind::Tier), declared),
        Raw::Quadrant(quadrant) => (quadrant.check(class, context).map(ValueKind::Quadrant), declared),
    }
}

/// Adds the declarations of the customer fields that expressions use, the functions they call, what the
/// tags they ask for stand for, and the settings.
pub(crate) fn fields_used(
    formulas: &[&Formula],
    declared: &Declared,
    known: &Known,
    sink: &Sink<'_>,
    parts: &mut UsedVersions,
) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (path, _) in formulas.iter().flat_map(|formula| formula.paths(sink)) {
        names.extend(path.into_iter().take(2).filter(|name| known.field_places.contains_key(name)));
    }
    for (name, _) in formulas.iter().flat_map(|formula| formula.calls(sink)) {
        let called = known.functions.iter().find(|function| &*function.name == name);
        if let Some(function) = called.and_then(|called| called.function.as_ref()) {
            parts.insert(format!("function.{name}"), function.version.to_string());
        }
    }
    for tag in formulas.iter().flat_map(|formula| formula.tags()) {
        parts.insert(format!("tag.{tag}"), known.tags.meaning(tag));
    }
    let fields = declared
        .get("customer")
        .and_then(|customer| customer.get(""))
        .and_then(|customer| customer.value.get("fields"));
    if let Some(Content::Table(fields)) = fields.map(|fields| &fields.node.content) {
        for name in names {
            if let Some(field) = fields.get(&name) {
                parts.insert(format!("field.{name}"), version::of_content(&field.node.content));
            }
        }
    }
    let timezone = declared.get("settings").and_then(|settings| settings.get("")).and_then(|settings| {
        settings.value.get("timezone").map(|timezone| version::of_content(&timezone.node.content))
    });
    parts.insert("settings.timezone".to_owned(), timezone.unwrap_or_default());
}
