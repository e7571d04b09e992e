//! What people and programs do to the inbox of a daemon: each row comes in once, what can't be read stands in nobody's
//! way, and a full inbox holds up no run. `GUANXI_FILES=10000` makes it as full as that.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and this one says what it measured"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::daemon::Daemon;
use guanxi::daemon::runs::decide;
use guanxi::daemon::state::{Outside, Settings};
use guanxi::engine::Whom;
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::{SeededEntropy, SetEnvironment};
use guanxi::ports::system::SystemClock;
use rusqlite::Connection;
use tempfile::TempDir;

const POLICY: &str = r#"
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
when = 'orders > 0'
"#;

/// The longest that a run may have to wait for files that are imported.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

struct Home {
    folder: TempDir,
    daemon: Daemon,
}

/// A file of so many orders of a name.
fn rows(name: &str, count: usize) -> String {
    let mut text = String::from("id,customer,at,amount\n");
    for row in 0..count {
        writeln!(text, "{name}-{row},{name}-{row},2026-01-01,{row}").unwrap();
    }
    text
}

impl Home {
    async fn new(fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["policies", "inbox"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("policies/all.toml"), POLICY).unwrap();
        fill(&folder.path().join("inbox"));
        let settings = Settings {
            policies: folder.path().join("policies"),
            scripts: folder.path().join("scripts"),
            data: folder.path().to_owned(),
            store: folder.path().join("guanxi.db"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            token_file: None,
            plan: None,
        };
        let outside = Outside {
            clock: Arc::new(SystemClock),
            wall: Arc::new(SystemClock),
            entropy: Arc::new(SeededEntropy::new(1)),
            environment: Arc::new(SetEnvironment::default()),
        };
        let daemon = Daemon::start(settings, outside).await.unwrap();
        Self { folder, daemon }
    }

    fn inbox(&self, name: &str) -> PathBuf {
        self.folder.path().join("inbox").join(name)
    }

    /// Puts a file there as one should: whole, by a rename.
    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.inbox(".coming"), content).unwrap();
        fs::rename(self.inbox(".coming"), self.inbox(name)).unwrap();
    }

    fn orders(&self) -> i64 {
        let store = Connection::open(self.folder.path().join("guanxi.db")).unwrap();
        store.query_row("SELECT count(*) FROM event_order", [], |row| row.get(0)).unwrap()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.path().join(folder)) else { return Vec::new() };
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    async fn until(&self, what: &str, within: Duration, reached: impl Fn() -> bool) {
        let begun = Instant::now();
        while !reached() {
            let problems = self.daemon.shared.inbox_problems();
            assert!(begun.elapsed() < within, "{what} never came: {problems:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many orders are stored and the inbox holds these files and no others.
    async fn until_orders(&self, count: i64, left: &[&str]) {
        let done = || self.orders() == count && self.names("inbox") == left;
        self.until(&format!("{count} orders, with {left:?} left"), Duration::from_secs(20), done).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_slowly_is_imported_once_and_whole() {
    let home = Home::new(|_| {}).await;
    let text = rows("slow", 40);
    let mut file = fs::File::create(home.inbox("orders.csv")).unwrap();
    for piece in text.as_bytes().chunks(text.len() / 9) {
        file.write_all(piece).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(home.orders() == 0 || home.orders() == 40, "half a file was imported");
    }
    drop(file);
    home.until_orders(40, &[]).await;
    assert_eq!(home.names("imported"), ["orders.csv"]);
    home.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_renamed_or_removed_before_its_turn_stands_in_nobody_s_way() {
    let home = Home::new(|_| {}).await;
    for round in 0..6 {
        home.put("orders-a.csv", rows(&format!("a{round}"), 5).as_bytes());
        home.put("orders-b.csv", rows(&format!("b{round}"), 5).as_bytes());
        tokio::time::sleep(Duration::from_millis(150 * round)).await;
        // It may have been imported already, or be under way.
        let _ = fs::rename(home.inbox("orders-a.csv"), home.inbox(&format!("orders-c{round}.csv")));
        let _ = fs::remove_file(home.inbox("orders-b.csv"));
    }
    home.until("all of a", Duration::from_secs(20), || home.names("inbox").is_empty()).await;
    let store = Connection::open(home.folder.path().join("guanxi.db")).unwrap();
    let of_a: i64 =
        store.query_row("SELECT count(*) FROM event_order WHERE id GLOB 'a*'", [], |row| row.get(0)).unwrap();
    assert_eq!(of_a, 30);
    home.put("orders-d.csv", rows("d", 5).as_bytes());
    home.until("the next", Duration::from_secs(20), || home.names("inbox").is_empty()).await;
    home.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_no_rows_at_all_stays_is_told_of_and_holds_up_no_other() {
    let home = Home::new(|_| {}).await;
    let mut binary: Vec<u8> =
        (0..200_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    binary.retain(|byte| *byte != b'\n');
    home.put("orders-1.csv", &binary);
    home.put("orders-2.csv", b"");
    home.put("orders-3.csv", rows("good", 7).as_bytes());
    home.until("the good rows", Duration::from_secs(20), || home.orders() == 7).await;
    home.until("the problem", Duration::from_secs(20), || !home.daemon.shared.inbox_problems().is_empty())
        .await;
    let told = home.daemon.shared.inbox_problems().join("\n");
    assert!(told.contains("orders-1.csv"), "{told}");
    assert!(home.names("inbox").contains(&"orders-1.csv".to_owned()));
    // Put right under the same name, it is taken up.
    home.put("orders-1.csv", rows("mended", 3).as_bytes());
    home.until("the mended", Duration::from_secs(20), || home.orders() == 10).await;
    home.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_again_is_another_file_and_the_same_content_again_changes_nothing() {
    let home = Home::new(|_| {}).await;
    home.put("orders.csv", rows("one", 4).as_bytes());
    home.until_orders(4, &[]).await;
    home.put("orders.csv", rows("two", 4).as_bytes());
    home.until_orders(8, &[]).await;
    home.put("orders.csv", rows("one", 4).as_bytes());
    home.until_orders(8, &[]).await;
    assert_eq!(home.names("imported"), ["orders.2.csv", "orders.3.csv", "orders.csv"]);
    home.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_is_worked_off_without_holding_up_runs() {
    let asked = std::env::var_os("GUANXI_FILES").and_then(|count| count.to_str()?.parse().ok());
    let files: usize = asked.unwrap_or(600);
    let home = Home::new(|inbox| {
        for file in 0..files {
            fs::write(inbox.join(format!("orders-{file}.csv")), rows(&format!("f{file}"), 3)).unwrap();
        }
    })
    .await;
    let (begun, wanted) = (Instant::now(), i64::try_from(files * 3).unwrap());
    let mut waits = Vec::new();
    while home.orders() < wanted {
        assert!(
            begun.elapsed()
                < Duration::from_secs(30) + Duration::from_millis(100) * u32::try_from(files).unwrap()
        );
        let (asked, shared) = (Instant::now(), Arc::clone(&home.daemon.shared));
        let run = home.daemon.shared.writer.call(move |store| {
            let waited = asked.elapsed();
            let now = shared.now();
            decide(&shared, store, now, (Scope::Everything, &Whom::Everybody), "test").unwrap();
            waited
        });
        waits.push(run.await.unwrap());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    home.until_orders(wanted, &[]).await;
    let longest = waits.iter().max().unwrap();
    println!(
        "{files} files in {:.1} s, {} runs meanwhile, none waited longer than {longest:?}",
        begun.elapsed().as_secs_f64(),
        waits.len()
    );
    assert!(*longest < LONGEST_WAIT, "a run waited {longest:?}");
    assert_eq!(home.names("imported").len(), files);
    home.daemon.stop().await;
}
