//! Stopping work in the middle, as a process that ends does.

use super::{Archive, Result};

impl Archive {
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

    fn take_in(archive: &mut Archive, steps: u64) -> Result<()> {
        let mut ingest = archive.ingest(Timestamp(0))?;
        ingest.customer(&format!("a{steps}"), &[])?;
        ingest.customer(&format!("b{steps}"), &[])?;
        ingest.commit()?;
        Ok(())
    }
}
