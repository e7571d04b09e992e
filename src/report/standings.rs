//! Where customers stood over time, and how they moved.
//!
//! The store knows where everybody stands now, and every change of place. Going back from now, a change is taken back
//! where it was made later; who was placed later was nowhere yet.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Columns, ReportError};
use crate::archive::{Archive, PassingMove};
use crate::model::standing::TransitionCause;
use crate::policy::Compiled;
use crate::policy::compiled::{ValueDefinition, ValueKind};

/// A segment, tier or quadrant over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `segment`, `tier` or `quadrant`.
    pub kind: &'static str,
    /// As declared.
    pub name: Arc<str>,
    /// For people; may be empty.
    pub title: String,
    /// In declared order, then places the policy no longer has, by name, then no place.
    pub places: Vec<PlaceCounts>,
    /// The changes of place in the span reported on, by from and to in the order of the places.
    pub flows: Vec<Flow>,
}

/// How many customers stood at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceCounts {
    /// A level or cell; of a segment `true` or `false`; `None` for no place.
    pub place: Option<String>,
    /// By column of the report; `None` where nothing is on record.
    pub counts: Vec<Option<u64>>,
}

/// How many changes there were from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The place left.
    pub from: Option<String>,
    /// The place taken.
    pub to: Option<String>,
    /// What the data did.
    pub data: u64,
    /// What edits of the policy did.
    pub policy: u64,
}

/// What is counted of one class.
struct Tally<'a> {
    value: &'a ValueDefinition,
    /// The first run that could place anybody.
    first_run: i64,
    /// By place: what is added to a column and all after it, one entry more than columns.
    steps: Vec<(Option<String>, Vec<i64>)>,
    zeros: Vec<i64>,
    flows: BTreeMap<(Option<String>, Option<String>), (u64, u64)>,
}

/// Looks at all standings and moves.
pub(super) fn standings(
    archive: &Archive,
    policy: &Compiled,
    columns: &Columns,
) -> Result<Vec<Standing>, ReportError> {
    let mut tallies = tallies(archive, policy, columns)?;
    archive.each_standing(|seen, places| {
        for (tally, place) in tallies.iter_mut().zip(places) {
            if let Some(tally) = tally {
                let first = columns.first_from(seen.max(tally.first_run));
                tally.add(*place, first..columns.runs.len(), 1);
            }
        }
        Ok::<(), ReportError>(())
    })?;
    let by_name: BTreeMap<String, usize> = tallies
        .iter()
        .enumerate()
        .filter_map(|(class, tally)| Some((tally.as_ref()?.value.name.to_string(), class)))
        .collect();
    archive.each_move(columns.oldest(), i64::MAX, |moved| {
        let tally = by_name.get(moved.value).and_then(|&class| tallies.get_mut(class)?.as_mut());
        if let Some(tally) = tally {
            tally.take_back(&moved, columns);
        }
        Ok::<(), ReportError>(())
    })?;
    let mut standings: Vec<Standing> =
        tallies.into_iter().flatten().map(|tally| tally.into_standing(columns)).collect();
    standings.sort_by(|one, other| {
        let order = |kind: &str| ["tier", "quadrant", "segment"].iter().position(|known| *known == kind);
        (order(one.kind), &one.name).cmp(&(order(other.kind), &other.name))
    });
    Ok(standings)
}

/// One for each class of the schema.
fn tallies<'a>(
    archive: &Archive,
    policy: &'a Compiled,
    columns: &Columns,
) -> Result<Vec<Option<Tally<'a>>>, ReportError> {
    let rules = archive.rules()?;
    let mut tallies = Vec::new();
    for class in 0..archive.schema().classes.len() {
        let owner = policy.values.iter().find(|value| value.kind.class() == Some(class));
        let Some(value) = owner else {
            tallies.push(None);
            continue;
        };
        let rule = format!("{}.{}", kind(&value.kind), value.name);
        let first_seen = rules.iter().find(|known| known.name == rule).map(|known| known.first_seen);
        let first_run = match first_seen {
            Some(first) => archive.run_at(first.plus(-1))?.unwrap_or(0).saturating_add(1),
            None => i64::MAX,
        };
        tallies.push(Some(Tally {
            value,
            first_run,
            steps: places(&value.kind).into_iter().map(|place| (Some(place), columns.zeros())).collect(),
            zeros: columns.zeros(),
            flows: BTreeMap::new(),
        }));
    }
    Ok(tallies)
}

impl Tally<'_> {
    /// Adds to the columns of a range.
    fn add(&mut self, place: Option<&str>, columns: Range<usize>, many: i64) {
        let known = self.steps.iter().position(|(known, _)| known.as_deref() == place);
        let index = known.unwrap_or_else(|| {
            self.steps.push((place.map(str::to_owned), self.zeros.clone()));
            self.steps.len() - 1
        });
        let Some((_, steps)) = self.steps.get_mut(index).filter(|_| !columns.is_empty()) else { return };
        for (at, many) in [(columns.start, many), (columns.end, -many)] {
            if let Some(step) = steps.get_mut(at) {
                *step += many;
            }
        }
    }

    /// A move as it is seen from columns before it, and in the flow.
    fn take_back(&mut self, moved: &PassingMove<'_>, columns: &Columns) {
        let placed = columns.first_from(moved.seen.max(self.first_run));
        let earlier = placed..columns.first_from(moved.run).max(placed);
        self.add(moved.to, earlier.clone(), -1);
        self.add(moved.from, earlier, 1);
        if moved.run > columns.after && moved.run <= columns.until {
            let key = (moved.from.map(str::to_owned), moved.to.map(str::to_owned));
            let (data, policy) = self.flows.entry(key).or_default();
            match moved.cause {
                TransitionCause::Data => *data += 1,
                TransitionCause::Policy => *policy += 1,
            }
        }
    }

    fn into_standing(self, columns: &Columns) -> Standing {
        let declared = places(&self.value.kind);
        let order = |place: &Option<String>| {
            let declared = place.as_ref().and_then(|place| declared.iter().position(|known| known == place));
            (place.is_none(), declared.unwrap_or(usize::MAX), place.clone())
        };
        let mut places: Vec<PlaceCounts> = self
            .steps
            .into_iter()
            .map(|(place, steps)| PlaceCounts { place, counts: columns.counts(&steps) })
            .collect();
        places.sort_by_key(|counts| order(&counts.place));
        let mut flows: Vec<Flow> = self
            .flows
            .into_iter()
            .map(|((from, to), (data, policy))| Flow { from, to, data, policy })
            .collect();
        flows.sort_by_key(|flow| (order(&flow.from), order(&flow.to)));
        Standing {
            kind: kind(&self.value.kind),
            name: Arc::clone(&self.value.name),
            title: self.value.about.title.clone(),
            places,
            flows,
        }
    }
}

/// The declared places, as transitions have them.
fn places(kind: &ValueKind) -> Vec<String> {
    match kind {
        ValueKind::Tier(tier) => tier.levels.iter().map(|level| level.name.to_string()).collect(),
        ValueKind::Quadrant(quadrant) => quadrant.cells.iter().map(|cell| cell.name.to_string()).collect(),
        _ => vec!["true".to_owned(), "false".to_owned()],
    }
}

const fn kind(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Tier(_) => "tier",
        ValueKind::Quadrant(_) => "quadrant",
        _ => "segment",
    }
}
