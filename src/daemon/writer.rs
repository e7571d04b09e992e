//! The one thread that owns the store and writes. Everyone else hands it jobs, one after another,
//! over a bounded channel, so that runs, imports, deliveries and reloads never meet.

use std::thread;

use tokio::sync::{mpsc, oneshot};

/// How many jobs may wait; whoever brings more waits himself.
const WAITING_JOBS: usize = 64;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Hands jobs to the thread that owns `S`.
#[derive(Debug)]
pub struct Writer<S> {
    jobs: mpsc::Sender<Job<S>>,
}

/// The thread is gone: it was stopped, or a job panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store's writer has stopped")]
pub struct WriterStopped;

impl<S> Clone for Writer<S> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

impl<S: Send + 'static> Writer<S> {
    /// Starts a thread that owns `state` until every handle is gone. The receiver hears when it ended.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(state: S) -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let (jobs, mut waiting) = mpsc::channel::<Job<S>>(WAITING_JOBS);
        let (ended, end) = oneshot::channel();
        thread::Builder::new().name("writer".to_owned()).spawn(move || {
            // Dropped, and so heard, also when a job panics; the state before it, so that the store is
            // closed by then.
            let _ended = ended;
            let mut state = state;
            while let Some(job) = waiting.blocking_recv() {
                job(&mut state);
            }
        })?;
        Ok((Self { jobs }, end))
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
    async fn a_job_that_panics_ends_the_thread_and_everyone_hears_it() {
        let (writer, end) = Writer::start(()).unwrap();
        assert_eq!(writer.call(|()| -> () { panic!("on purpose") }).await, Err(WriterStopped));
        assert!(end.await.is_err());
        assert_eq!(writer.call(|()| ()).await, Err(WriterStopped));
    }
}
