//! A session's lean row as text: a line with what changes, which scripts read, then its id, then all that stays.

use callboard_domain::id::{ExecutionId, SessionId};
use callboard_domain::owner::Owner;
use callboard_domain::status::{OnDisconnect, Priority, Status};
use callboard_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, SessionKey, Spent, State, Summary};

/// What stands for a moment that is not there.
const NONE: &str = "-";

/// What stays as it was when the session was made.
#[derive(Serialize, Deserialize)]
struct Head {
    task: String,
    /// Left out where it is what most have, as that counts in memory.
    #[serde(default, skip_serializing_if = "is_default")]
    priority: Priority,
    /// Left out where it is the server.
    #[serde(default = "server", skip_serializing_if = "Owner::is_server")]
    owner: Owner,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    execution_id: Option<ExecutionId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel_after: Option<f64>,
    /// Microseconds since 1970. The short name keeps most records within 160 bytes, as Redis rounds them up.
    #[serde(rename = "at", alias = "created_at")]
    created_at: i64,
    /// The field of the idempotency keys that leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency: Option<String>,
    /// The field of the execution ids that leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    execution: Option<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn server() -> Owner {
    Owner::SERVER
}

/// A key as the indexes have it: its order as text is that of the numbers.
pub(super) fn key_text(key: SessionKey) -> String {
    format!("{:016x}", key.0)
}

/// Reads what [`key_text`] gave.
pub(super) fn read_key(text: &[u8]) -> Result<SessionKey, Error> {
    let text = std::str::from_utf8(text).map_err(|_| damaged("a key"))?;
    i64::from_str_radix(text, 16).map(SessionKey).map_err(|_| damaged("a key"))
}

/// What belongs to an owner, as the field of a hash or part of a key: no two pairs give the same.
pub(super) fn owned(owner: &Owner, text: &str) -> String {
    let owner = owner.as_str();
    format!("{}:{owner}{text}", owner.len())
}

/// The line with what changes.
pub(super) fn state_text(state: &State) -> String {
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| NONE.to_owned(), |at| at.as_micros().to_string());
    let State { status, attempt, last_seq, started_at, ended_at, deadline, since, spent } = state;
    format!(
        "{} {attempt} {last_seq} {} {} {} {} {} {} {}",
        status.as_str(),
        moment(*started_at),
        moment(*ended_at),
        moment(*deadline),
        since.as_micros(),
        spent.queued,
        spent.running,
        spent.waiting
    )
}

/// All that stays, as JSON, with the fields that lead to the session.
pub(super) fn head_text(
    summary: &Summary,
    idempotency: Option<String>,
    execution: Option<String>,
) -> Result<String, Error> {
    let head = Head {
        task: summary.task.clone(),
        priority: summary.priority,
        owner: summary.owner.clone(),
        execution_id: summary.execution_id.clone(),
        labels: summary.labels.clone(),
        cancel_after: match summary.on_disconnect {
            OnDisconnect::Keep => None,
            OnDisconnect::CancelAfter(seconds) => Some(seconds),
        },
        title: summary.title.clone(),
        created_at: summary.created_at.as_micros(),
        idempotency,
        execution,
    };
    serde_json::to_string(&head).map_err(|error| Error::Unavailable(format!("a session cannot be written: {error}")))
}

/// Reads a whole record.
pub(super) fn read(key: SessionKey, record: &[u8]) -> Result<Summary, Error> {
    let text = std::str::from_utf8(record).map_err(|_| damaged("a session"))?;
    let mut lines = text.splitn(3, '\n');
    let (Some(state), Some(id), Some(head)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(damaged("a session"));
    };
    let head: Head = serde_json::from_str(head).map_err(|_| damaged("a session"))?;
    Ok(Summary {
        key,
        id: read_id(id)?,
        task: head.task,
        priority: head.priority,
        owner: head.owner,
        execution_id: head.execution_id,
        labels: head.labels,
        on_disconnect: head.cancel_after.map_or(OnDisconnect::Keep, OnDisconnect::CancelAfter),
        title: head.title,
        created_at: Timestamp::from_micros(head.created_at),
        state: read_state(state).ok_or_else(|| damaged("a session"))?,
    })
}

/// The field of the idempotency keys that leads to a session with this record.
pub(super) fn idempotency_field(record: &[u8]) -> Result<Option<String>, Error> {
    let head = record.splitn(3, |byte| *byte == b'\n').nth(2).ok_or_else(|| damaged("a session"))?;
    let head: Head = serde_json::from_slice(head).map_err(|_| damaged("a session"))?;
    Ok(head.idempotency)
}

/// An id as records have it.
pub(super) fn read_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|_| damaged("a session's id"))
}

fn read_state(text: &str) -> Option<State> {
    fn next<T: std::str::FromStr>(words: &mut std::str::Split<'_, char>) -> Option<T> {
        words.next()?.parse().ok()
    }
    fn moment(words: &mut std::str::Split<'_, char>) -> Option<Option<Timestamp>> {
        match words.next()? {
            NONE => Some(None),
            micros => micros.parse().ok().map(|micros| Some(Timestamp::from_micros(micros))),
        }
    }
    let words = &mut text.split(' ');
    Some(State {
        status: Status::parse(words.next()?)?,
        attempt: next(words)?,
        last_seq: next(words)?,
        started_at: moment(words)?,
        ended_at: moment(words)?,
        deadline: moment(words)?,
        since: Timestamp::from_micros(next(words)?),
        spent: Spent { queued: next(words)?, running: next(words)?, waiting: next(words)? },
    })
}

/// What is found when somebody else has written to this cluster's keys.
pub(super) fn damaged(what: &str) -> Error {
    Error::Unusable(format!(
        "{what} in Redis cannot be read: it was changed by others; restore the data from a copy, or choose another \
         cluster.name to begin anew"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let summary = Summary {
            key: SessionKey(i64::MAX >> 1),
            id: SessionId::random(),
            task: "a \"task\"\n".into(),
            priority: Priority::Critical,
            owner: "Ada".parse().unwrap(),
            execution_id: Some("exec".parse().unwrap()),
            labels: vec![("\u{0}x".into(), "ключ".into())],
            on_disconnect: OnDisconnect::CancelAfter(0.1),
            title: Some("An order\n".into()),
            created_at: Timestamp::now(),
            state: State {
                status: Status::WaitingInput,
                attempt: u32::MAX,
                last_seq: u64::MAX,
                started_at: None,
                ended_at: Some(Timestamp::from_micros(-1)),
                deadline: Some(Timestamp::NEVER),
                since: Timestamp::from_micros(5),
                spent: Spent { queued: 1, running: i64::MAX, waiting: 3 },
            },
        };
        let head = head_text(&summary, None, None).unwrap();
        let record = format!("{}\n{}\n{head}", state_text(&summary.state), summary.id);
        assert_eq!(read(summary.key, record.as_bytes()).unwrap(), summary);
        assert_eq!(read_key(key_text(summary.key).as_bytes()).unwrap(), summary.key);
        for end in 0..record.len() {
            assert!(read(summary.key, &record.as_bytes()[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn the_texts_of_keys_have_their_order() {
        let keys = [0, 1, 15, 16, 255, 1 << 40, (1 << 57) + 3, i64::MAX].map(|key| key_text(SessionKey(key)));
        assert!(keys.is_sorted());
    }

    #[test]
    fn no_two_owners_and_words_have_one_text() {
        let of = |owner: &str, text: &str| owned(&owner.parse().unwrap(), text);
        assert_ne!(of("ada", "x"), of("ad", "ax"));
        assert_ne!(of("a", "1:b"), of("a1:", "b"));
    }
}
