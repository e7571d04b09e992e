//! What became of touches since it was last told.

use crate::archive::TouchRow;
use crate::daemon::policy_set::plural;
use crate::model::Timestamp;
use crate::model::touch::TouchState;

/// Touches by what became of them, earliest first.
#[derive(Default)]
pub(super) struct News {
    /// Queued, and by now mostly delivered.
    pub(super) made: Vec<TouchRow>,
    /// Held back by a guard until it may go.
    pub(super) waiting: Vec<TouchRow>,
    /// Dropped by a guard.
    pub(super) dropped: Vec<TouchRow>,
}

impl News {
    /// What became of touches, latest first, since it was last shown; moves `shown` on.
    pub(super) fn of(rows: Vec<TouchRow>, shown: &mut Timestamp) -> Self {
        let (mut news, mut latest) = (Self::default(), *shown);
        for row in rows.into_iter().rev() {
            let since = match (row.touch.queued, row.touch.state) {
                (Some(queued), _) => queued,
                (None, TouchState::Suppressed) => row.state_at,
                (None, TouchState::Waiting) => {
                    news.waiting.push(row);
                    continue;
                }
                (None, _) => continue,
            };
            latest = latest.max(since);
            if since > *shown {
                let list = if row.touch.queued.is_some() { &mut news.made } else { &mut news.dropped };
                list.push(row);
            }
        }
        *shown = latest;
        news
    }

    /// `14 actions, 3 waiting, 1 suppressed`: what there is of each.
    pub(super) fn headline(&self) -> String {
        let mut parts = Vec::new();
        if !self.made.is_empty() {
            parts.push(plural(self.made.len(), "action"));
        }
        for (touches, verb) in [(&self.waiting, "waiting"), (&self.dropped, "suppressed")] {
            if !touches.is_empty() {
                parts.push(format!("{} {verb}", touches.len()));
            }
        }
        if parts.is_empty() { "nothing new".to_owned() } else { parts.join(", ") }
    }
}

/// Why it is done, in the words that go out.
pub(super) fn reason(row: &TouchRow) -> &str {
    let touch = &row.touch;
    let told = touch.payload.get("reason").and_then(serde_json::Value::as_str);
    told.unwrap_or(&touch.because.title)
}
