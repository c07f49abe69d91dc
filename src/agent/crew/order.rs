//! When each task of a crew may begin, and what it gets of those before it.
//!
//! A task that is not asynchronous waits for all such tasks before it, and for those whose output it gets. What it gets
//! depends on the crew alone, not on what happens to be done: so it is the same after a restart.

use crate::agent::Output;
use crate::crew::CrewTask;

/// The tasks of a crew, and how far each is.
pub(super) struct Order<'a> {
    tasks: &'a [CrewTask],
    states: Vec<State>,
}

enum State {
    Waiting,
    Running,
    Done(Output),
}

impl<'a> Order<'a> {
    pub(super) fn new(tasks: &'a [CrewTask]) -> Self {
        Self { tasks, states: tasks.iter().map(|_| State::Waiting).collect() }
    }

    /// The next task that may begin now; it counts as begun.
    pub(super) fn next(&mut self) -> Option<usize> {
        let at = (0..self.tasks.len()).find(|at| self.may_begin(*at))?;
        *self.states.get_mut(at)? = State::Running;
        Some(at)
    }

    /// What a task gets: the outputs of the tasks that it names, or of those before it.
    pub(super) fn context(&self, at: usize) -> Vec<(String, Output)> {
        let named = |of: usize| {
            let output = self.output(of)?.clone();
            Some((self.tasks.get(of)?.name.clone(), output))
        };
        self.needs(at).into_iter().filter_map(named).collect()
    }

    /// A task is done.
    pub(super) fn done(&mut self, at: usize, output: Output) {
        if let Some(state) = self.states.get_mut(at) {
            *state = State::Done(output);
        }
    }

    /// What all tasks gave, in their order.
    pub(super) fn outputs(self) -> Vec<(String, Output)> {
        let of = |(task, state): (&CrewTask, State)| match state {
            State::Done(output) => Some((task.name.clone(), output)),
            State::Waiting | State::Running => None,
        };
        self.tasks.iter().zip(self.states).filter_map(of).collect()
    }

    fn may_begin(&self, at: usize) -> bool {
        if !matches!(self.states.get(at), Some(State::Waiting)) {
            return false;
        }
        let mut before = self.tasks.iter().enumerate().take(at).filter(|(_, task)| !task.async_execution);
        before.all(|(of, _)| self.output(of).is_some()) && self.needs(at).iter().all(|of| self.output(*of).is_some())
    }

    /// Whose output a task gets.
    fn needs(&self, at: usize) -> Vec<usize> {
        let Some(task) = self.tasks.get(at) else { return Vec::new() };
        let before = self.tasks.iter().enumerate().take(at);
        match &task.context {
            Some(names) => before.filter(|(_, other)| names.contains(&other.name)).map(|(of, _)| of).collect(),
            // An asynchronous task does not wait for others that are.
            None => {
                before.filter(|(_, other)| !(task.async_execution && other.async_execution)).map(|(of, _)| of).collect()
            }
        }
    }

    fn output(&self, of: usize) -> Option<&Output> {
        match self.states.get(of)? {
            State::Done(output) => Some(output),
            State::Waiting | State::Running => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tasks(of: &[(&str, bool, Option<&[&str]>)]) -> Vec<CrewTask> {
        let task = |(name, is_async, context): &(&str, bool, Option<&[&str]>)| {
            let task = json!({"name": name, "description": "d", "async_execution": is_async, "context": context});
            serde_json::from_value(task).unwrap()
        };
        of.iter().map(task).collect()
    }

    fn begun(order: &mut Order<'_>) -> Vec<usize> {
        std::iter::from_fn(|| order.next()).collect()
    }

    fn done(order: &mut Order<'_>, at: usize) {
        order.done(at, Output::new(json!(at), false));
    }

    fn names(context: Vec<(String, Output)>) -> Vec<String> {
        context.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn tasks_are_done_one_after_the_other_and_get_what_was_before() {
        let tasks =
            tasks(&[("a", false, None), ("b", false, None), ("c", false, Some(&["a"])), ("d", false, Some(&[]))]);
        let mut order = Order::new(&tasks);
        for (at, context) in [(0, vec![]), (1, vec!["a"]), (2, vec!["a"]), (3, vec![])] {
            assert_eq!(begun(&mut order), [at]);
            assert_eq!(names(order.context(at)), context, "{at}");
            done(&mut order, at);
        }
        assert!(begun(&mut order).is_empty());
        assert_eq!(order.outputs().len(), 4);
    }

    #[test]
    fn asynchronous_tasks_go_on_beside_each_other() {
        let tasks = tasks(&[("a", true, None), ("b", true, None), ("c", false, Some(&["b"])), ("d", false, None)]);
        let mut order = Order::new(&tasks);
        assert_eq!(begun(&mut order), [0, 1]);
        done(&mut order, 1);
        assert_eq!(begun(&mut order), [2]);
        done(&mut order, 2);
        assert!(begun(&mut order).is_empty(), "d gets the output of a");
        done(&mut order, 0);
        assert_eq!(begun(&mut order), [3]);
        assert_eq!(names(order.context(3)), ["a", "b", "c"]);
    }
}
