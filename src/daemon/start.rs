//! Starting: everything that can fail happens before anything is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::approval::{self, NotApproved};
use super::deliver::{self, WriterOutbox};
use super::http::{Access, TokenError, Tokens, is_loopback};
use super::metrics::Metrics;
use super::policy_set::{PolicySet, PolicySetError};
use super::reload::{self, ActivateError, Reloader, Seen};
use super::state::{Active, Outside, ReloadReport, Settings, Shared, Start, Store};
use super::writer::Writer;
use super::{Daemon, http, inbox, prune, runs, service, upkeep, watching};
use crate::archive::{Archive, ArchiveError};
use crate::emit::{self, Dispatcher};
use crate::engine::Engine;
use crate::intake::Inbox;
use crate::model::Timestamp;
use crate::policy;
use crate::schedule::Timetable;

/// Why the daemon doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The policies can't be used and the store has no earlier ones.
    #[error("{0}, and the store has no earlier set to go on with")]
    Policies(#[source] PolicySetError),
    /// The store.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The set can't become active.
    #[error(transparent)]
    Activate(#[from] ActivateError),
    /// The set kept in the store has errors for this version of the program.
    #[error(
        "the policies have problems, and so has the last good set in the store, which another version of this program made: mend the policies"
    )]
    Kept,
    /// What would be active is not what the plan says.
    #[error(transparent)]
    NotApproved(#[from] NotApproved),
    /// The address can't be listened on.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Beyond this machine everyone could read and write.
    #[error(
        "cannot listen on {0} without a token, since others than this machine could reach it: put one into a file (`openssl rand -hex 32 > token; chmod 600 token`) and name it with --token-file, or listen on a loopback address such as 127.0.0.1:7611"
    )]
    NoToken(SocketAddr),
    /// The token file.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The data folder can't be made.
    #[error("cannot make the data folder {path}: {source}")]
    Data {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

pub(super) async fn start(settings: Settings, outside: Outside) -> Result<Daemon, StartError> {
    let begun = Instant::now();
    let tokens = tokens(&settings)?;
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr().unwrap_or(settings.listen);
    make_folders(&settings)?;
    let mut archive = Archive::open(&settings.store)?;
    let metrics = Metrics::begin(&archive)?;
    let Loaded { active, report, seen, engine, timetables } =
        load(&settings, &mut archive, &outside, &metrics)?;
    info!(
        version = %active.set.compiled.version,
        "policies active: {}", active.set.summary()
    );
    let interrupter = archive.interrupter()?;
    let store = Store { archive, engine, inbox: Inbox::new(&settings.data) };
    let (writer, writer_end) = Writer::start(store).map_err(StartError::Thread)?;
    let dispatcher = Dispatcher::new(WriterOutbox(writer.clone()), emit_outside(&settings, &outside));
    let start = Start { active, reload: report, timetables, metrics };
    let shared = Arc::new(Shared::new(settings, outside, writer, dispatcher.board(), start));
    let keeper = Arc::new(inbox::Keeper::new(Arc::clone(&shared)));
    let (stop, stopped) = watch::channel(false);
    let (reload, asked) = mpsc::channel(1);
    let mut tasks = JoinSet::new();
    tasks.spawn(runs::keep_running(Arc::clone(&shared), stopped.clone()));
    tasks.spawn(deliver::keep_delivering(Arc::clone(&shared), dispatcher, stopped.clone()));
    tasks.spawn(inbox::keep_importing(Arc::clone(&keeper), stopped.clone()));
    tasks.spawn(prune::keep_pruning(Arc::clone(&shared), stopped.clone()));
    let reloader = Reloader::new(Arc::clone(&shared), seen);
    tasks.spawn(watching::keep_watching(reloader, asked, stopped.clone()));
    tasks.spawn(upkeep::keep_log_small(Arc::clone(&shared), stopped.clone()));
    tasks.spawn(service::keep_telling(Arc::clone(&shared), stopped.clone()));
    if let Some(tokens) = &tokens {
        tasks.spawn(http::keep_reading(Arc::clone(tokens), stopped.clone()));
    }
    let access = Access::new(address, tokens);
    tasks.spawn(http::serve(listener, access, Arc::clone(&shared), reload.clone(), stopped));
    info!(ready_after_ms = begun.elapsed().as_millis(), "listening on http://{address}");
    Ok(Daemon { shared, inbox: keeper, address, stop, reload, tasks, writer_end, interrupter })
}

/// The tokens that are asked for.
fn tokens(settings: &Settings) -> Result<Option<Arc<Tokens>>, StartError> {
    match &settings.token_file {
        Some(file) => Ok(Some(Arc::new(Tokens::read(file)?))),
        None if is_loopback(settings.listen.ip()) => Ok(None),
        None => Err(StartError::NoToken(settings.listen)),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

fn make_folders(settings: &Settings) -> Result<(), StartError> {
    let inbox = settings.data.join("inbox");
    std::fs::create_dir_all(&inbox)
        .map_err(|source| StartError::Data { path: inbox.display().to_string(), source })
}

fn emit_outside(settings: &Settings, outside: &Outside) -> emit::Outside {
    emit::Outside {
        clock: Arc::clone(&outside.clock),
        wall: Arc::clone(&outside.wall),
        entropy: Arc::clone(&outside.entropy),
        environment: Arc::clone(&outside.environment),
        data_folder: settings.data.clone(),
    }
}

/// What there is to start with.
struct Loaded {
    active: Active,
    report: ReloadReport,
    seen: Seen,
    engine: Engine,
    timetables: Vec<(Timetable, Timestamp)>,
}

/// A set that the store has taken in.
type Usable = (PolicySet, Engine, Vec<(Timetable, Timestamp)>);

/// The set in the folders or, where that can't be used, the last good one from the store.
fn load(
    settings: &Settings,
    archive: &mut Archive,
    outside: &Outside,
    metrics: &Metrics,
) -> Result<Loaded, StartError> {
    let now = outside.clock.now();
    let read = PolicySet::read(&settings.policies, &settings.scripts);
    let seen = match &read {
        Ok(set) => Ok(policy::Files::clone(&set.files)),
        Err(PolicySetError::Invalid { files, .. }) => Ok(policy::Files::clone(files)),
        Err(PolicySetError::Folder(error)) => Err(error.to_string()),
    };
    let kept = archive.last_policy_set()?;
    let planned = settings.plan.as_deref().map(approval::read).transpose()?;
    let active = kept.as_ref().map(|(version, _)| version.as_str());
    let approved = read.map_err(StartError::Policies).and_then(|set| {
        let allowed = planned.as_ref().map(|plan| plan.allow(&set.compiled.version, active));
        allowed.transpose().map_err(NotApproved::from)?;
        Ok(set)
    });
    let broken = match approved.and_then(|set| usable(archive, set, outside, metrics)) {
        Ok((set, engine, timetables)) => {
            let report = reload::accepted(&set, now, format!("loaded {}", set.summary()));
            if !report.rendered.is_empty() {
                warn!("the policies have warnings\n{}", report.rendered);
            }
            let active = Active { set, since: now, from_store: false };
            return Ok(Loaded { active, report, seen, engine, timetables });
        }
        Err(broken) => broken,
    };
    // What was planned and is active already goes on, whatever became of the folders; nothing else does.
    let goes_on = |version: &str| planned.as_ref().is_none_or(|plan| plan.version == version);
    let Some((version, kept)) = kept.filter(|(version, _)| goes_on(version)) else { return Err(broken) };
    let report = match &broken {
        StartError::Policies(error) => reload::report_of(error, now),
        other => reload::plain_report(other.to_string(), now),
    };
    let set = PolicySet::check(policy::Files::from_kept(&kept)).map_err(|_| StartError::Kept)?;
    let (set, engine, timetables) = usable(archive, set, outside, metrics)?;
    error!(
        active = version,
        "{}; going on with the last good set from the store\n{}", report.message, report.rendered
    );
    let active = Active { set, since: now, from_store: true };
    Ok(Loaded { active, report, seen, engine, timetables })
}

/// Compiles a set and lets the store take it in.
fn usable(
    archive: &mut Archive,
    set: PolicySet,
    outside: &Outside,
    metrics: &Metrics,
) -> Result<Usable, StartError> {
    let engine =
        Engine::new(Arc::clone(&set.compiled), Arc::clone(&outside.clock)).map_err(ActivateError::from)?;
    let timetables = reload::take_in(archive, &set, outside.clock.now(), (&[], metrics))?;
    Ok((set, engine, timetables))
}
