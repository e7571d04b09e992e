//! Receivers that take everything.

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
        // Those that stay although they are due would be met again.
        let mut stay = 0;
        loop {
            let due = archive.due(&channel.name, now, stay + TOGETHER)?;
            let (mut leaving, mut rulings) = (Vec::new(), Vec::new());
            for (delivery, release) in due.iter().zip(engine.release(archive, &due, now)?).skip(stay) {
                let id = &delivery.touch.id;
                let leaves = release.leaves();
                let ruling = release.ruling(id);
                stay += usize::from(!leaves && ruling.is_none());
                leaving.extend(leaves.then_some(&**id));
                rulings.extend(ruling);
            }
            archive.note_rulings(&rulings, now)?;
            taken += archive.delivered(&leaving, now)?;
            if leaving.is_empty() && rulings.is_empty() {
                break;
            }
        }
    }
    Ok(taken)
}
