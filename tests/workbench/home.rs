//! A home to work in: the shipped policies, and the store that a daemon would have after four weeks in a generated world.
//!
//! The store is made once for a build of these tests, also where each test is a process of its own, and copied for each
//! test. Everything in it follows from a seed and set times.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use guanxi::archive::{Archive, TouchFilter};
use guanxi::daemon::policy_set::PolicySet;
use guanxi::daemon::reload;
use guanxi::demo::{Chronicle, World};
use guanxi::engine::{Engine, RunRequest};
use guanxi::intake::{Inbox, Patience};
use guanxi::model::time::DAY;
use guanxi::model::touch::TouchState;
use guanxi::model::{Date, Timestamp, civil};
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;
use guanxi::rehearsal::deliver;
use guanxi::schedule::Course;
use tempfile::TempDir;

use crate::folder::copy_folder;

/// When everything here happens, for `--now`: a Monday in London, after the morning's run.
pub(crate) const NOW: &str = "2026-09-14T12:00:00+01:00";
/// The first day of the four weeks that the store has lived through.
const FIRST: &str = "2026-08-17";
/// What the world is made from.
const SEED: u64 = 2027;
/// Days of orders that are there when the first run begins.
const HISTORY: i64 = 370;
/// When a day's orders arrive, after midnight.
const ARRIVE: i64 = 6 * 60 * 60 * 1_000;

/// [`NOW`].
pub(crate) fn now() -> Timestamp {
    Timestamp::parse_rfc3339(NOW).unwrap()
}

/// How many customers the world has. The goldens are of 400; for what must hold of any number, `GUANXI_CUSTOMERS` says
/// another.
fn customers() -> u32 {
    std::env::var_os("GUANXI_CUSTOMERS").map_or(400, |number| number.to_str().unwrap().parse().unwrap())
}

/// The shipped world: customers come and order from before the store's first run until after [`NOW`].
pub(crate) fn world() -> World {
    World::new(SEED, customers(), first().plus(-HISTORY * DAY), now().plus(30 * DAY))
}

/// The local midnight at which the first of the four weeks begins.
pub(crate) fn first() -> Timestamp {
    civil::midnight(Date::parse(FIRST).unwrap(), guanxi::demo::world::ZONE).unwrap()
}

/// A folder with the shipped policies and scripts, and a store of its own.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// A home nobody else works in.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(store(), folder.path().join("guanxi.db")).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy_folder(&shipped.join("policies"), &folder.path().join("policies"));
        copy_folder(&shipped.join("scripts"), &folder.path().join("scripts"));
        Self { folder }
    }

    /// The store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("guanxi.db")
    }

    /// Something in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The shipped policies as they stand in this home.
    pub(crate) fn policies(&self) -> PolicySet {
        PolicySet::read(&self.folder.path().join("policies"), &self.folder.path().join("scripts")).unwrap()
    }

    /// Runs the built program in this home, with nothing of the environment's settings.
    pub(crate) fn command(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GUANXI_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).args(words).output().unwrap()
    }
}

/// What a command printed, where it ended with one of these codes.
pub(crate) fn printed(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Holds a text to the one under `tests/workbench/golden`, or writes that anew where `GUANXI_BLESS` is set.
pub(crate) fn golden(name: &str, text: &str) {
    crate::golden::golden(&format!("workbench/golden/{name}"), text);
}

/// The store that was made for this build of the tests.
fn store() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // Another process of the same build may be at it.
        let lock = File::create(folder.join("workbench.lock")).unwrap();
        lock.lock().unwrap();
        let store = folder.join(format!("workbench-{}.db", build()));
        if !store.exists() {
            for old in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if old.file_name().unwrap().to_string_lossy().starts_with("workbench-") {
                    fs::remove_file(old).unwrap();
                }
            }
            let made = make(folder, &|_| true);
            fs::rename(made, &store).unwrap();
        }
        store
    })
}

/// What tells this build of the tests, and the policies it works on, from another.
fn build() -> String {
    let program = fs::metadata(std::env::current_exe().unwrap()).unwrap();
    let built = program.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    let policies = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = PolicySet::read(&policies.join("policies"), &policies.join("scripts")).unwrap();
    format!("{}-{}-{}-{}", built.as_nanos(), program.len(), set.compiled.version, customers())
}

/// Lives through the four weeks: each day's orders arrive in the morning, and what is scheduled to decide on everything
/// runs; receivers take everything. Of the world's files those come that `comes` lets, by name. Runs that only keep
/// standings fresh are left out, which would take a minute.
pub(crate) fn make(folder: &Path, comes: &dyn Fn(&str) -> bool) -> PathBuf {
    let data = tempfile::tempdir_in(folder).unwrap();
    let path = folder.join("workbench.part");
    for old in ["", "-wal", "-shm", ".lock"] {
        // Of one that broke off.
        let _ = fs::remove_file(guanxi::archive::with_ending(&path, old));
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"));
    let set = PolicySet::read(&shipped.join("policies"), &shipped.join("scripts")).unwrap();
    let mut life = Life::begin(&path, &data, &set, comes);
    let mut world = Chronicle::new(world());
    let mut arrived = first().plus(-HISTORY * DAY);
    // Each file arrives a millisecond after the one before it, and all of them before the first run.
    life.take_in(&mut world, &mut arrived, first().plus(-1_000));
    life.run(first(), "first");
    let mut morning = first().plus(ARRIVE);
    let course = Course::new(&set.compiled, first(), now()).unwrap();
    for due in course.filter(|due| due.scope == Scope::Everything) {
        while morning <= due.at {
            life.take_in(&mut world, &mut arrived, morning);
            morning = morning.plus(DAY);
        }
        life.run(due.at, &due.label());
    }
    life.archive.checkpoint().unwrap();
    drop(life);
    path
}

/// The daemon's part in a world, in set time.
struct Life<'a> {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
    set: &'a PolicySet,
    inbox: Inbox,
    folder: &'a TempDir,
    /// Which files arrive, by name.
    comes: &'a dyn Fn(&str) -> bool,
}

impl<'a> Life<'a> {
    fn begin(store: &Path, folder: &'a TempDir, set: &'a PolicySet, comes: &'a dyn Fn(&str) -> bool) -> Self {
        let clock = Arc::new(SetClock::at(first()));
        let mut archive = Archive::open(store).unwrap();
        let engine = reload::prepare(&mut archive, set, &(Arc::clone(&clock) as _)).unwrap();
        fs::create_dir(folder.path().join("inbox")).unwrap();
        Self { archive, engine, clock, set, inbox: Inbox::new(folder.path()), folder, comes }
    }

    /// What happened since the last time arrives.
    fn take_in(&mut self, world: &mut Chronicle, arrived: &mut Timestamp, now: Timestamp) {
        for file in world.files_between(*arrived, now).into_iter().filter(|file| (self.comes)(&file.name)) {
            fs::write(self.folder.path().join("inbox").join(file.name), file.text).unwrap();
        }
        for found in self.inbox.look(&self.set.compiled, Patience::AtOnce).ready {
            self.inbox.import(&mut self.archive, &self.set.compiled, &found, now, None).unwrap();
        }
        *arrived = now;
    }

    fn run(&mut self, now: Timestamp, schedule: &str) {
        self.clock.set(now);
        let request = RunRequest { now, scope: Scope::Everything, schedule: schedule.to_owned() };
        self.engine.run(&mut self.archive, &request).unwrap();
        deliver(&self.engine, &mut self.archive, now).unwrap();
    }
}

#[test]
fn a_home_has_lived_four_weeks() {
    let home = Home::new();
    let status: serde_json::Value =
        serde_json::from_str(&printed(&home.command(&["status", "--json"]), 0)).unwrap();
    assert!(status["customers"].as_u64() > Some(u64::from(customers()) * 9 / 10), "{status:#}");
    let archive = Archive::open_read_only(&home.store()).unwrap();
    let runs = archive.runs(100).unwrap();
    assert_eq!(runs.len(), 22, "the first, and one each working morning");
    let version = &home.policies().compiled.version;
    assert!(runs.iter().all(|run| run.run.policy_version == **version), "under the shipped policies");
    let delivered = TouchFilter { state: Some(TouchState::Delivered), ..TouchFilter::default() };
    assert!(!archive.touches(&delivered, 1).unwrap().is_empty());
}

#[test]
fn a_home_is_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let touches = |store: &Path| {
        Archive::open_read_only(store).unwrap().touches(&TouchFilter::default(), usize::MAX).unwrap()
    };
    let made = touches(&make(folder.path(), &|_| true));
    assert!(made.len() > 50);
    assert_eq!(made, touches(store()));
}

#[test]
fn commands_in_a_home_print_the_same_every_time() {
    let asked = ["select", "overdue", "--columns", "id,pyramid,days_since_order", "--now", NOW];
    golden("home.txt", &printed(&Home::new().command(&asked), 0));
}
