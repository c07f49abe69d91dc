//! Why a WebSocket is closed, as a table: the code, and the words with it.

/// Why a WebSocket is closed. The range tells a client what to do: below 4000 as RFC 6455 says, 4000–4499 come back,
/// 4500–4999 do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// All is said.
    Done,
    /// The server is going down; come back.
    GoingAway,
    /// Another server goes on with what this one did; come back.
    Restart,
    /// A frame or message over the limit.
    TooBig,
    /// Not what RFC 6455 allows.
    ProtocolError,
    /// Text that is not UTF-8.
    NotUtf8,
    /// Too many connections now; come back later.
    TooManyConnections,
    /// Too much is being sent to this server at once; come back later.
    Overloaded,
    /// Nothing was heard for the heartbeat's time.
    NoHeartbeat,
    /// What was sent is not read.
    TooSlow,
    /// Too many messages.
    TooManyMessages,
    /// Credentials are missing, wrong or expired.
    NotAuthenticated,
    /// The session is somebody else's, or the page's origin is not allowed.
    NotAllowed,
    /// There is no such session, audit or workflow.
    Unknown,
    /// An operator closed it.
    Disconnected,
}

/// What the peer has left once it has the reason why it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// Its own close is waited for, so that nothing of what it is sent is lost.
    Answer,
    /// A moment to read the last words.
    Moment,
    /// Nothing: there is no room for it.
    Nothing,
}

impl CloseCode {
    /// What the peer has left. Who broke the rules, or has no business here, is not waited for.
    #[must_use]
    pub const fn parting(self) -> Parting {
        match self {
            CloseCode::Done | CloseCode::GoingAway | CloseCode::Restart | CloseCode::Disconnected => Parting::Answer,
            CloseCode::ProtocolError
            | CloseCode::NotUtf8
            | CloseCode::TooBig
            | CloseCode::Overloaded
            | CloseCode::NoHeartbeat
            | CloseCode::TooSlow
            | CloseCode::TooManyMessages
            | CloseCode::NotAuthenticated
            | CloseCode::NotAllowed
            | CloseCode::Unknown => Parting::Moment,
            CloseCode::TooManyConnections => Parting::Nothing,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            CloseCode::Done => 1000,
            CloseCode::GoingAway => 1001,
            CloseCode::ProtocolError => 1002,
            CloseCode::NotUtf8 => 1007,
            CloseCode::TooBig => 1009,
            CloseCode::Restart => 1012,
            CloseCode::TooManyConnections | CloseCode::Overloaded => 1013,
            CloseCode::NoHeartbeat => 4408,
            CloseCode::TooSlow => 4410,
            CloseCode::TooManyMessages => 4429,
            CloseCode::NotAuthenticated => 4501,
            CloseCode::NotAllowed => 4503,
            CloseCode::Unknown => 4504,
            CloseCode::Disconnected => 4509,
        }
    }

    /// The words with it; also the label in metrics.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            CloseCode::Done => "done",
            CloseCode::GoingAway => "going away",
            CloseCode::Restart => "another server goes on",
            CloseCode::ProtocolError => "protocol error",
            CloseCode::NotUtf8 => "not UTF-8",
            CloseCode::TooBig => "message too big",
            CloseCode::TooManyConnections => "too many connections",
            CloseCode::Overloaded => "too much is sent at once",
            CloseCode::NoHeartbeat => "no heartbeat",
            CloseCode::TooSlow => "too slow",
            CloseCode::TooManyMessages => "too many messages",
            CloseCode::NotAuthenticated => "not authenticated",
            CloseCode::NotAllowed => "not allowed",
            CloseCode::Unknown => "unknown",
            CloseCode::Disconnected => "disconnected",
        }
    }
}
