//! Tokens: what a call used, what that costs, and a guess where the server does not say.

use callboard_domain::entry::json_bytes;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::{Message, Request};

/// About how many bytes a token has.
const BYTES_A_TOKEN: usize = 4;
/// About how many tokens a message takes beside its text.
const TOKENS_A_MESSAGE: usize = 4;

/// The tokens of a call, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of what was sent.
    pub prompt_tokens: u64,
    /// Tokens of what came back, reasoning included.
    pub completion_tokens: u64,
    /// Whether the server did not say, so that this is a guess.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// What tokens cost, for a million of each kind, in whatever currency the operator counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of what is sent.
    #[garde(range(min = 0.0, max = 1e9))]
    pub input: f64,
    /// Of what comes back.
    #[garde(range(min = 0.0, max = 1e9))]
    pub output: f64,
}

impl Usage {
    /// All tokens.
    #[must_use]
    pub fn total(self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }

    /// Both together; a sum with a guess in it is one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
            estimated: self.estimated || other.estimated,
        }
    }

    /// What it costs.
    #[must_use]
    pub fn cost(self, price: Price) -> f64 {
        (self.prompt_tokens as f64 * price.input + self.completion_tokens as f64 * price.output) / 1e6
    }

    /// What a server says in `usage`; nothing where it says no number.
    pub(crate) fn of(usage: &Value) -> Option<Self> {
        let number = |name: &str| {
            let value = usage.get(name)?;
            // Some write 12.0.
            value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
        };
        let (prompt, completion) = (number("prompt_tokens"), number("completion_tokens"));
        let prompt_tokens = prompt.or_else(|| number("total_tokens")?.checked_sub(completion?));
        if prompt_tokens.is_none() && completion.is_none() {
            return None;
        }
        Some(Self {
            prompt_tokens: prompt_tokens.unwrap_or_default(),
            completion_tokens: completion.unwrap_or_default(),
            estimated: false,
        })
    }
}

/// About how many tokens a text has: a guess that is good enough for budgets.
#[must_use]
pub fn estimate(text: &str) -> u64 {
    text.len().div_ceil(BYTES_A_TOKEN) as u64
}

/// About how many tokens a request has.
pub(crate) fn estimate_request(request: &Request) -> u64 {
    let of_message = |message: &Message| {
        let bytes = match message {
            Message::System(text) | Message::User(text) => text.len(),
            Message::Assistant { text, calls } => {
                text.len() + calls.iter().map(|call| call.name.len() + call.arguments.text_len()).sum::<usize>()
            }
            Message::Tool { text, .. } => text.len(),
        };
        bytes.div_ceil(BYTES_A_TOKEN) + TOKENS_A_MESSAGE
    };
    let messages: usize = request.messages.iter().map(of_message).sum();
    let tools: usize = request.tools.iter().map(|tool| json_bytes(&tool.to_wire()).div_ceil(BYTES_A_TOKEN)).sum();
    (messages + tools) as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usage_is_read_as_servers_write_it() {
        let of = |value| Usage::of(&value).map(|usage| (usage.prompt_tokens, usage.completion_tokens));
        assert_eq!(of(json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})), Some((3, 4)));
        assert_eq!(of(json!({"prompt_tokens": 3.0})), Some((3, 0)));
        assert_eq!(of(json!({"total_tokens": 7, "completion_tokens": 4})), Some((3, 4)));
        for none in [json!(null), json!({}), json!({"prompt_tokens": "3"}), json!({"prompt_tokens": -1})] {
            assert_eq!(of(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn a_million_tokens_cost_their_price() {
        let usage = Usage { prompt_tokens: 2_000_000, completion_tokens: 500_000, estimated: false };
        assert!((usage.cost(Price { input: 1.5, output: 4.0 }) - 5.0).abs() < 1e-9);
    }
}
