//! Four months at speed, then real time: rows arrive, schedules run, what is done is printed.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono_tz::Tz;
use tokio::sync::watch;

use super::super::failure::Failure;
use super::super::print::Out;
use super::super::{progress, times};
use super::clock::DemoClock;
use super::folder::Folder;
use super::news::{News, reason};
use super::tally::Tally;
use crate::archive::{Approval, ArchiveError, Said, TouchFilter, TouchRow};
use crate::daemon::inbox::{Keeper, Round};
use crate::daemon::runs;
use crate::daemon::state::Shared;
use crate::daemon::writer::WriterStopped;
use crate::demo::{Chronicle, World, world};
use crate::engine::Whom;
use crate::intake::{Patience, waits_for};
use crate::model::time::DAY;
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
const DAYS: i32 = 120;
/// When the morning's orders arrive and when the callers' lists are out, in hours after midnight.
const HOURS: [i64; 3] = [6, 9, 18];
/// How long a day takes at least, so that it can be read.
const PACE: Duration = Duration::from_millis(200);
/// Actions shown at once in real time.
const SHOWN: usize = 3;
/// How long a day's deliveries are waited for.
const DELIVERY: Duration = Duration::from_secs(3);
/// How often new orders and new actions are looked for in real time.
const LOOK: Duration = Duration::from_secs(2);

/// The demo's life.
pub(super) struct Life {
    clock: Arc<DemoClock>,
    pub(super) received: Arc<AtomicU64>,
    today: Timestamp,
    world: World,
}

/// One who lives it.
pub(super) struct Living<'a> {
    pub(super) life: &'a Life,
    pub(super) shared: Arc<Shared>,
    inbox: Arc<Keeper>,
    chronicle: Chronicle,
    pub(super) folder: &'a Folder,
    pub(super) out: &'a mut Out,
    zone: Tz,
    /// Nothing stops a round through the inbox but the end of the demo.
    going: watch::Receiver<bool>,
    /// Orders up to here have arrived.
    arrived: Timestamp,
    /// What was queued, or dropped by a guard, up to here has been shown.
    shown: Timestamp,
    pub(super) tally: Tally,
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
            tally: Tally::default(),
        };
        living.history().await?;
        living.days().await?;
        living.summary().await?;
        living.next_steps(address)?;
        living.real_time().await
    }
}

/// The local midnight from which the days pass at speed until today.
fn begin(today: Timestamp) -> Timestamp {
    let day = civil::local_date(today, world::ZONE).unwrap_or_default();
    civil::midnight(Date(day.0 - DAYS), world::ZONE).unwrap_or(today)
}

impl Living<'_> {
    /// The year before: imported at once, and everybody placed for the first time.
    async fn history(&mut self) -> Result<(), Failure> {
        let waiting = progress::spinner("a year arrives");
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
        let rows: u64 = round.imported.iter().flatten().map(|report| report.tally.rows).sum();
        self.out.line(format_args!(
            "{}  a year has arrived ({rows} rows), {} customers are placed for the first time:",
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
            "            as their triggers say; programmes of care, news and personal days begin {} times",
            run.enrolled
        ))?;
        self.delivered().await?;
        self.news().await?;
        self.out.line("")?;
        self.out
            .line(format_args!("{DAYS} days pass at speed; what falls on a weekend goes out on Monday:"))?;
        Ok(())
    }

    async fn days(&mut self) -> Result<(), Failure> {
        let first = civil::local_date(begin(self.life.today), world::ZONE).unwrap_or_default();
        for day in 0..DAYS {
            let paced = tokio::time::sleep(PACE);
            let Some(midnight) = civil::midnight(Date(first.0 + day), world::ZONE) else { continue };
            let mut rows = 0;
            let mut approved = Vec::new();
            for (index, hour) in HOURS.into_iter().enumerate() {
                self.life.clock.set(midnight.plus(hour * 3_600_000));
                if index == 0 {
                    let round = self.arrive(self.life.clock.now()).await?;
                    rows = round.imported.iter().flatten().map(|report| report.tally.new).sum();
                    while runs::run_at_once(&self.shared).await.map_err(stopped)?.is_some() {}
                }
                while runs::run_due(&self.shared).await.map_err(stopped)?.is_some() {}
                approved.extend(self.approve().await?);
                self.shared.schedules_changed.notify_one();
                // What may go in the morning must not meet the guards of the evening.
                self.delivered().await?;
            }
            self.show_day(midnight, rows).await?;
            for (run, touches) in approved {
                self.out.line(format_args!(
                    "            run {run} made unusually many actions, {touches}: approved, as `guanxi runs approve {run}` does"
                ))?;
            }
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

    /// Approves the runs that made unusually many touches, as somebody would who has looked at them; with how many went
    /// to the guards. In real time nobody does it but who tries the demo.
    async fn approve(&self) -> Result<Vec<(i64, u64)>, Failure> {
        const LATEST: usize = 20;
        let shared = Arc::clone(&self.shared);
        let approving = self.shared.writer.call(move |store| -> Result<_, ArchiveError> {
            let mut approved = Vec::new();
            for row in store.archive.runs(LATEST)? {
                if row.approval == Some(Approval::Waiting)
                    && let Said::Done(touches) = runs::approve(&shared, store, row.id)?
                {
                    approved.push((row.id, touches));
                }
            }
            Ok(approved)
        });
        Ok(approving.await.map_err(stopped)??)
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
        const MOST: usize = 2000;
        let rows: Result<Vec<TouchRow>, ArchiveError> = self
            .shared
            .writer
            .call(|store| store.archive.touches(&TouchFilter::default(), MOST))
            .await
            .map_err(stopped)?;
        let news = News::of(rows?, &mut self.shown);
        self.tally.count(&news);
        Ok(news)
    }

    /// The day in a line, with the actions of the tables that have decided least often so far; and the reason of one
    /// that decided for the first time.
    async fn show_day(&mut self, midnight: Timestamp, rows: u64) -> Result<(), Failure> {
        const TELLING: usize = 2;
        let news = self.news().await?;
        let telling = self.tally.telling(&news, TELLING);
        let named: Vec<String> =
            telling.iter().map(|row| format!("{} {}", row.touch.because.name, row.touch.customer)).collect();
        self.out.line(format_args!(
            "{} {rows:>5} rows {:>4} actions, {:>2} by people {:>4} waiting   {}",
            self.day(midnight),
            news.made.len(),
            self.by_people(&news),
            news.waiting.len(),
            named.join(", ")
        ))?;
        if let Some(first) = telling.into_iter().find(|row| self.tally.is_first(row, &news)) {
            self.show_touch(first, reason(first))?;
        }
        Ok(())
    }

    /// How many of what was made are calls and visits.
    fn by_people(&self, news: &News) -> usize {
        let active = self.shared.active();
        let human = |name: &str| {
            let action = active.set.compiled.actions.iter().find(|action| &*action.name == name);
            action.is_some_and(|action| action.about.tags.iter().any(|tag| tag == "human"))
        };
        news.made.iter().filter(|row| human(&row.touch.action)).count()
    }

    fn show_touches(&mut self, news: &News) -> Result<(), Failure> {
        for row in news.made.iter().take(SHOWN) {
            self.show_touch(row, reason(row))?;
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

    async fn real_time(&mut self) -> Result<(), Failure> {
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.life.clock.now();
            if now.0 - self.arrived.0 >= 60_000 {
                self.arrive(now).await?;
            }
            let news = self.news().await?;
            if !news.made.is_empty() {
                self.out.line(format_args!("{}  {}", times::show(now, self.zone), news.headline()))?;
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

pub(super) fn stopped(stopped: WriterStopped) -> Failure {
    Failure::fault(stopped)
}
