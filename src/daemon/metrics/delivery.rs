//! Deliveries by channel, from the board that the lanes keep, and what waits for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::page::{Metric, Samples};
use super::runs::{labels, seconds};
use crate::archive::Depth;
use crate::emit::{ChannelState, ChannelStatus};
use crate::model::Timestamp;
use crate::policy::Compiled;

/// Why an attempt can fail: what [`Outcome::word`](crate::emit::outcome::Outcome::word) says, and `file`.
const REASONS: [&str; 8] =
    ["broken", "connect", "file", "gone", "redirect", "status", "timeout", "unwritable"];

pub(super) fn metrics(policy: &Compiled, board: &BTreeMap<Arc<str>, ChannelStatus>) -> Vec<Metric> {
    let none = ChannelStatus::default();
    let channels: Vec<(&str, &ChannelStatus)> = policy
        .channels
        .iter()
        .map(|channel| (&*channel.name, board.get(&channel.name).unwrap_or(&none)))
        .collect();
    let took = channels.iter().map(|(name, status)| (labels([("channel", name)]), status.took.clone()));
    let failures = channels.iter().flat_map(|(name, status)| {
        REASONS.map(|reason| {
            let count = status.failures.get(reason).copied().unwrap_or_default();
            (labels([("channel", name), ("reason", reason)]), count as f64)
        })
    });
    let works = channels.iter().map(|(name, status)| {
        let works = status.state == ChannelState::Running;
        (labels([("channel", name)]), f64::from(u8::from(works)))
    });
    vec![
        Metric {
            name: "guanxi_delivery_seconds",
            help: "How long attempts to deliver took until the answer, whatever it was; for files each write of up to 500 rows until it is on disk",
            samples: Samples::Histogram(took.collect()),
        },
        Metric {
            name: "guanxi_delivery_failures_total",
            help: "Attempts to deliver that failed, by reason",
            samples: Samples::Counter(failures.collect()),
        },
        Metric {
            name: "guanxi_channel_running",
            help: "Whether a channel delivers; 0 where its settings can't be used or its receiver wants nothing more",
            samples: Samples::Gauge(works.collect()),
        },
    ]
}

pub(super) fn outbox(policy: &Compiled, depths: &[Depth], now: Timestamp) -> Vec<Metric> {
    let of = |name: &str| depths.iter().find(|depth| depth.channel == name);
    let channels = || policy.channels.iter().map(|channel| &*channel.name);
    let depth = channels()
        .map(|name| (labels([("channel", name)]), of(name).map_or(0.0, |depth| depth.queued as f64)));
    let age = |at: Timestamp| seconds(now.0.saturating_sub(at.0).max(0));
    let oldest = channels()
        .map(|name| (labels([("channel", name)]), of(name).and_then(|depth| depth.oldest).map_or(0.0, age)));
    vec![
        Metric {
            name: "guanxi_outbox_depth",
            help: "Touches queued for a channel",
            samples: Samples::Gauge(depth.collect()),
        },
        Metric {
            name: "guanxi_outbox_oldest_seconds",
            help: "How long the oldest touch queued for a channel has been so; 0 where none is",
            samples: Samples::Gauge(oldest.collect()),
        },
    ]
}
