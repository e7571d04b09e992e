//! Stopping work in the middle, as a process that ends does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Archive, Result};

/// Steps between two looks at whether to stop: well under a millisecond.
const BETWEEN_LOOKS: i32 = 2_000;

/// Breaks off what the store is at, from another thread.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Fails one statement, the one under way or the next that is not over at once, and with it its transaction.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Archive {
    /// What breaks off work of this store. SQLite's own interrupt would be lost between two statements, where a run
    /// spends most of its time.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn interrupter(&mut self) -> Result<Interrupter> {
        let interrupter = Interrupter::default();
        let asked = interrupter.clone();
        self.connection
            .progress_handler(BETWEEN_LOOKS, Some(move || asked.0.swap(false, Ordering::Relaxed)))?;
        Ok(interrupter)
    }

    /// Lets the store take so many more steps and then fails whatever it is asked, until it is opened anew: what
    /// was not committed by then was never there. A step is what SQLite looks up after: about a row read or
    /// written. So work can be stopped between any two of its steps, the same ones each time.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn stop_after(&mut self, steps: u64) -> Result<()> {
        let mut left = steps;
        let stop = move || {
            let over = left == 0;
            left = left.saturating_sub(1);
            over
        };
        self.connection.progress_handler(1, Some(stop))?;
        Ok(())
    }

    /// Lets whatever the store is asked fail soon after `stop` is set.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) -> Result<()> {
        let stopped = move || stop.load(Ordering::Relaxed);
        self.connection.progress_handler(BETWEEN_LOOKS, Some(stopped))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn work_stopped_between_any_two_steps_is_whole_or_was_never_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut whole = 0;
        for steps in 0.. {
            let mut archive = Archive::open(&path).unwrap();
            archive.stop_after(steps).unwrap();
            let ended = take_in(&mut archive, steps);
            drop(archive);
            let customers = Archive::open_read_only(&path).unwrap().counts().unwrap().customers;
            assert!(customers == whole || customers == whole + 2, "{customers} after {steps} steps");
            assert!(ended.is_err() || customers == whole + 2, "{steps} steps");
            whole = customers;
            if ended.is_ok() {
                assert!(steps > 5, "only {steps} steps");
                return;
            }
        }
    }

    #[test]
    fn a_long_look_ends_soon_after_it_is_told_to() {
        let mut archive = Archive::open_in_memory().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        archive.stop_when(Arc::clone(&stop)).unwrap();
        let endless =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        std::thread::scope(|threads| {
            let looking =
                threads.spawn(move || archive.connection.query_row(endless, [], |row| row.get::<_, i64>(0)));
            stop.store(true, Ordering::Relaxed);
            assert!(looking.join().unwrap().is_err());
        });
    }

    #[test]
    fn work_that_is_broken_off_between_two_statements_was_never_there_and_later_work_goes_on() {
        let mut archive = Archive::open_in_memory().unwrap();
        let interrupter = archive.interrupter().unwrap();
        let mut ingest = archive.ingest(Timestamp(0)).unwrap();
        ingest.customer("a", &[]).unwrap();
        interrupter.interrupt();
        let broken_off = (0..1_000).find_map(|number| ingest.customer(&format!("b{number}"), &[]).err());
        drop(ingest);
        if broken_off.is_none() {
            // Each of these statements is over at once: one that is not is broken off.
            let endless =
                "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
            let error = archive.connection.query_row(endless, [], |_| Ok(())).unwrap_err();
            assert!(crate::archive::ArchiveError::from(error).was_broken_off());
        }
        assert_eq!(archive.counts().unwrap().customers, 0);
        take_in(&mut archive, 0).unwrap();
        assert_eq!(archive.counts().unwrap().customers, 2);
    }

    fn take_in(archive: &mut Archive, steps: u64) -> Result<()> {
        let mut ingest = archive.ingest(Timestamp(0))?;
        ingest.customer(&format!("a{steps}"), &[])?;
        ingest.customer(&format!("b{steps}"), &[])?;
        ingest.commit()?;
        Ok(())
    }
}
