//! The program as it lives and dies: one store on disk, opened again after every crash, and nothing that outlives it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::world::HOUR;
use guanxi::archive::{Archive, ArchiveError, Change, Delivery, EventRow};
use guanxi::daemon::policy_set::PolicySet;
use guanxi::engine::{Engine, EngineError, RunRequest};
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::plan::{Plan, Request, SetSide, plan};
use guanxi::policy::Files;
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;
use guanxi::schedule::Timetable;
use rusqlite::Connection;

use crate::chance::Chance;
use crate::receiver::{Answer, Receiver};
use crate::world::Fact;

/// How many attempts a delivery gets.
const ATTEMPTS: u32 = 6;

pub(crate) struct Program {
    _folder: tempfile::TempDir,
    path: PathBuf,
    /// Looks on: it sees whether anything was committed.
    observer: Connection,
    clock: Arc<SetClock>,
    policies: String,
    living: Option<Living>,
    /// Where crashes come from; none in the world without them.
    crashes: Option<Chance>,
    /// About how many steps each sort of work takes.
    spans: [u64; 4],
    pub(crate) crashed: [u64; 4],
}

/// What dies in a crash.
struct Living {
    archive: Archive,
    engine: Engine,
}

/// The sorts of work that a crash may hit.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    Ingest,
    Run,
    Note,
    Adopt,
}

/// Why work came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn files(text: &str) -> Files {
    let mut files = Files::default();
    files.policies.insert("policy.toml".to_owned(), text.to_owned());
    files
}

/// A folder in memory where there is one: a sync of a disk for every virtual hour would take most of the time.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Program {
    pub(crate) fn new(policies: &str, now: Timestamp, crashes: Option<Chance>) -> Self {
        let folder = folder();
        let path = folder.path().join("guanxi.db");
        drop(Archive::open(&path).unwrap());
        let observer = Connection::open(&path).unwrap();
        let clock = Arc::new(SetClock::at(now));
        let policies = policies.to_owned();
        let mut program = Self {
            _folder: folder,
            path,
            observer,
            clock,
            policies,
            living: None,
            crashes,
            spans: [100, 2_000, 100, 200],
            crashed: [0; 4],
        };
        program.start();
        program
    }

    /// Starts as the daemon does: with the policies in the folder, or the last good set where they are broken.
    fn start(&mut self) {
        let mut archive = Archive::open(&self.path).unwrap();
        let set = PolicySet::check(files(&self.policies)).unwrap_or_else(|_| {
            let (_, kept) = archive.last_policy_set().unwrap().unwrap();
            PolicySet::check(Files::from_kept(&kept)).unwrap()
        });
        let engine = activate(&mut archive, &set, &self.clock).unwrap();
        self.living = Some(Living { archive, engine });
    }

    pub(crate) fn now(&self) -> Timestamp {
        guanxi::ports::Clock::now(&*self.clock)
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.clock.set(now);
    }

    /// The one schedule of the policies in force.
    pub(crate) fn timetable(&self) -> Timetable {
        Timetable::new(&self.living.as_ref().unwrap().engine.policy().schedules[0]).unwrap().unwrap()
    }

    /// The store, to look.
    pub(crate) const fn store(&self) -> &Connection {
        &self.observer
    }

    /// The texts that a query gives.
    pub(crate) fn texts(&self, query: &str) -> Vec<String> {
        let mut statement = self.observer.prepare_cached(query).unwrap();
        let texts = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        texts
            .map(|text| match text.unwrap() {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                _ => String::new(),
            })
            .collect()
    }

    fn commits(&self) -> i64 {
        self.observer.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap()
    }

    /// Does some work, now and then with crashes in the middle of it, until it is done. Nothing is told of work that
    /// was done just before a crash: it is not done again.
    fn surely<T>(&mut self, work: Work, mut act: impl FnMut(&mut Living) -> Result<T, Fault>) -> Option<T> {
        while let Some(steps) = self.steps_to_crash(work) {
            let before = self.commits();
            let living = self.living.as_mut().unwrap();
            living.archive.stop_after(steps).unwrap();
            let ended = act(living);
            // The process is gone, whatever it had done by then.
            self.living = None;
            let committed = self.commits() != before;
            self.start();
            let span = &mut self.spans[work as usize];
            match ended {
                Ok(done) => {
                    // It was over before the crash.
                    *span = steps.max(10);
                    return Some(done);
                }
                Err(fault) => {
                    assert!(fault.to_string().contains("interrupted"), "{fault}");
                    self.crashed[work as usize] += 1;
                    *span += *span / 4;
                    if committed && !matches!(work, Work::Adopt) {
                        return None;
                    }
                }
            }
        }
        Some(act(self.living.as_mut().unwrap()).unwrap())
    }

    /// After how many steps the next crash comes, if one comes.
    fn steps_to_crash(&self, work: Work) -> Option<u64> {
        let crashes = self.crashes.as_ref()?;
        let rarely = match work {
            Work::Run | Work::Ingest => 40,
            Work::Note => 30,
            Work::Adopt => 3,
        };
        crashes.one_in(rarely).then(|| crashes.below(self.spans[work as usize]))
    }

    /// Takes facts in, all or none.
    pub(crate) fn take_in(&mut self, facts: &[Fact]) {
        if !facts.is_empty() {
            let now = self.now();
            self.surely(Work::Ingest, |living| take_in(&mut living.archive, facts, now));
        }
    }

    /// One run of everything.
    pub(crate) fn run(&mut self, now: Timestamp) {
        let request = RunRequest { now, scope: Scope::Everything, schedule: "hourly".to_owned() };
        self.surely(Work::Run, |living| Ok(living.engine.run(&mut living.archive, &request)?));
    }

    /// Puts other policies into the folder; false where they are broken and the old ones stay.
    pub(crate) fn edit(&mut self, policies: &str) -> bool {
        policies.clone_into(&mut self.policies);
        let Ok(set) = PolicySet::check(files(policies)) else { return false };
        let clock = Arc::clone(&self.clock);
        self.surely(Work::Adopt, |living| {
            living.engine = activate(&mut living.archive, &set, &clock)?;
            Ok(())
        });
        true
    }

    /// The plan of the policies in force, compared with other ones, with all there is as examples.
    pub(crate) fn plan(&self, before: &str, now: Timestamp) -> Plan {
        let [old, new] = [before, &self.policies].map(|text| PolicySet::check(files(text)).unwrap());
        let request = Request { now, days: 0, examples: usize::MAX };
        let archive = &self.living.as_ref().unwrap().archive;
        plan(archive, side(&old), side(&new), serde_json::Value::Null, request).unwrap()
    }

    /// Approves or rejects a run.
    pub(crate) fn say(&mut self, run: i64, approved: bool) {
        let now = self.now();
        self.surely(Work::Note, |living| {
            let said = if approved {
                living.archive.approve_run(run)?
            } else {
                living.archive.reject_run(run, now)?
            };
            Ok(said)
        });
    }

    /// Sends what is due, and notes what came of it.
    pub(crate) fn deliver(&mut self, receiver: &mut Receiver) {
        let now = self.now();
        for channel in ["crm", "list"] {
            let asked = self.surely(Work::Note, |living| {
                let due = living.archive.due(channel, now, 1_000)?;
                let said = living.engine.release(&living.archive, &due, now)?;
                Ok(due.into_iter().zip(said).collect::<Vec<_>>())
            });
            for (delivery, said) in asked.into_iter().flatten() {
                let leaves = said.leaves();
                if let Some(ruling) = said.ruling(&delivery.touch.id) {
                    let rulings = [ruling];
                    self.surely(Work::Note, |living| Ok(living.archive.note_rulings(&rulings, now)?));
                }
                if leaves {
                    self.surely(Work::Note, |living| attempt(living, &delivery, receiver, now));
                }
            }
        }
    }
}

/// Sends a touch, and notes what came of it.
fn attempt(
    living: &mut Living,
    delivery: &Delivery,
    receiver: &mut Receiver,
    now: Timestamp,
) -> Result<(), Fault> {
    let archive = &mut living.archive;
    let id = &*delivery.touch.id;
    match receiver.take(delivery, now) {
        Answer::Taken => {
            archive.delivered(&[id], now)?;
        }
        Answer::Failed if delivery.attempts + 1 >= ATTEMPTS => {
            archive.end(id, TouchState::Dead, "the receiver is down", now)?;
        }
        Answer::Failed => {
            archive.retry(id, now.plus(HOUR << delivery.attempts), "the receiver is down")?;
        }
    }
    Ok(())
}

fn side(set: &PolicySet) -> SetSide<'_> {
    SetSide { files: &set.files, compiled: &set.compiled }
}

fn activate(archive: &mut Archive, set: &PolicySet, clock: &Arc<SetClock>) -> Result<Engine, Fault> {
    archive.adopt(set.compiled.schema.clone())?;
    let now = guanxi::ports::Clock::now(&**clock);
    let version = &*set.compiled.version;
    if archive.last_policy_set()?.is_none_or(|(last, _)| last != *version) {
        archive.keep_policy_set(version, &set.files.to_kept(), now)?;
    }
    Ok(Engine::new(Arc::clone(&set.compiled), Arc::clone(clock) as Arc<dyn guanxi::ports::Clock>)?)
}

fn take_in(archive: &mut Archive, facts: &[Fact], now: Timestamp) -> Result<(), Fault> {
    let schema = Arc::clone(archive.schema());
    let mut ingest = archive.ingest(now)?;
    for fact in facts {
        match fact {
            Fact::Customer { id, fields } => {
                let change = |value: &Option<Value>| value.clone().map_or(Change::Clear, Change::Set);
                let changes: Vec<Change> = schema
                    .customer
                    .iter()
                    .map(|field| fields.get(&*field.name).map_or(Change::Keep, change))
                    .collect();
                ingest.customer(id, &changes)?;
            }
            Fact::Event(event) => {
                let kind = schema.events.iter().position(|shape| *shape.name == *event.kind).unwrap();
                let fields: Vec<Option<Value>> = schema.events[kind]
                    .fields
                    .iter()
                    .map(|field| event.fields.get(&*field.name).cloned().flatten())
                    .collect();
                let row = EventRow {
                    id: &event.id,
                    customer: &event.customer,
                    at: Timestamp(event.at),
                    fields: &fields,
                };
                ingest.event(kind, &row)?;
            }
        }
    }
    ingest.commit()?;
    Ok(())
}
