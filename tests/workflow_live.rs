//! Live workflows on a whole server: what is told on `/ws`, who falls behind, and what a restart brings back.

pub(crate) mod stage;

mod naive;
mod restart;
mod since;
mod socket;
mod transcript;
mod watchers;
