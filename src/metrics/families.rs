//! The registry: every metric with its labels, made once.

use std::collections::HashMap;

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use super::names;
use super::process::Process;
use crate::domain::time::Timestamp;

/// All metrics of a server.
#[derive(Debug)]
pub(super) struct Families {
    registry: Registry,
    counters: HashMap<&'static str, IntCounterVec>,
    gauges: HashMap<&'static str, IntGaugeVec>,
    histograms: HashMap<&'static str, HistogramVec>,
    /// How long the engine took that servers share.
    engine: Gauge,
}

impl Families {
    /// All of them at zero.
    pub(super) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let engine = Gauge::new(names::CLUSTER_LAG, names::CLUSTER_LAG_HELP)?;
        let mut families = Self {
            engine,
            counters: HashMap::with_capacity(names::COUNTERS.len()),
            gauges: HashMap::with_capacity(names::GAUGES.len()),
            histograms: HashMap::with_capacity(names::HISTOGRAMS.len()),
            registry,
        };
        for (name, help, labels) in names::COUNTERS {
            let family = families.register(IntCounterVec::new(Opts::new(name, help), labels)?)?;
            families.counters.insert(name, family);
        }
        for (name, help, labels) in names::GAUGES {
            let family = families.register(IntGaugeVec::new(Opts::new(name, help), labels)?)?;
            families.gauges.insert(name, family);
        }
        for (name, help, labels, buckets) in names::HISTOGRAMS {
            let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let family = families.register(HistogramVec::new(options, labels)?)?;
            families.histograms.insert(name, family);
        }
        families.register(families.engine.clone())?;
        let started = families.register(Gauge::new(names::START_TIME, names::START_TIME_HELP)?)?;
        started.set(Timestamp::now().as_secs_f64());
        families.register(Process::new()?)?;
        Ok(families)
    }

    fn register<C: Collector + Clone + 'static>(&self, family: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(family.clone()))?;
        Ok(family)
    }

    /// All metrics as they are now.
    pub(super) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    pub(super) fn counter(&self, name: &'static str, labels: &[(&str, &str)]) -> IntCounter {
        found(name, self.counters.get(name).map(|family| family.get_metric_with(&by_name(labels))))
    }

    pub(super) fn gauge(&self, name: &'static str, labels: &[(&str, &str)]) -> IntGauge {
        found(name, self.gauges.get(name).map(|family| family.get_metric_with(&by_name(labels))))
    }

    pub(super) fn engine(&self) -> Gauge {
        self.engine.clone()
    }

    pub(super) fn histogram(&self, name: &'static str, labels: &[(&str, &str)]) -> Histogram {
        found(name, self.histograms.get(name).map(|family| family.get_metric_with(&by_name(labels))))
    }
}

fn by_name<'a>(labels: &'a [(&'a str, &'a str)]) -> HashMap<&'a str, &'a str> {
    labels.iter().copied().collect()
}

#[expect(clippy::panic, reason = "only constants are asked for, and a test takes the handle of each")]
fn found<M>(name: &str, metric: Option<prometheus::Result<M>>) -> M {
    match metric {
        Some(Ok(metric)) => metric,
        Some(Err(error)) => panic!("the labels of {name} are wrong: {error}"),
        None => panic!("there is no metric {name}"),
    }
}
