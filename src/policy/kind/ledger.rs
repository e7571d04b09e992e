//! `[ledger.NAME]`: a balance of what a customer's events put in and take out.

use super::metric::event;
use crate::policy::compiled::{Entry, Fades, Ledger};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::names::Scope;
use crate::policy::raw::{At, Constraint, Form, Key, Part, Reader, form, key, takes};

/// Keys of `[ledger.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "entry",
        takes("tables `[[ledger.NAME.entry]]`", Form::Tables(0, &ENTRY_PART)),
        "What changes the balance. Without entries that apply it is 0.",
    )
    .needed(),
    key("half_life", form::FIXED, "Age at which an entry weighs half. Default: nothing fades."),
    key(
        "expires",
        form::FIXED,
        "Age at which what was put in lapses (`now - expires < at <= now` is there). What is taken out uses the \
         oldest that is there first; more than there is becomes a debt, which is paid first by what is put in later.",
    ),
];

/// What holds among the keys of `[ledger.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] = &[Constraint::Excludes("half_life", "expires")];

/// Keys of an entry.
pub(crate) static ENTRY: &[Key] = &[
    key("on", form::EVENT, "Which events.").needed(),
    key(
        "amount",
        takes("number by expression over the event", Form::Expression),
        "What each puts in, or takes out where it is negative.",
    )
    .needed(),
    key("where", form::EVENT_CONDITION, "Which of the events. Default all."),
];

/// An entry of a ledger.
static ENTRY_PART: Part = Part { title: "an entry", keys: ENTRY, constraints: &[] };

/// As written.
#[derive(Debug)]
pub(crate) struct RawLedger {
    fades: Fades,
    entries: Vec<RawEntry>,
}

#[derive(Debug)]
struct RawEntry {
    on: Option<At<String>>,
    amount: Option<Formula>,
    filter: Option<Formula>,
    has_filter: bool,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawLedger {
    reader.excludes("half_life", "expires", "what was put in either fades or lapses at once");
    let half_life = reader.fixed("half_life").map(Fades::HalfLife);
    let expires = reader.fixed("expires").map(Fades::Expires);
    if reader.entry("entry").is_none() {
        reader.missing("entry");
    }
    RawLedger {
        fades: half_life.or(expires).unwrap_or(Fades::Never),
        entries: reader.tables("entry").iter().map(read_entry).collect(),
    }
}

fn read_entry(reader: &Reader<'_>) -> RawEntry {
    RawEntry {
        on: reader.required("on", reader.word("on")),
        amount: reader.required("amount", Formula::read(reader, "amount")),
        filter: Formula::read(reader, "where"),
        has_filter: reader.entry("where").is_some(),
    }
}

impl RawLedger {
    /// Whether what was put in lapses.
    pub(crate) const fn lapses(&self) -> bool {
        matches!(self.fades, Fades::Expires(_))
    }

    /// The kinds of events it names.
    pub(crate) fn events(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| entry.on.as_ref()).map(|on| on.value.as_str())
    }

    /// Its expressions, each with the event kind it stands over.
    pub(crate) fn formulas(&self) -> impl Iterator<Item = (&Formula, Option<&str>)> {
        self.entries.iter().flat_map(|entry| {
            let on = entry.on.as_ref().map(|on| on.value.as_str());
            entry.amount.iter().chain(&entry.filter).map(move |formula| (formula, on))
        })
    }

    /// Checks it.
    pub(crate) fn check(&self, context: Context<'_>) -> Option<Ledger> {
        let entries: Vec<Option<Entry>> = self.entries.iter().map(|entry| entry.check(context)).collect();
        Some(Ledger { fades: self.fades, entries: entries.into_iter().collect::<Option<_>>()? })
    }
}

impl RawEntry {
    fn check(&self, context: Context<'_>) -> Option<Entry> {
        let event = event(self.on.as_ref(), context)?;
        let scope = Scope::Event(event);
        let amount = self.amount.as_ref().and_then(|amount| amount.check(context, scope, &Expected::Number));
        let filter = self.filter.as_ref().and_then(|filter| filter.check(context, scope, &Expected::Bool));
        let is_whole = filter.is_some() == self.has_filter;
        amount.filter(|_| is_whole).map(|amount| Entry { event, amount, filter })
    }
}
