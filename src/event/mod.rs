//! The event log: all that happens in the server, in one order, for everybody who listens to more than one session.
//!
//! Whoever makes something happen says so to [`Events`]. What is kept gets its place in the store's writer, in one
//! commit with the session's row that made it happen, and reaches the [`Listener`]s after that.

mod client;
pub(crate) mod elsewhere;
pub(crate) mod handlers;
mod listener;
mod log;
mod lost;
mod others;
mod position;
pub(crate) mod types;
mod volume;

pub(crate) use client::{Events, KeptEvent, Page, Span};
pub(crate) use listener::Listener;
pub(crate) use log::EventLog;
pub(crate) use lost::Lost;
pub(crate) use others::EventsOfOthers;
pub(crate) use position::Position;

pub(crate) use crate::store::{EncodedEvent, UnnumberedEvent};

/// Why events cannot be read or recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// Events after this position are kept no longer; what is there begins later.
    #[error("the events after this position are kept no longer")]
    TooOld(Span),
    /// The position is one of another log.
    #[error("the position is one of another log")]
    PositionUnknown(Span),
    /// The store cannot be written or read now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

impl From<crate::store::Error> for Error {
    fn from(error: crate::store::Error) -> Self {
        Error::Unavailable(error.to_string())
    }
}

#[cfg(test)]
mod tests;
