//! All metrics at one moment, as the registry has them: so what is sent elsewhere never differs from what Prometheus gets.

use std::collections::BTreeMap;

use prometheus::proto::{Metric, MetricFamily, MetricType};
use tokio::time::Instant;

/// All metrics at one moment.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// When they were read.
    pub(super) at: Instant,
    families: Vec<MetricFamily>,
}

impl Reading {
    pub(super) fn new(families: Vec<MetricFamily>, at: Instant) -> Self {
        Self { at, families }
    }

    /// The sum over all labels; 0 where there is no such metric. Of a histogram it is that of its values.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.of_name(name).map(|(_, value)| value).sum()
    }

    /// How many values a histogram has had.
    pub(super) fn count(&self, name: &str) -> f64 {
        let histograms = self.family(name).into_iter().flat_map(MetricFamily::get_metric);
        histograms.map(|metric| metric.get_histogram().get_sample_count() as f64).sum()
    }

    /// The sums by the values of a label.
    pub(super) fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for (metric, number) in self.of_name(name) {
            if let Some(value) = value_of(metric, label) {
                *sums.entry(value.to_owned()).or_default() += number;
            }
        }
        sums
    }

    /// The sums by the values of two labels.
    pub(super) fn by_two(&self, name: &str, first: &str, second: &str) -> BTreeMap<(String, String), f64> {
        let mut sums = BTreeMap::new();
        for (metric, number) in self.of_name(name) {
            if let (Some(first), Some(second)) = (value_of(metric, first), value_of(metric, second)) {
                *sums.entry((first.to_owned(), second.to_owned())).or_default() += number;
            }
        }
        sums
    }

    /// The bounds of a histogram's buckets in their order, each with how many values were up to it; the last is
    /// infinite.
    fn buckets(&self, name: &str) -> Vec<(f64, f64)> {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        let mut add = |bound: f64, count: u64| match buckets.iter_mut().find(|(other, _)| *other == bound) {
            Some((_, sum)) => *sum += count as f64,
            None => buckets.push((bound, count as f64)),
        };
        for metric in self.family(name).into_iter().flat_map(MetricFamily::get_metric) {
            let histogram = metric.get_histogram();
            for bucket in histogram.get_bucket() {
                add(bucket.upper_bound(), bucket.cumulative_count());
            }
            add(f64::INFINITY, histogram.get_sample_count());
        }
        buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        buckets
    }

    /// What a share of a histogram's values since an earlier reading were at most, as near as its buckets say; nothing
    /// where it has had none since.
    pub(super) fn quantile(&self, earlier: &Reading, name: &str, share: f64) -> Option<f64> {
        let before = earlier.buckets(name);
        let of_before = |bound: f64| before.iter().find(|(other, _)| *other == bound).map_or(0.0, |(_, count)| *count);
        let since: Vec<(f64, f64)> =
            self.buckets(name).into_iter().map(|(bound, count)| (bound, count - of_before(bound))).collect();
        let wanted = since.last().map(|(_, count)| count * share).filter(|wanted| *wanted > 0.0)?;
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in since {
            if count >= wanted {
                // Nothing is known of those beyond the last bound but that they are.
                let is_last = bound.is_infinite();
                return Some(if is_last {
                    lower
                } else {
                    lower + (bound - lower) * (wanted - below) / (count - below)
                });
            }
            (lower, below) = (bound, count);
        }
        None
    }

    fn family(&self, name: &str) -> Option<&MetricFamily> {
        self.families.iter().find(|family| family.name() == name)
    }

    /// The metrics of a name, each with its number.
    fn of_name(&self, name: &str) -> impl Iterator<Item = (&Metric, f64)> {
        self.family(name).into_iter().flat_map(|family| {
            let kind = family.get_field_type();
            family.get_metric().iter().map(move |metric| (metric, number_of(metric, kind)))
        })
    }
}

fn number_of(metric: &Metric, kind: MetricType) -> f64 {
    match kind {
        MetricType::COUNTER => metric.get_counter().get_value(),
        MetricType::GAUGE => metric.get_gauge().get_value(),
        MetricType::HISTOGRAM => metric.get_histogram().get_sample_sum(),
        // There are none of them here.
        MetricType::SUMMARY | MetricType::UNTYPED => 0.0,
    }
}

fn value_of<'a>(metric: &'a Metric, label: &str) -> Option<&'a str> {
    metric.get_label().iter().find(|pair| pair.name() == label).map(|pair| pair.value())
}

#[cfg(test)]
mod tests {
    use super::super::{Metrics, names};
    use super::*;

    #[test]
    fn sums_are_over_all_labels_or_by_some() {
        let metrics = Metrics::install(1).unwrap();
        metrics.task_kind("a").started.inc_by(3);
        metrics.task_kind("b").started.inc_by(4);
        metrics.task_kind("b").ended(crate::domain::status::Status::Failed);
        let read = metrics.read(Instant::now());
        assert_eq!((read.sum(names::SESSIONS_STARTED), read.sum("nothing")), (7.0, 0.0));
        let started = read.by(names::SESSIONS_STARTED, "task");
        assert_eq!(started, BTreeMap::from([("a".into(), 3.0), ("b".into(), 4.0)]));
        assert!(read.by(names::SESSIONS_STARTED, "status").is_empty());
        let ended = read.by_two(names::SESSIONS_ENDED, "task", "status");
        assert_eq!(ended[&("b".into(), "failed".into())], 1.0);
    }

    #[test]
    fn a_quantile_is_one_of_the_values_since_then() {
        let metrics = Metrics::install(1).unwrap();
        let commits = metrics.on_commit();
        let read = || metrics.read(Instant::now());
        let commit = |millis, times| {
            (0..times).for_each(|_| commits(std::time::Duration::from_millis(millis), 1));
        };
        commit(1, 10);
        let early = read();
        commit(80, 100);
        let late = read();
        let name = names::COMMIT_SECONDS;
        assert_eq!(early.quantile(&early, name, 0.5), None);
        assert_eq!(late.quantile(&late, "nothing", 0.5), None);
        let median = late.quantile(&early, name, 0.5).unwrap();
        assert!((median - 0.075).abs() < 1e-9, "{median}");
        assert_eq!(late.quantile(&early, name, 1.0), Some(0.1));
        assert_eq!((late.count(name), late.count(name) - early.count(name)), (110.0, 100.0));
        commit(60_000, 5);
        assert_eq!(read().quantile(&late, name, 0.5), Some(5.0), "nothing is known beyond the last bound");
    }
}
