//! What a task is: a kind that can be started, the context that its function gets, and the channel to its session.

pub(crate) mod channel;
pub(crate) mod context;
pub(crate) mod kind;
pub(crate) mod kinds;
pub(crate) mod outstanding;
pub(crate) mod recorded_calls;
