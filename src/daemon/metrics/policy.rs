//! Which policy set is active, and what became of the last edit.

use super::page::{Metric, Samples};
use super::runs::{labels, seconds};
use crate::daemon::state::{Active, ReloadReport};

pub(super) fn metrics(active: &Active, reload: &ReloadReport) -> Vec<Metric> {
    let version = labels([("version", &active.set.compiled.version)]);
    vec![
        Metric {
            name: "guanxi_policy_info",
            help: "1 for the policy set that is active",
            samples: Samples::Gauge(vec![(version, 1.0)]),
        },
        Metric::gauge(
            "guanxi_policy_last_reload_successful",
            "Whether the policy files as they were last read are what is active",
            f64::from(u8::from(reload.successful)),
        ),
        Metric::gauge(
            "guanxi_policy_last_reload_success_timestamp_seconds",
            "When the policy files were last read and found good; 0 where not since the start",
            seconds(reload.succeeded.map_or(0, |at| at.0)),
        ),
    ]
}
