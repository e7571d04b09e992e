//! The store: how much is in it and how large its files are.

use std::path::Path;

use super::page::Metric;
use crate::archive::log_of;

pub(super) fn readable(readable: bool) -> Metric {
    Metric::gauge(
        "guanxi_store_readable",
        "Whether the store could be looked at for this page; where not, what it counts is left out",
        f64::from(u8::from(readable)),
    )
}

pub(super) fn customers(customers: u64) -> Metric {
    Metric::gauge("guanxi_customers", "Customers in the store", customers as f64)
}

pub(super) fn files(store: &Path) -> Vec<Metric> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0.0, |about| about.len() as f64);
    vec![
        Metric::gauge("guanxi_store_bytes", "Size of the store's file", size(store)),
        Metric::gauge(
            "guanxi_store_log_bytes",
            "Size of the store's write-ahead log, which is cut back to 64 MB when nobody reads an old moment",
            size(&log_of(store)),
        ),
    ]
}
