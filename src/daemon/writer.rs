//! The one thread that owns the store and writes. Everyone else hands it jobs, one after another,
//! over a bounded channel, so that runs, imports, deliveries and reloads never meet.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

/// How many jobs may wait; whoever brings more waits himself.
const WAITING_JOBS: usize = 64;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Hands jobs to the thread that owns `S`.
#[derive(Debug)]
pub struct Writer<S> {
    jobs: mpsc::Sender<Job<S>>,
    at_work: Arc<AtWork>,
}

/// What the thread is at.
#[derive(Debug, Default)]
struct AtWork {
    since: Mutex<Option<Instant>>,
    closing: AtomicBool,
}

impl AtWork {
    fn set(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// The thread is gone: it was stopped, or a job panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store's writer has stopped")]
pub struct WriterStopped;

impl<S> Clone for Writer<S> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone(), at_work: Arc::clone(&self.at_work) }
    }
}

impl<S: Send + 'static> Writer<S> {
    /// Starts a thread that owns `state` until it is closed or every handle is gone. The receiver hears when it ended.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(state: S) -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let (jobs, mut waiting) = mpsc::channel::<Job<S>>(WAITING_JOBS);
        let (ended, end) = oneshot::channel();
        let at_work = Arc::<AtWork>::default();
        let own = Arc::clone(&at_work);
        thread::Builder::new().name("writer".to_owned()).spawn(move || {
            // Dropped, and so heard, also when a job panics; the state before it, so that the store is
            // closed by then.
            let _ended = ended;
            let mut state = state;
            while !own.closing.load(Ordering::Relaxed)
                && let Some(job) = waiting.blocking_recv()
            {
                own.set(Some(Instant::now()));
                job(&mut state);
                own.set(None);
            }
        })?;
        Ok((Self { jobs, at_work }, end))
    }

    /// Does a job and gives its result. A job that was handed over is done even if nobody waits any more.
    ///
    /// # Errors
    /// The thread is gone.
    pub async fn call<T, F>(&self, job: F) -> Result<T, WriterStopped>
    where
        T: Send + 'static,
        F: FnOnce(&mut S) -> T + Send + 'static,
    {
        let (answer, result) = oneshot::channel();
        let job: Job<S> = Box::new(move |state| {
            // Nobody waits for the answer any more: the work is done all the same.
            let _ = answer.send(job(state));
        });
        self.jobs.send(job).await.map_err(|_| WriterStopped)?;
        result.await.map_err(|_| WriterStopped)
    }

    /// Lets the thread end after the jobs it was handed by now; later ones are refused.
    pub async fn close(&self) {
        let at_work = Arc::clone(&self.at_work);
        // An error means that it is gone.
        let _ = self.call(move |_| at_work.closing.store(true, Ordering::Relaxed)).await;
    }

    /// How long the thread has been at its present job; `None` where it has none.
    #[must_use]
    pub fn busy_for(&self) -> Option<Duration> {
        self.at_work.since.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }

    /// Whether the thread is gone.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.jobs.is_closed()
    }

    /// How many jobs wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_are_done_in_order_and_answer() {
        let (writer, end) = Writer::start(Vec::new()).unwrap();
        for number in 0..100 {
            writer.call(move |list: &mut Vec<i32>| list.push(number)).await.unwrap();
        }
        assert_eq!(writer.call(|list| list.clone()).await, Ok((0..100).collect()));
        drop(writer);
        assert!(end.await.is_err());
    }

    #[tokio::test]
    async fn a_closed_writer_does_what_it_was_handed_and_no_more() {
        let (writer, end) = Writer::start(0).unwrap();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let own = writer.clone();
        let first = tokio::spawn(async move { own.call(move |_| wait.recv().unwrap()).await });
        while writer.busy_for().is_none() {
            tokio::task::yield_now().await;
        }
        let (own, other) = (writer.clone(), writer.clone());
        let second = tokio::spawn(async move { own.call(|done| *done += 1).await });
        tokio::task::yield_now().await;
        let closing = tokio::spawn(async move { other.close().await });
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(())));
        closing.await.unwrap();
        assert!(end.await.is_err());
        assert_eq!((writer.call(|done| *done += 1).await, writer.busy_for()), (Err(WriterStopped), None));
    }

    #[tokio::test]
    async fn a_job_that_panics_ends_the_thread_and_everyone_hears_it() {
        let (writer, end) = Writer::start(()).unwrap();
        assert_eq!(writer.call(|()| -> () { panic!("on purpose") }).await, Err(WriterStopped));
        assert!(end.await.is_err());
        assert_eq!(writer.call(|()| ()).await, Err(WriterStopped));
    }
}
