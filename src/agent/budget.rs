//! What the agents of a session may spend together, and what they have spent.
//!
//! A model call reserves about what it needs before it is made, and what it used is counted after it. Invariant: what is
//! spent is the sum of recorded outcomes, so that after a restart it is what it was.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use callboard_model::Usage;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

use crate::config::agents::Agents as Settings;
use crate::crew::BudgetLimits;

/// A minute, in which an agent makes so many calls.
const MINUTE: Duration = Duration::from_secs(60);

/// What the agents of a session may spend together. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    shared: Rc<Shared>,
    /// What the run that has it has spent, of all that was.
    own: Rc<Cell<Spent>>,
}

#[derive(Debug)]
struct Shared {
    limits: BudgetLimits,
    spent: Cell<Spent>,
    /// What calls that are under way may come to.
    reserved: Cell<Spent>,
    /// Whenever something that was reserved is not any more.
    settled: Notify,
    /// When each agent made its last calls.
    calls: RefCell<HashMap<String, VecDeque<Instant>>>,
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    pub(crate) usage: Usage,
    pub(crate) turns: u64,
    pub(crate) tool_calls: u64,
    /// Of work, without the time that agents wait for people.
    pub(crate) seconds: f64,
    pub(crate) cost: f64,
}

/// Keeps a part of the budget for a call that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    shared: Rc<Shared>,
    part: Spent,
}

impl Budget {
    /// One that the settings alone limit.
    pub(super) fn of(settings: &Settings) -> Self {
        let some = |number: f64| (number > 0.0).then_some(number);
        Self::new(BudgetLimits {
            turns: Some(settings.max_turns),
            tokens: Some(settings.max_tokens).filter(|tokens| *tokens > 0),
            seconds: some(settings.max_seconds),
            cost: some(settings.max_cost),
        })
    }

    fn new(limits: BudgetLimits) -> Self {
        Self {
            shared: Rc::new(Shared {
                limits,
                spent: Cell::default(),
                reserved: Cell::default(),
                settled: Notify::new(),
                calls: RefCell::default(),
            }),
            own: Rc::default(),
        }
    }

    /// The same for one run, whose part of what is spent is counted for itself as well. Those whom it hands work to have
    /// runs of their own.
    #[must_use]
    pub(super) fn of_one_run(&self) -> Self {
        Self { shared: Rc::clone(&self.shared), own: Rc::default() }
    }

    /// What the run that has this budget has spent so far.
    #[must_use]
    pub(super) fn spent_by_this_run(&self) -> Spent {
        self.own.get()
    }

    /// A new one with these limits, where they say something.
    #[must_use]
    pub(crate) fn with(&self, limits: &BudgetLimits) -> Self {
        Self::new(limits.or(&self.shared.limits))
    }

    /// What was spent so far.
    #[must_use]
    pub(crate) fn spent(&self) -> Spent {
        self.shared.spent.get()
    }

    /// What is left of each limit that there is.
    #[must_use]
    pub(super) fn left(&self) -> Value {
        let (limits, spent) = (&self.shared.limits, self.spent());
        let mut left = Map::new();
        let mut put = |name: &str, value: Option<Value>| left.extend(value.map(|value| (name.to_owned(), value)));
        put("tokens", limits.tokens.map(|most| most.saturating_sub(spent.usage.total()).into()));
        put("turns", limits.turns.map(|most| most.saturating_sub(spent.turns).into()));
        put("seconds", limits.seconds.map(|most| rounded(most - spent.seconds).into()));
        put("cost", limits.cost.map(|most| rounded(most - spent.cost).into()));
        Value::Object(left)
    }

    /// Keeps about what a call needs. Waits while calls that are under way may use up what is left.
    ///
    /// # Errors
    /// Where nothing is left.
    pub(super) async fn reserve(&self, tokens: u64, cost: f64) -> Result<Reserved, String> {
        loop {
            let settled = self.shared.settled.notified();
            if let Some(used_up) = self.shared.used_up(self.spent()) {
                return Err(used_up);
            }
            let with_others = self.spent().plus(self.shared.reserved.get());
            if self.shared.used_up(with_others).is_none() {
                let usage = Usage { prompt_tokens: tokens, ..Usage::default() };
                let part = Spent { usage, turns: 1, cost, ..Spent::default() };
                self.shared.reserved.set(self.shared.reserved.get().plus(part));
                return Ok(Reserved { shared: self.shared.clone(), part });
            }
            settled.await;
        }
    }

    /// How many seconds of work are left, where that is limited.
    pub(super) fn seconds_left(&self) -> Option<f64> {
        self.shared.limits.seconds.map(|most| (most - self.spent().seconds).max(0.0))
    }

    /// Counts what was spent.
    pub(super) fn spend(&self, part: Spent) {
        self.shared.spent.set(self.spent().plus(part));
        self.own.set(self.own.get().plus(part));
    }

    /// Waits until an agent may make another call, where so many a minute are allowed.
    pub(super) async fn pace(&self, agent_id: &str, calls_a_minute: u32) {
        loop {
            let now = Instant::now();
            let next = {
                let mut all = self.shared.calls.borrow_mut();
                let calls = all.entry(agent_id.to_owned()).or_default();
                while calls.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
                    calls.pop_front();
                }
                if calls.len() < calls_a_minute as usize {
                    calls.push_back(now);
                    return;
                }
                calls.front().map_or(now, |oldest| *oldest + MINUTE)
            };
            sleep_until(next).await;
        }
    }
}

impl Shared {
    fn used_up(&self, spent: Spent) -> Option<String> {
        let limits = &self.limits;
        let exceeded = |what: String| Some(format!("budget_exceeded: {what}"));
        match limits {
            BudgetLimits { turns: Some(most), .. } if spent.turns >= *most => {
                exceeded(format!("all {most} turns are used up"))
            }
            BudgetLimits { tokens: Some(most), .. } if spent.usage.total() >= *most => {
                exceeded(format!("{} tokens are used, and {most} may be", spent.usage.total()))
            }
            BudgetLimits { seconds: Some(most), .. } if spent.seconds >= *most => {
                exceeded(format!("all {most} seconds of work are used up"))
            }
            BudgetLimits { cost: Some(most), .. } if spent.cost >= *most => {
                exceeded(format!("{} is spent, and {most} may be", rounded(spent.cost)))
            }
            BudgetLimits { .. } => None,
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.shared.reserved.set(self.shared.reserved.get().since(self.part));
        self.shared.settled.notify_waiters();
    }
}

impl Spent {
    fn plus(self, other: Self) -> Self {
        Self {
            usage: self.usage.plus(other.usage),
            turns: self.turns + other.turns,
            tool_calls: self.tool_calls + other.tool_calls,
            seconds: self.seconds + other.seconds,
            cost: self.cost + other.cost,
        }
    }

    /// What was spent since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        let usage = Usage {
            prompt_tokens: self.usage.prompt_tokens.saturating_sub(before.usage.prompt_tokens),
            completion_tokens: self.usage.completion_tokens.saturating_sub(before.usage.completion_tokens),
            estimated: self.usage.estimated,
        };
        Self {
            usage,
            turns: self.turns.saturating_sub(before.turns),
            tool_calls: self.tool_calls.saturating_sub(before.tool_calls),
            seconds: (self.seconds - before.seconds).max(0.0),
            cost: (self.cost - before.cost).max(0.0),
        }
    }

    /// As results and events have it.
    #[must_use]
    pub(crate) fn to_json(self) -> Value {
        let Self { usage, turns, tool_calls, seconds, cost } = self;
        let mut json = json!({
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total(),
            "turns": turns,
            "tool_calls": tool_calls,
            "seconds": rounded(seconds),
            "cost": rounded(cost),
        });
        if let Some(fields) = json.as_object_mut().filter(|_| usage.estimated) {
            fields.insert("estimated".into(), true.into());
        }
        json
    }
}

/// To a millionth: sums of floats are not exact.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limits: BudgetLimits) -> Budget {
        Budget::of(&Settings::default()).with(&limits)
    }

    fn call(tokens: u64) -> Spent {
        let usage = Usage { prompt_tokens: tokens, ..Usage::default() };
        Spent { usage, turns: 1, seconds: 0.5, cost: 0.25, ..Spent::default() }
    }

    #[tokio::test]
    async fn each_limit_ends_the_work_that_would_pass_it() {
        for (limits, word) in [
            (BudgetLimits { turns: Some(2), ..BudgetLimits::default() }, "turns"),
            (BudgetLimits { tokens: Some(150), ..BudgetLimits::default() }, "tokens"),
            (BudgetLimits { seconds: Some(1.0), ..BudgetLimits::default() }, "seconds"),
            (BudgetLimits { cost: Some(0.5), ..BudgetLimits::default() }, "spent"),
        ] {
            let budget = budget(limits);
            for _ in 0..2 {
                drop(budget.reserve(100, 0.25).await.unwrap());
                budget.spend(call(100));
            }
            let error = budget.reserve(1, 0.0).await.unwrap_err();
            assert!(error.starts_with("budget_exceeded: ") && error.contains(word), "{error}");
        }
    }

    #[test]
    fn what_runs_spend_side_by_side_is_counted_once() {
        let budget = budget(BudgetLimits::default());
        let (one, other) = (budget.of_one_run(), budget.of_one_run());
        one.spend(call(1));
        other.spend(call(20));
        let helper = one.of_one_run();
        helper.spend(call(300));
        one.spend(call(4000));
        let tokens = |spent: Spent| spent.usage.total();
        let of_runs = [&one, &other, &helper].map(|run| tokens(run.spent_by_this_run()));
        assert_eq!(of_runs, [4001, 20, 300]);
        assert_eq!(tokens(budget.spent()), of_runs.iter().sum::<u64>());
    }

    #[tokio::test]
    async fn what_is_under_way_counts_and_others_wait_for_its_end() {
        let budget = budget(BudgetLimits { tokens: Some(100), ..BudgetLimits::default() });
        let first = budget.reserve(100, 0.0).await.unwrap();
        let mut second = Box::pin(budget.reserve(10, 0.0));
        assert!(futures::poll!(&mut second).is_pending());
        budget.spend(call(40));
        drop(first);
        assert!(second.await.is_ok());
        assert_eq!(budget.left()["tokens"], 60);
    }

    #[tokio::test]
    async fn a_call_whose_reservation_is_dropped_has_spent_nothing() {
        let budget = budget(BudgetLimits { turns: Some(1), ..BudgetLimits::default() });
        for _ in 0..3 {
            drop(budget.reserve(1, 0.0).await.unwrap());
        }
        assert_eq!(budget.spent(), Spent::default());
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_makes_no_more_calls_a_minute_than_it_may() {
        let budget = budget(BudgetLimits::default());
        let begun = Instant::now();
        for _ in 0..5 {
            budget.pace("a", 2).await;
        }
        assert_eq!(begun.elapsed(), 2 * MINUTE);
    }
}
