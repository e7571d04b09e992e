//! The process, under the names that every Prometheus client uses.

use super::page::Metric;
use crate::ports::process::Usage;

pub(super) fn metrics(usage: &Usage) -> Vec<Metric> {
    let gauge = |name, help, value: Option<f64>| value.map(|value| Metric::gauge(name, help, value));
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
    [
        usage.cpu_seconds.map(|seconds| {
            Metric::counter("process_cpu_seconds_total", "User and system time the process has used", seconds)
        }),
        gauge(
            "process_resident_memory_bytes",
            "Memory the process holds in RAM",
            bytes(usage.resident_bytes),
        ),
        gauge("process_virtual_memory_bytes", "Address space of the process", bytes(usage.virtual_bytes)),
        gauge("process_open_fds", "Open file descriptors", bytes(usage.open_files)),
        gauge("process_max_fds", "Most file descriptors the process may open", bytes(usage.most_files)),
        gauge("process_threads", "Threads of the process", bytes(usage.threads)),
        gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            usage.started_seconds,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
