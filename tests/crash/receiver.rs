//! A receiver of webhooks that is not always well: it takes a message and breaks off, or says it failed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guanxi::ports::simulated::SeededEntropy;

/// What came.
#[derive(Default)]
pub(crate) struct Received {
    /// The bodies, by `webhook-id`.
    pub(crate) bodies: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    /// How many requests were read.
    pub(crate) requests: AtomicUsize,
    /// How many of them are not answered.
    pub(crate) open: AtomicUsize,
}

/// Longest until a request is answered.
const SLOWEST: u64 = 8;

/// Listens until the process ends.
pub(crate) fn start(seed: u64) -> (SocketAddr, Arc<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::<Received>::default();
    let entropy = Arc::new(SeededEntropy::new(seed));
    let all = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (received, entropy) = (Arc::clone(&all), Arc::clone(&entropy));
            // The sender may be killed at any point: a connection that breaks is nobody's fault.
            std::thread::spawn(move || serve(stream, &received, &entropy));
        }
    });
    (address, received)
}

fn serve(stream: TcpStream, received: &Received, entropy: &SeededEntropy) -> Option<()> {
    let mut answers = stream.try_clone().ok()?;
    let mut requests = BufReader::new(stream);
    loop {
        let (id, body) = request(&mut requests)?;
        received.open.fetch_add(1, Ordering::SeqCst);
        received.requests.fetch_add(1, Ordering::SeqCst);
        received.bodies.lock().unwrap().entry(id).or_default().push(body);
        std::thread::sleep(Duration::from_millis(entropy.next() % SLOWEST));
        let ended = answer(&mut answers, entropy);
        received.open.fetch_sub(1, Ordering::SeqCst);
        ended?;
    }
}

/// Says that it was taken, or not, or nothing.
fn answer(to: &mut impl Write, entropy: &SeededEntropy) -> Option<()> {
    let answer = match entropy.next() % 10 {
        0 => return None,
        1 => "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
        2 => "HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
        _ => "HTTP/1.1 204 No Content\r\n\r\n",
    };
    to.write_all(answer.as_bytes()).ok()
}

/// One whole request; none where the sender went away.
fn request(from: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim().split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "webhook-id" => value.trim().clone_into(&mut id),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some((id, body))
}
