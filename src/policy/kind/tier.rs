//! `[tier.NAME]`: one of several levels.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::data::RawData;
use super::segment::optional;
use super::share;
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{Level, Share, Tier};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula};
use crate::policy::names::check_form;
use crate::policy::raw::{At, Constraint, Content, Form, Key, Part, Place, Reader, Sink, form, key, takes};

/// Keys of `[tier.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("by", form::NUMBER_EXPRESSION, "What `top` and `holds` go by."),
    key("among", form::CONDITION, "Who has a level at all. Default everybody."),
    key(
        "levels",
        takes("list of tables", Form::Tables(1, &LEVEL_PART)),
        "From the top; the first that lets in counts.",
    )
    .needed(),
    key("ordered", form::FLAG, "`false`: just kinds, none above another. Default true."),
    key(
        "fall_after",
        form::DURATION,
        "A fall counts after this long below without a break. Default at once.",
    ),
];

/// Keys of a level.
pub(crate) static LEVEL: &[Key] = &[
    key("name", form::NAME, "As expressions say it.").needed(),
    key("title", form::TEXT, "For people; the name where absent."),
    key("top", form::SHARE, "The best share of customers by `by`; includes the levels above."),
    key("holds", form::SHARE, "Down to where this share of the total of `by` is reached."),
    key("when", form::CONDITION, "Lets in as well."),
    key("data", form::DATA, "Known at this level, as `NAME.data.KEY`."),
];

/// A level of a tier.
static LEVEL_PART: Part =
    Part { title: "a level", keys: LEVEL, constraints: &[Constraint::Excludes("top", "holds")] };

const FIRST_COUNTS: &str =
    "levels are asked from the top and the first that holds counts: put the narrower one first";

/// As written.
#[derive(Debug)]
pub(crate) struct RawTier {
    by: Option<Formula>,
    among: Option<Formula>,
    ordered: bool,
    fall_after: Option<Duration>,
    levels: Vec<RawLevel>,
}

#[derive(Debug)]
struct RawLevel {
    name: Option<At<String>>,
    title: String,
    share: Option<At<Share>>,
    when: Option<Formula>,
    takes_all: bool,
    data: RawData,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawTier {
    let ordered = reader.flag("ordered").unwrap_or(true);
    if !ordered {
        reader.useless("fall_after", "without an order there is no fall");
    }
    let levels = read_levels(reader);
    check_names(&levels, reader.sink);
    check_shares(&levels, reader);
    warn_unreachable(&levels, reader.sink);
    RawTier {
        by: Formula::read(reader, "by"),
        among: Formula::read(reader, "among"),
        ordered,
        fall_after: reader.duration("fall_after").map(|after| after.value),
        levels,
    }
}

fn read_levels(reader: &Reader<'_>) -> Vec<RawLevel> {
    let Some(entry) = reader.entry("levels") else {
        reader.missing("levels");
        return Vec::new();
    };
    let Content::Array(items) = &entry.node.content else {
        reader.wrong(entry, "a list of tables");
        return Vec::new();
    };
    if items.is_empty() {
        reader
            .sink
            .problem(&codes::table::EMPTY, &entry.node.place, "a tier needs at least one level")
            .report();
    }
    let mut levels = Vec::new();
    for item in items {
        match &item.content {
            Content::Table(table) => {
                levels.push(read_level(&Reader::new(reader.sink, table, &item.place, LEVEL, &[])));
            }
            other => {
                let message = format!("a level must be a table, not {}", other.description());
                reader.sink.problem(&codes::table::WRONG_TYPE, &item.place, message).report();
            }
        }
    }
    levels
}

fn read_level(reader: &Reader<'_>) -> RawLevel {
    reader.excludes("top", "holds", "a level goes by one of the two");
    let top = reader.text("top").and_then(|text| read_share(&text, Share::Top, reader.sink));
    let holds = reader.text("holds").and_then(|text| read_share(&text, Share::Holds, reader.sink));
    let takes_all = ["top", "holds", "when"].iter().all(|key| reader.entry(key).is_none());
    RawLevel {
        name: reader.required("name", reader.text("name")).filter(|name| check_form(name, reader.sink)),
        title: reader.text("title").map(|title| title.value).unwrap_or_default(),
        share: top.or(holds),
        when: Formula::read(reader, "when"),
        takes_all,
        data: RawData::read(reader),
    }
}

fn read_share(text: &At<String>, make: fn(u32) -> Share, sink: &Sink<'_>) -> Option<At<Share>> {
    share::read(text, sink).map(|parts| At { value: make(parts), place: text.place.clone() })
}

fn check_names(levels: &[RawLevel], sink: &Sink<'_>) {
    names_differ(levels.iter().filter_map(|level| level.name.as_ref()), sink);
}

/// Reports names of levels or cells that come twice.
pub(crate) fn names_differ<'a>(names: impl Iterator<Item = &'a At<String>>, sink: &Sink<'_>) {
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for name in names {
        if let Some(first) = seen.get(name.value.as_str()) {
            sink.problem(
                &codes::together::SAME_NAME,
                &name.place,
                format!("`{}` is named twice", name.value),
            )
            .related(first, "first named here")
            .help("give each its own name")
            .report();
        } else {
            seen.insert(&name.value, &name.place);
        }
    }
}

fn check_shares(levels: &[RawLevel], reader: &Reader<'_>) {
    let shares: Vec<&At<Share>> = levels.iter().filter_map(|level| level.share.as_ref()).collect();
    if let Some(first) = shares.first()
        && reader.entry("by").is_none()
    {
        reader
            .sink
            .problem(
                &codes::together::NEEDS_BY,
                &first.place,
                "a share of the customers needs something to go by",
            )
            .help("add `by = '…'` to the tier: the number by which customers are ranked")
            .report();
    }
    for of_kind in [top as fn(Share) -> Option<u32>, holds] {
        let parts: Vec<(u32, &Place)> =
            shares.iter().filter_map(|share| Some((of_kind(share.value)?, &share.place))).collect();
        for (above, below) in parts.iter().zip(parts.iter().skip(1)) {
            if below.0 <= above.0 {
                reader
                    .sink
                    .problem(
                        &codes::together::NOT_ASCENDING,
                        below.1,
                        "this share is not greater than that of the level above",
                    )
                    .related(above.1, "the level above")
                    .help("shares are cumulative: each includes the levels above, so they grow downwards")
                    .report();
            }
        }
    }
}

const fn top(share: Share) -> Option<u32> {
    match share {
        Share::Top(parts) => Some(parts),
        Share::Holds(_) => None,
    }
}

const fn holds(share: Share) -> Option<u32> {
    match share {
        Share::Holds(parts) => Some(parts),
        Share::Top(_) => None,
    }
}

fn warn_unreachable(levels: &[RawLevel], sink: &Sink<'_>) {
    let Some(all) = levels.iter().position(|level| level.takes_all) else { return };
    let taker = levels.get(all).and_then(|level| level.name.as_ref());
    for level in levels.iter().skip(all + 1) {
        if let (Some(name), Some(taker)) = (&level.name, taker) {
            sink.problem(
                &codes::together::UNREACHABLE,
                &name.place,
                format!("nobody comes to `{}`", name.value),
            )
            .related(&taker.place, "takes all who are left")
            .help("a level without `top`, `holds` and `when` belongs last")
            .report();
        }
    }
}

impl RawTier {
    /// Whether its levels are ordered.
    pub(crate) const fn is_ordered(&self) -> bool {
        self.ordered
    }

    /// The names of its levels; `None` where some are in error.
    pub(crate) fn places(&self) -> Option<Arc<[Arc<str>]>> {
        if self.levels.is_empty() {
            return None;
        }
        self.levels
            .iter()
            .map(|level| level.name.as_ref().map(|name| Arc::from(name.value.as_str())))
            .collect()
    }

    /// What its levels carry.
    pub(crate) fn data(&self) -> Vec<&RawData> {
        self.levels.iter().map(|level| &level.data).collect()
    }

    /// Its expressions.
    pub(crate) fn formulas(&self) -> Vec<&Formula> {
        let levels = self.levels.iter().flat_map(|level| &level.when);
        self.by.iter().chain(&self.among).chain(levels).collect()
    }

    /// Checks it.
    pub(crate) fn check(&self, class: usize, context: Context<'_>) -> Option<Tier> {
        let by = optional(self.by.as_ref(), context, &Expected::Number);
        let among = optional(self.among.as_ref(), context, &Expected::Bool);
        let levels: Vec<Option<Level>> = self.levels.iter().map(|level| level.check(context)).collect();
        let (among, levels) = (among.ok()?, levels.into_iter().collect::<Option<Vec<Level>>>()?);
        self.warn_taken(among.as_ref(), &levels, context);
        Some(Tier { class, ordered: self.ordered, by: by.ok()?, among, levels, fall_after: self.fall_after })
    }
}

impl RawTier {
    /// Reports levels that have only such customers as the levels above take.
    fn warn_taken(&self, among: Option<&Expression>, levels: &[Level], context: Context<'_>) {
        let mut taken: Vec<&Expression> = Vec::new();
        for (level, raw) in levels.iter().zip(&self.levels) {
            let own = level.when.as_ref();
            let meant: Vec<&Expression> = own.into_iter().chain(among).collect();
            // A condition that can't hold by itself has been told of.
            let is_alone = level.share.is_none() && meant.iter().all(|part| context.can_be(&[part], &[]));
            if is_alone
                && !context.can_be(&meant, &taken)
                && let Some(name) = &raw.name
            {
                let (said, help) = match own {
                    Some(_) if !context.can_be(&meant, &[]) => {
                        ("nobody in `among` meets its condition", "widen `among`, or take the level out")
                    }
                    Some(_) => ("the levels above take everybody for whom its condition holds", FIRST_COUNTS),
                    None => ("the levels above take everybody", FIRST_COUNTS),
                };
                let message = format!("nobody comes to `{}`: {said}", name.value);
                context.sink.problem(&codes::together::UNREACHABLE, &name.place, message).help(help).report();
            }
            if raw.takes_all {
                return;
            }
            taken.extend(own);
        }
    }
}

impl RawLevel {
    fn check(&self, context: Context<'_>) -> Option<Level> {
        let when = optional(self.when.as_ref(), context, &Expected::Bool).ok()?;
        Some(Level {
            name: self.name.as_ref()?.value.as_str().into(),
            title: self.title.clone(),
            share: self.share.as_ref().map(|share| share.value),
            when,
            data: self.data.compiled(),
        })
    }
}
