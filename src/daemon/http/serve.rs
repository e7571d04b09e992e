//! Takes in connections, a bounded number, none of which may dawdle.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service;
use tracing::warn;

use super::connections::{Connection, Connections};

/// How many connections are open at once; one more closes that which has dawdled longest.
const MOST: usize = 512;
/// How long a request's head may take, and how long a connection may be kept without a request.
const HEAD: Duration = Duration::from_secs(15);
/// How long a client may take over its part: a whole request, or reading an answer.
const PATIENCE: Duration = Duration::from_secs(90);
/// The most bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// How soon to try again when the system gives no connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// How long requests under way get once the daemon is told to stop.
const FAREWELL: Duration = Duration::from_secs(4);

/// Serves until told to stop, then lets requests under way finish.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let all = Connections::default();
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            // An error means that the daemon is gone, which is a reason to stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                open.spawn(keep(stream, router.clone(), all.open(MOST), stop.clone()));
            }
            Err(error) if is_clients(error.kind()) => {}
            Err(error) => {
                warn!(%error, "no more connections can be taken in at the moment");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(listener);
    let finish = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, finish).await.is_err() {
        warn!("requests under way take too long and are abandoned");
    }
}

/// Whether a connection came to nothing by the client's own doing.
const fn is_clients(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// Serves the requests of one connection.
async fn keep(stream: TcpStream, router: Router, connection: Connection, mut stop: watch::Receiver<bool>) {
    // Without it answers may wait for packets to fill; where it can't be set they just come later.
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(connection);
    let answer = {
        let connection = Arc::clone(&connection);
        service_fn(move |request| answer(router.clone(), Arc::clone(&connection), request))
    };
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(served);
    let mut stopping = false;
    loop {
        tokio::select! {
            // What went wrong is the client's: it hung up, dawdled, or doesn't speak HTTP.
            _ = served.as_mut() => return,
            () = connection.closed(PATIENCE) => return,
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(
    mut router: Router,
    connection: Arc<Connection>,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(connection);
    // A router is always ready.
    router.call(request).await
}
