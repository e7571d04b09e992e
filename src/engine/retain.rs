//! What is kept no longer than `settings.retain` says.

use crate::archive::{Archive, ArchiveError, Keep, Pruning};
use crate::model::Timestamp;
use crate::policy::compiled::Settings;

/// What is kept where it is taken away by an instant; `None` where all is kept for good.
fn keep(settings: &Settings, by: Timestamp) -> Option<Keep> {
    let from = |kept: Option<crate::model::Duration>| kept.map(|kept| kept.before(by, settings.timezone));
    let keep = Keep { events: from(settings.retain.events), history: from(settings.retain.history) };
    (keep != Keep::default()).then_some(keep)
}

/// Begins to take away what is too old, where that is due, which it is once a day.
///
/// # Errors
/// The store fails.
pub fn begin_pruning(
    archive: &mut Archive,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<(Keep, Pruning)>, ArchiveError> {
    if keep(settings, now).is_none() {
        return Ok(None);
    }
    let Some(by) = archive.prune_due(now)? else { return Ok(None) };
    let Some(keep) = keep(settings, by) else { return Ok(None) };
    Ok(Some((keep, archive.begin_pruning(keep, now)?)))
}
