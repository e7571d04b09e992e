//! The HTTP/1.1 connections of one channel: opened where the guarded resolver leads, kept for the next request.
//!
//! A connection is driven by whoever sends over it, in the same task: nothing is spawned and nothing handed over, which
//! is most of what a request would cost beside the system's share.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::http::uri::Uri;
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tower_service::Service;

use super::address::GuardedResolver;

/// How long a connection is kept that nobody uses.
const KEPT: Duration = Duration::from_secs(90);

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Body = Full<Bytes>;

/// Why no answer came.
#[derive(Debug)]
pub(super) enum SendError {
    /// No connection.
    Connect(Cause),
    /// The connection broke.
    Broken(hyper::Error),
}

/// Makes connections to one receiver, and keeps those that serve again.
pub(super) struct Connections {
    connector: HttpsConnector<HttpConnector<GuardedResolver>>,
    receiver: Uri,
    most_kept: usize,
    /// The one used last at the end.
    kept: Mutex<Vec<(Instant, Box<Connection>)>>,
}

/// One connection, with nothing under way or one request and its answer. Large, so that it is handed over in a box.
pub(super) struct Connection {
    sender: http1::SendRequest<Body>,
    driver: http1::Connection<Stream, Body>,
    ended: bool,
}

impl Connections {
    /// Of `receiver` its scheme, host and port count.
    ///
    /// # Errors
    /// The certificates of authorities can't be used.
    pub(super) fn new(
        receiver: Uri,
        resolver: GuardedResolver,
        most_kept: usize,
    ) -> Result<Self, rustls::Error> {
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self { connector, receiver, most_kept, kept: Mutex::default() })
    }

    /// Sends a request, over a kept connection where one still serves. A request that was not begun to be written is
    /// sent over the next connection; one that may have arrived never is.
    ///
    /// # Errors
    /// No connection, or it broke before the head of an answer came.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<(Response<Incoming>, Box<Connection>), SendError> {
        loop {
            let kept = self.take();
            let is_new = kept.is_none();
            let mut connection = match kept {
                Some(connection) => connection,
                None => Box::pin(self.open()).await?,
            };
            // Where the receiver closed it meanwhile, this shows.
            connection.drive(std::future::ready(())).await;
            let answer = connection.sender.try_send_request(request);
            match drive(&mut connection.driver, &mut connection.ended, answer).await {
                Ok(response) => return Ok((response, connection)),
                Err(mut unsent) => match unsent.take_message() {
                    Some(again) if !is_new => request = again,
                    _ => return Err(SendError::Broken(unsent.into_error())),
                },
            }
        }
    }

    /// Keeps a connection whose answer was read to its end; another is closed.
    pub(super) async fn keep(&self, mut connection: Box<Connection>) {
        connection.drive(std::future::ready(())).await;
        if connection.ended || !connection.sender.is_ready() {
            return;
        }
        let now = Instant::now();
        let mut kept = self.kept();
        let stale = kept.iter().take_while(|(since, _)| *since + KEPT <= now).count();
        kept.drain(..stale);
        if kept.len() < self.most_kept {
            kept.push((now, connection));
        }
    }

    /// Closes what nobody used for a while.
    pub(super) fn close_stale(&self) {
        let now = Instant::now();
        self.kept().retain(|(since, _)| *since + KEPT > now);
    }

    fn take(&self) -> Option<Box<Connection>> {
        let (since, connection) = self.kept().pop()?;
        (since + KEPT > Instant::now()).then_some(connection)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Box<Connection>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Box<Connection>, SendError> {
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await.map_err(SendError::Connect)?;
        let stream = connector.call(self.receiver.clone()).await.map_err(SendError::Connect)?;
        // Bodies are small: copied behind their head they cost less than a write of two parts.
        let (sender, driver) =
            http1::Builder::new().writev(false).handshake(stream).await.map_err(SendError::Broken)?;
        Ok(Box::new(Connection { sender, driver, ended: false }))
    }
}

impl Connection {
    /// Does something that waits for what comes over the connection.
    pub(super) async fn drive<F: Future>(&mut self, work: F) -> F::Output {
        drive(&mut self.driver, &mut self.ended, work).await
    }
}

/// Moves bytes until some work that waits for them is done, and at least once.
async fn drive<F: Future>(
    driver: &mut http1::Connection<Stream, Body>,
    ended: &mut bool,
    work: F,
) -> F::Output {
    let mut work = pin!(work);
    let mut move_bytes = |context: &mut Context<'_>| {
        // Why it ended, the work hears.
        *ended = *ended || Pin::new(&mut *driver).poll(context).is_ready();
    };
    poll_fn(|context| {
        move_bytes(context);
        match work.as_mut().poll(context) {
            Poll::Pending => {}
            done @ Poll::Ready(_) => return done,
        }
        // What the work asked for may be there at once.
        move_bytes(context);
        work.as_mut().poll(context)
    })
    .await
}
