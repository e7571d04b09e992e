//! When the daemon runs: clocks that jump, fires that were missed, edits at the wrong moment. Time is set.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use guanxi::daemon::Daemon;
use guanxi::daemon::runs::run_due;
use guanxi::daemon::state::{Outside, Settings};
use guanxi::model::Timestamp;
use guanxi::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};
use rusqlite::Connection;
use tempfile::TempDir;

struct Home {
    folder: TempDir,
    clock: Arc<SetClock>,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// A set whose one schedule says when and what becomes of missed runs.
fn policy(schedule: &str) -> String {
    format!(
        "[settings]\ntimezone = \"Europe/London\"\n[event.order.fields]\namount = \"number\"\n\
         [schedule.s]\nevaluate = [\"everything\"]\n{schedule}\n"
    )
}

impl Home {
    fn new(now: &str, schedule: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(SetClock::at(at(now))) };
        fs::create_dir(home.path("policies")).unwrap();
        home.edit(&policy(schedule));
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn edit(&self, policy: &str) {
        fs::write(self.path("policies/.new"), policy).unwrap();
        fs::rename(self.path("policies/.new"), self.path("policies/all.toml")).unwrap();
    }

    async fn start(&self) -> Daemon {
        let settings = Settings {
            policies: self.path("policies"),
            scripts: self.path("scripts"),
            data: self.folder.path().to_owned(),
            store: self.path("guanxi.db"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            token_file: None,
            plan: None,
        };
        let outside = Outside {
            clock: Arc::clone(&self.clock) as _,
            wall: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            environment: Arc::new(SetEnvironment::default()),
        };
        Daemon::start(settings, outside).await.unwrap()
    }

    /// Sets the clock, does all that is due by then and gives the times decided for since the store was made.
    async fn at(&self, daemon: &Daemon, now: &str) -> Vec<String> {
        self.clock.set(at(now));
        while run_due(&daemon.shared).await.unwrap().is_some() {}
        self.runs()
    }

    fn figure(&self, query: &str) -> i64 {
        let store = Connection::open(self.path("guanxi.db")).unwrap();
        store.query_row(query, [], |row| row.get(0)).unwrap()
    }

    fn runs(&self) -> Vec<String> {
        let store = Connection::open(self.path("guanxi.db")).unwrap();
        let mut runs = store.prepare("SELECT now FROM run ORDER BY id").unwrap();
        let runs = runs.query_map([], |row| Ok(Timestamp(row.get(0)?).to_string())).unwrap();
        runs.map(Result::unwrap).collect()
    }
}

const DAILY: &str = "cron = \"0 9 * * *\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_an_hour_repeats_nothing_and_skips_nothing() {
    let home = Home::new("2027-01-10T08:00:00Z", "cron = \"*/15 * * * *\"");
    let daemon = home.start().await;
    assert_eq!(home.at(&daemon, "2027-01-10T08:15:01Z").await, ["2027-01-10T08:15:00Z"]);
    assert_eq!(home.at(&daemon, "2027-01-10T07:15:02Z").await.len(), 1);
    for quarter in ["07:30", "07:45", "08:00", "08:15"] {
        assert_eq!(home.at(&daemon, &format!("2027-01-10T{quarter}:01Z")).await.len(), 1, "{quarter}");
    }
    assert_eq!(home.at(&daemon, "2027-01-10T08:30:00Z").await.last().unwrap(), "2027-01-10T08:30:00Z");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_year_ahead_makes_up_once_as_asked() {
    for (catch_up, runs) in [("latest", 1), ("none", 1)] {
        let home = Home::new("2027-01-10T08:00:00Z", &format!("{DAILY}\ncatch_up = \"{catch_up}\""));
        let daemon = home.start().await;
        let times = home.at(&daemon, "2028-01-10T10:00:00Z").await;
        assert_eq!((times.len(), times.last().unwrap().as_str()), (runs, "2028-01-10T09:00:00Z"));
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_while_down_is_made_up_for_as_asked() {
    for (catch_up, expected) in [
        ("latest", &["2027-01-13T09:00:00Z"][..]),
        ("all", &["2027-01-11T09:00:00Z", "2027-01-12T09:00:00Z", "2027-01-13T09:00:00Z"]),
        ("none", &[]),
    ] {
        let home = Home::new("2027-01-10T10:00:00Z", &format!("{DAILY}\ncatch_up = \"{catch_up}\""));
        home.start().await.stop().await;
        home.clock.set(at("2027-01-13T10:00:00Z"));
        let daemon = home.start().await;
        assert_eq!(home.at(&daemon, "2027-01-13T10:00:00Z").await, expected, "{catch_up}");
        assert_eq!(home.at(&daemon, "2027-01-13T23:00:00Z").await, expected, "{catch_up}: not again");
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_longer_than_its_schedule_delays_the_next_and_never_doubles_it() {
    let home = Home::new("2027-01-10T08:00:00Z", "cron = \"* * * * *\"");
    let daemon = home.start().await;
    // The writer is busy, as with a long run, while three fires pass.
    let (release, wait) = mpsc::channel::<()>();
    let shared = Arc::clone(&daemon.shared);
    let busy = tokio::spawn(async move { shared.writer.call(move |_| wait.recv().unwrap()).await });
    let mut asking = Vec::new();
    for minute in 1..4 {
        home.clock.set(at(&format!("2027-01-10T08:0{minute}:00Z")));
        daemon.shared.schedules_changed.notify_one();
        let shared = Arc::clone(&daemon.shared);
        asking.push(tokio::spawn(async move { run_due(&shared).await }));
    }
    release.send(()).unwrap();
    busy.await.unwrap().unwrap();
    for asked in asking {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(home.at(&daemon, "2027-01-10T08:03:30Z").await, ["2027-01-10T08:03:00Z"]);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_at_the_moment_of_a_fire_does_not_lose_it() {
    for catch_up in ["latest", "all", "none"] {
        let schedule = format!("{DAILY}\ncatch_up = \"{catch_up}\"");
        let home = Home::new("2027-01-10T08:59:00Z", &schedule);
        let daemon = home.start().await;
        let (release, wait) = mpsc::channel::<()>();
        let shared = Arc::clone(&daemon.shared);
        let busy = tokio::spawn(async move { shared.writer.call(move |_| wait.recv().unwrap()).await });
        let before = daemon.shared.active();
        home.edit(&format!("{}[segment.any]\nwhen = 'days_since(known_since) > 1'\n", policy(&schedule)));
        // The swap waits behind the job, and the fire falls meanwhile.
        let begun = Instant::now();
        while daemon.shared.writer.waiting() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the edit was not taken up");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        home.clock.set(at("2027-01-10T09:00:00Z"));
        release.send(()).unwrap();
        busy.await.unwrap().unwrap();
        while Arc::ptr_eq(&before, &daemon.shared.active()) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", daemon.shared.reload_report());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(home.at(&daemon, "2027-01-10T09:00:01Z").await, ["2027-01-10T09:00:00Z"], "{catch_up}");
        daemon.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_without_half_past_one_and_one_with_two_have_one_run_each() {
    let home = Home::new("2027-03-27T12:00:00Z", "cron = \"30 1 * * *\"");
    let daemon = home.start().await;
    // Clocks go from one to two: the moment after the gap.
    assert!(home.at(&daemon, "2027-03-28T00:59:59Z").await.is_empty());
    assert_eq!(home.at(&daemon, "2027-03-28T01:00:00Z").await, ["2027-03-28T01:00:00Z"]);
    assert_eq!(home.at(&daemon, "2027-03-28T12:00:00Z").await.len(), 1);
    daemon.stop().await;
    // And back from two to one: the first of the two.
    let home = Home::new("2027-10-30T12:00:00Z", "cron = \"30 1 * * *\"");
    let daemon = home.start().await;
    assert_eq!(home.at(&daemon, "2027-10-31T00:30:00Z").await, ["2027-10-31T00:30:00Z"]);
    assert_eq!(home.at(&daemon, "2027-10-31T01:30:00Z").await.len(), 1);
    assert_eq!(home.at(&daemon, "2027-11-01T01:30:00Z").await.len(), 2);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_on_events_goes_on_after_the_clock_was_set_back() {
    let home = Home::new("2027-01-10T08:00:00Z", "on = [\"order\"]");
    let daemon = home.start().await;
    // The first look notes what there is; each event after it makes a run, wherever the clock has gone.
    let begun = Instant::now();
    while home.figure("SELECT count(*) FROM taken") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody looked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (number, now) in
        ["2027-01-10T08:00:01Z", "2026-01-10T08:00:00Z", "2027-01-10T07:00:00Z"].iter().enumerate()
    {
        home.clock.set(at(now));
        let event = format!(r#"{{"type": "order", "id": "o{number}", "customer": "c", "at": "2025-01-01"}}"#);
        let stored = daemon.shared.writer.call(move |store| {
            let policy = Arc::clone(store.engine.policy());
            let kind = guanxi::intake::BodyKind::Events;
            guanxi::intake::body(&mut store.archive, &policy, kind, event.as_bytes(), Timestamp(0))
        });
        assert_eq!(stored.await.unwrap().unwrap().tally.new, 1);
        daemon.shared.events_arrived.notify_one();
        let begun = Instant::now();
        while home.runs().len() <= number {
            assert!(begun.elapsed() < Duration::from_secs(10), "event {number} made no run");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(home.runs().len(), 3);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policies_folder_that_is_removed_stops_no_schedule() {
    let home = Home::new("2027-01-10T08:00:00Z", DAILY);
    let daemon = home.start().await;
    fs::remove_dir_all(home.path("policies")).unwrap();
    let begun = Instant::now();
    while daemon.shared.reload_report().successful {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody noticed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(home.at(&daemon, "2027-01-10T09:00:00Z").await, ["2027-01-10T09:00:00Z"]);
    daemon.stop().await;
    // The last good set goes on across a restart as well.
    home.clock.set(at("2027-01-11T09:00:00Z"));
    let daemon = home.start().await;
    assert_eq!(home.at(&daemon, "2027-01-11T09:00:01Z").await.len(), 2);
    daemon.stop().await;
}
