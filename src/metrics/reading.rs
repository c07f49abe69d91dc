//! All metrics at one moment, read from the text that Prometheus gets: so what is told elsewhere never differs from it.

use std::collections::{BTreeMap, HashMap};

use tokio::time::Instant;

/// All metrics at one moment.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// When they were read.
    pub(super) at: Instant,
    series: HashMap<String, Vec<Series>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Series {
    labels: Vec<(String, String)>,
    value: f64,
}

impl Reading {
    /// Reads the Prometheus text format; lines that are none of it are left out.
    pub(super) fn of(text: &str, at: Instant) -> Self {
        let mut series = HashMap::<String, Vec<Series>>::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, read)) = line_of(line) {
                series.entry(name.to_owned()).or_default().push(read);
            }
        }
        Self { at, series }
    }

    /// The sum over all labels; 0 where there is no such metric.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.of_name(name).iter().map(|series| series.value).sum()
    }

    /// The sums by the values of a label.
    pub(super) fn by(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for series in self.of_name(name) {
            if let Some(value) = series.label(label) {
                *sums.entry(value.to_owned()).or_default() += series.value;
            }
        }
        sums
    }

    /// The sums by the values of two labels.
    pub(super) fn by_two(&self, name: &str, first: &str, second: &str) -> BTreeMap<(String, String), f64> {
        let mut sums = BTreeMap::new();
        for series in self.of_name(name) {
            if let (Some(first), Some(second)) = (series.label(first), series.label(second)) {
                *sums.entry((first.to_owned(), second.to_owned())).or_default() += series.value;
            }
        }
        sums
    }

    /// The bounds of a histogram's buckets in their order, each with how many values were up to it.
    fn buckets(&self, name: &str) -> Vec<(f64, f64)> {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for series in self.of_name(&format!("{name}_bucket")) {
            // "+Inf" is read as what it is.
            let Some(bound) = series.label("le").and_then(|bound| bound.parse::<f64>().ok()) else { continue };
            match buckets.iter_mut().find(|(other, _)| *other == bound) {
                Some((_, count)) => *count += series.value,
                None => buckets.push((bound, series.value)),
            }
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

    fn of_name(&self, name: &str) -> &[Series] {
        self.series.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Series {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

fn line_of(line: &str) -> Option<(&str, Series)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels_of(rest)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some((name, Series { labels, value }))
}

/// The labels up to the closing brace, and what comes after it.
fn labels_of(text: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.push((name.to_owned(), value));
        rest = after;
    }
}

/// A text up to its closing quote, without its escapes, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Metrics, names};
    use super::*;

    fn reading(text: &str) -> Reading {
        Reading::of(text, Instant::now())
    }

    #[test]
    fn lines_are_read_with_their_labels() {
        let read = reading(
            "# HELP a A.\n# TYPE a counter\na 1\nb{x=\"1\",y=\"p\"} 2.5\nb{x=\"1\",y=\"q\"} 3\n\
             c{x=\"a\\\"},\\\\ \\n\"} 4 1700000000\nnonsense\nd{x=\"1\" 7\n",
        );
        assert_eq!(read.sum("a"), 1.0);
        assert_eq!((read.sum("b"), read.sum("d"), read.sum("z")), (5.5, 0.0, 0.0));
        assert_eq!(read.by("b", "x"), BTreeMap::from([("1".into(), 5.5)]));
        assert_eq!(read.by_two("b", "x", "y").len(), 2);
        assert_eq!(read.by("c", "x"), BTreeMap::from([("a\"},\\ \n".into(), 4.0)]));
    }

    #[test]
    fn what_the_server_writes_is_read_back() {
        let metrics = Metrics::install(1).unwrap();
        let kind = metrics.task_kind("a \"quoted\" \\ name");
        kind.started.increment(3);
        let read = reading(&metrics.render());
        let started = read.by(names::SESSIONS_STARTED, "task");
        assert_eq!(started, BTreeMap::from([("a \"quoted\" \\ name".into(), 3.0)]));
    }

    #[test]
    fn a_quantile_is_one_of_the_values_since_then() {
        let buckets = |counts: [f64; 4]| {
            let bounds = ["0.1", "1", "10", "+Inf"];
            let line = |(bound, count): (&str, f64)| format!("h_bucket{{le=\"{bound}\"}} {count}\n");
            reading(&bounds.into_iter().zip(counts).map(line).collect::<String>())
        };
        let early = buckets([10.0, 10.0, 10.0, 10.0]);
        let late = buckets([10.0, 110.0, 110.0, 110.0]);
        assert_eq!(early.quantile(&early, "h", 0.5), None);
        assert_eq!(late.quantile(&late, "nothing", 0.5), None);
        let median = late.quantile(&early, "h", 0.5).unwrap();
        assert!((median - 0.55).abs() < 1e-9, "{median}");
        assert_eq!(late.quantile(&early, "h", 1.0), Some(1.0));
        assert_eq!(buckets([0.0, 0.0, 0.0, 5.0]).quantile(&buckets([0.0; 4]), "h", 0.5), Some(10.0));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "([a-z]{1,3}(\\{[a-z=\\\\\",}]{0,20})? ?[0-9.]{0,3}\n?){0,5}|.*") {
            reading(&text);
        }
    }
}
