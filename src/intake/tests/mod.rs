//! What intake does to a store, rule by rule.

mod bodies;
mod broken;
mod files;
mod inboxes;
mod maps;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono_tz::Tz;
use tempfile::TempDir;

use super::*;
use crate::archive::Archive;
use crate::model::facts::{EventRequest, FactBatch, FactRequest};
use crate::model::{Duration, EventShape, FieldShape, Schema, Timestamp, Type, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{Into, Mapping, Origin, Retain, Settings, Source, Target};
use crate::policy::expression::tree::{Expression, Reference};
use crate::policy::expression::{Expected, Names, Syntax};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const ORDER: usize = 0;
const STAFF_LEFT: usize = 1;

fn field(name: &str, ty: Type) -> FieldShape {
    FieldShape::new(name, ty)
}

fn schema() -> Schema {
    let status = Type::Choice(["paid".into(), "cancelled".into()].into());
    Schema {
        customer: vec![
            FieldShape { personal: true, ..field("birthday", Type::Date) },
            FieldShape { min: Some(0.0), max: Some(1.0), ..field("capability", Type::Number) },
            field("name", Type::Text),
            field("opted_out", Type::Bool),
        ],
        events: vec![
            EventShape {
                name: "order".into(),
                everyone: false,
                fields: vec![field("amount", Type::Number), field("status", status)],
                heard: false,
            },
            EventShape {
                name: "staff_left".into(),
                everyone: true,
                fields: vec![field("staff", Type::Text)],
                heard: false,
            },
            EventShape::touch(),
        ],
        classes: Vec::new(),
    }
}

fn policy(sources: Vec<Source>) -> Compiled {
    Compiled {
        functions: Vec::new(),
        version: "0123456789ab".into(),
        settings: Settings {
            timezone: Tz::Europe__London,
            refresh: Duration::days(1),
            retain: Retain::default(),
        },
        schema: Arc::new(schema()),
        values: Vec::new(),
        sources,
        channels: Vec::new(),
        actions: Vec::new(),
        triggers: Vec::new(),
        cadences: Vec::new(),
        schedules: Vec::new(),
        calendars: Vec::new(),
        guards: Vec::new(),
    }
}

/// Columns of a source, collected as expressions name them.
#[derive(Default)]
struct Columns(RefCell<Vec<Arc<str>>>);

impl Columns {
    fn place(&self, name: &str) -> usize {
        let mut columns = self.0.borrow_mut();
        columns.iter().position(|column| &**column == name).unwrap_or_else(|| {
            columns.push(name.into());
            columns.len() - 1
        })
    }

    fn expression(&self, text: &str) -> Expression {
        Syntax::parse(text).unwrap().check(self, &Expected::Any).unwrap().0
    }
}

impl Names for Columns {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        let [name] = path else { return None };
        self.column(name)
    }

    fn candidates(&self) -> Vec<String> {
        Vec::new()
    }

    fn column(&self, name: &str) -> Option<(Reference, Type)> {
        Some((Reference::Raw(self.place(name)), Type::Text))
    }
}

/// A source of `into` whose targets come from columns, or from expressions that begin with `=`.
fn source(into: Into, path: &str, targets: &[(Target, &str)]) -> Source {
    let columns = Columns::default();
    let mappings = targets
        .iter()
        .map(|(target, from)| {
            let from = from.strip_prefix('=').map_or_else(
                || Origin::Column(columns.place(from)),
                |text| Origin::Value(columns.expression(text)),
            );
            Mapping { target: *target, from }
        })
        .collect();
    Source {
        name: path.into(),
        into,
        path: path.to_owned(),
        encoding: None,
        columns: mappings,
        time_format: None,
        timezone: Tz::Europe__London,
        filter: None,
        raw: columns.0.into_inner(),
    }
}

fn filtered(mut source: Source, text: &str) -> Source {
    let columns = Columns(RefCell::new(source.raw));
    source.filter = Some(columns.expression(text));
    source.raw = columns.0.into_inner();
    source
}

fn orders() -> Source {
    source(
        Into::Event(ORDER),
        "inbox/orders*.csv",
        &[
            (Target::Id, "No"),
            (Target::Customer, "Customer"),
            (Target::At, "Date"),
            (Target::Field(0), "Amount"),
            (Target::Field(1), "Status"),
        ],
    )
}

fn orders_without_id() -> Source {
    let mut source = orders();
    source.columns.retain(|mapping| mapping.target != Target::Id);
    source
}

fn customers() -> Source {
    source(
        Into::Customer,
        "inbox/customers*.csv",
        &[
            (Target::Id, "Id"),
            (Target::Field(0), "Birthday"),
            (Target::Field(1), "Capability"),
            (Target::Field(2), "Name"),
            (Target::Field(3), "Out"),
        ],
    )
}

const HEADER: &str = "No,Customer,Date,Amount,Status\n";

fn order_file(rows: &[&str]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

/// A data folder with a store in memory.
struct World {
    folder: TempDir,
    archive: Archive,
    policy: Compiled,
}

impl World {
    fn new(sources: Vec<Source>) -> Self {
        let policy = policy(sources);
        let mut archive = Archive::open_in_memory().unwrap();
        archive.adopt(Arc::clone(&policy.schema)).unwrap();
        Self { folder: TempDir::new().unwrap(), archive, policy }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn options(&self) -> Options {
        Options { rejected: self.path("rejected"), now: NOW }
    }

    fn import(
        &mut self,
        source: &Source,
        name: &str,
        content: impl AsRef<[u8]>,
    ) -> Result<ImportReport, ImportError> {
        let path = self.write(name, content);
        let options = self.options();
        let report = import_file(&mut self.archive, &self.policy, source, &path, &options, None);
        if let Ok(report) = &report {
            balanced(&report.tally);
        }
        report
    }

    fn rejected(&self) -> Vec<String> {
        files(&self.path("rejected"))
    }

    fn facts(&self) -> FactBatch {
        let request = FactRequest {
            customer: (0..self.policy.schema.customer.len()).collect(),
            events: (0..2)
                .map(|event| {
                    let fields = (0..self.policy.schema.events[event].fields.len()).collect();
                    EventRequest { event, fields, ids: false, after: None }
                })
                .collect(),
            ..FactRequest::default()
        };
        let mut batch = FactBatch::default();
        self.archive.next_batch(&request, Timestamp(i64::MAX), None, &mut batch).unwrap();
        batch
    }

    /// Every customer: id and fields as text, `-` for missing.
    fn customers(&self) -> Vec<String> {
        let batch = self.facts();
        let fields = &self.policy.schema.customer;
        let row = |row: usize| {
            let cells = fields.iter().zip(&batch.customer).map(|(field, column)| {
                shown(column.as_ref().unwrap().value(row, &field.ty, &batch.dictionary))
            });
            [batch.ids.get(row).unwrap().to_owned()].into_iter().chain(cells).collect::<Vec<_>>().join(" ")
        };
        (0..batch.len()).map(row).collect()
    }

    /// Every event of a kind: customer, time and fields.
    fn events(&self, kind: usize) -> Vec<String> {
        let batch = self.facts();
        let events = batch.events[kind].as_ref().unwrap();
        let fields = &self.policy.schema.events[kind].fields;
        let mut rows = Vec::new();
        for customer in 0..batch.len() {
            for event in events.offsets[customer]..events.offsets[customer + 1] {
                let event = usize::try_from(event).unwrap();
                let cells = fields.iter().zip(&events.fields).map(|(field, column)| {
                    shown(column.as_ref().unwrap().value(event, &field.ty, &batch.dictionary))
                });
                #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds")]
                let at = Timestamp(events.at[event] as i64).to_string();
                let start = [batch.ids.get(customer).unwrap().to_owned(), at];
                rows.push(start.into_iter().chain(cells).collect::<Vec<_>>().join(" "));
            }
        }
        rows
    }
}

fn shown(value: Option<Value>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn balanced(tally: &Tally) {
    assert_eq!(
        tally.new + tally.same + tally.replaced + tally.forgotten + tally.filtered + tally.rejected,
        tally.rows,
        "{tally:?}"
    );
}

fn tally(rows: u64, new: u64, same: u64, replaced: u64, filtered: u64, rejected: u64) -> Tally {
    Tally { rows, new, same, replaced, forgotten: 0, filtered, rejected }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
