//! What can go wrong with a call, and what a server's refusal means.

use reqwest::StatusCode;
use serde_json::Value;

/// Most bytes of a server's own words in an error.
const MOST_WORDS: usize = 300;

/// Why a call failed. No text of it holds a secret.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The server cannot be reached.
    #[error("the model's server cannot be reached: {0}")]
    Unreachable(String),
    /// The server does not take the key.
    #[error("the model's server does not accept the key (status {status}): {message}")]
    Unauthorized {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server refuses the request, and would refuse it again.
    #[error("the model's server refuses the request (status {status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The conversation is longer than the model can take.
    #[error("the conversation is too long for the model: {message}")]
    Overflow {
        /// How many tokens it can take, where the server says so.
        limit: Option<u64>,
        /// The server's words.
        message: String,
    },
    /// Too many calls, for too long.
    #[error("the model's server takes no more calls now: {message}")]
    RateLimited {
        /// The server's words.
        message: String,
    },
    /// The server failed, in every try.
    #[error("the model's server fails (status {status}): {message}")]
    Failing {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The server began to answer and reported an error.
    #[error("the model's server reports an error: {message}")]
    InReply {
        /// The server's words.
        message: String,
    },
    /// The reply ended in the middle, in every try.
    #[error("the model's reply ended before it was complete")]
    Cut,
    /// Nothing came for too long, in every try.
    #[error("the model's server was silent for {seconds} seconds")]
    Silent {
        /// How long.
        seconds: f64,
    },
    /// The reply has more bytes than it may.
    #[error("the model's reply has more than {limit} bytes")]
    TooLarge {
        /// The most that it may have.
        limit: usize,
    },
    /// The reply is not chat completions.
    #[error("the model's reply cannot be read: {0}")]
    Unreadable(String),
    /// No model is named, and the server lists none.
    #[error("no model is named in the settings, and the server lists none")]
    NoModel,
    /// The schema that the answer should fit cannot be used.
    #[error("the schema of the answer {0}")]
    Schema(String),
}

impl Error {
    /// The same with a change to each text that a server wrote.
    pub(crate) fn map_words(mut self, change: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Unreachable(words)
            | Self::Unreadable(words)
            | Self::Schema(words)
            | Self::Unauthorized { message: words, .. }
            | Self::Refused { message: words, .. }
            | Self::Overflow { message: words, .. }
            | Self::RateLimited { message: words }
            | Self::Failing { message: words, .. }
            | Self::InReply { message: words } => *words = change(words),
            Self::Cut | Self::Silent { .. } | Self::TooLarge { .. } | Self::NoModel => {}
        }
        self
    }
}

/// What a server does not understand of a request, which can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsupported {
    /// `response_format`, at the level that was asked for.
    Format,
    /// `stream_options`.
    StreamOptions,
}

/// What a refusal means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// The same request without that may do.
    Without(Unsupported),
    /// The same request may do later.
    Later(Error),
    /// It loads the model, and will answer once it has.
    Loading(Error),
    /// Never.
    Never(Error),
}

/// What the status and the body of a refusal mean.
pub(crate) fn refusal(status: StatusCode, body: &str) -> Refusal {
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let error = value.get("error").unwrap_or(&value);
    let message = words(error).unwrap_or_else(|| cut(body.trim()));
    let message =
        if message.is_empty() { status.canonical_reason().unwrap_or("no reason").to_owned() } else { message };
    let status = status.as_u16();
    if let Some(limit) = overflow(error, &message) {
        return Refusal::Never(Error::Overflow { limit, message });
    }
    let lower = message.to_ascii_lowercase();
    match status {
        401 | 403 => Refusal::Never(Error::Unauthorized { status, message }),
        400 | 404 | 415 | 422 if lower.contains("stream_options") => Refusal::Without(Unsupported::StreamOptions),
        400 | 404 | 415 | 422
            if ["response_format", "json_schema", "json_object"].iter().any(|word| lower.contains(word)) =>
        {
            Refusal::Without(Unsupported::Format)
        }
        429 => Refusal::Later(Error::RateLimited { message }),
        503 if lower.contains("loading") => Refusal::Loading(Error::Failing { status, message }),
        408 | 409 | 425 | 500..=599 => Refusal::Later(Error::Failing { status, message }),
        _ => Refusal::Never(Error::Refused { status, message }),
    }
}

/// What an error means that came in place of a chunk.
pub(crate) fn in_reply(error: &Value) -> Error {
    let message = words(error).unwrap_or_else(|| cut(&error.to_string()));
    match overflow(error, &message) {
        Some(limit) => Error::Overflow { limit, message },
        None => Error::InReply { message },
    }
}

/// How many tokens the model can take, where an error says that they were too many.
fn overflow(error: &Value, message: &str) -> Option<Option<u64>> {
    const CODES: [&str; 3] = ["exceed_context_size_error", "context_length_exceeded", "context_window_exceeded"];
    const WORDS: [&str; 5] =
        ["context length", "context window", "context size", "prompt is too long", "exceeds the available context"];
    let is_code = ["type", "code"]
        .iter()
        .any(|name| error.get(name).and_then(Value::as_str).is_some_and(|code| CODES.contains(&code)));
    let lower = message.to_ascii_lowercase();
    let is_said = WORDS.iter().any(|words| lower.contains(words))
        && ["exceed", "too long", "maximum", "longer"].iter().any(|word| lower.contains(word));
    (is_code || is_said).then(|| error.get("n_ctx").and_then(Value::as_u64))
}

/// The message of an error, which is an object or a text.
fn words(error: &Value) -> Option<String> {
    let text =
        error.as_str().or_else(|| ["message", "detail", "error"].iter().find_map(|name| error.get(*name)?.as_str()));
    text.map(|text| cut(text.trim())).filter(|text| !text.is_empty())
}

/// The beginning of a text that a server wrote, on one line.
pub(crate) fn cut(text: &str) -> String {
    let mut end = text.len().min(MOST_WORDS);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (begin, rest) = text.split_at(end);
    let line: String = begin.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if rest.is_empty() { line } else { format!("{line}…") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(status: u16, body: &Value) -> Refusal {
        refusal(StatusCode::from_u16(status).unwrap(), &body.to_string())
    }

    #[test]
    fn refusals_say_what_to_do() {
        let message = |text: &str| json!({"error": {"message": text}});
        for (status, body, expected) in [
            (401, message("bad key"), "never"),
            (400, message("Unknown parameter: stream_options"), "without StreamOptions"),
            (400, message("'response_format.type' must be 'json_schema' or 'text'"), "without Format"),
            (422, json!({"detail": "json_schema is not supported"}), "without Format"),
            (400, message("no such tool"), "never"),
            (404, message("no such model"), "never"),
            (429, message("slow down"), "later"),
            (500, json!("oops"), "later"),
            (529, message("overloaded"), "later"),
            (503, message("Loading model"), "loading"),
            (
                400,
                json!({"error": {"type": "exceed_context_size_error", "message": "too many", "n_ctx": 4096}}),
                "overflow 4096",
            ),
            (400, json!({"error": {"code": "context_length_exceeded", "message": "x"}}), "overflow"),
            (413, message("This model's maximum context length is 8192 tokens"), "overflow"),
        ] {
            let found = match of(status, &body) {
                Refusal::Without(what) => format!("without {what:?}"),
                Refusal::Later(_) => "later".into(),
                Refusal::Loading(_) => "loading".into(),
                Refusal::Never(Error::Overflow { limit, .. }) => {
                    limit.map_or("overflow".into(), |limit| format!("overflow {limit}"))
                }
                Refusal::Never(_) => "never".into(),
            };
            assert_eq!(found, expected, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_without_words_gives_those_of_its_status() {
        assert_eq!(
            refusal(StatusCode::PAYMENT_REQUIRED, ""),
            Refusal::Never(Error::Refused { status: 402, message: "Payment Required".into() })
        );
        let page = refusal(StatusCode::BAD_GATEWAY, &"<html>\n".repeat(1000));
        assert!(
            matches!(page, Refusal::Later(Error::Failing { message, .. }) if message.len() < 400 && !message.contains('\n'))
        );
    }
}
