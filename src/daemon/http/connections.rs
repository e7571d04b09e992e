//! The connections that are open, and which of them keep the daemon waiting: those are closed first where there
//! are too many.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// All connections that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    last: u64,
    by_number: BTreeMap<u64, State>,
}

#[derive(Debug)]
struct State {
    /// Since when it has been the client's turn: to send a request, the rest of one, or to read an answer. `None`
    /// while a request is served.
    waits_since: Option<Instant>,
    close: Arc<Notify>,
}

/// One connection; no longer counted once it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    all: Connections,
    number: u64,
    close: Arc<Notify>,
}

/// A request of a connection is being served, until this is dropped.
#[derive(Debug)]
pub(super) struct Served(Arc<Connection>);

impl Connections {
    /// Counts a new connection, and closes the one that has kept the daemon waiting longest where there are as many
    /// as `most`.
    pub(super) fn open(&self, most: usize) -> Connection {
        let mut open = self.lock();
        if open.by_number.len() >= most {
            let waiting =
                open.by_number.iter().filter_map(|(number, state)| Some((state.waits_since?, *number)));
            if let Some((_, longest)) = waiting.min()
                && let Some(state) = open.by_number.remove(&longest)
            {
                state.close.notify_one();
            }
        }
        open.last += 1;
        let (number, close) = (open.last, Arc::new(Notify::new()));
        let state = State { waits_since: Some(Instant::now()), close: Arc::clone(&close) };
        open.by_number.insert(number, state);
        drop(open);
        Connection { all: self.clone(), number, close }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Notes that a request is complete and is served from now on.
    pub(super) fn serve(self: &Arc<Self>) -> Served {
        self.note(None);
        Served(Arc::clone(self))
    }

    /// Comes back once the connection is to be closed: another wants its place, or the client has not done its part
    /// for so long.
    pub(super) async fn closed(&self, patience: Duration) {
        loop {
            let waited = self.all.lock().by_number.get(&self.number).and_then(|state| state.waits_since);
            let left = waited.map_or(patience, |since| patience.saturating_sub(since.elapsed()));
            if left.is_zero() || tokio::time::timeout(left, self.close.notified()).await.is_ok() {
                return;
            }
        }
    }

    fn note(&self, waits_since: Option<Instant>) {
        if let Some(state) = self.all.lock().by_number.get_mut(&self.number) {
            state.waits_since = waits_since;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.lock().by_number.remove(&self.number);
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.note(Some(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn is_closed(connection: &Connection) -> bool {
        tokio::time::timeout(Duration::from_millis(20), connection.closed(LONG)).await.is_ok()
    }

    #[tokio::test]
    async fn the_connection_that_dawdles_longest_makes_room_and_one_that_is_served_stays() {
        let all = Connections::default();
        let served = Arc::new(all.open(3));
        let _request = served.serve();
        let (dawdles, fresh) = (all.open(3), all.open(3));
        let _new = all.open(3);
        assert!(is_closed(&dawdles).await);
        assert!(!is_closed(&served).await && !is_closed(&fresh).await);
    }

    #[tokio::test]
    async fn a_client_that_never_does_its_part_is_not_waited_for() {
        let all = Connections::default();
        let connection = all.open(3);
        let waited = tokio::time::timeout(LONG, connection.closed(Duration::from_millis(10))).await;
        assert!(waited.is_ok());
    }
}
