//! What `GET /metrics` tells: counters that begin at 0 with the process, and figures as they stand.
//!
//! Every label comes from the active policy set, so that there are as many series as tables, those of a removed table
//! go with it, and one that nothing has happened to yet is there with 0. What happens to touches is counted by the
//! store within its transactions; a scrape looks at the store beside the writer, at counts it keeps.

mod counts;
mod delivery;
mod ingest;
mod missed;
mod page;
mod policy;
mod process;
mod runs;
mod store;
mod touches;

use std::sync::Arc;

use super::state::Shared;
use crate::archive::{Archive, ArchiveError};
use crate::ports::process::usage;
use ingest::Ingested;
use page::Metric;
use runs::Runs;
use touches::Touches;

/// What is counted since the process started.
#[derive(Debug)]
pub struct Metrics {
    /// Runs.
    pub runs: Runs,
    /// Rows that came in.
    pub ingested: Ingested,
    touches: Touches,
}

impl Metrics {
    /// Begins to count. Nothing may happen to touches of this store before.
    ///
    /// # Errors
    /// The store can't be looked at.
    pub fn begin(archive: &Archive) -> Result<Self, ArchiveError> {
        Ok(Self {
            runs: Runs::default(),
            ingested: Ingested::default(),
            touches: Touches::since(archive.touch_tally()?),
        })
    }
}

/// The page that `GET /metrics` answers with, in Prometheus' text format 0.0.4. Blocks: it looks at the store. Where
/// the store can't be looked at, what it counts is left out, and `guanxi_store_readable` says so.
///
/// # Errors
/// Never in practice: text is written to memory.
pub fn page(shared: &Shared) -> Result<String, std::fmt::Error> {
    let active = shared.active();
    let set = Arc::clone(&active.set.compiled);
    let now = shared.now();
    let mut metrics = policy::metrics(&active, &shared.reload_report());
    metrics.push(ready(shared));
    metrics.extend(shared.metrics.runs.metrics(&set, &shared.runs(), now));
    metrics.extend(shared.metrics.ingested.metrics(&set));
    metrics.extend(delivery::metrics(&set, &shared.board.read()));
    let looked = Archive::open_read_only(&shared.settings.store)
        .and_then(|archive| Ok((archive.customer_count()?, archive.depths()?, archive.touch_tally()?)));
    metrics.push(store::readable(looked.is_ok()));
    if let Ok((customers, depths, tally)) = looked {
        metrics.push(store::customers(customers));
        metrics.extend(delivery::outbox(&set, &depths, now));
        metrics.extend(shared.metrics.touches.metrics(&set, tally));
    }
    metrics.extend(store::files(&shared.settings.store));
    metrics.extend(process::metrics(&usage()));
    page::print(metrics)
}

fn ready(shared: &Shared) -> Metric {
    let ready = super::status::not_ready(shared).is_none();
    Metric::gauge("guanxi_ready", "Whether GET /readyz says so", f64::from(u8::from(ready)))
}
