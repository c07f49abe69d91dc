//! The numbers of several servers as one: counts and rates are sums, and what took how long is so at the slowest.

use std::sync::Arc;

use super::snapshot::{KindCounts, Latencies, MemberNumbers, ModelUse, Quantiles, Rates, Snapshot, StorePace};
use super::statistics::WORKFLOWS;

impl Snapshot {
    /// The same, which says whose it is.
    #[must_use]
    pub(crate) fn of_member(self, member: &str, incarnation: &str) -> Self {
        let numbers = MemberNumbers {
            member: member.to_owned(),
            incarnation: incarnation.to_owned(),
            connections: self.connections.values().sum(),
            messages_out: self.rates.messages_out,
            rss_bytes: self.rss_bytes,
            cpu_seconds: self.cpu_seconds,
        };
        Self { members: vec![numbers], ..self }
    }

    /// Adds what another server of the same cluster has.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            time: _,
            // Each says those of all.
            sessions: _,
            connections,
            subscriptions,
            rates,
            latency_ms,
            kinds,
            workflows,
            live_workflows,
            events,
            messages_sent,
            drops,
            closes,
            rss_bytes,
            cpu_seconds,
            store,
            models,
            members,
        } = other;
        for (sums, counts) in [
            (&mut self.connections, connections),
            (&mut self.subscriptions, subscriptions),
            (&mut self.events, events),
            (&mut self.closes, closes),
        ] {
            counts.iter().for_each(|(key, count)| *sums.entry(key.clone()).or_default() += count);
        }
        for (task, counts) in kinds {
            add_kind(self.kinds.entry(task.clone()).or_default(), counts);
        }
        add_rates(&mut self.rates, rates);
        self.latency_ms = slowest(&self.latency_ms, latency_ms);
        self.workflows.extend(workflows.iter().cloned());
        self.workflows.sort_by(|one, other| other.rate.total_cmp(&one.rate));
        self.workflows.truncate(WORKFLOWS);
        self.live_workflows += live_workflows;
        self.messages_sent += messages_sent;
        self.drops += drops;
        self.rss_bytes += rss_bytes;
        self.cpu_seconds += cpu_seconds;
        self.store = both_stores(self.store, *store);
        add_models(&mut self.models, models);
        self.members.extend(members.iter().cloned());
        self.members.sort_by(|one, other| one.member.cmp(&other.member));
    }
}

/// The numbers of several servers over some time, each server's in order and about as far apart: at each moment of the one that
/// knows the longest time, the sum of what all had nearest to it, up to `apart` seconds off.
#[must_use]
pub(crate) fn over_all(mut all: Vec<Vec<Arc<Snapshot>>>, apart: f64) -> Vec<Arc<Snapshot>> {
    let first = |one: &[Arc<Snapshot>]| one.first().map_or(f64::INFINITY, |snapshot| snapshot.time);
    let longest = (0..all.len()).min_by(|one, other| first(&all[*one]).total_cmp(&first(&all[*other])));
    let Some(longest) = longest else { return Vec::new() };
    let base = all.swap_remove(longest);
    if all.is_empty() {
        return base;
    }
    let sum = |moment: &Arc<Snapshot>| {
        let mut sum = Snapshot::clone(moment);
        let others = all.iter().filter_map(|other| nearest(other, moment.time));
        others.filter(|other| (other.time - moment.time).abs() <= apart).for_each(|other| sum.add(other));
        Arc::new(sum)
    };
    base.iter().map(sum).collect()
}

fn nearest(of: &[Arc<Snapshot>], time: f64) -> Option<&Snapshot> {
    let after = of.partition_point(|snapshot| snapshot.time < time);
    let around = of.iter().skip(after.saturating_sub(1)).take(2);
    around.map(Arc::as_ref).min_by(|one, other| (one.time - time).abs().total_cmp(&(other.time - time).abs()))
}

fn add_kind(sum: &mut KindCounts, other: &KindCounts) {
    let KindCounts { started, completed, failed, cancelled } = other;
    sum.started += started;
    sum.completed += completed;
    sum.failed += failed;
    sum.cancelled += cancelled;
}

fn add_rates(sum: &mut Rates, other: &Rates) {
    let Rates { messages_in, messages_out, bytes_in, bytes_out, sessions_started, sessions_ended, events, ticks } =
        other;
    sum.messages_in += messages_in;
    sum.messages_out += messages_out;
    sum.bytes_in += bytes_in;
    sum.bytes_out += bytes_out;
    sum.sessions_started += sessions_started;
    sum.sessions_ended += sessions_ended;
    sum.events += events;
    sum.ticks += ticks;
}

fn add_models(sum: &mut ModelUse, other: &ModelUse) {
    let ModelUse { turns, prompt_tokens, completion_tokens, cost, rate_limited, tool_calls } = other;
    sum.turns += turns;
    sum.prompt_tokens += prompt_tokens;
    sum.completion_tokens += completion_tokens;
    sum.cost += cost;
    sum.rate_limited += rate_limited;
    sum.tool_calls += tool_calls;
}

fn both_stores(one: StorePace, other: StorePace) -> StorePace {
    let rows = |pace: StorePace| pace.rows_per_commit.map(|rows| rows * pace.commits_per_second);
    let commits_per_second = one.commits_per_second + other.commits_per_second;
    let rows: Option<f64> = [one, other].into_iter().filter_map(rows).reduce(|sum, rows| sum + rows);
    StorePace {
        commits_per_second,
        rows_per_commit: rows.filter(|_| commits_per_second > 0.0).map(|rows| rows / commits_per_second),
        unwritten_rows: one.unwritten_rows + other.unwritten_rows,
    }
}

fn slowest(one: &Latencies, other: &Latencies) -> Latencies {
    let of = |one: Quantiles, other: Quantiles| Quantiles {
        p50: longer(one.p50, other.p50),
        p95: longer(one.p95, other.p95),
        p99: longer(one.p99, other.p99),
    };
    Latencies {
        start_to_done: of(one.start_to_done, other.start_to_done),
        commit: of(one.commit, other.commit),
        human_wait: of(one.human_wait, other.human_wait),
        queue_wait: of(one.queue_wait, other.queue_wait),
        loop_lag: of(one.loop_lag, other.loop_lag),
        tick: of(one.tick, other.tick),
    }
}

fn longer(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    [one, other].into_iter().flatten().reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::super::Metrics;
    use super::*;

    /// What a server says that has so many waiting sessions, whose commits took so long, at this moment.
    fn snapshot(time: f64, commits: u64, millis: u64) -> Snapshot {
        let metrics = Metrics::install(1).unwrap();
        let begun = Instant::now();
        let first = metrics.read(begun);
        metrics.task_kind("approval").started.inc_by(commits);
        (0..commits).for_each(|_| metrics.on_commit()(Duration::from_millis(millis), 3));
        let second = metrics.read(begun + Duration::from_secs(2));
        Snapshot { time, ..Snapshot::new(&second, &first, &first, &[]) }
    }

    #[test]
    fn counts_and_rates_are_sums_and_what_took_long_is_so_at_the_slowest() {
        let (one, other) = (snapshot(1.0, 10, 1).of_member("a", "1"), snapshot(2.0, 30, 80).of_member("b", "2"));
        let mut both = one.clone();
        both.add(&other);
        assert_eq!((both.time, both.kinds["approval"].started, both.rates.sessions_started), (1.0, 40, 20.0));
        assert_eq!((both.store.commits_per_second, both.store.rows_per_commit), (20.0, Some(3.0)));
        assert!(both.latency_ms.commit == other.latency_ms.commit && both.latency_ms.commit != one.latency_ms.commit);
        assert_eq!(both.members.iter().map(|one| one.member.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(both.rss_bytes, one.rss_bytes + other.rss_bytes);
        let mut nothing = snapshot(1.0, 0, 0);
        nothing.add(&snapshot(1.0, 0, 0));
        assert_eq!((nothing.store.rows_per_commit, nothing.latency_ms.commit.p50), (None, None));
    }

    #[test]
    fn the_past_of_several_is_their_sum_where_each_was_there() {
        let series = |times: &[f64], commits| -> Vec<Arc<Snapshot>> {
            times.iter().map(|time| Arc::new(snapshot(*time, commits, 1))).collect()
        };
        let started = |all: Vec<Arc<Snapshot>>| -> Vec<(f64, u64)> {
            all.iter().map(|one| (one.time, one.kinds.get("approval").map_or(0, |kind| kind.started))).collect()
        };
        let (long, short) = (series(&[10.0, 15.0, 20.0, 25.0], 1), series(&[21.5, 26.4], 5));
        let wanted = [(10.0, 1), (15.0, 1), (20.0, 6), (25.0, 6)];
        assert_eq!(started(over_all(vec![short.clone(), long.clone()], 5.0)), wanted);
        assert_eq!(started(over_all(vec![long.clone(), Vec::new()], 5.0)), started(long));
        assert!(over_all(Vec::new(), 5.0).is_empty());
    }
}
