//! Names: which are allowed, what is declared under them, and what an expression may speak of at its
//! place.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::codes;
use super::expression::reason::Facts;
use super::expression::tree::Reference;
use super::expression::{ClassName, Declared, LedgerName, Names, Tagged};
use super::facts;
use super::kind::calendar::KnownCalendar;
use super::raw::{At, Place, Sink};
use super::script::Function;
use super::tags::Tags;
use crate::model::schema::{EventShape, FieldShape, TOUCH_EVENT};
use crate::model::{Schema, Type};

/// Words of Rhai's that can't be names in an expression.
const RHAI_WORDS: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "call",
    "case",
    "catch",
    "const",
    "continue",
    "curry",
    "debug",
    "default",
    "do",
    "else",
    "eval",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "global",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "print",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "this",
    "thread",
    "throw",
    "true",
    "try",
    "type_of",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Words with a meaning of their own in the language.
const OWN_WORDS: &[&str] = &["id", "customer", "event", "because", "due", "now", "today", "known_since"];

/// Words that no table and no field may be named by.
pub(crate) fn taken() -> impl Iterator<Item = &'static str> {
    RHAI_WORDS.iter().chain(OWN_WORDS).copied()
}

/// Whether text has the form of a name.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Reports a name that is not allowed.
pub(crate) fn check_name(name: &At<String>, what: &str, sink: &Sink<'_>) -> bool {
    let text = name.value.as_str();
    if !check_form(name, sink) {
        return false;
    }
    let is_reserved = RHAI_WORDS.contains(&text)
        || OWN_WORDS.contains(&text)
        || (what == EVENT_FIELD && text == "at")
        || (what == "event" && text == TOUCH_EVENT);
    if is_reserved {
        sink.problem(&codes::table::RESERVED, &name.place, format!("`{text}` has a meaning of its own"))
            .help("choose another name")
            .report();
    }
    !is_reserved
}

/// Reports text that has not the form of a name.
pub(crate) fn check_form(name: &At<String>, sink: &Sink<'_>) -> bool {
    let text = name.value.as_str();
    if is_name(text) {
        return true;
    }
    let mended: String =
        text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let suggestion = Some(mended).filter(|mended| text.is_ascii() && is_name(mended));
    let suggestion =
        suggestion.map(|mended| if sink.is_quoted(&name.place) { format!("\"{mended}\"") } else { mended });
    sink.problem(&codes::table::BAD_NAME, &name.place, format!("`{text}` is no name"))
        .help("a name is made of a-z, 0-9 and _ and begins with a letter; say anything else in `title`")
        .suggest(suggestion)
        .report();
    false
}

/// What [`check_name`] is told for fields of events.
pub(crate) const EVENT_FIELD: &str = "field of an event";

/// An event kind as declared.
#[derive(Clone, Debug)]
pub(crate) struct KnownEvent {
    /// Its shape; the fields in error are left out.
    pub(crate) shape: EventShape,
    /// Whether it counts.
    pub(crate) enabled: bool,
    /// Fields in error.
    pub(crate) broken: BTreeSet<String>,
}

/// A value as declared, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct KnownValue {
    /// As declared.
    pub(crate) name: Arc<str>,
    /// Its kind of table.
    pub(crate) kind: &'static str,
    /// Whether it counts.
    pub(crate) enabled: bool,
    /// What it gives; `None` where that can't be told for errors in it.
    pub(crate) ty: Option<Type>,
    /// Whether it is a tier whose levels are ordered.
    pub(crate) ordered: bool,
    /// Whether it is a ledger whose entries lapse.
    pub(crate) lapses: bool,
    /// What its places carry.
    pub(crate) data: BTreeMap<Arc<str>, Type>,
    /// What is known of it beyond its type, once it has been checked.
    pub(crate) facts: Option<Facts>,
    /// Where to say that nothing uses it; `None` where that may be so.
    pub(crate) wants_use: Option<Place>,
}

/// All that expressions and templates may speak of.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Customer fields, by name; those in error are left out.
    pub(crate) fields: Vec<FieldShape>,
    /// Where each field is declared, those in error included.
    pub(crate) field_places: BTreeMap<String, Place>,
    /// Enabled event kinds by name, then `touch`, then the others.
    pub(crate) events: Vec<KnownEvent>,
    /// In order of evaluation, those that don't count last.
    pub(crate) values: Vec<KnownValue>,
    /// The tags of actions.
    pub(crate) tags: Tags,
    /// All functions from scripts; those that don't count last.
    pub(crate) functions: Vec<KnownFunction>,
    /// All calendars; those that don't count last.
    pub(crate) calendars: Vec<KnownCalendar>,
    /// Indices of the values that something uses.
    pub(crate) used: RefCell<BTreeSet<usize>>,
}

/// A function from a script as declared.
#[derive(Clone, Debug)]
pub(crate) struct KnownFunction {
    /// As called.
    pub(crate) name: Arc<str>,
    /// Whether it counts.
    pub(crate) enabled: bool,
    /// `None` where the declaration or the script is in error.
    pub(crate) function: Option<Arc<Function>>,
}

/// What an expression may know of a function among those declared.
pub(crate) fn declared(functions: &[KnownFunction], name: &str) -> Option<Declared> {
    let known = functions.iter().find(|function| &*function.name == name)?;
    Some(known.function.clone().map_or(Declared::Broken, Declared::Sound))
}

/// The names of functions.
pub(crate) fn names_of(functions: &[KnownFunction]) -> Vec<String> {
    functions.iter().map(|function| function.name.to_string()).collect()
}

/// A place where an expression may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Over a customer.
    Customer,
    /// Over an event of this kind.
    Event(usize),
}

/// What a path leads to, for dependencies and for what is in error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A value, index in [`Known::values`].
    Value(usize),
    /// A customer field in error.
    Broken,
    /// A field of the event and at once something of the customer's.
    Ambiguous(String),
    /// Anything else.
    Other,
}

impl KnownValue {
    /// Whether it is a segment, tier or quadrant.
    pub(crate) fn is_class(&self) -> bool {
        matches!(self.kind, "segment" | "tier" | "quadrant")
    }
}

impl Known {
    /// The index of a value.
    pub(crate) fn value(&self, name: &str) -> Option<usize> {
        self.values.iter().position(|value| &*value.name == name)
    }

    /// The index of an event kind.
    pub(crate) fn event(&self, name: &str) -> Option<usize> {
        self.events.iter().position(|event| &*event.shape.name == name)
    }

    /// The names of all values and customer fields, and those built in.
    pub(crate) fn customer_names(&self) -> Vec<&str> {
        let fields = self.fields.iter().map(|field| &*field.name);
        let values = self.values.iter().map(|value| &*value.name);
        fields.chain(values).chain(["id", "known_since"]).collect()
    }

    fn is_customers(&self, name: &str) -> bool {
        self.field_places.contains_key(name) || self.value(name).is_some()
    }

    /// What a path stands for at a place.
    pub(crate) fn target(&self, scope: Scope, path: &[String]) -> Target {
        let mut path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let (Scope::Event(event), Some(first)) = (scope, path.first().copied()) {
            if first == "customer" {
                path.remove(0);
            } else if let Some(event) = self.events.get(event) {
                let is_events = event.shape.field(first).is_some() || event.broken.contains(first);
                if first == "id" || (is_events && self.is_customers(first)) {
                    return Target::Ambiguous(first.to_owned());
                }
                let field = if first == "event" { path.get(1).copied().unwrap_or_default() } else { first };
                if event.broken.contains(field) {
                    return Target::Broken;
                }
                if is_events || matches!(first, "event" | "at") {
                    return Target::Other;
                }
            }
        }
        let Some(name) = path.first().copied() else { return Target::Other };
        if let Some(value) = self.value(name) {
            return Target::Value(value);
        }
        let is_broken =
            self.field_places.contains_key(name) && !self.fields.iter().any(|field| &*field.name == name);
        if is_broken { Target::Broken } else { Target::Other }
    }

    fn resolve_customer(&self, path: &[&str]) -> Option<(Reference, Type)> {
        match path {
            ["id"] => Some((Reference::Id, Type::Text)),
            ["known_since"] => Some((Reference::KnownSince, Type::Time)),
            [name] => {
                if let Some(index) = self.value(name) {
                    return Some((Reference::Value(index), self.values.get(index)?.ty.clone()?));
                }
                let index = self.fields.iter().position(|field| &*field.name == *name)?;
                Some((Reference::Customer(index), self.fields.get(index)?.ty.clone()))
            }
            [class, "data", key] => {
                let index = self.value(class)?;
                let (key, ty) = self.values.get(index)?.data.get_key_value(*key)?;
                Some((Reference::Data(index, key.clone()), ty.clone()))
            }
            _ => None,
        }
    }

    fn resolve_event(&self, event: usize, path: &[&str]) -> Option<(Reference, Type)> {
        let shape = &self.events.get(event)?.shape;
        match path {
            ["at"] | ["event", "at"] => Some((Reference::EventAt, Type::Time)),
            ["event", "id"] => Some((Reference::EventId, Type::Text)),
            ["event", "customer"] => Some((Reference::Id, Type::Text)),
            ["event", name] => {
                let field = shape.field(name)?;
                Some((Reference::Event(field), shape.fields.get(field)?.ty.clone()))
            }
            ["customer", path @ ..] => self.resolve_customer(path),
            [name] if shape.field(name).is_some() => self.resolve_event(event, &["event", name]),
            path => self.resolve_customer(path),
        }
    }

    fn data_names(&self) -> impl Iterator<Item = String> + '_ {
        self.values
            .iter()
            .flat_map(|value| value.data.keys().map(move |key| format!("{}.data.{key}", value.name)))
    }
}

/// [`Known`] as seen from a place.
pub(crate) struct Seen<'a> {
    /// What is known.
    pub(crate) known: &'a Known,
    /// From where.
    pub(crate) scope: Scope,
}

impl Names for Seen<'_> {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        match self.scope {
            Scope::Customer => self.known.resolve_customer(path),
            Scope::Event(event) => self.known.resolve_event(event, path),
        }
    }

    fn candidates(&self) -> Vec<String> {
        let mut names: Vec<String> = self.known.customer_names().into_iter().map(str::to_owned).collect();
        names.extend(self.known.data_names());
        if let Scope::Event(event) = self.scope
            && let Some(event) = self.known.events.get(event)
        {
            names.push("at".to_owned());
            for field in &event.shape.fields {
                names.push(field.name.to_string());
                names.push(format!("event.{}", field.name));
            }
        }
        names.sort_unstable();
        names
    }

    fn function(&self, name: &str) -> Option<Declared> {
        declared(&self.known.functions, name)
    }

    fn functions(&self) -> Vec<String> {
        names_of(&self.known.functions)
    }

    fn class(&self, name: &str) -> Option<ClassName> {
        let index = self.known.value(name)?;
        let value = self.known.values.get(index).filter(|value| value.is_class())?;
        Some(ClassName { value: index, ty: value.ty.clone()?, ordered: value.ordered })
    }

    fn ledger(&self, name: &str) -> Option<LedgerName> {
        let value = self.known.value(name)?;
        let ledger = self.known.values.get(value).filter(|value| value.kind == "ledger")?;
        Some(LedgerName { value, lapses: ledger.lapses })
    }

    fn tagged(&self, tag: &str) -> Tagged {
        let Scope::Event(event) = self.scope else { return Tagged::NoTouch };
        let is_touch = |event: &&KnownEvent| *event.shape.name == *TOUCH_EVENT;
        let touch = self.known.events.get(event).filter(is_touch);
        let Some(action) = touch.and_then(|touch| touch.shape.field("action")) else {
            return Tagged::NoTouch;
        };
        match self.known.tags.actions(tag) {
            Some(actions) => Tagged::Actions(Reference::Event(action), actions.into()),
            None => Tagged::Unknown(self.known.tags.names()),
        }
    }

    fn facts(&self, reference: &Reference) -> Option<Facts> {
        facts::of_name(self.known, self.scope, reference)
    }

    fn places(&self, value: usize) -> Option<Arc<[Arc<str>]>> {
        match &self.known.values.get(value)?.ty {
            Some(Type::Choice(places)) => Some(places.clone()),
            _ => None,
        }
    }
}

/// The schema that is left of what is known: only what counts.
pub(crate) fn schema(known: &Known, classes: Vec<crate::model::schema::ClassShape>) -> Schema {
    let events = known.events.iter().filter(|event| event.enabled).map(|event| event.shape.clone()).collect();
    Schema { customer: known.fields.clone(), events, classes }
}
