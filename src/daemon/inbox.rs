//! Files that appear in the inbox are imported.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{debug, error, info, warn};

use super::state::Shared;
use super::watching::Watched;
use super::writer::WriterStopped;
use crate::intake::{Found, ImportError, ImportReport, Patience};

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How soon again while a file may still be growing.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How soon again when the store or a disk failed a file: it is read from its beginning each time.
const LOOK_AFTER_TROUBLE: Duration = Duration::from_secs(20);

/// What became of a file.
pub type Imported = Result<ImportReport, ImportError>;

/// Looks at the inbox and imports what is ready, one look at a time.
pub struct Keeper {
    shared: Arc<Shared>,
    turn: tokio::sync::Mutex<()>,
}

/// What a round through the inbox did.
#[derive(Debug, Default)]
pub struct Round {
    /// What became of each file that was ready.
    pub imported: Vec<Imported>,
    /// Whether files may still be growing.
    pub growing: bool,
}

impl Round {
    /// How long to wait for the next, if nothing is heard of the folder.
    fn wait(&self) -> Duration {
        let troubled = |imported: &Imported| {
            let error = imported.as_ref().err();
            error.is_some_and(|error| !error.lasts() && !matches!(error, ImportError::Changed { .. }))
        };
        if self.growing {
            LOOK_AGAIN
        } else if self.imported.iter().any(troubled) {
            LOOK_AFTER_TROUBLE
        } else {
            LOOK
        }
    }
}

impl Keeper {
    /// A keeper of the data folder's inbox.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, turn: tokio::sync::Mutex::default() }
    }

    /// One round: each file that is ready is imported in a job of its own.
    ///
    /// # Errors
    /// The writer has stopped.
    pub async fn round(
        &self,
        patience: Patience,
        stop: &watch::Receiver<bool>,
    ) -> Result<Round, WriterStopped> {
        let _turn = self.turn.lock().await;
        let look =
            self.shared.writer.call(move |store| store.inbox.look(store.engine.policy(), patience)).await?;
        let mut round = Round { growing: !look.growing.is_empty(), ..Round::default() };
        let told = look.problems.iter().map(ToString::to_string).chain(look.failed);
        let mut problems: Vec<Problem> = told.map(|told| Problem { logged: told.clone(), told }).collect();
        for found in look.ready {
            if *stop.borrow() {
                break;
            }
            let imported = self.import(found).await?;
            if let Err(error) = &imported {
                problems.push(Problem { told: error.to_string(), logged: error.for_the_log() });
            }
            round.imported.push(imported);
        }
        self.note(problems);
        Ok(round)
    }

    async fn import(&self, found: Found) -> Result<Imported, WriterStopped> {
        let shared = Arc::clone(&self.shared);
        let version = shared.active().set.compiled.version.clone();
        let name = found.path.display().to_string();
        let imported = self
            .shared
            .writer
            .call(move |store| {
                let policy = Arc::clone(store.engine.policy());
                // Under another set the index of the source may mean another one: found again at the next look.
                if policy.version != version {
                    return None;
                }
                debug!("importing {name}");
                let imported = store.inbox.import(&mut store.archive, &policy, &found, shared.now(), None);
                shared.metrics.ingested.note_import(&imported);
                Some(imported)
            })
            .await?;
        let imported =
            imported.unwrap_or_else(|| Ok(ImportReport { already: true, ..ImportReport::default() }));
        // What is in the way is told with the other problems of the round, once however often it is tried.
        if let Ok(report) = &imported
            && !report.file.is_empty()
        {
            log(report);
            self.shared.events_arrived.notify_one();
        }
        Ok(imported)
    }

    /// Keeps problems for the status and logs those that are new.
    fn note(&self, problems: Vec<Problem>) {
        let before = self.shared.inbox_problems();
        for new in problems.iter().filter(|problem| !before.contains(&problem.told)) {
            error!("inbox: {}", new.logged);
        }
        self.shared.set_inbox_problems(problems.into_iter().map(|problem| problem.told).collect());
    }
}

/// What is in the way of a file.
struct Problem {
    /// In full.
    told: String,
    /// Without what customers wrote.
    logged: String,
}

fn log(report: &ImportReport) {
    if report.already {
        info!(source = report.source, "{} was imported before; nothing changed", report.file);
        return;
    }
    info!(source = report.source, "imported {}: {}", report.file, tally(report));
    if let Some(rejected) = &report.rejected_file {
        let reasons: Vec<String> = report
            .reasons
            .iter()
            .map(|((column, reason), count)| format!("{count} × {}", told(column, reason)))
            .collect();
        warn!(
            "{} rejected rows are in {}: {}",
            report.tally.rejected,
            rejected.display(),
            reasons.join(", ")
        );
    }
}

/// What is wrong with which column; a broken row has none to blame.
#[must_use]
pub fn told(column: &str, reason: &str) -> String {
    [column, reason].join(" ").trim_start().to_owned()
}

/// The counts of an import in a few words.
#[must_use]
pub fn tally(report: &ImportReport) -> String {
    let tally = &report.tally;
    let parts = [
        ("new", tally.new),
        ("unchanged", tally.same),
        ("changed", tally.replaced),
        ("of forgotten customers", tally.forgotten),
        ("filtered out", tally.filtered),
        ("rejected", tally.rejected),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    match parts.as_slice() {
        [] => "0 rows".to_owned(),
        parts => format!("{} rows: {}", tally.rows, parts.join(", ")),
    }
}

/// Imports until told to stop.
pub async fn keep_importing(keeper: Arc<Keeper>, mut stop: watch::Receiver<bool>) {
    let (changed, mut changes) = mpsc::channel::<()>(1);
    let folder = keeper.shared.settings.data.join("inbox");
    let mut watched = Watched::new(changed);
    watched.watch(&[&folder]);
    while !*stop.borrow() {
        let Ok(round) = keeper.round(Patience::Settled, &stop).await else { return };
        let wait = round.wait();
        tokio::select! {
            Some(()) = changes.recv(), if !round.growing => {}
            () = tokio::time::sleep(wait) => {}
            _ = stop.changed() => {}
        }
    }
}
