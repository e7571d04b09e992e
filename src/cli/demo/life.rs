//! A month at speed, then real time: orders arrive, schedules run, what is done is printed.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono_tz::Tz;
use tokio::sync::watch;

use super::super::failure::Failure;
use super::super::print::Out;
use super::super::{progress, times};
use super::clock::DemoClock;
use super::folder::Folder;
use crate::archive::{ArchiveError, TouchFilter, TouchRow};
use crate::daemon::inbox::{Keeper, Round};
use crate::daemon::policy_set::plural;
use crate::daemon::runs;
use crate::daemon::state::Shared;
use crate::daemon::writer::WriterStopped;
use crate::demo::{Chronicle, World, world};
use crate::engine::Whom;
use crate::intake::{Patience, waits_for};
use crate::model::time::DAY;
use crate::model::touch::TouchState;
use crate::model::{Date, Timestamp, civil};
use crate::policy::compiled::Scope;
use crate::ports::Clock;

/// What the world is made from; another seed gives other customers of the same kind.
const SEED: u64 = 2027;
/// How many customers come in all.
const CUSTOMERS: u32 = 3000;
/// Days of orders before the demo begins.
const HISTORY: i64 = 370;
/// Days that pass at speed.
const MONTH: i32 = 30;
/// When the morning's orders arrive and when the callers' lists are out, in hours after midnight.
const HOURS: [i64; 3] = [6, 9, 18];
/// How long a day takes at least, so that it can be read.
const PACE: Duration = Duration::from_millis(250);
/// Actions shown of a day.
const SHOWN: usize = 3;
/// How long a day's deliveries are waited for.
const DELIVERY: Duration = Duration::from_secs(3);
/// How often new orders and new actions are looked for in real time.
const LOOK: Duration = Duration::from_secs(2);

/// The demo's life.
pub(super) struct Life {
    clock: Arc<DemoClock>,
    received: Arc<AtomicU64>,
    today: Timestamp,
    world: World,
}

/// One who lives it.
struct Living<'a> {
    life: &'a Life,
    shared: Arc<Shared>,
    inbox: Arc<Keeper>,
    chronicle: Chronicle,
    folder: &'a Folder,
    out: &'a mut Out,
    zone: Tz,
    /// Nothing stops a round through the inbox but the end of the demo.
    going: watch::Receiver<bool>,
    /// Orders up to here have arrived.
    arrived: Timestamp,
    /// What was queued, or dropped by a guard, up to here has been shown.
    shown: Timestamp,
    touches: usize,
}

/// What became of touches.
#[derive(Default)]
struct News {
    /// Queued, and by now mostly delivered.
    made: Vec<TouchRow>,
    /// Held back by a guard until it may go.
    waiting: Vec<TouchRow>,
    /// Dropped by a guard.
    dropped: Vec<TouchRow>,
}

impl News {
    /// `25 new rows, 14 actions, 3 wait`: what there is of each.
    fn headline(&self, rows: u64) -> String {
        let mut parts = Vec::new();
        if rows > 0 {
            parts.push(plural(usize::try_from(rows).unwrap_or(usize::MAX), "new row"));
        }
        if !self.made.is_empty() {
            parts.push(plural(self.made.len(), "action"));
        }
        for (touches, verb) in [(&self.waiting, "waiting"), (&self.dropped, "suppressed")] {
            if !touches.is_empty() {
                parts.push(format!("{} {verb}", touches.len()));
            }
        }
        if parts.is_empty() { "nothing new".to_owned() } else { parts.join(", ") }
    }
}

impl Life {
    /// A life that has not begun; sets the clock to its first morning.
    pub(super) fn new(clock: Arc<DemoClock>, received: Arc<AtomicU64>) -> Self {
        let today = clock.now();
        let world = World::new(SEED, CUSTOMERS, begin(today).plus(-HISTORY * DAY), today.plus(30 * DAY));
        clock.set(begin(today));
        Self { clock, received, today, world }
    }

    /// Lives until it is dropped.
    pub(super) async fn live(
        &self,
        shared: Arc<Shared>,
        inbox: Arc<Keeper>,
        folder: &Folder,
        address: SocketAddr,
        out: &mut Out,
    ) -> Result<(), Failure> {
        let (_go, going) = watch::channel(false);
        let zone = shared.active().set.compiled.settings.timezone;
        let arrived = begin(self.today).plus(-HISTORY * DAY);
        let mut living = Living {
            life: self,
            shared,
            inbox,
            chronicle: Chronicle::new(self.world.clone()),
            folder,
            out,
            zone,
            going,
            arrived,
            shown: arrived,
            touches: 0,
        };
        living.history().await?;
        living.month().await?;
        living.next_steps(address)?;
        living.real_time().await
    }
}

/// The local midnight a month before today.
fn begin(today: Timestamp) -> Timestamp {
    let day = civil::local_date(today, world::ZONE).unwrap_or_default();
    civil::midnight(Date(day.0 - MONTH), world::ZONE).unwrap_or(today)
}

impl Living<'_> {
    /// The year before: imported at once, and everybody placed for the first time.
    async fn history(&mut self) -> Result<(), Failure> {
        let waiting = progress::spinner("a year of orders arrives");
        let now = self.life.clock.now();
        let round = self.arrive(now).await?;
        waiting.set_message("everybody is placed for the first time");
        let shared = Arc::clone(&self.shared);
        let run = self
            .shared
            .writer
            .call(move |store| {
                runs::decide(&shared, store, now, (Scope::Everything, &Whom::Everybody), "demo")
            })
            .await
            .map_err(stopped)??;
        waiting.finish_and_clear();
        let orders: u64 = round.imported.iter().flatten().map(|report| report.tally.rows).sum();
        self.out.line(format_args!(
            "{}  a year of orders has arrived ({orders} rows), {} customers are placed for the first time:",
            self.day(now),
            run.customers,
        ))?;
        for class in &run.classes {
            let places: Vec<String> =
                class.places.iter().map(|(name, count)| format!("{name} {count}")).collect();
            self.out.line(format_args!("            {}: {}", class.name, places.join(", ")))?;
        }
        self.out.line(format_args!(
            "            {} actions for what is the case already, {} wait their turn; {} more such cases are left alone,",
            run.queued,
            run.waiting(),
            run.backlog
        ))?;
        self.out.line(format_args!(
            "            as their triggers say; {} customers begin the care programme",
            run.enrolled
        ))?;
        self.delivered().await?;
        self.news().await?;
        self.out.line("")?;
        self.out.line(format_args!("{MONTH} days pass at speed:"))?;
        Ok(())
    }

    async fn month(&mut self) -> Result<(), Failure> {
        let first = civil::local_date(begin(self.life.today), world::ZONE).unwrap_or_default();
        for day in 0..MONTH {
            let paced = tokio::time::sleep(PACE);
            let Some(midnight) = civil::midnight(Date(first.0 + day), world::ZONE) else { continue };
            let mut rows = 0;
            for (index, hour) in HOURS.into_iter().enumerate() {
                self.life.clock.set(midnight.plus(hour * 3_600_000));
                if index == 0 {
                    let round = self.arrive(self.life.clock.now()).await?;
                    rows = round.imported.iter().flatten().map(|report| report.tally.new).sum();
                }
                while runs::run_due(&self.shared).await.map_err(stopped)?.is_some() {}
                self.shared.schedules_changed.notify_one();
                // What may go in the morning must not meet the guards of the evening.
                self.delivered().await?;
            }
            self.show_day(midnight, rows).await?;
            paced.await;
        }
        self.life.clock.let_go();
        self.shared.schedules_changed.notify_one();
        self.shared.wake_outbox();
        Ok(())
    }

    /// Lets what happened up to an instant arrive, as far as a policy waits for it.
    async fn arrive(&mut self, now: Timestamp) -> Result<Round, Failure> {
        let mut files = self.chronicle.files_between(self.arrived, now);
        let active = self.shared.active();
        let sources = &active.set.compiled.sources;
        files.retain(|file| {
            let path = Path::new("inbox").join(&file.name);
            sources.iter().any(|source| waits_for(source, &path))
        });
        self.arrived = now;
        self.folder.deliver(&files)?;
        self.inbox.round(Patience::AtOnce, &self.going).await.map_err(stopped)
    }

    /// Waits until the outbox is empty, but not for ever: a person may have broken a channel by now.
    async fn delivered(&self) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        let step = Duration::from_millis(20);
        while waited < DELIVERY {
            let depths = self.shared.writer.call(|store| store.archive.depths()).await.map_err(stopped)??;
            if depths.iter().all(|depth| depth.queued == 0) {
                break;
            }
            tokio::time::sleep(step).await;
            waited += step;
        }
        Ok(())
    }

    /// What became of touches since it was last shown, earliest first.
    async fn news(&mut self) -> Result<News, Failure> {
        const MOST: usize = 1000;
        let rows: Result<Vec<TouchRow>, ArchiveError> = self
            .shared
            .writer
            .call(|store| store.archive.touches(&TouchFilter::default(), MOST))
            .await
            .map_err(stopped)?;
        let (mut news, mut latest) = (News::default(), self.shown);
        for row in rows?.into_iter().rev() {
            let since = match (row.touch.queued, row.touch.state) {
                (Some(queued), _) => queued,
                (None, TouchState::Suppressed) => row.state_at,
                (None, TouchState::Waiting) => {
                    news.waiting.push(row);
                    continue;
                }
                (None, _) => continue,
            };
            latest = latest.max(since);
            if since > self.shown {
                let list = if row.touch.queued.is_some() { &mut news.made } else { &mut news.dropped };
                list.push(row);
            }
        }
        self.shown = latest;
        self.touches += news.made.len();
        Ok(news)
    }

    async fn show_day(&mut self, midnight: Timestamp, rows: u64) -> Result<(), Failure> {
        let news = self.news().await?;
        self.out.line(format_args!("{}  {}", self.day(midnight), news.headline(rows)))?;
        self.show_touches(&news)
    }

    fn show_touches(&mut self, news: &News) -> Result<(), Failure> {
        for row in news.made.iter().take(SHOWN) {
            let touch = &row.touch;
            let reason = touch.payload.get("reason").and_then(serde_json::Value::as_str);
            self.show_touch(row, reason.unwrap_or(&touch.because.title))?;
        }
        if news.made.len() > SHOWN {
            self.out.line(format_args!("            and {} more", news.made.len() - SHOWN))?;
        }
        for row in news.waiting.iter().take(1).chain(news.dropped.iter().take(1)) {
            let guard = row.guard.as_deref().unwrap_or("a guard");
            self.show_touch(row, &format!("{} (guard {guard})", row.touch.reason))?;
        }
        Ok(())
    }

    fn show_touch(&mut self, row: &TouchRow, why: &str) -> Result<(), Failure> {
        let touch = &row.touch;
        self.out.line(format_args!(
            "            {} {} customer {}: {why}",
            touch.state, touch.action, touch.customer
        ))?;
        Ok(())
    }

    fn next_steps(&mut self, address: SocketAddr) -> Result<(), Failure> {
        let root = self.folder.root().display();
        let program = std::env::current_exe().unwrap_or_else(|_| "guanxi".into());
        let guanxi = program.display();
        let received = self.life.received.load(Ordering::Relaxed);
        for line in [
            String::new(),
            format!(
                "{} actions in all, {received} of them over the webhook. Now it is today, and goes on in real time:",
                self.touches
            ),
            "orders arrive as they are placed, the schedules run by the clock. Try in another terminal:"
                .to_owned(),
            String::new(),
            format!(
                "  $EDITOR {root}/policies/loyalty/lapsing.toml    # save, and see here what changed, or what is wrong"
            ),
            format!("  curl -s http://{address}/v1/status"),
            format!("  head {root}/out/*.csv"),
            format!("  {guanxi} touches --store {root}/guanxi.db --limit 10"),
            format!(
                "  {guanxi} select 'overdue' --policies {root}/policies --store {root}/guanxi.db --columns id,pyramid,days_since_order"
            ),
            String::new(),
            "Ctrl-C ends it; the folder stays.".to_owned(),
        ] {
            self.out.line(line)?;
        }
        Ok(())
    }

    async fn real_time(&mut self) -> Result<(), Failure> {
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.life.clock.now();
            if now.0 - self.arrived.0 >= 60_000 {
                self.arrive(now).await?;
            }
            let news = self.news().await?;
            if !news.made.is_empty() {
                self.out.line(format_args!("{}  {}", times::show(now, self.zone), news.headline(0)))?;
                self.show_touches(&news)?;
            }
        }
    }

    /// `Mon 2026-10-23`.
    fn day(&self, at: Timestamp) -> String {
        civil::local(at, self.zone)
            .map_or_else(|| at.to_string(), |local| local.format("%a %Y-%m-%d").to_string())
    }
}

fn stopped(stopped: WriterStopped) -> Failure {
    Failure::fault(stopped)
}
