//! A receiver on loopback that answers as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What came.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) line: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    /// A status and one more header.
    Status(u16, &'static str),
    /// Nothing, for ever.
    Hang,
    /// The connection is closed in the middle of the answer's head.
    Close,
    /// These bytes, and the connection is closed.
    Bytes(&'static str),
    /// These bytes, one at a time, and then nothing.
    Drip(&'static str),
    /// These bytes, and then others without end.
    Endless(&'static str),
}

/// A receiver and what came to it.
pub(super) struct Receiver {
    pub(super) url: String,
    arrivals: UnboundedReceiver<Request>,
}

impl Receiver {
    /// Answers the n-th request (from 0) as `reply` says.
    pub(super) async fn start(reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let (sender, arrivals) = unbounded_channel();
        let shared = Arc::new((reply, AtomicUsize::new(0)));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                let sender = sender.clone();
                tokio::spawn(async move {
                    let next =
                        |request: &Request| (shared.0)(shared.1.fetch_add(1, Ordering::SeqCst), request);
                    serve(stream, next, sender).await;
                });
            }
        });
        Self { url, arrivals }
    }

    /// The next request, which must come soon.
    pub(super) async fn next(&mut self) -> Request {
        let next = tokio::time::timeout(Duration::from_secs(20), self.arrivals.recv());
        next.await.expect("a request comes").unwrap()
    }

    /// All that came so far and was not taken.
    pub(super) fn rest(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }
}

impl Request {
    pub(super) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut next: impl FnMut(&Request) -> Reply,
    sender: UnboundedSender<Request>,
) {
    while let Some(request) = read(&mut stream).await {
        let reply = next(&request);
        let _ = sender.send(request);
        match reply {
            Reply::Status(status, header) => {
                let more = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
                let text = format!("HTTP/1.1 {status} x\r\n{more}content-length: 4\r\n\r\nsaid");
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reply::Hang => std::future::pending().await,
            Reply::Close => {
                let _ = stream.write_all(b"HTTP/1.1 2").await;
                return;
            }
            Reply::Bytes(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Reply::Drip(bytes) => {
                for byte in bytes.as_bytes() {
                    if stream.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                std::future::pending::<()>().await;
            }
            Reply::Endless(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                return;
            }
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        body.extend_from_slice(&chunk[..read]);
    }
    Some(Request { line, headers, body })
}
