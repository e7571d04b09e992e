//! From SQLite's values to columns, without a value in between.

use rusqlite::types::ValueRef;

use crate::archive::value::read_date;
use crate::archive::{ArchiveError, Result};
use crate::model::{Column, Dictionary, FieldShape, Type, Value};

/// How many texts a column remembers before it asks the dictionary: choices have few, and repeat.
const RECENT: usize = 4;

/// Fills one column. What is stored under another type than the column's counts as missing.
pub(super) struct FieldReader {
    index: usize,
    column: Column,
    is_date: bool,
    default: Default,
    /// Codes of the texts met last; [`Dictionary::MISSING`] where there is none yet.
    recent: [u32; RECENT],
    oldest: usize,
}

/// What stands for a missing value.
#[derive(Clone, Copy)]
struct Default {
    number: Option<f64>,
    flag: Option<bool>,
    code: Option<u32>,
}

impl FieldReader {
    /// A reader of the field at an index, with the column it filled last time, if there is one.
    pub(super) fn new(
        index: usize,
        field: &FieldShape,
        former: Option<Column>,
        dictionary: &mut Dictionary,
    ) -> Self {
        let mut column = Column::of(&field.ty);
        if let Some(former) = former
            && std::mem::discriminant(&former) == std::mem::discriminant(&column)
        {
            column = former;
            column.clear();
        }
        let default = match &field.default {
            Some(Value::Text(text)) => Default { code: Some(dictionary.code(text)), ..Default::NONE },
            Some(Value::Bool(flag)) => Default { flag: Some(*flag), ..Default::NONE },
            Some(Value::Number(number)) => Default { number: Some(*number), ..Default::NONE },
            Some(Value::Date(day)) => Default { number: Some(f64::from(day.0)), ..Default::NONE },
            Some(Value::Time(at)) => Default { number: Some(at.0 as f64), ..Default::NONE },
            None => Default::NONE,
        };
        let recent = [Dictionary::MISSING; RECENT];
        Self { index, column, is_date: field.ty == Type::Date, default, recent, oldest: 0 }
    }

    /// A reader of ids.
    pub(super) fn of_ids(former: Option<Column>) -> Self {
        let mut column = former.unwrap_or_else(|| Column::of(&Type::Text));
        column.clear();
        let recent = [Dictionary::MISSING; RECENT];
        Self { index: 0, column, is_date: false, default: Default::NONE, recent, oldest: 0 }
    }

    pub(super) const fn index(&self) -> usize {
        self.index
    }

    pub(super) fn into_column(self) -> Column {
        self.column
    }

    /// Adds a row.
    #[inline]
    pub(super) fn push(&mut self, value: ValueRef<'_>, dictionary: &mut Dictionary) -> Result<()> {
        match &mut self.column {
            Column::Number(column) => {
                let number = match value {
                    ValueRef::Real(number) => Some(number),
                    ValueRef::Integer(integer) => Some(integer as f64),
                    ValueRef::Text(text) if self.is_date => read_date(text).map(f64::from),
                    _ => None,
                };
                column.push(number.or(self.default.number));
            }
            Column::Flag(column) => {
                let flag = match value {
                    ValueRef::Integer(integer) => Some(integer != 0),
                    _ => self.default.flag,
                };
                column.push(flag);
            }
            Column::Code(_) => {
                let code = match value {
                    ValueRef::Text(text) => Some(self.code(text, dictionary)?),
                    _ => self.default.code,
                };
                if let Column::Code(column) = &mut self.column {
                    column.push(code);
                }
            }
        }
        Ok(())
    }

    /// Whether its column holds texts by their codes.
    #[inline]
    pub(super) const fn takes_codes(&self) -> bool {
        matches!(self.column, Column::Code(_))
    }

    /// Adds a row whose text has this code, where its column holds such.
    #[inline]
    pub(super) fn push_code(&mut self, code: u32) {
        if let Column::Code(column) = &mut self.column {
            column.push(Some(code));
        }
    }

    #[inline]
    fn code(&mut self, text: &[u8], dictionary: &mut Dictionary) -> Result<u32> {
        for &code in &self.recent {
            if dictionary.text(code).is_some_and(|known| known.as_bytes() == text) {
                return Ok(code);
            }
        }
        let text = std::str::from_utf8(text)
            .map_err(|_| ArchiveError::Corrupt { what: "a text is not UTF-8".to_owned() })?;
        let code = dictionary.code(text);
        if let Some(place) = self.recent.get_mut(self.oldest) {
            *place = code;
        }
        self.oldest = (self.oldest + 1) % RECENT;
        Ok(code)
    }

    /// Adds the rows from `start` on once more, so many times.
    pub(super) fn repeat(&mut self, start: usize, times: usize) {
        let end = self.column.len();
        for _ in 0..times {
            for row in start..end {
                match &mut self.column {
                    Column::Number(column) => column.push(column.get(row)),
                    Column::Flag(column) => column.push(column.get(row)),
                    Column::Code(column) => column.push(column.get(row)),
                }
            }
        }
    }
}

impl Default {
    const NONE: Self = Self { number: None, flag: None, code: None };
}
