//! Deliveries: the dispatcher on the writer's store, kept in step with the active set.

use std::sync::Arc;

use tokio::sync::watch;

use super::state::{Shared, Store};
use super::writer::Writer;
use crate::archive::{Archive, Delivery};
use crate::care::release::Said;
use crate::emit::{Dispatcher, Gate, GateError, OutboxStore, StoreError};
use crate::engine::Engine;
use crate::model::Timestamp;

/// The outbox in the store that the writer's thread owns.
#[derive(Clone)]
pub struct WriterOutbox(pub Writer<Store>);

impl OutboxStore for WriterOutbox {
    async fn visit<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive, &dyn Gate) -> Result<T, StoreError> + Send + 'static,
    {
        // The engine is always that of the active set.
        let visit = self.0.call(|Store { archive, engine, .. }| work(archive, engine));
        visit.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// The guards of the set an engine runs.
impl Gate for Engine {
    fn ask(&self, archive: &Archive, due: &[&Delivery], now: Timestamp) -> Result<Vec<Said>, GateError> {
        self.ask_again(archive, due, now).map_err(|error| GateError(Box::new(error)))
    }
}

/// Delivers over the channels of the active set until told to stop.
pub async fn keep_delivering(
    shared: Arc<Shared>,
    mut dispatcher: Dispatcher<WriterOutbox>,
    mut stop: watch::Receiver<bool>,
) {
    let waker = dispatcher.waker();
    let mut changed = shared.outbox_changed.subscribe();
    let mut active = shared.active();
    configure(&mut dispatcher, &active);
    while !*stop.borrow() {
        tokio::select! {
            told = changed.changed() => if told.is_err() { break },
            _ = stop.changed() => break,
        }
        let now_active = shared.active();
        if !Arc::ptr_eq(&active, &now_active) {
            active = now_active;
            configure(&mut dispatcher, &active);
        }
        waker.wake();
    }
    dispatcher.shutdown().await;
}

fn configure(dispatcher: &mut Dispatcher<WriterOutbox>, active: &super::state::Active) {
    let policy = &active.set.compiled;
    dispatcher.configure(&policy.channels, policy.settings.timezone);
}
