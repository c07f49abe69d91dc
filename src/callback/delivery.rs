//! One piece of news on its way to one address: what is sent, and how often it was tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::domain::callback::CallbackEvent;
use crate::domain::event::{EncodedEvent, Kind};
use crate::domain::id::SessionId;
use crate::domain::time::Timestamp;

/// The most tries that are remembered.
const MOST_ATTEMPTS: usize = 50;

/// The share of a pause by which it may be longer, so that what failed together is not sent again together.
const JITTER: f64 = 0.25;

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Standing {
    /// It is to be sent, or sent again.
    Pending,
    /// It was taken.
    Delivered,
    /// Nobody took it for too long.
    GivenUp,
}

/// One try. Moments are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Attempt {
    /// The status of the answer; null where there was none.
    pub(crate) status: Option<u16>,
    /// When it was.
    #[schema(value_type = f64)]
    #[cfg_attr(test, ts(type = "number"))]
    pub(crate) at: Timestamp,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub(crate) error: Option<String>,
}

impl Attempt {
    fn was_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One piece of news on its way to one address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Its id, the same in all tries.
    pub(crate) id: String,
    /// Where it goes.
    pub(crate) url: String,
    /// Of which session it is.
    pub(crate) session_id: SessionId,
    /// What it says, as JSON.
    pub(crate) body: String,
    /// What it is signed with, encrypted; nothing where the settings say that, or it is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed_secret: Option<String>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When it is sent next, where it is pending.
    pub(crate) due_at: Timestamp,
    /// The first try since it was last asked for.
    #[serde(default)]
    pub(crate) tried_since: Option<Timestamp>,
    /// How often it was tried since then.
    #[serde(default)]
    pub(crate) failures: u32,
    /// How it stands.
    pub(crate) standing: Standing,
    /// The last tries, oldest first.
    pub(crate) attempts: Vec<Attempt>,
}

/// How long it is tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Patience {
    /// The pause after the first try; doubled each time.
    pub(crate) retry_after: Duration,
    /// After so long it is given up.
    pub(crate) give_up_after: Duration,
}

impl Delivery {
    /// What is sent to an address when this event has happened.
    #[must_use]
    pub(crate) fn new(
        event: &EncodedEvent,
        what: CallbackEvent,
        session_id: SessionId,
        url: String,
        sealed_secret: Option<String>,
        share: Option<Value>,
    ) -> Self {
        let now = Timestamp::now();
        let id = id(event, &url);
        let body = body(event, what, session_id, share).to_string();
        Self {
            id,
            url,
            session_id,
            body,
            sealed_secret,
            created_at: now,
            due_at: now,
            tried_since: None,
            failures: 0,
            standing: Standing::Pending,
            attempts: Vec::new(),
        }
    }

    /// Takes in how a try went; `luck` is from 0 to 1.
    pub(crate) fn tried(&mut self, attempt: Attempt, patience: Patience, luck: f64) {
        let (now, was_taken) = (attempt.at, attempt.was_taken());
        // The receiver says that it is not there any more, and is not to be asked again.
        let is_gone = attempt.status == Some(410);
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(MOST_ATTEMPTS);
        self.attempts.drain(..surplus);
        if was_taken {
            self.standing = Standing::Delivered;
            return;
        }
        let since = *self.tried_since.get_or_insert(now);
        let pause = patience.retry_after.as_secs_f64() * 2_f64.powi(self.failures.min(30).cast_signed());
        let pause = Duration::try_from_secs_f64(pause * (1.0 + JITTER * luck)).unwrap_or(patience.give_up_after);
        self.failures = self.failures.saturating_add(1);
        self.due_at = now.plus(pause);
        if is_gone || self.due_at > since.plus(patience.give_up_after) {
            self.standing = Standing::GivenUp;
        }
    }

    /// Sends it again, however it stands.
    pub(crate) fn send_again(&mut self, now: Timestamp) {
        (self.standing, self.due_at) = (Standing::Pending, now);
        (self.tried_since, self.failures) = (None, 0);
    }
}

/// The types of events that anybody is sent.
pub(crate) const KINDS: [Kind; 3] = [Kind::RequestOpened, Kind::ExecutionCompleted, Kind::ExecutionFailed];

/// What an event means for those who are sent news.
#[must_use]
pub(crate) fn what(kind: &Kind) -> Option<CallbackEvent> {
    if *kind == Kind::RequestOpened {
        return Some(CallbackEvent::Request);
    }
    matches!(kind, Kind::ExecutionCompleted | Kind::ExecutionFailed).then_some(CallbackEvent::Ended)
}

/// The id of what an event makes go to an address: the same however often it is made.
fn id(event: &EncodedEvent, url: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(event.event().id.as_bytes());
    hash.update(url.as_bytes());
    let digits = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("msg_{digits}")
}

/// What is said of an event.
fn body(event: &EncodedEvent, what: CallbackEvent, session_id: SessionId, share: Option<Value>) -> Value {
    let new_event = event.new_event();
    let mut data = Map::new();
    data.insert("session_id".into(), session_id.to_string().into());
    if let Some(execution_id) = &new_event.execution_id {
        data.insert("execution_id".into(), execution_id.as_str().into());
    }
    match what {
        CallbackEvent::Request => drop(data.insert("request".into(), Value::Object(new_event.data.clone()))),
        CallbackEvent::Ended => data.extend(new_event.data.clone()),
    }
    data.extend(share.map(|share| ("share".to_owned(), share)));
    if let Some(labels) = new_event.metadata.get("labels") {
        data.insert("labels".into(), labels.clone());
    }
    json!({"type": what.word(), "timestamp": event.event().timestamp.to_rfc3339(), "data": data})
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::event::{Event, NewEvent};

    const PATIENCE: Patience =
        Patience { retry_after: Duration::from_secs(5), give_up_after: Duration::from_secs(86_400) };

    fn delivery() -> Delivery {
        let session_id = SessionId::random();
        let new_event = NewEvent::new(Kind::ExecutionCompleted).of_execution(session_id).with("status", "completed");
        let event = EncodedEvent::new(Event::now(new_event));
        Delivery::new(&event, CallbackEvent::Ended, session_id, "https://a.example/".into(), None, None)
    }

    fn attempt(status: Option<u16>, at: Timestamp) -> Attempt {
        Attempt { status, at, error: None }
    }

    #[test]
    fn the_body_says_what_has_happened_to_which_session() {
        let delivery = delivery();
        let body: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!(body["type"], "ended");
        assert_eq!(body["data"]["session_id"], delivery.session_id.to_string());
        assert_eq!(body["data"]["status"], "completed");
        assert!(Timestamp::from_rfc3339(body["timestamp"].as_str().unwrap()).is_some());
    }

    #[test]
    fn one_event_has_one_id_for_each_address() {
        let session_id = SessionId::random();
        let event = EncodedEvent::new(Event::now(NewEvent::new(Kind::RequestOpened).of_execution(session_id)));
        let id = |url: &str| Delivery::new(&event, CallbackEvent::Request, session_id, url.into(), None, None).id;
        assert_eq!(id("https://a.example/"), id("https://a.example/"));
        assert_ne!(id("https://a.example/"), id("https://b.example/"));
    }

    #[test]
    fn the_types_that_are_sent_are_those_that_mean_something() {
        for kind in Kind::KNOWN {
            assert_eq!(what(kind).is_some(), KINDS.contains(kind), "{}", kind.word());
        }
    }

    #[test]
    fn what_is_taken_is_delivered_and_who_is_gone_is_not_asked_again() {
        for (status, standing) in [
            (Some(200), Standing::Delivered),
            (Some(204), Standing::Delivered),
            (Some(302), Standing::Pending),
            (Some(404), Standing::Pending),
            (Some(410), Standing::GivenUp),
            (Some(500), Standing::Pending),
            (None, Standing::Pending),
        ] {
            let mut delivery = delivery();
            delivery.tried(attempt(status, Timestamp::now()), PATIENCE, 0.0);
            assert_eq!(delivery.standing, standing, "{status:?}");
        }
    }

    proptest! {
        #[test]
        fn pauses_double_with_a_jitter_of_a_quarter_until_it_is_given_up_and_asked_for_again(luck in 0.0..=1.0_f64) {
            let mut delivery = delivery();
            let begin = Timestamp::now();
            let (mut now, mut tries) = (begin, 0_i32);
            while delivery.standing == Standing::Pending {
                delivery.tried(attempt(Some(500), now), PATIENCE, luck);
                let pause = delivery.due_at.since(now).as_secs_f64();
                let least = 5.0 * 2_f64.powi(tries);
                prop_assert!((least - 0.001..=least * 1.25 + 0.001).contains(&pause), "{pause} after {tries}");
                now = delivery.due_at;
                tries += 1;
            }
            prop_assert!((13..=16).contains(&tries), "{tries}");
            delivery.send_again(now);
            prop_assert_eq!((delivery.standing, delivery.due_at), (Standing::Pending, now));
            delivery.tried(attempt(Some(500), now), PATIENCE, 0.0);
            prop_assert_eq!(delivery.standing, Standing::Pending);
            prop_assert!(delivery.attempts.len() <= MOST_ATTEMPTS);
        }
    }
}
