//! `guanxi select`: the customers for whom an expression holds, with any values beside them.

use std::sync::Arc;

use chrono_tz::Tz;

use super::arguments::{Common, Format, Select};
use super::failure::Failure;
use super::fields::CustomerNames;
use super::print::{self, Out};
use super::{open, times};
use crate::archive::Archive;
use crate::daemon::policy_set::{PolicySet, counted};
use crate::evaluate::{CutPlan, CutPoints, Evaluator, Goal};
use crate::explain::is_personal;
use crate::model::facts::FactBatch;
use crate::model::value::number_json;
use crate::model::{Timestamp, Type, Value};
use crate::policy::diagnostic::{Diagnostic, Problem};
use crate::policy::expression::{Expected, Expression, Syntax};
use crate::policy::{self, Files};

/// The most rows of a table for people.
const TABLE_ROWS: usize = 1000;

/// A row that is to be shown.
type Row = Vec<Option<Value>>;

pub(super) fn execute(common: &Common, command: &Select, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let timezone = set.compiled.settings.timezone;
    let now = times::clock(command.at.now.as_deref(), timezone)?.now();
    let columns: Vec<String> = command.columns.iter().flat_map(|columns| split(columns)).collect();
    let expressions = check(&set, &command.condition, &columns)?;
    let archive = open::look(common, &set)?;
    let format = match command.format {
        Some(format) => format,
        None if common.json => Format::Jsonl,
        None => Format::Table,
    };
    let hidden: Vec<bool> = expressions
        .iter()
        .skip(1)
        .map(|column| {
            format == Format::Table
                && !command.personal
                && is_personal(&column.root, &set.compiled.schema, None)
        })
        .collect();
    let mut sheet = Sheet { out, format, timezone, columns: &columns, hidden, rows: Vec::new(), count: 0 };
    sheet.begin()?;
    each_match(&set, &archive, now, &expressions, |row| sheet.row(&row))?;
    sheet.end()
}

/// The parts between commas that stand in no brackets and no quotes.
fn split(columns: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0_usize, false);
    for character in columns.chars() {
        match character {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character == ',' && depth == 0 && !quoted {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// The condition, then the columns, typed like any expression of a policy.
fn check(set: &PolicySet, condition: &String, columns: &[String]) -> Result<Vec<Expression>, Failure> {
    let mut files = Files::default();
    let mut diagnostics = Vec::new();
    let mut expressions = Vec::new();
    let texts = std::iter::once(condition).chain(columns);
    for (index, text) in texts.enumerate() {
        let (file, expected) = if index == 0 {
            ("expression".to_owned(), Expected::Bool)
        } else {
            (format!("column {index}"), Expected::Any)
        };
        let place: Arc<str> = file.as_str().into();
        files.policies.insert(file, text.clone());
        let found = |problem: Problem| Diagnostic { file: Arc::clone(&place), problem, related: Vec::new() };
        let checked =
            Syntax::parse(text).and_then(|syntax| syntax.check(&CustomerNames(&set.compiled), &expected));
        match checked {
            Ok((expression, warnings)) => {
                expressions.push(expression);
                diagnostics.extend(warnings.into_iter().map(found));
            }
            Err(problems) => diagnostics.extend(problems.into_iter().map(found)),
        }
    }
    if !diagnostics.is_empty() {
        print::message(policy::render(&diagnostics, &files, open::colored()));
    }
    if expressions.len() <= columns.len() {
        return Err(Failure::Input(format!("the expressions have {}", counted(&diagnostics))));
    }
    Ok(expressions)
}

/// Calls `found` with the columns of every customer for whom the first expression holds.
fn each_match(
    set: &PolicySet,
    archive: &Archive,
    now: Timestamp,
    expressions: &[Expression],
    mut found: impl FnMut(Row) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let policy = &set.compiled;
    let _still = archive.snapshot()?;
    let plan = CutPlan::new(policy);
    let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
    let mut evaluator = Evaluator::new(policy, &plan, &goal)?;
    let mut cuts = CutPoints::new(&plan, policy, archive.cut_points()?);
    // For this look alone.
    plan.renew(policy, &mut cuts, evaluator.cut_points(), now, |pass, cuts| {
        let request = pass.request(now).clone();
        let (mut facts, mut after) = (FactBatch::default(), None);
        while archive.next_batch(&request, now, after.as_deref(), &mut facts)? {
            pass.take(&mut facts, now, cuts)?;
            after = facts.last_id();
        }
        Ok::<_, Failure>(())
    })?;
    let request = evaluator.request(now).clone();
    let types: Vec<Type> = expressions.iter().map(|expression| expression.root.ty.clone()).collect();
    let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
    let mut after: Option<String> = None;
    while archive.next_batch(&request, now, after.as_deref(), &mut facts)? {
        let decisions = evaluator.evaluate(&mut facts, now, &cuts)?;
        let columns: Vec<_> = (0..types.len()).map(|index| decisions.expression(index)).collect();
        let value = |column: usize, row: usize| {
            columns.get(column).copied().flatten()?.value(row, types.get(column)?, &facts.dictionary)
        };
        for row in 0..facts.len() {
            if value(0, row) == Some(Value::Bool(true)) {
                found((1..types.len()).map(|column| value(column, row)).collect())?;
            }
        }
        after = facts.last_id();
    }
    Ok(())
}

/// Where matches are printed.
struct Sheet<'a> {
    out: &'a mut Out,
    format: Format,
    timezone: Tz,
    columns: &'a [String],
    /// Which columns are masked.
    hidden: Vec<bool>,
    /// Rows of a table.
    rows: Vec<Vec<String>>,
    count: usize,
}

impl Sheet<'_> {
    fn begin(&mut self) -> Result<(), Failure> {
        if self.format == Format::Csv {
            let header = csv_line(self.columns)?;
            self.out.line(header)?;
        }
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<(), Failure> {
        self.count += 1;
        match self.format {
            Format::Table if self.rows.len() >= TABLE_ROWS => {}
            Format::Table => {
                let cells = row.iter().enumerate().map(|(index, value)| self.cell(index, value.as_ref()));
                let cells = cells.collect();
                self.rows.push(cells);
            }
            Format::Csv => {
                let cells: Vec<String> = row.iter().map(|value| self.plain(value.as_ref())).collect();
                let line = csv_line(&cells)?;
                self.out.line(line)?;
            }
            Format::Jsonl => {
                let object: serde_json::Map<String, serde_json::Value> = self
                    .columns
                    .iter()
                    .zip(row)
                    .map(|(name, value)| (name.clone(), self.json(value.as_ref())))
                    .collect();
                self.out.line(serde_json::Value::Object(object))?;
            }
        }
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        if self.format == Format::Table {
            let header: Vec<&str> = self.columns.iter().map(String::as_str).collect();
            let shown = self.rows.len();
            self.out.line(print::table(&header, self.rows, &[]))?;
            let people = if self.count == 1 { "customer" } else { "customers" };
            if shown < self.count {
                print::message(format_args!(
                    "the first {shown} of {} {people}; --format csv prints all",
                    self.count
                ));
            } else {
                print::message(format_args!("{} {people}", self.count));
            }
            if self.hidden.contains(&true) {
                print::message("personal fields are masked; --personal shows them");
            }
        }
        Ok(())
    }

    fn cell(&self, column: usize, value: Option<&Value>) -> String {
        match value {
            None => "–".to_owned(),
            Some(_) if self.hidden.get(column) == Some(&true) => print::HIDDEN.to_owned(),
            Some(Value::Number(number)) if number.fract() != 0.0 => format!("{number:.2}"),
            Some(Value::Time(at)) => times::show(*at, self.timezone),
            Some(value) => value.to_string(),
        }
    }

    fn plain(&self, value: Option<&Value>) -> String {
        match value {
            None => String::new(),
            Some(Value::Time(at)) => self.instant(*at),
            Some(value) => value.to_string(),
        }
    }

    fn json(&self, value: Option<&Value>) -> serde_json::Value {
        match value {
            None => serde_json::Value::Null,
            Some(Value::Bool(flag)) => (*flag).into(),
            Some(Value::Number(number)) => number_json(*number),
            Some(Value::Time(at)) => self.instant(*at).into(),
            Some(value) => value.to_string().into(),
        }
    }

    fn instant(&self, at: Timestamp) -> String {
        at.to_utc().map_or_else(
            || at.to_string(),
            |utc| utc.with_timezone(&self.timezone).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        )
    }
}

fn csv_line(cells: &[String]) -> Result<String, Failure> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(cells).map_err(Failure::fault)?;
    let bytes = writer.into_inner().map_err(Failure::fault)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_are_quoted() {
        assert_eq!(csv_line(&["a,b".into(), "c\"d".into()]).unwrap(), "\"a,b\",\"c\"\"d\"");
    }

    #[test]
    fn commas_within_brackets_and_quotes_divide_no_columns() {
        assert_eq!(
            split("id, max(a, b),c in [1,2], x == \"a,b\""),
            ["id", "max(a, b)", "c in [1,2]", "x == \"a,b\""]
        );
    }

    #[test]
    fn numbers_keep_their_precision() {
        assert_eq!(number_json(0.1 + 0.2).to_string(), "0.30000000000000004");
        assert_eq!(number_json(12.0).to_string(), "12");
    }
}
