//! Why somebody cannot go on where they were in the event log, as event sockets are sent it.

use serde_json::json;

use super::client::Span;

/// Why a position leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It is one of another log, or comes after all events.
    Unknown,
    /// Events after it are kept no longer.
    TooOld,
    /// The log that was followed has lost its last events, and goes on as another one.
    BegunAnew,
}

impl Lost {
    /// The word for it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Lost::Unknown | Lost::BegunAnew => "position_unknown",
            Lost::TooOld => "position_too_old",
        }
    }

    /// The JSON of the error, which says which events there are.
    pub(crate) fn told(self, span: &Span) -> Vec<u8> {
        let message = match self {
            Lost::Unknown => "this position is none of this log; what follows is what happens from now on",
            Lost::TooOld => {
                "the events after this position are kept no longer; what follows is what happens from now on"
            }
            Lost::BegunAnew => {
                "the log has lost its last events and has a new epoch; what follows comes after `last_seq`"
            }
        };
        let data = json!({"epoch": &*span.epoch, "first_seq": span.first_seq, "last_seq": span.last_seq});
        json!({"type": "error", "code": self.code(), "message": message, "data": data}).to_string().into_bytes()
    }
}
