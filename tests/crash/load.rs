//! What keeps the daemon busy: files in the inbox, and a client that posts events until they are stored.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use guanxi::model::Timestamp;
use guanxi::ports::Clock;
use guanxi::ports::system::SystemClock;

/// Good rows of a file.
pub(crate) const ROWS: usize = 120;
/// Bad rows of a file.
pub(crate) const BAD_ROWS: usize = 3;
/// Events of a body; one more row of it is bad.
pub(crate) const EVENTS: usize = 2;

/// The real time: events older than a day start nothing.
fn now() -> Timestamp {
    SystemClock.now()
}

/// The content of a file of first orders.
pub(crate) fn orders(file: usize, rows: usize) -> String {
    let mut text = String::from("id,customer,at,amount\n");
    let at = now();
    for row in 0..rows {
        writeln!(text, "o{file}-{row},c{file}-{row},{at},{row}").unwrap();
        if row % (rows / BAD_ROWS) == 1 {
            writeln!(text, "bad-{file}-{row},c{file},never,{row}").unwrap();
        }
    }
    text
}

/// Puts a file into the inbox whole.
pub(crate) fn drop_file(home: &Path, file: usize) {
    fs::write(home.join("inbox/next.tmp"), orders(file, ROWS)).unwrap();
    fs::rename(home.join("inbox/next.tmp"), home.join(format!("inbox/orders-{file}.csv"))).unwrap();
}

/// Posts bodies of first orders, each again and again until it is stored.
pub(crate) struct Client {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Client {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (told, count) = (Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::SeqCst) {
                let body = body(count.load(Ordering::SeqCst));
                while !post(address, &body) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        Self { stop, answered, thread }
    }

    /// How many events were answered for so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst) * EVENTS
    }

    /// Waits for the last body to be stored; how many events were.
    pub(crate) fn stop(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        self.answered.load(Ordering::SeqCst) * EVENTS
    }
}

fn body(number: usize) -> String {
    let mut text = String::from("{\"type\":\"order\",\"id\":\"nobody\"}\n");
    let at = now();
    for event in 0..EVENTS {
        let id = format!("p{number}-{event}");
        writeln!(text, "{{\"type\":\"order\",\"id\":\"{id}\",\"customer\":\"{id}\",\"at\":\"{at}\"}}")
            .unwrap();
    }
    text
}

/// Whether the answer came that says that all is stored.
fn post(address: SocketAddr, body: &str) -> bool {
    let exchange = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let length = body.len();
        write!(
            stream,
            "POST /v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    exchange().is_ok_and(|answer| {
        assert!(!answer.starts_with("HTTP/1.1 4"), "{answer}");
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"rejected\":1")
    })
}
