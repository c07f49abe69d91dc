//! What a live workflow keeps for those who watch it: pure, without a clock and without IO.

pub(crate) mod allowance;
pub(crate) mod board;
pub(crate) mod event;
pub(crate) mod past;
pub(crate) mod rate;
pub(crate) mod watchers;

#[cfg(test)]
mod tests;
