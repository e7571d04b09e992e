//! Runs soon after events have arrived, of the customers they happened to.

use std::sync::Arc;

use super::runs::{self, Ran};
use super::state::{Shared, Store};
use crate::engine::{EngineError, Happened};

/// Does the first run that events ask for, if any do.
pub(super) fn run(shared: &Shared, store: &mut Store) -> Option<Ran> {
    let policy = Arc::clone(store.engine.policy());
    let happened = match Happened::find(&mut store.archive, &policy, shared.now()) {
        Ok(happened) => happened?,
        Err(error) => return Some(Err(error.into())),
    };
    let asked = (happened.scope.clone(), &happened.whom);
    let result = runs::decide(shared, store, happened.at(), asked, &happened.schedule);
    // A fault of the store is made up for; one of the evaluation would come again.
    if !matches!(result, Err(EngineError::Archive(_)))
        && let Err(error) = happened.remember(&mut store.archive)
    {
        return Some(Err(error.into()));
    }
    Some(result)
}
