//! What the operator may order for a touch that did not leave, in the words of commands and HTTP alike.

use crate::archive::{Archive, ArchiveError, Redelivered};
use crate::model::Timestamp;
use crate::model::touch::TouchState;

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To send a dead touch again.
    Retry,
    /// To cancel a dead or queued touch.
    Drop,
}

impl Order {
    /// The word in commands and paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Drop => "drop",
        }
    }

    /// The state of a touch for which it was done.
    #[must_use]
    pub const fn leads_to(self) -> TouchState {
        match self {
            Self::Retry => TouchState::Queued,
            Self::Drop => TouchState::Cancelled,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// The store's own.
    pub fn carry_out(
        self,
        archive: &mut Archive,
        id: &str,
        at: Timestamp,
    ) -> Result<Redelivered, ArchiveError> {
        match self {
            Self::Retry => archive.retry_dead(id, at),
            Self::Drop => archive.drop_undelivered(id, at),
        }
    }
}

/// Why an order was not carried out; `None` where it was.
#[must_use]
pub fn refusal(id: &str, order: Order, done: Redelivered) -> Option<String> {
    let only = match order {
        Order::Retry => "only a dead touch can be retried",
        Order::Drop => "only a dead or queued touch can be dropped",
    };
    match done {
        Redelivered::Done => None,
        Redelivered::NoTouch => Some(format!("there is no touch {id}")),
        Redelivered::Not(state) => Some(format!("touch {id} is {state}: {only}")),
        Redelivered::UnderWay => Some(format!(
            "touch {id} is being sent at this moment: ask again when it is known what came of that"
        )),
        Redelivered::Expired(at) => Some(format!("touch {id} expired at {at}: it can't be sent any more")),
        Redelivered::Emptied => Some(format!(
            "touch {id} is so old that `retain` took its payload away: it can't be sent any more"
        )),
    }
}
