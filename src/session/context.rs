//! What a task function gets.

/// What a task function gets.
#[derive(Debug)]
pub struct TaskContext;
