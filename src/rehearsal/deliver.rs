//! Receivers that take everything.

use std::collections::HashSet;
use std::sync::Arc;

use super::RehearsalError;
use crate::archive::Archive;
use crate::engine::Engine;
use crate::model::Timestamp;

/// How many touches are looked at together.
const TOGETHER: usize = 1_000;

/// Receivers take at once all that block and hours let through, as a dispatcher asks them just before each attempt; returns
/// how many touches they took.
///
/// # Errors
/// The store or the evaluation fails.
pub fn deliver(engine: &Engine, archive: &mut Archive, now: Timestamp) -> Result<u64, RehearsalError> {
    let mut taken = 0;
    for channel in &engine.policy().channels {
        // Those that stay although they are due are met again.
        let mut stay: HashSet<Arc<str>> = HashSet::new();
        loop {
            let mut due = archive.due(&channel.name, now, stay.len() + TOGETHER)?;
            due.retain(|delivery| !stay.contains(&delivery.touch.id));
            if due.is_empty() {
                break;
            }
            let (mut leaving, mut rulings) = (Vec::new(), Vec::new());
            for (delivery, release) in due.iter().zip(engine.release(archive, &due, now)?) {
                let id = &delivery.touch.id;
                let leaves = release.leaves();
                let ruling = release.ruling(id);
                if leaves {
                    leaving.push(&**id);
                } else if ruling.is_none() {
                    stay.insert(Arc::clone(id));
                }
                rulings.extend(ruling);
            }
            if leaving.is_empty() && rulings.is_empty() {
                continue;
            }
            let change = archive.change_outbox()?;
            change.note_rulings(&rulings, now)?;
            taken += change.delivered(&leaving, now)?;
            change.commit()?;
        }
    }
    Ok(taken)
}
