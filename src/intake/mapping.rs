//! From raw rows to customers and events, as a source says.

use chrono::{Datelike, NaiveDateTime, Timelike};
use sha2::{Digest, Sha256};

use super::asked::Asked;
use super::cell::{Cell, Values, check_id, checked, instant};
use super::chunk::{Chunk, Filling};
use super::report::Reason;
use super::rows::RawRow;
use super::times::Times;
use crate::evaluate::scalar::Moment;
use crate::model::{FieldShape, Schema, Timestamp, Value};
use crate::policy::compiled::{Into, Origin, Source, Target};

/// A source made ready to read rows.
pub(super) struct Plan<'policy> {
    source: &'policy Source,
    shapes: &'policy [FieldShape],
    everyone: bool,
    id: Option<From<'policy>>,
    customer: Option<From<'policy>>,
    at: Option<From<'policy>>,
    fields: Vec<(usize, From<'policy>)>,
    filter: Option<Asked<'policy>>,
    values: Values,
    moment: Moment,
    scratch: String,
    content: Vec<u8>,
}

/// Where a target comes from.
enum From<'policy> {
    Column(usize),
    Value(Asked<'policy>),
    Constant(&'policy Value),
}

/// What became of a row that isn't rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Filtered,
    /// Of a customer who was forgotten.
    Forgotten,
}

/// What is to blame for a rejected row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// A raw column, by its index in the source.
    Column(usize),
    /// A target that no single column gives.
    Target(Target),
}

pub(super) type Rejected = (Blame, Reason);

impl<'policy> Plan<'policy> {
    pub(super) fn new(
        source: &'policy Source,
        schema: &'policy Schema,
        encoding: &'static str,
        now: Timestamp,
    ) -> Self {
        let (shapes, everyone) = match source.into {
            Into::Customer => (schema.customer.as_slice(), false),
            Into::Event(kind) => {
                schema.events.get(kind).map_or((&[][..], false), |event| (&event.fields[..], event.everyone))
            }
        };
        let times = Times::new(source.time_format.as_deref(), source.timezone);
        let mut plan = Self {
            source,
            shapes,
            everyone,
            id: None,
            customer: None,
            at: None,
            fields: Vec::new(),
            filter: source.filter.as_ref().map(|filter| Asked::new(filter, encoding)),
            values: Values::new(times, encoding),
            moment: Moment { now, timezone: source.timezone },
            scratch: String::new(),
            content: Vec::new(),
        };
        for mapping in &source.columns {
            let from = match &mapping.from {
                Origin::Column(raw) => From::Column(*raw),
                Origin::Value(expression) => From::Value(Asked::new(expression, encoding)),
                Origin::Constant(value) => From::Constant(value),
            };
            match mapping.target {
                Target::Id => plan.id = Some(from),
                Target::Customer => plan.customer = Some(from),
                Target::At => plan.at = Some(from),
                Target::Field(index) => plan.fields.push((index, from)),
            }
        }
        plan
    }

    /// An empty chunk for rows of this source.
    pub(super) fn chunk(&self) -> Chunk {
        Chunk::new(self.source.into, self.shapes.len())
    }

    /// Whether rows get an id made of their content.
    pub(super) const fn makes_ids(&self) -> bool {
        self.id.is_none()
    }

    /// The raw columns without which no row can be read as meant: for events all, for customers those
    /// of the id and the filter, as a column that isn't there leaves a customer's value alone.
    pub(super) fn required(&self) -> Vec<usize> {
        let mut required: Vec<usize> = Vec::new();
        let of = |from: &From<'_>| match from {
            From::Column(raw) => vec![*raw],
            From::Value(asked) => asked.columns.clone(),
            From::Constant(_) => Vec::new(),
        };
        for from in [&self.id, &self.customer, &self.at].into_iter().flatten() {
            required.extend(of(from));
        }
        if matches!(self.source.into, Into::Event(_)) {
            required.extend(self.fields.iter().flat_map(|(_, from)| of(from)));
        }
        required.extend(self.filter.iter().flat_map(|asked| asked.columns.iter().copied()));
        required
    }

    /// The name of what is to blame: a column of the file, or the target.
    pub(super) fn name(&self, blame: Blame) -> String {
        match blame {
            Blame::Column(raw) => self.source.raw.get(raw).map(ToString::to_string).unwrap_or_default(),
            Blame::Target(Target::Id) => "id".to_owned(),
            Blame::Target(Target::Customer) => "customer".to_owned(),
            Blame::Target(Target::At) => "at".to_owned(),
            Blame::Target(Target::Field(index)) => {
                self.shapes.get(index).map(|shape| shape.name.to_string()).unwrap_or_default()
            }
        }
    }

    /// Whether what is to blame holds personal data.
    pub(super) fn personal(&self, blame: Blame) -> bool {
        let uses = |from: &From<'_>, raw: usize| match from {
            From::Column(column) => *column == raw,
            From::Value(asked) => asked.columns.contains(&raw),
            From::Constant(_) => false,
        };
        self.fields.iter().any(|(index, from)| {
            let blamed = match blame {
                Blame::Column(raw) => uses(from, raw),
                Blame::Target(target) => target == Target::Field(*index),
            };
            blamed && self.shapes.get(*index).is_some_and(|shape| shape.personal)
        })
    }

    /// Reads a row into the chunk. `content` gives the raw row for the id of a row that has none.
    pub(super) fn read<R: RawRow>(
        &mut self,
        row: &R,
        chunk: &mut Chunk,
        content: impl FnOnce(&R, &mut Vec<u8>),
    ) -> Result<Verdict, Rejected> {
        if let Some(filter) = &self.filter
            && filter.value(row, &self.moment, Blame::Target(Target::Id))? != Some(Value::Bool(true))
        {
            return Ok(Verdict::Filtered);
        }
        let mut filling = chunk.row();
        match self.source.into {
            Into::Customer => {
                let id = self.id(row, Target::Id)?;
                filling.id(&id, None);
                self.scratch = id;
            }
            Into::Event(_) => self.head(row, &mut filling, content)?,
        }
        for (index, from) in &self.fields {
            let Some(shape) = self.shapes.get(*index) else { continue };
            let blame = Blame::Target(Target::Field(*index));
            match from {
                From::Column(raw) => {
                    let cell = row.cell(*raw);
                    let value =
                        self.values.field(cell, shape).map_err(|reason| (Blame::Column(*raw), reason))?;
                    filling.field(*index, value, matches!(cell, Cell::Null));
                }
                From::Value(asked) => {
                    let value = asked.value(row, &self.moment, blame)?;
                    let value = value.map(|value| checked(value, shape)).transpose();
                    filling.field(*index, value.map_err(|reason| (asked.blame(blame), reason))?, false);
                }
                From::Constant(value) => filling.field(*index, Some((*value).clone()), false),
            }
        }
        filling.keep();
        Ok(Verdict::Kept)
    }

    /// Whose row it is, where that can be told.
    pub(super) fn owner<R: RawRow>(&mut self, row: &R) -> Option<String> {
        match self.source.into {
            Into::Customer => self.id(row, Target::Id).ok(),
            Into::Event(_) if self.everyone => None,
            Into::Event(_) => self.id(row, Target::Customer).ok(),
        }
    }

    /// What every event has.
    fn head<R: RawRow>(
        &mut self,
        row: &R,
        filling: &mut Filling<'_>,
        content: impl FnOnce(&R, &mut Vec<u8>),
    ) -> Result<(), Rejected> {
        if !self.everyone {
            let customer = self.id(row, Target::Customer)?;
            filling.customer(&customer);
            self.scratch = customer;
        }
        let (at, civil) = self.time(row)?;
        filling.at(at);
        if self.id.is_some() {
            let id = self.id(row, Target::Id)?;
            filling.id(&id, None);
            self.scratch = id;
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.content);
        content(row, &mut bytes);
        let hash = made_id(civil, &bytes, &mut self.scratch);
        filling.id(&self.scratch, Some(hash));
        self.content = bytes;
        Ok(())
    }

    /// The id or the customer's id of a row, in memory that is given back through `scratch`.
    fn id<R: RawRow>(&mut self, row: &R, target: Target) -> Result<String, Rejected> {
        let blame = Blame::Target(target);
        let from = if target == Target::Id { &self.id } else { &self.customer };
        let mut id = std::mem::take(&mut self.scratch);
        id.clear();
        match from {
            None => return Err((blame, Reason::Missing)),
            Some(From::Column(raw)) => {
                let blame = Blame::Column(*raw);
                let mut digits = String::new();
                match self.values.id(row.cell(*raw), &mut digits).map_err(|reason| (blame, reason))? {
                    Some(text) => id.push_str(text),
                    None => return Err((blame, Reason::Missing)),
                }
            }
            Some(From::Value(asked)) => {
                let value = asked.value(row, &self.moment, blame)?.map(|value| value.to_string());
                let text = value.as_deref().map(str::trim).filter(|text| !text.is_empty());
                let text = text.ok_or((asked.blame(blame), Reason::Missing))?;
                id.push_str(check_id(text).map_err(|reason| (asked.blame(blame), reason))?);
            }
            Some(From::Constant(value)) => id.push_str(&value.to_string()),
        }
        Ok(id)
    }

    /// When the event happened, and how that was written.
    fn time<R: RawRow>(&mut self, row: &R) -> Result<(Timestamp, NaiveDateTime), Rejected> {
        let blame = Blame::Target(Target::At);
        match &self.at {
            None => Err((blame, Reason::Missing)),
            Some(From::Column(raw)) => {
                let blame = Blame::Column(*raw);
                let moment = self.values.time(row.cell(*raw)).map_err(|reason| (blame, reason))?;
                moment.map(|moment| (moment.at, moment.civil)).ok_or((blame, Reason::Missing))
            }
            Some(From::Value(asked)) => {
                let blame = asked.blame(blame);
                let value = asked.value(row, &self.moment, blame)?.ok_or((blame, Reason::Missing))?;
                let at = instant(&value, &mut self.values).map_err(|reason| (blame, reason))?;
                Ok((at, self.values.times.civil(at)))
            }
            Some(From::Constant(value)) => {
                let at = instant(value, &mut self.values).map_err(|reason| (blame, reason))?;
                Ok((at, self.values.times.civil(at)))
            }
        }
    }
}

/// The id of a row without one: its time as written (`20101201T082600`, so that ids are in order of
/// time and neither file name nor zone matters) and the first 64 bits of SHA-256 over the raw row. A
/// row equal to an earlier one of its file gets its number among them behind it, from 2.
pub(super) fn made_id(civil: NaiveDateTime, content: &[u8], id: &mut String) -> u64 {
    let digest = Sha256::digest(content);
    let hash = digest.iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    id.clear();
    let parts = [
        civil.year().unsigned_abs() / 100,
        civil.year().unsigned_abs(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
    ];
    for (place, part) in parts.into_iter().enumerate() {
        if place == 4 {
            id.push('T');
        }
        id.extend([part / 10 % 10, part % 10].into_iter().filter_map(|digit| char::from_digit(digit, 10)));
    }
    id.push('-');
    for byte in digest.iter().take(8) {
        id.extend(
            [byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(u32::from(half), 16)),
        );
    }
    hash
}
