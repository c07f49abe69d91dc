//! One call of a model, as a step: what it reserves, how long it may take, and what is recorded of it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use callboard_model::{Client, Error, Message, Progress, Request, Turn, TurnWarning};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Conversation;
use crate::agent::budget::Spent;
use crate::agent::models::DEFAULT;
use crate::crew::Agent;
use crate::domain::agent::OnDoubt;
use crate::domain::agent_entry::AgentEntry;
use crate::domain::context::Context;
use crate::domain::entry::{json_bytes, shorten};
use crate::domain::mask::Masking;
use crate::domain::request::Confirmation;
use crate::session::{TaskContext, TaskError};

/// The tries of one life of the server; those of the next are numbered behind them.
const TRIES_A_LIFE: u32 = 1000;
/// Most characters of the last message in a question.
const MOST_SHOWN: usize = 4000;
/// The tokens of a reply, as long as nobody knows them.
const REPLY_TOKENS: u64 = 500;
/// Bytes of an id.
const ID_BYTES: usize = 16;

/// What is recorded of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Called {
    /// The model replied.
    Turn { turn: Box<Turn>, spent: Price },
    /// The conversation is too long for it.
    Overflow { limit: Option<u64>, error: String },
    /// It failed, or was not made.
    Failed { error: String, seconds: f64 },
}

/// What a call took beside its tokens.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Price {
    pub(super) usage: callboard_model::Usage,
    pub(super) seconds: f64,
    pub(super) cost: f64,
}

impl From<Price> for Spent {
    fn from(Price { usage, seconds, cost }: Price) -> Self {
        Self { usage, seconds, cost, turns: 1, tool_calls: 0 }
    }
}

/// The id of a call, which is also its `Idempotency-Key`: the same whenever the task runs again.
pub(super) fn call_id(lane: &TaskContext, name: &str) -> String {
    let place = format!("{}\n{}\n{name}", lane.session_id(), lane.own_lane().map_or("", |lane| &**lane));
    let digest = Sha256::digest(place.as_bytes());
    digest.iter().take(ID_BYTES).fold("call_".to_owned(), |mut id, byte| {
        // Writing to a string does not fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

impl Conversation<'_> {
    /// Makes a call, unless it is recorded.
    pub(super) async fn call(&self, name: &str, call_id: &str, request: Request) -> Result<Called, TaskError> {
        let agent_id = &self.work.agent_id;
        let question = (self.work.agent.on_doubt == OnDoubt::Ask).then(|| {
            let question = format!(
                "The agent {agent_id} was waiting for its model ({name}) when the server went down. The call may have been \
                 made and paid for. Make it again?"
            );
            Confirmation { context: self.context_of(name, &request), ..Confirmation::new(question) }
        });
        let work = |crashes| async move { Ok(self.call_now(call_id, &request, crashes).await) };
        match self.lane.step_again(name, question, work).await {
            Ok(Some(called)) => Ok(called),
            Ok(None) => {
                Err(TaskError::Failed(format!("model: a person declined to make the call {name} of {agent_id} again")))
            }
            Err(TaskError::Failed(error)) => Err(TaskError::Failed(format!("model: {error}"))),
            Err(cancelled @ TaskError::Cancelled(_)) => Err(cancelled),
        }
    }

    /// What a call is about, for whoever decides whether it is made again.
    fn context_of(&self, name: &str, request: &Request) -> Box<Context> {
        let mut context = self.work.question_context();
        let last = request.messages.iter().rev().find_map(|message| match message {
            Message::User(text) | Message::Tool { text, .. } => Some(text.clone()),
            Message::System(_) | Message::Assistant { .. } => None,
        });
        let mut last = last.unwrap_or_default();
        shorten(&mut last, MOST_SHOWN);
        let model = self.work.agent.llm.as_deref().unwrap_or(DEFAULT);
        let (messages, tokens) = (request.messages.len(), prompt_tokens(request));
        context.add_details(json!({
            "model": model, "call": name, "messages": messages, "about_tokens": tokens, "last_message": last,
        }));
        context
    }

    async fn call_now(&self, call_id: &str, request: &Request, crashes: u32) -> Called {
        let begun = Instant::now();
        let failed = |error: String| Called::Failed { error, seconds: begun.elapsed().as_secs_f64() };
        let client = match self.agents.shared.models.get(self.work.agent.llm.as_deref()) {
            Ok(client) => client,
            Err(error) => return failed(error),
        };
        let Agent { max_rpm, .. } = &*self.work.agent;
        if let Some(calls) = max_rpm {
            self.budget.pace(&self.work.agent_id, *calls).await;
        }
        let tokens = prompt_tokens(request) + request.max_tokens.unwrap_or(REPLY_TOKENS);
        let cost = client.price().map_or(0.0, |price| tokens as f64 * price.input.max(price.output) / 1e6);
        let _reserved = match self.budget.reserve(tokens, cost).await {
            Ok(reserved) => reserved,
            Err(error) => return failed(error),
        };
        let begun = Instant::now();
        let call = self.ask(client, call_id, request, crashes.saturating_mul(TRIES_A_LIFE));
        let result = match self.time_left() {
            None => call.await,
            Some(left) => match tokio::time::timeout(left, call).await {
                Ok(result) => result,
                Err(_) => {
                    let error = "budget_exceeded: the time for its work was used up in the middle of a model call";
                    return Called::Failed { error: error.to_owned(), seconds: begun.elapsed().as_secs_f64() };
                }
            },
        };
        let seconds = begun.elapsed().as_secs_f64();
        match result {
            Ok(turn) => {
                let usage = turn.usage;
                if turn.warnings.contains(&TurnWarning::Truncated) {
                    log::warn!(
                        session_id:% = self.lane.session_id(), agent_id = self.work.agent_id.as_str(),
                        prompt_tokens = usage.prompt_tokens;
                        "a model's server counts far fewer tokens than it was sent: it has probably cut the conversation"
                    );
                }
                let cost = client.price().map_or(0.0, |price| usage.cost(price));
                self.agents.shared.metrics.turn(usage.prompt_tokens, usage.completion_tokens, cost);
                self.bounded(turn, Price { usage, seconds, cost })
            }
            Err(Error::Overflow { limit, message }) => {
                Called::Overflow { limit, error: format!("model: {}", Error::Overflow { limit, message }) }
            }
            Err(error) => Called::Failed { error: format!("model: {error}"), seconds },
        }
    }

    async fn ask(&self, client: &Client, call_id: &str, request: &Request, earlier: u32) -> Result<Turn, Error> {
        let (mut r#try, mut part) = (earlier + 1, 0_u32);
        // A server may send back its key, cut anywhere.
        let (mask, mut masking) = (self.lane.mask(), Masking::default());
        let on_progress = |progress| match progress {
            Progress::Try(number) => {
                (r#try, part) = (earlier.saturating_add(number), 0);
                masking = Masking::default();
            }
            Progress::Text(text) => {
                let shown = masking.push(&mask, text.as_bytes());
                if shown.is_empty() {
                    return;
                }
                let text = String::from_utf8_lossy(&shown).into_owned();
                part = part.saturating_add(1);
                let (agent_id, call_id) = (self.work.agent_id.clone(), call_id.to_owned());
                // Nothing is saved, so nothing has to wait: what is too much for a reader is left out.
                drop(self.lane.report(AgentEntry::AgentDelta { agent_id, call_id, r#try, part, text }));
            }
            Progress::RateLimited => self.agents.shared.metrics.rate_limited.inc(),
            Progress::Waiting(wait) => self.agents.shared.metrics.waited.observe(wait.as_secs_f64()),
            Progress::Reasoning(_) => {}
        };
        client.complete(request, on_progress).await
    }

    /// A turn as far as a record has room for it.
    fn bounded(&self, mut turn: Turn, spent: Price) -> Called {
        let most = self.lane.channel.limits.text_bytes() / 2;
        if json_bytes(&turn) > most {
            turn.reasoning.clear();
        }
        if json_bytes(&turn) > most {
            let error = "model: the reply is larger than may be recorded (sessions.max_entry_bytes)".to_owned();
            return Called::Failed { error, seconds: spent.seconds };
        }
        Called::Turn { turn: Box::new(turn), spent }
    }

    /// How long a call may take, by the session's budget and the agent's own limit.
    fn time_left(&self) -> Option<Duration> {
        let own = self.work.agent.max_execution_time.map(|most| (most - self.worked).max(0.0));
        let left = match (own, self.budget.seconds_left()) {
            (Some(own), Some(left)) => own.min(left),
            (own, left) => own.or(left)?,
        };
        Duration::try_from_secs_f64(left).ok()
    }
}

/// About how many tokens a request has.
fn prompt_tokens(request: &Request) -> u64 {
    request.messages.iter().map(|message| json_bytes(message) as u64).sum::<u64>() / 4
}
