//! The open questions of all sessions: a hash of them by their place, and an index for each order.

use redis::ScriptInvocation;

use super::record::damaged;
use crate::{Error, ListRequests, RequestChange, RequestCursor, RequestOrder, StoredRequest};
use callboard_domain::answerers::Assignee;
use callboard_domain::id::RequestId;
use callboard_domain::listed_request::RequestPlace;
use callboard_domain::owner::Owner;
use callboard_domain::time::Timestamp;

/// Stands behind all deadlines.
const ENDLESS: Timestamp = Timestamp::NEVER;

/// A moment whose order as text is that of time.
fn moment_text(at: Timestamp) -> String {
    format!("{:016x}", at.as_micros().max(0))
}

fn place_text(place: &RequestPlace) -> String {
    format!("{}{}", moment_text(place.asked_at), place.request_id)
}

/// Adds what the script takes for what a row does to questions.
pub(super) fn add(call: &mut ScriptInvocation<'_>, changes: &[RequestChange]) {
    call.arg(changes.len());
    for change in changes {
        match change {
            RequestChange::Opened(request, assignees) => {
                let StoredRequest { place, expires_at, task, owner, json } = &**request;
                let due = moment_text(expires_at.unwrap_or(ENDLESS));
                let mut text = format!("{due}\n{}\n{task}\n", owner.as_str()).into_bytes();
                text.extend_from_slice(json);
                call.arg("open").arg(place_text(place)).arg(due).arg(text);
                add_assignees(call, assignees);
            }
            RequestChange::Closed(place, assignees) => {
                call.arg("close").arg(place_text(place));
                add_assignees(call, assignees);
            }
        }
    }
}

fn add_assignees(call: &mut ScriptInvocation<'_>, assignees: &[Assignee]) {
    call.arg(assignees.len());
    for assignee in assignees {
        call.arg(assignee.to_string());
    }
}

/// The index that has what a query wants, in its order, and where in it the list goes on. There is one for what is put to
/// each assignee, one for each owner that is not the server, and one of all.
pub(super) fn index(query: &ListRequests) -> (String, String) {
    let whose = match (&query.asking, query.owner.as_ref().and_then(Owner::identity)) {
        // No name has such a character.
        (Some(assignee), _) => format!(":\t{assignee}"),
        (None, Some(owner)) => format!(":{owner}"),
        (None, None) => String::new(),
    };
    let (order, after) = place_in(query.order, query.after);
    (format!("{order}{whose}"), after)
}

fn place_in(order: RequestOrder, after: Option<RequestCursor>) -> (&'static str, String) {
    match order {
        RequestOrder::Age => ("age", after.map(|after| place_text(&after.place)).unwrap_or_default()),
        RequestOrder::Deadline => {
            let member = |RequestCursor { expires_at, place }: RequestCursor| {
                format!("{}{}", moment_text(expires_at.unwrap_or(ENDLESS)), place_text(&place))
            };
            ("deadline", after.map(member).unwrap_or_default())
        }
    }
}

/// Reads a question.
pub(super) fn read(place: &[u8], text: Vec<u8>) -> Result<StoredRequest, Error> {
    let unreadable = || damaged("an open question");
    let place = std::str::from_utf8(place).ok().and_then(read_place).ok_or_else(unreadable)?;
    let text = bytes::Bytes::from(text);
    let mut lines = text.splitn(4, |byte| *byte == b'\n').map(|line| text.slice_ref(line));
    let (Some(due), Some(owner), Some(task), Some(json)) = (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(unreadable());
    };
    let word = |line: &[u8]| std::str::from_utf8(line).map(str::to_owned).map_err(|_| unreadable());
    let due = read_moment(&word(&due)?).ok_or_else(unreadable)?;
    let owner = word(&owner)?.parse().map_err(|_| unreadable())?;
    Ok(StoredRequest { place, expires_at: (due != ENDLESS).then_some(due), task: word(&task)?, owner, json })
}

fn read_moment(text: &str) -> Option<Timestamp> {
    i64::from_str_radix(text, 16).ok().map(Timestamp::from_micros)
}

fn read_place(text: &str) -> Option<RequestPlace> {
    let (asked_at, id) = text.split_at_checked(16)?;
    let request_id: RequestId = id.parse().ok()?;
    Some(RequestPlace { asked_at: read_moment(asked_at)?, request_id })
}
