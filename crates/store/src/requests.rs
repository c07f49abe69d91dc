//! The open questions of all sessions: what becomes of them with a row, and how they are listed.

use bytes::Bytes;

use super::query::Query;
use super::{Error, Store};
use callboard_domain::answerers::Assignee;
use callboard_domain::listed_request::{ListedRequest, RequestPlace};
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// What becomes of an open question with a row of its session's journal.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestChange {
    /// It is asked, and put to these beside the owner.
    Opened(Box<StoredRequest>, Vec<Assignee>),
    /// It is not open any more; it was put to these.
    Closed(RequestPlace, Vec<Assignee>),
}

/// An open question as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRequest {
    /// Where it stands among all of them.
    pub place: RequestPlace,
    /// When its time runs out.
    pub expires_at: Option<Timestamp>,
    /// The task kind of its session.
    pub task: String,
    /// Whose session it is.
    pub owner: Owner,
    /// The question as lists show it.
    pub json: Bytes,
}

impl StoredRequest {
    /// A question of a session of this owner.
    #[must_use]
    pub fn new(request: &ListedRequest, owner: Owner) -> Self {
        Self {
            place: request.place(),
            expires_at: request.expires_at,
            task: request.task.clone(),
            owner,
            // Its keys are strings, so that it can always be written.
            json: serde_json::to_vec(request).unwrap_or_default().into(),
        }
    }

    /// Where a list goes on behind it.
    #[must_use]
    pub fn cursor(&self) -> RequestCursor {
        RequestCursor { expires_at: self.expires_at, place: self.place }
    }
}

/// The order of a list of open questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestOrder {
    /// The next deadline first; those that have none behind all others, the oldest first.
    #[default]
    Deadline,
    /// The oldest first.
    Age,
}

/// Where a list of open questions goes on: behind this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCursor {
    /// When its time runs out.
    pub expires_at: Option<Timestamp>,
    /// Where it stands among all of them.
    pub place: RequestPlace,
}

impl RequestCursor {
    /// By what it is sorted.
    pub(super) fn key(&self, order: RequestOrder) -> (Timestamp, RequestPlace) {
        match order {
            RequestOrder::Deadline => (self.expires_at.unwrap_or(Timestamp::NEVER), self.place),
            RequestOrder::Age => (Timestamp::default(), self.place),
        }
    }
}

/// Which open questions to list.
#[derive(Clone, Debug, Default)]
pub struct ListRequests {
    /// Only those of this owner's sessions, and those that are put to somebody in `also_asking`.
    pub owner: Option<Owner>,
    /// To whom those are put that are listed whoever owns their session.
    pub also_asking: Vec<Assignee>,
    /// Only those that are put to this assignee.
    pub asking: Option<Assignee>,
    /// Only those of this task kind.
    pub task: Option<String>,
    /// In which order.
    pub order: RequestOrder,
    /// Only those behind this one.
    pub after: Option<RequestCursor>,
    /// At most that many.
    pub limit: usize,
    /// No more once their JSON has that many bytes (at least one is given).
    pub max_bytes: usize,
}

/// Some open questions, and as of when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPage {
    /// The questions.
    pub requests: Vec<StoredRequest>,
    /// Whether there are more behind them.
    pub has_more: bool,
    /// The `seq` of the last event that was written when this was so: what changes later is in the events behind it.
    pub last_event: u64,
}

impl RequestPage {
    /// A page of what an engine finds in order, one more than `limit` where there is one.
    pub(super) fn of(
        found: impl IntoIterator<Item = Result<StoredRequest, Error>>,
        query: &ListRequests,
        last_event: u64,
    ) -> Result<Self, Error> {
        let mut page = RequestPage { last_event, ..RequestPage::default() };
        let mut bytes = 0;
        for request in found {
            if page.requests.len() >= query.limit || (bytes >= query.max_bytes && !page.requests.is_empty()) {
                page.has_more = true;
                break;
            }
            let request = request?;
            bytes += request.json.len();
            page.requests.push(request);
        }
        Ok(page)
    }
}

impl Store {
    /// About how many bytes are kept that are this owner's: the journals of their sessions, and their documents.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn owned_bytes(&self, owner: &Owner) -> Result<u64, Error> {
        let owner = owner.clone();
        self.query(self.workers(), |reply| Query::OwnedBytes(owner, reply)).await
    }

    /// Open questions, in order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn requests(&self, query: ListRequests) -> Result<RequestPage, Error> {
        self.query(self.workers(), |reply| Query::Requests(query, reply)).await
    }
}
