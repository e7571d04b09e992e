//! Kills the program under load at seeded random moments of all it does: no action and no row is lost, none comes
//! twice, and of a run there is all or nothing.
//!
//! `GUANXI_KILLS` asks for more or fewer kills, `GUANXI_SEED` for another seed. A seed repeats what is aimed at and the
//! moments waited for, as far as processes can be repeated.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and this one says what it hit"
)]

mod checks;
mod load;
mod phase;
mod receiver;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use guanxi::ports::simulated::SeededEntropy;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use checks::{contents, counted, figure};
use load::{BAD_ROWS, Client, ROWS};
use phase::Phase;
use receiver::Received;

const POLICY: &str = r#"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[metric.orders]
event = "order"
take = "count"
[segment.buyer]
when = 'orders >= 1'
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[channel.sheet.file]
path = "out/sheet.csv"
format = "csv"
columns = ["id", "customer"]
[channel.crm.webhook]
url = "http://RECEIVER/"
retry = { first = "1s", factor = 1, max = "1s", attempts = 1000 }
[action.greet]
channel = "list"
[action.note]
channel = "sheet"
[action.tell]
channel = "crm"
[action.visit]
channel = "crm"
[trigger.first_order]
when = 'buyer'
backlog = "fire"
actions = ["greet", "note"]
[trigger.ordered]
on = "order"
actions = ["tell"]
[cadence.care]
on = "order"
[[cadence.care.step]]
id = "visit"
action = "visit"
[schedule.always]
cron = "* * * * * *"
evaluate = ["everything"]
[schedule.ordered]
on = ["order"]
evaluate = ["trigger.*", "cadence.*"]
"#;

/// The actions done once for each customer.
const ACTIONS: [&str; 4] = ["greet", "note", "tell", "visit"];

/// What kills aim at, in turn: often what is quick to reach, seldom what takes a life of more than a second, as a file
/// in the inbox does, which is imported when it has looked the same for that long.
const AIMS: [(Phase, usize); 7] = [
    (Phase::Start, 7),
    (Phase::Run, 6),
    (Phase::Request, 5),
    (Phase::Rows, 4),
    (Phase::Reload, 4),
    (Phase::Shutdown, 2),
    (Phase::Import, 2),
];

/// What is aimed at is waited for so long at most.
const LIFE: Duration = Duration::from_millis(2_500);

fn number(name: &str) -> Option<u64> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

fn kills() -> usize {
    number("GUANXI_KILLS").map_or(300, |kills| usize::try_from(kills).unwrap())
}

fn seed() -> u64 {
    number("GUANXI_SEED").unwrap_or(7)
}

/// How long what is left may take once nothing is killed any more.
const PATIENCE: Duration = Duration::from_secs(120);

fn folder(receiver: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "inbox"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("policies/all.toml"), POLICY.replace("RECEIVER", receiver)).unwrap();
    folder
}

fn guanxi(home: &Path, store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home).env("GUANXI_LOG", "guanxi=debug").args([
        "--policies",
        "policies",
        "--data",
        ".",
        "--store",
        store,
    ]);
    command
}

/// A part of a time, at random.
fn part(entropy: &SeededEntropy, of: Duration) -> Duration {
    let fraction = f64::from(u32::try_from(entropy.next() >> 32).unwrap()) / f64::from(u32::MAX);
    of.mul_f64(fraction)
}

/// Waits until something is so, for a life at most.
fn wait_for(reached: impl Fn() -> bool) {
    let begun = Instant::now();
    while !reached() && begun.elapsed() < LIFE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All that lives and dies.
struct World<'test> {
    home: &'test Path,
    address: SocketAddr,
    received: &'test Received,
    entropy: SeededEntropy,
    /// How long the program takes until it serves.
    start: Duration,
    files: usize,
    edits: usize,
}

impl World<'_> {
    fn log(&self) -> PathBuf {
        self.home.join("log")
    }

    /// Starts the program with a log of its own.
    fn run(&self) -> Child {
        let log = fs::File::create(self.log()).unwrap();
        let mut command = guanxi(self.home, "guanxi.db");
        command.args(["run", "--listen", &self.address.to_string()]);
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// A life in which nothing comes: what comes later is news to triggers and cadences.
    fn first_life(&mut self) {
        let mut daemon = self.run();
        wait_for(|| fs::read_to_string(self.log()).unwrap().contains("run committed"));
        terminate(&daemon);
        assert_eq!(daemon.wait().unwrap().code(), Some(0), "{}", fs::read_to_string(self.log()).unwrap());
        let begun = Instant::now();
        let mut daemon = self.run();
        wait_for(|| Phase::Start.has_begun(&self.log()));
        self.start = begun.elapsed();
        println!("ready after {:.0} ms", self.start.as_secs_f64() * 1e3);
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// One life that ends with a kill in what is aimed at, as far as that can be done; what the kill met.
    fn live_and_die(&mut self, aim: Phase) -> Vec<Phase> {
        if aim == Phase::Import {
            load::drop_file(self.home, self.files);
            self.files += 1;
        }
        let requests = self.received.requests.load(Ordering::SeqCst);
        let mut daemon = self.run();
        if aim == Phase::Start {
            std::thread::sleep(part(&self.entropy, self.start));
        } else {
            wait_for(|| Phase::Start.has_begun(&self.log()));
        }
        match aim {
            Phase::Start => {}
            Phase::Import | Phase::Run => self.wait_into(aim, Duration::from_millis(30)),
            Phase::Request => {
                wait_for(|| self.received.requests.load(Ordering::SeqCst) > requests);
                std::thread::sleep(part(&self.entropy, Duration::from_millis(100)));
            }
            Phase::Rows => {
                wait_for(|| fs::read_to_string(self.log()).unwrap().contains("run committed"));
                std::thread::sleep(part(&self.entropy, Duration::from_millis(20)));
            }
            Phase::Reload => {
                // What is under way at the start must not count.
                std::thread::sleep(Duration::from_millis(50));
                self.edit();
                self.wait_into(aim, Duration::from_millis(25));
            }
            Phase::Shutdown => {
                std::thread::sleep(part(&self.entropy, Duration::from_millis(300)));
                terminate(&daemon);
                self.wait_into(aim, Duration::from_millis(10));
            }
        }
        let in_request = self.received.open.load(Ordering::SeqCst) > 0;
        let was_alive = daemon.try_wait().unwrap().is_none();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        let mut hit = if was_alive { phase::hit(&self.log()) } else { Vec::new() };
        hit.extend((was_alive && in_request).then_some(Phase::Request));
        hit
    }

    /// Waits until something has begun, and for a part of a time.
    fn wait_into(&self, phase: Phase, longest: Duration) {
        wait_for(|| phase.has_begun(&self.log()));
        std::thread::sleep(part(&self.entropy, longest));
    }

    /// Edits the policies so that nothing more is due: a title, a value, or a class more or less.
    fn edit(&mut self) {
        self.edits += 1;
        let (number, class) = (self.edits, self.edits % 7);
        let text = format!(
            "[score.twice]\nvalue = 'orders * {number}'\ntags = [\"report\"]\n[segment.edited_{class}]\nwhen = 'orders > {number}'\n"
        );
        let policies = self.home.join("policies");
        fs::write(policies.join(".edit"), text).unwrap();
        fs::rename(policies.join(".edit"), policies.join("edited.toml")).unwrap();
    }
}

fn terminate(daemon: &Child) {
    let terminated = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    assert!(terminated.success());
}

/// Lives and dies; how often a kill hit what.
fn kill_again_and_again(world: &mut World<'_>, client: &Client) -> BTreeMap<Phase, usize> {
    let mut hits = BTreeMap::new();
    let aims: Vec<Phase> = AIMS.iter().flat_map(|&(aim, times)| std::iter::repeat_n(aim, times)).collect();
    for _ in 0..kills() {
        let aim = *aims.get(usize::try_from(world.entropy.next()).unwrap() % aims.len()).unwrap();
        let mut hit = world.live_and_die(aim);
        let in_rows = checks::after_a_kill(world.home, client.answered());
        hit.extend(in_rows.then_some(Phase::Rows));
        for phase in hit {
            *hits.entry(phase).or_default() += 1;
        }
    }
    hits
}

#[test]
fn killing_the_daemon_at_any_moment_loses_nothing_and_does_nothing_twice() {
    let begun = Instant::now();
    println!("seed {}, {} kills", seed(), kills());
    let (receiver, received) = receiver::start(seed());
    let folder = folder(&receiver.to_string());
    let home = folder.path();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let entropy = SeededEntropy::new(seed());
    let mut world =
        World { home, address, received: &received, entropy, start: Duration::ZERO, files: 0, edits: 0 };
    world.first_life();
    let client = Client::start(address);
    let hits = kill_again_and_again(&mut world, &client);
    println!("{:.0} s; kills hit {hits:?}", begun.elapsed().as_secs_f64());
    if kills() >= 300 {
        assert!(Phase::ALL.iter().all(|phase| hits.contains_key(phase)), "nothing hit some phase: {hits:?}");
    }
    let mut daemon = world.run();
    let events = world.files * ROWS + client.stop();
    until_all_is_delivered(&world, events * ACTIONS.len());
    terminate(&daemon);
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGTERM ends it cleanly");
    let store = Connection::open(home.join("guanxi.db")).unwrap();
    the_store_is_whole(&store, events);
    all_went_out_once(&store, home, &received);
    every_bad_row_is_kept_once(home, world.files, ROWS);
    assert_eq!(contents(&home.join("inbox")).len(), 0);
    println!(
        "{events} customers, {} touches, {} edits; {:.0} s",
        events * ACTIONS.len(),
        world.edits,
        begun.elapsed().as_secs_f64()
    );
}

fn until_all_is_delivered(world: &World<'_>, touches: usize) {
    let begun = Instant::now();
    let store =
        Connection::open_with_flags(world.home.join("guanxi.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    store.busy_timeout(Duration::from_secs(10)).unwrap();
    loop {
        let delivered = figure(&store, "SELECT count(*) FROM touch WHERE state = 'delivered'");
        if delivered == touches {
            return;
        }
        let log = || fs::read_to_string(world.log()).unwrap_or_default();
        assert!(begun.elapsed() < PATIENCE, "{delivered} of {touches} touches delivered\n{}", log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Every touch stands in its file once, or came to the receiver always with the same body.
fn all_went_out_once(store: &Connection, home: &Path, received: &Received) {
    let of = |action: &str| {
        let mut ids = store.prepare("SELECT id FROM touch WHERE action = ?1").unwrap();
        let ids = ids.query_map([action], |row| row.get::<_, String>(0)).unwrap();
        counted(ids.map(Result::unwrap))
    };
    let list = fs::read_to_string(home.join("out/list.jsonl")).unwrap();
    let id = |line: &str| -> String {
        let touch: Value = serde_json::from_str(line).unwrap();
        touch.get("id").unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(counted(list.lines().map(id)), of("greet"));
    let sheet = fs::read_to_string(home.join("out/sheet.csv")).unwrap();
    let noted = sheet.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned());
    assert_eq!(counted(noted), of("note"));
    assert_eq!(contents(&home.join("out")).len(), 2, "nothing was written beside the files");
    let bodies = received.bodies.lock().unwrap();
    let told: BTreeSet<String> = of("tell").into_keys().chain(of("visit").into_keys()).collect();
    assert_eq!(bodies.keys().cloned().collect::<BTreeSet<_>>(), told);
    for (id, bodies) in bodies.iter() {
        let different: BTreeSet<_> = bodies.iter().collect();
        assert_eq!(different.len(), 1, "{id} had different bodies");
    }
}

fn the_store_is_whole(store: &Connection, events: usize) {
    let sound: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    checks::never_twice_and_never_half(store);
    for (query, expected) in [
        ("SELECT count(*) FROM event_order", events),
        ("SELECT rows FROM tally WHERE name = 'event_order'", events),
        ("SELECT count(*) FROM customer", events),
        ("SELECT count(*) FROM standing WHERE buyer = 1", events),
        ("SELECT count(*) FROM enrolment", events),
        ("SELECT count(*) FROM touch", events * ACTIONS.len()),
        ("SELECT count(*) FROM event_touch", events * ACTIONS.len()),
        ("SELECT count(*) FROM outbox", 0),
        ("SELECT count(*) FROM file_write", 0),
    ] {
        assert_eq!(figure(store, query), expected, "{query}");
    }
}

fn every_bad_row_is_kept_once(home: &Path, files: usize, rows: usize) {
    let rejected = contents(&home.join("rejected"));
    assert!(rejected.iter().all(|(name, _)| !name.contains(".csv.tmp")), "an unfinished file stays");
    let ids = rejected.iter().flat_map(|(_, text)| text.lines().skip(1));
    let found =
        counted(ids.map(|line| line.split(',').find(|cell| cell.starts_with("bad-")).unwrap().to_owned()));
    let step = rows / BAD_ROWS;
    let bad = |file| (0..rows).filter(move |row| row % step == 1).map(move |row| format!("bad-{file}-{row}"));
    assert_eq!(found, counted((0..files).flat_map(bad)));
}

#[test]
fn killing_an_import_leaves_nothing_or_all_of_it() {
    const ROWS: usize = 90_000;
    let folder = folder("127.0.0.1:9");
    let home = folder.path();
    fs::write(home.join("orders.csv"), load::orders(0, ROWS)).unwrap();
    let import = |store: &str| {
        let mut command = guanxi(home, store);
        command.args(["import", "order", "orders.csv"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begun = Instant::now();
    assert!(import("measured.db").status().unwrap().success());
    let whole = begun.elapsed();
    fs::remove_dir_all(home.join("rejected")).unwrap();
    let entropy = SeededEntropy::new(13);
    for _ in 0..kills().min(60).div_ceil(3) {
        let mut process = import("guanxi.db").spawn().unwrap();
        std::thread::sleep(part(&entropy, whole));
        process.kill().unwrap();
        process.wait().unwrap();
        // Opened to write, as the next program does: what was not committed is rolled back.
        let store = Connection::open(home.join("guanxi.db")).unwrap();
        let tables = figure(&store, "SELECT count(*) FROM sqlite_schema WHERE name = 'event_order'");
        let stored = if tables == 0 { 0 } else { figure(&store, "SELECT count(*) FROM event_order") };
        assert!(stored == 0 || stored == ROWS, "{stored} rows");
    }
    assert!(import("guanxi.db").status().unwrap().success());
    let store = Connection::open(home.join("guanxi.db")).unwrap();
    assert_eq!(figure(&store, "SELECT count(*) FROM event_order"), ROWS);
    assert_eq!(figure(&store, "SELECT count(*) FROM imported_file"), 1);
    every_bad_row_is_kept_once(home, 1, ROWS);
}
