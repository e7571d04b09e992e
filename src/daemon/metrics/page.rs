//! A page of metrics as plain data, and its text.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use crate::model::durations::Durations;

/// The labels of a sample, in the order they are printed.
pub(super) type Labels = Vec<(&'static str, String)>;

/// One metric with all its samples.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    /// As it is printed; that of a counter ends in `_total`.
    pub(super) name: &'static str,
    /// What it means, without a full stop at its end.
    pub(super) help: &'static str,
    /// The samples.
    pub(super) samples: Samples,
}

/// The samples of one kind.
#[derive(Clone, Debug)]
pub(super) enum Samples {
    /// What only grows while the process lives.
    Counter(Vec<(Labels, f64)>),
    /// What goes up and down.
    Gauge(Vec<(Labels, f64)>),
    /// Durations by bucket.
    Histogram(Vec<(Labels, Durations)>),
}

impl Metric {
    /// A gauge without labels.
    pub(super) fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, samples: Samples::Gauge(vec![(Vec::new(), value)]) }
    }

    /// A counter without labels.
    pub(super) fn counter(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, samples: Samples::Counter(vec![(Vec::new(), value)]) }
    }

    fn encode(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let no_exemplar: Option<&Exemplar<[(&str, &str); 0], f64>> = None;
        match &self.samples {
            Samples::Counter(samples) => {
                let name = self.name.strip_suffix("_total").unwrap_or(self.name);
                let mut metric = page.encode_descriptor(name, self.help, None, MetricType::Counter)?;
                each(&mut metric, samples, |sample, value| sample.encode_counter(value, no_exemplar))
            }
            Samples::Gauge(samples) => {
                let mut metric = page.encode_descriptor(self.name, self.help, None, MetricType::Gauge)?;
                each(&mut metric, samples, |sample, &value| sample.encode_gauge(&value))
            }
            Samples::Histogram(samples) => {
                let mut metric = page.encode_descriptor(self.name, self.help, None, MetricType::Histogram)?;
                each(&mut metric, samples, |sample, taken| {
                    let (sum, count, buckets) = (taken.sum(), taken.count(), taken.buckets());
                    sample.encode_histogram::<[(&str, &str); 0]>(sum, count, &buckets, None)
                })
            }
        }
    }
}

fn each<V>(
    metric: &mut MetricEncoder<'_>,
    samples: &[(Labels, V)],
    encode: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
) -> fmt::Result {
    for (labels, value) in samples {
        if labels.is_empty() {
            encode(metric, value)?;
        } else {
            encode(&mut metric.encode_family(labels)?, value)?;
        }
    }
    Ok(())
}

/// All metrics of one scrape.
#[derive(Debug)]
struct Page(Vec<Metric>);

impl Collector for Page {
    fn encode(&self, mut page: DescriptorEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|metric| metric.encode(&mut page))
    }
}

/// The text of a page in Prometheus' text format 0.0.4, which every scraper reads.
///
/// # Errors
/// Never in practice: text is written to memory.
pub(super) fn print(metrics: Vec<Metric>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Page(metrics)));
    let mut printed = String::new();
    text::encode(&mut printed, &registry)?;
    Ok(in_format_004(&printed))
}

/// The text of OpenMetrics leaves `_total` out where it names and explains a counter, and ends with a line of its own.
fn in_format_004(open_metrics: &str) -> String {
    let counters: Vec<&str> = open_metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut printed = String::with_capacity(open_metrics.len() + 1024);
    for line in open_metrics.lines().filter(|line| *line != "# EOF") {
        match about(line).filter(|(_, name, _)| counters.contains(name)) {
            Some((what, name, rest)) => {
                printed.extend(["# ", what, " ", name, "_total ", rest, "\n"]);
            }
            None => printed.extend([line, "\n"]),
        }
    }
    printed
}

/// The word, the metric and the rest of a line `# HELP name …` or `# TYPE name …`.
fn about(line: &str) -> Option<(&str, &str, &str)> {
    let (what, rest) = line.strip_prefix("# ")?.split_once(' ')?;
    let (name, rest) = rest.split_once(' ')?;
    Some((what, name, rest))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_kind_is_printed_as_prometheus_reads_it() {
        let mut taken = Durations::default();
        taken.note(Duration::from_millis(7));
        let labels = vec![("name", "quote \" slash \\ line \n end".to_owned())];
        let printed = print(vec![
            Metric { name: "a_total", help: "Counts", samples: Samples::Counter(vec![(labels, 2.0)]) },
            Metric::gauge("b", "Weighs", 0.5),
            Metric {
                name: "c_seconds",
                help: "Lasts",
                samples: Samples::Histogram(vec![(Vec::new(), taken)]),
            },
        ])
        .unwrap();
        let begins = "# HELP a_total Counts\n# TYPE a_total counter\n\
                      a_total{name=\"quote \\\" slash \\\\ line \\n end\"} 2.0\n\
                      # HELP b Weighs\n# TYPE b gauge\nb 0.5\n\
                      # HELP c_seconds Lasts\n# TYPE c_seconds histogram\nc_seconds_sum 0.007\nc_seconds_count 1\n\
                      c_seconds_bucket{le=\"0.005\"} 0\nc_seconds_bucket{le=\"0.01\"} 1\n";
        assert!(printed.starts_with(begins), "{printed}");
        assert!(printed.ends_with("c_seconds_bucket{le=\"+Inf\"} 1\n"), "{printed}");
    }
}
