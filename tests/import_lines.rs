//! Importing Online Retail as published: 541,909 rows, of which 135,080 name no customer.
//!
//! The data is not part of the project: it is looked for in the folder that `GUANXI_DATA_SETS` names, or
//! in `../shared/data`; where it is not there, these tests say so and prove nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and one that is skipped says so"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guanxi::archive::Archive;
use guanxi::intake::{ImportReport, Options, import_file};
use guanxi::model::facts::{EventRequest, FactBatch, FactRequest};
use guanxi::model::{Column, Timestamp};
use guanxi::policy::{Compiled, Files, load};

const POLICY: &str = r#"
[settings]
timezone = "Europe/London"
[event.line.fields]
stock_code = "text"
invoice    = "text"
quantity   = "number"
price      = "number"
amount     = "number"
[source.lines]
into        = "event.line"
path        = "inbox/lines*.csv.gz"
time_format = "%Y-%m-%d %H:%M"
[source.lines.columns]
customer   = "CustomerID"
at         = "InvoiceDate"
stock_code = "StockCode"
invoice    = "InvoiceNo"
quantity   = "Quantity"
price      = "UnitPrice"
amount     = { value = 'number(Quantity) * number(UnitPrice)' }
"#;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn data() -> Option<PathBuf> {
    let named = std::env::var_os("GUANXI_DATA_SETS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let found = folder.join("online-retail/lines.csv.gz");
    if found.is_file() {
        return Some(found);
    }
    println!("SKIPPED: no Online Retail data at {}", found.display());
    None
}

fn policy() -> Compiled {
    let files = Files { policies: [("lines.toml".to_owned(), POLICY.to_owned())].into(), ..Files::default() };
    let outcome = load(&files);
    outcome.compiled.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics))
}

fn import(archive: &mut Archive, policy: &Compiled, file: &Path, folder: &Path) -> ImportReport {
    let options = Options { rejected: folder.join("rejected"), now: NOW };
    import_file(archive, policy, &policy.sources[0], file, &options, None).unwrap()
}

/// Sum of a number field over the events of all customers, and how many events there are.
fn sum(archive: &Archive, policy: &Compiled, field: &str) -> (f64, usize) {
    let event = policy.schema.event("line").unwrap();
    let field = policy.schema.events[event].field(field).unwrap();
    let request = FactRequest {
        events: vec![EventRequest { event, fields: vec![field], ids: false, after: None }],
        ..FactRequest::default()
    };
    let (mut sum, mut count) = (0.0, 0);
    let mut batch = FactBatch::default();
    let mut after: Option<String> = None;
    while archive.next_batch(&request, NOW, after.as_deref(), &mut batch).unwrap() {
        let events = batch.events[event].as_ref().unwrap();
        let Some(Column::Number(column)) = &events.fields[field] else { panic!("a number") };
        sum += column.values.iter().sum::<f64>();
        count += events.at.len();
        after = batch.ids.len().checked_sub(1).and_then(|last| batch.ids.get(last)).map(str::to_owned);
    }
    (sum, count)
}

#[test]
fn every_row_is_imported_or_explained_and_importing_again_changes_nothing() {
    let Some(file) = data() else { return };
    let policy = policy();
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("store.db")).unwrap();
    archive.adopt(Arc::clone(&policy.schema)).unwrap();

    let report = import(&mut archive, &policy, &file, folder.path());
    let tally = report.tally;
    assert_eq!((tally.rows, tally.new, tally.rejected), (541_909, 406_829, 135_080));
    assert_eq!((tally.same, tally.replaced, tally.filtered), (0, 0, 0));
    assert_eq!(report.reasons, [(("CustomerID".to_owned(), "missing"), 135_080)].into());
    let rejected = std::fs::read_to_string(report.rejected_file.unwrap()).unwrap();
    assert_eq!(csv::Reader::from_reader(rejected.as_bytes()).records().count(), 135_080);

    let counts = archive.counts().unwrap();
    assert_eq!(counts.customers, 4_372);
    let (quantity, events) = sum(&archive, &policy, "quantity");
    assert_eq!((quantity, events), (4_906_888.0, 406_829));
    let (amount, _) = sum(&archive, &policy, "amount");
    assert!((amount / 8_300_065.814 - 1.0).abs() < 1e-9, "{amount}");

    assert!(import(&mut archive, &policy, &file, folder.path()).already);
    // The same rows in a file of other bytes and another name.
    let unpacked = folder.path().join("again.csv");
    let mut bytes = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap()), &mut bytes)
        .unwrap();
    std::fs::write(&unpacked, bytes).unwrap();
    let again = import(&mut archive, &policy, &unpacked, folder.path()).tally;
    assert_eq!((again.new, again.same, again.replaced, again.rejected), (0, 406_829, 0, 135_080));
    assert_eq!(archive.counts().unwrap(), counts);
}
