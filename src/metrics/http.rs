//! The handles that answers to HTTP requests are counted with, by their route.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use prometheus::{Histogram, IntCounter};

use super::{Metrics, names};

/// The route of what no pattern of the route table matches, so that strangers cannot make up labels.
const UNMATCHED: &str = "unmatched";

/// Makes the handles of routes.
#[derive(Clone, Debug)]
pub struct Http {
    metrics: Metrics,
}

impl Http {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let http = Self { metrics: metrics.clone() };
        let unmatched = http.unmatched();
        let _ = (unmatched.requests(404), unmatched.seconds());
        http
    }

    /// Handles for one worker's answers at a pattern of the route table. What was never asked for has no series.
    #[must_use]
    pub fn route(&self, pattern: &str) -> Route {
        Route {
            metrics: self.metrics.clone(),
            pattern: pattern.into(),
            seconds: OnceCell::new(),
            requests: RefCell::default(),
        }
    }

    /// Handles for what matches no pattern.
    #[must_use]
    pub fn unmatched(&self) -> Route {
        self.route(UNMATCHED)
    }
}

/// For one worker's answers at one route.
#[derive(Debug)]
pub struct Route {
    metrics: Metrics,
    pattern: Arc<str>,
    seconds: OnceCell<Histogram>,
    /// By status: few, so that a list is fast.
    requests: RefCell<Vec<(u16, IntCounter)>>,
}

impl Route {
    /// A request was answered with this status; the head of the answer, before a body that may stream, took so long.
    pub fn answered(&self, status: u16, took: Duration) {
        self.requests(status).inc();
        self.seconds().observe(took.as_secs_f64());
    }

    fn requests(&self, status: u16) -> IntCounter {
        let mut known = self.requests.borrow_mut();
        if let Some((_, counter)) = known.iter().find(|(other, _)| *other == status) {
            return counter.clone();
        }
        let labels = [("route", &*self.pattern), ("status", &status.to_string())];
        let counter = self.metrics.counter(names::HTTP_REQUESTS, &labels);
        known.push((status, counter.clone()));
        counter
    }

    fn seconds(&self) -> &Histogram {
        self.seconds.get_or_init(|| self.metrics.histogram(names::HTTP_SECONDS, &[("route", &*self.pattern)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_route_and_status_over_all_workers() {
        let metrics = Metrics::install(2).unwrap();
        let http = metrics.http();
        let (first, second) = (http.route("/sessions/{session_id}"), http.route("/sessions/{session_id}"));
        first.answered(200, Duration::from_millis(3));
        second.answered(200, Duration::from_millis(3));
        first.answered(404, Duration::from_millis(3));
        let text = metrics.render();
        for line in [
            "callboard_http_requests_total{route=\"/sessions/{session_id}\",status=\"200\"} 2",
            "callboard_http_requests_total{route=\"/sessions/{session_id}\",status=\"404\"} 1",
            "callboard_http_requests_total{route=\"unmatched\",status=\"404\"} 0",
            "callboard_http_request_seconds_count{route=\"/sessions/{session_id}\"} 3",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }
}
