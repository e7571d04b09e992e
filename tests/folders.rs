//! What people and programs do to the folders of the policies while the daemon runs: what is whole and good becomes
//! active, once; anything else changes nothing and is told.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use guanxi::daemon::Daemon;
use guanxi::daemon::state::{Outside, ReloadReport, Settings};
use guanxi::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};
use tempfile::TempDir;

const BASE: &str = r#"
[event.order.fields]
amount = "number"
[metric.orders]
event = "order"
take = "count"
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[action.greet]
channel = "list"
"#;

/// A trigger of a file of its own; all files together are one state of the set.
fn part(part: usize, state: usize) -> String {
    format!("[trigger.part_{part}]\nwhen = 'orders > {state}'\nactions = [\"greet\"]\n")
}

/// A file of its own that says which state it is of.
fn write_part(folder: &Path, name: usize, state: usize) {
    fs::write(folder.join(format!("part-{name:02}.toml")), part(name, state)).unwrap();
}

/// A whole set in some state.
fn write_set(folder: &Path, parts: usize, state: usize) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("base.toml"), BASE).unwrap();
    for name in 0..parts {
        write_part(folder, name, state);
    }
}

struct Home {
    folder: TempDir,
    daemon: Daemon,
    /// Each set that was active, once for each time it became so.
    seen: Arc<Mutex<Vec<BTreeSet<String>>>>,
}

fn settings(home: &Path) -> Settings {
    Settings {
        policies: home.join("policies"),
        scripts: home.join("scripts"),
        data: home.to_owned(),
        store: home.join("guanxi.db"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        token_file: None,
        plan: None,
    }
}

async fn start(home: &Path) -> Daemon {
    let clock = Arc::new(SetClock::default());
    let outside = Outside {
        clock: Arc::clone(&clock) as _,
        wall: clock,
        entropy: Arc::new(SeededEntropy::new(1)),
        environment: Arc::new(SetEnvironment::default()),
    };
    Daemon::start(settings(home), outside).await.unwrap()
}

/// The conditions of a daemon's active set, by which its states differ.
fn conditions(daemon: &Daemon) -> BTreeSet<String> {
    let texts = daemon.shared.active().set.files.policies.clone();
    let lines = texts.values().flat_map(|text| text.lines());
    lines.filter(|line| line.starts_with("when")).map(str::to_owned).collect()
}

impl Home {
    /// A daemon whose policies are made by `make`, given their folder, that has had its first look at them.
    async fn new(make: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make(&folder.path().join("policies"));
        let daemon = start(folder.path()).await;
        let seen = Arc::default();
        let home = Self { folder, daemon, seen };
        home.note_all();
        // The folders are watched from the first look on.
        tokio::time::sleep(Duration::from_millis(150)).await;
        home
    }

    /// Notes every set that becomes active from now on.
    fn note_all(&self) {
        let (seen, shared) = (Arc::clone(&self.seen), Arc::downgrade(&self.daemon.shared));
        tokio::spawn(async move {
            let mut last = None;
            while let Some(shared) = shared.upgrade() {
                let active = shared.active();
                if last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &active)) {
                    let texts = active.set.files.policies.values();
                    let lines = texts.flat_map(|text| text.lines()).filter(|line| line.starts_with("when"));
                    seen.lock().unwrap().push(lines.map(str::to_owned).collect());
                    last = Some(active);
                }
                drop(shared);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }

    fn policies(&self) -> PathBuf {
        self.folder.path().join("policies")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn report(&self) -> Arc<ReloadReport> {
        self.daemon.shared.reload_report()
    }

    /// Waits until what is active is of one state.
    async fn until_state(&self, state: usize) {
        let wanted = BTreeSet::from([format!("when = 'orders > {state}'")]);
        self.until(&format!("state {state}"), || conditions(&self.daemon) == wanted).await;
    }

    /// Waits until the files are refused for a reason.
    async fn until_refused(&self, reason: &str) {
        self.until(reason, || !self.report().successful && self.report().message.contains(reason)).await;
    }

    /// Waits until the files are what is active again.
    async fn until_mended(&self) {
        self.until("mended", || self.report().successful).await;
    }

    async fn until(&self, what: &str, reached: impl Fn() -> bool) {
        let begun = Instant::now();
        while !reached() {
            let told = self.report();
            let active = conditions(&self.daemon);
            assert!(begun.elapsed() < Duration::from_secs(20), "{what} never came: {told:?}\n{active:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends; every set that was active was of one state only, and these are the states.
    async fn end(self) -> Vec<usize> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.daemon.stop().await;
        let seen = self.seen.lock().unwrap();
        let one = |set: &BTreeSet<String>| -> usize {
            let mut numbers = set.iter().map(|line| line.split(['>', '\'']).nth(2).unwrap().trim());
            let number = numbers.next().unwrap().parse().unwrap();
            assert_eq!(numbers.next(), None, "half of an edit was active: {set:?}");
            number
        };
        seen.iter().map(one).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_renames_the_old_file_away_first() {
    let home = Home::new(|policies| write_set(policies, 1, 1)).await;
    let file = home.policies().join("part-00.toml");
    for state in 2..5 {
        // As vim does with `backupcopy=no`.
        fs::rename(&file, home.policies().join("part-00.toml~")).unwrap();
        fs::write(&file, part(0, state)).unwrap();
        fs::remove_file(home.policies().join("part-00.toml~")).unwrap();
        home.until_state(state).await;
    }
    home.until("the report", || home.report().message == "changed trigger.part_0 in part-00.toml").await;
    assert_eq!(home.end().await, [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_writes_beside_and_renames_over_and_one_that_writes_in_place() {
    let home = Home::new(|policies| write_set(policies, 1, 1)).await;
    let file = home.policies().join("part-00.toml");
    fs::write(home.policies().join(".part-00.toml.swp"), part(0, 2)).unwrap();
    fs::rename(home.policies().join(".part-00.toml.swp"), &file).unwrap();
    home.until_state(2).await;
    fs::write(&file, part(0, 3)).unwrap();
    home.until_state(3).await;
    assert_eq!(home.end().await, [1, 2, 3]);
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
    let ended = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(ended.success(), "git {arguments:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_git_checkout_of_many_files_is_one_edit() {
    let home = Home::new(|policies| {
        write_set(policies, 60, 1);
        git(policies, &["init", "--initial-branch=one"]);
        git(policies, &["add", "."]);
        git(policies, &["commit", "-m", "one"]);
        git(policies, &["checkout", "-b", "two"]);
        write_set(policies, 60, 2);
        git(policies, &["commit", "-am", "two"]);
        git(policies, &["checkout", "one"]);
    })
    .await;
    git(&home.policies(), &["checkout", "two"]);
    home.until_state(2).await;
    git(&home.policies(), &["checkout", "one"]);
    home.until_state(1).await;
    assert_eq!(home.end().await, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_as_rsync_makes_it_with_deletions_is_one_edit() {
    let home = Home::new(|policies| write_set(policies, 30, 1)).await;
    let policies = home.policies();
    for state in 2..12 {
        home.seen.lock().unwrap().clear();
        // `rsync -a --delete`: what is gone at the source goes first, then each file comes under a name of its own
        // beside its place and is renamed into it, here with pauses as over a slow line.
        for name in 20..30 {
            let _ = fs::remove_file(policies.join(format!("part-{name:02}.toml")));
        }
        let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
        for name in 0..20 {
            let hidden = policies.join(format!(".part-{name:02}.toml.Xb3Kq{name}"));
            fs::write(&hidden, part(name, state)).unwrap();
            fs::rename(&hidden, policies.join(format!("part-{name:02}.toml"))).unwrap();
            longest = longest.max(last.elapsed());
            last = Instant::now();
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        home.until_state(state).await;
        // On a machine so busy that a pause grew to nearly what ends an edit, it is made again.
        if longest < Duration::from_millis(80) {
            assert_eq!(home.end().await, [state]);
            return;
        }
    }
    panic!("the machine is too busy for this test");
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_mounted_by_swapping_a_link_is_one_edit_however_many_files() {
    let home = Home::new(|policies| {
        fs::create_dir(policies).unwrap();
        write_set(&policies.join("..1"), 30, 1);
        symlink("..1", policies.join("..data")).unwrap();
        for file in fs::read_dir(policies.join("..1")).unwrap() {
            let name = file.unwrap().file_name();
            symlink(Path::new("..data").join(&name), policies.join(&name)).unwrap();
        }
    })
    .await;
    for state in 2..4 {
        let (folder, former) = (format!("..{state}"), format!("..{}", state - 1));
        write_set(&home.policies().join(&folder), 30, state);
        symlink(&folder, home.policies().join("..data_tmp")).unwrap();
        fs::rename(home.policies().join("..data_tmp"), home.policies().join("..data")).unwrap();
        fs::remove_dir_all(home.policies().join(former)).unwrap();
        home.until_state(state).await;
    }
    assert_eq!(home.end().await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_a_link_may_be_swapped_for_another() {
    let home = Home::new(|policies| {
        write_set(&policies.with_file_name("release-1"), 3, 1);
        symlink("release-1", policies).unwrap();
    })
    .await;
    for state in 2..4 {
        write_set(&home.path(&format!("release-{state}")), 3, state);
        symlink(format!("release-{state}"), home.path("next")).unwrap();
        fs::rename(home.path("next"), home.policies()).unwrap();
        let begun = Instant::now();
        home.until_state(state).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "found by polling only: {:?}", begun.elapsed());
    }
    // The folder that it is now is watched as the first was.
    write_part(&home.path("release-3"), 3, 3);
    home.until("the added", || home.report().message == "added trigger.part_3 in part-03.toml").await;
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_leaves_the_set_active_and_is_taken_up_when_it_comes_back() {
    let home = Home::new(|policies| write_set(policies, 3, 1)).await;
    fs::remove_dir_all(home.policies()).unwrap();
    home.until_refused("there is no policies folder").await;
    home.until_state(1).await;
    write_set(&home.path("back"), 3, 2);
    fs::rename(home.path("back"), home.policies()).unwrap();
    home.until_state(2).await;
    write_set(&home.policies(), 3, 3);
    home.until_state(3).await;
    home.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_replaced_by_another_of_its_name_is_watched_in_its_place() {
    let home = Home::new(|policies| write_set(policies, 3, 1)).await;
    for state in [2, 4] {
        write_set(&home.path("new"), 3, state);
        fs::rename(home.policies(), home.path(&format!("old-{state}"))).unwrap();
        fs::rename(home.path("new"), home.policies()).unwrap();
        home.until_state(state).await;
        write_set(&home.policies(), 3, state + 1);
        home.until_state(state + 1).await;
    }
    // What becomes of the folder that was is nobody's business any more.
    write_set(&home.path("old-4"), 3, 9);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!home.end().await.contains(&9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_or_no_text_is_refused_by_name_until_it_is_gone() {
    let home = Home::new(|policies| write_set(policies, 1, 1)).await;
    let large = home.policies().join("large.toml");
    fs::File::create(&large).unwrap().set_len(100 << 20).unwrap();
    home.until_refused("large.toml is larger than 4 MB").await;
    fs::remove_file(&large).unwrap();
    home.until_mended().await;
    let latin = home.policies().join("latin.toml");
    fs::write(&latin, b"# caf\xe9\n").unwrap();
    home.until_refused("latin.toml is not UTF-8").await;
    write_part(&home.policies(), 0, 2);
    tokio::time::sleep(Duration::from_millis(300)).await;
    home.until_state(1).await;
    fs::write(&latin, "# café\n").unwrap();
    home.until_state(2).await;
    assert_eq!(home.end().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipes_sockets_and_links_in_a_circle_hold_nothing_up() {
    let home = Home::new(|policies| write_set(policies, 1, 1)).await;
    let policies = home.policies();
    let made = Command::new("mkfifo").arg(policies.join("pipe.toml")).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(policies.join("socket.toml")).unwrap();
    symlink("..", policies.join("circle")).unwrap();
    symlink("/dev/zero", policies.join("zero.toml")).unwrap();
    write_part(&policies, 0, 2);
    home.until_state(2).await;
    symlink("two.toml", policies.join("one.toml")).unwrap();
    symlink("one.toml", policies.join("two.toml")).unwrap();
    home.until_refused("one.toml").await;
    fs::remove_file(policies.join("one.toml")).unwrap();
    home.until_refused("two.toml is a link to something that isn't there").await;
    fs::remove_file(policies.join("two.toml")).unwrap();
    home.until_mended().await;
    assert_eq!(home.end().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_goes_on_without_rest_is_taken_up_when_it_rests() {
    let home = Home::new(|policies| write_set(policies, 20, 1)).await;
    for name in 0..20 {
        write_part(&home.policies(), name, 2);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    home.until_state(2).await;
    assert_eq!(home.end().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_the_store_refused_is_refused_after_a_restart_too_and_the_one_before_goes_on() {
    let home = Home::new(|policies| write_set(policies, 1, 1)).await;
    let text = r#"{"type": "order", "id": "o1", "customer": "c1", "at": "2026-01-01", "amount": 5}"#;
    let policy = Arc::clone(&home.daemon.shared.active().set.compiled);
    let stored = home.daemon.shared.writer.call(move |store| {
        let kind = guanxi::intake::BodyKind::Events;
        let now = guanxi::model::Timestamp(0);
        guanxi::intake::body(&mut store.archive, &policy, kind, text.as_bytes(), now)
    });
    assert_eq!(stored.await.unwrap().unwrap().tally.new, 1);
    write_set(&home.policies(), 1, 2);
    fs::write(home.policies().join("base.toml"), BASE.replace("\"number\"", "\"text\"")).unwrap();
    home.until_refused("stored as number").await;
    let Home { folder, daemon, .. } = home;
    daemon.stop().await;
    let daemon = start(folder.path()).await;
    let home = Home { folder, daemon, seen: Arc::default() };
    assert!(home.daemon.shared.active().from_store);
    assert!(!home.report().successful && home.report().message.contains("stored as number"));
    home.until_state(1).await;
    write_set(&home.policies(), 1, 3);
    home.until_state(3).await;
    assert!(!home.daemon.shared.active().from_store);
    home.daemon.stop().await;
}
