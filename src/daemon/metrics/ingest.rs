//! Rows that came in.

use super::counts::Counts;
use super::page::{Metric, Samples};
use super::runs::labels;
use crate::intake::{BodyKind, ImportError, ImportReport, Tally};
use crate::policy::Compiled;

/// Rows since the process started.
#[derive(Debug, Default)]
pub struct Ingested(Counts);

const OUTCOMES: [&str; 6] = ["new", "same", "replaced", "forgotten", "filtered", "rejected"];

impl Ingested {
    /// Counts the rows of a file that was imported; none where it was before.
    pub fn note_import(&self, imported: &Result<ImportReport, ImportError>) {
        if let Ok(report) = imported
            && !report.already
        {
            self.note(&report.source, &report.tally);
        }
    }

    fn note(&self, source: &str, tally: &Tally) {
        let counts = [tally.new, tally.same, tally.replaced, tally.forgotten, tally.filtered, tally.rejected];
        for (outcome, count) in OUTCOMES.iter().zip(counts) {
            self.0.add(source, outcome, count);
        }
    }

    /// Counts the rows of a body, stored by now.
    pub fn note_body(&self, kind: BodyKind, tally: &Tally) {
        self.note(path(kind), tally);
    }

    pub(super) fn metrics(&self, policy: &Compiled) -> Vec<Metric> {
        let sources = policy.sources.iter().map(|source| &*source.name);
        let bodies = [BodyKind::Customers, BodyKind::Events].map(path);
        let samples = sources.chain(bodies).flat_map(|source| {
            OUTCOMES.map(|outcome| {
                let labels = labels([("source", source), ("outcome", outcome)]);
                (labels, self.0.get(source, outcome) as f64)
            })
        });
        vec![Metric {
            name: "guanxi_ingest_rows_total",
            help: "Rows taken in, by source (a path for those that came over HTTP) and what became of them",
            samples: Samples::Counter(samples.collect()),
        }]
    }
}

/// What HTTP rows have for a source: no table can have such a name.
const fn path(kind: BodyKind) -> &'static str {
    match kind {
        BodyKind::Customers => "/v1/customers",
        BodyKind::Events => "/v1/events",
    }
}
