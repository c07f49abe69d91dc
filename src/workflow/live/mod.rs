//! What a live workflow keeps for those who watch it: pure, without a clock and without IO.

pub mod allowance;
pub mod board;
pub mod event;
pub mod past;
pub mod rate;
pub mod watchers;

#[cfg(test)]
mod tests;
