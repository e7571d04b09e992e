//! Importing Online Retail against `sqlite3` importing the same rows into a bare table.
//!
//! `cargo bench --bench import` takes turns: `lines.csv.gz` (541,909 rows, packed) into a fresh store,
//! then the same rows unpacked by `sqlite3 bare.db ".import --csv lines.csv lines"`. It prints medians
//! and their ratio; `-- --times 9` takes more turns than five. The data is not part of the project: it
//! is looked for in the folder that `GUANXI_DATA_SETS` names, or in `../shared/data`.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use guanxi::archive::Archive;
use guanxi::intake::{Options, import_file};
use guanxi::model::Timestamp;
use guanxi::policy::{Compiled, Files, load};

const TIMES: usize = 5;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn main() {
    let Some(packed) = data() else { return };
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the stores");
    let policy = policy();
    let bare = Command::new("sqlite3").arg("--version").output().is_ok();
    let unpacked = scratch.path().join("lines.csv");
    if bare {
        let mut rows = GzDecoder::new(File::open(&packed).expect("the data"));
        let mut file = File::create(&unpacked).expect("a file for the unpacked rows");
        io::copy(&mut rows, &mut file).expect("unpacked rows");
    } else {
        println!("sqlite3 is not installed: nothing to compare with");
    }
    let (mut ours, mut sqlite) = (Vec::new(), Vec::new());
    for turn in 0..times() {
        let folder = scratch.path().join(turn.to_string());
        std::fs::create_dir(&folder).expect("a folder for one store");
        let mut rows = 0;
        ours.push(timed(|| rows = import(&policy, &packed, &folder)));
        println!("import of {rows} rows  {:>6.3} s", seconds(ours.last()));
        if bare {
            sqlite.push(timed(|| import_bare(&unpacked, &folder)));
            println!("sqlite3 .import        {:>6.3} s", seconds(sqlite.last()));
        }
        std::fs::remove_dir_all(&folder).expect("the stores go");
    }
    let (ours, sqlite) = (median(ours), median(sqlite));
    println!("median import          {:>6.3} s", ours.as_secs_f64());
    if bare {
        let ratio = ours.as_secs_f64() / sqlite.as_secs_f64();
        println!(
            "median sqlite3         {:>6.3} s   import takes {ratio:.2} x as long",
            sqlite.as_secs_f64()
        );
    }
}

fn times() -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--times");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(TIMES).max(1)
}

/// The data, where it is; otherwise says that it isn't.
fn data() -> Option<PathBuf> {
    let named = std::env::var_os("GUANXI_DATA_SETS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let found = folder.join("online-retail/lines.csv.gz");
    if found.is_file() {
        return Some(found);
    }
    println!("nothing measured: no Online Retail data at {}", found.display());
    None
}

fn policy() -> Compiled {
    let mut files = Files::default();
    files.policies.insert("import.toml".to_owned(), include_str!("import.toml").to_owned());
    let outcome = load(&files);
    assert!(outcome.compiled.is_some(), "{}", guanxi::policy::render(&outcome.diagnostics, &files, false));
    outcome.compiled.expect("a policy set")
}

/// Imports the file into a store of its own; returns the number of its rows.
fn import(policy: &Compiled, file: &Path, folder: &Path) -> u64 {
    let mut archive = Archive::open(&folder.join("store.db")).expect("a new store");
    archive.adopt(Arc::clone(&policy.schema)).expect("the schema fits");
    let source = policy.sources.first().expect("the source");
    let options = Options { rejected: folder.join("rejected"), now: NOW };
    let report = import_file(&mut archive, policy, source, file, &options, None).expect("an import");
    report.tally.rows
}

fn import_bare(file: &Path, folder: &Path) {
    let status = Command::new("sqlite3")
        .arg(folder.join("bare.db"))
        .arg(format!(".import --csv \"{}\" lines", file.display()))
        .status();
    assert!(status.expect("sqlite3 starts").success(), "sqlite3 did not import the rows");
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn seconds(time: Option<&Duration>) -> f64 {
    time.copied().unwrap_or_default().as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
