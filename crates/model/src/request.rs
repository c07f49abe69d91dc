//! What a model is asked, and how that is written for chat completions.

use std::borrow::Cow;
use std::sync::Arc;

use callboard_domain::entry::json_bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One call of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The conversation so far, which is shared with whoever holds it.
    pub messages: Arc<Vec<Message>>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// The JSON Schema that its answer has to fit.
    pub schema: Option<Value>,
    /// How much chance there is in it, 0 to 2; left out, what the server thinks.
    pub temperature: Option<f64>,
    /// Most tokens of the reply; left out, what the server thinks.
    pub max_tokens: Option<u64>,
    /// Goes along as `Idempotency-Key` in all tries: a server that knows it does not do, or charge, the same twice.
    pub idempotency_key: String,
}

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Instructions.
    System(#[serde(with = "content")] String),
    /// What a person, or the program in their place, says.
    User(#[serde(with = "content")] String),
    /// What the model said. Its reasoning is never sent back: some servers refuse that.
    Assistant {
        /// Its text.
        text: String,
        /// What it called.
        calls: Vec<ToolCall>,
    },
    /// What came of a call.
    Tool {
        /// The call's id.
        call_id: String,
        /// The result, or why there is none.
        text: String,
    },
}

/// Lets a message of text alone be stored as an object, which a tag needs.
mod content {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Content {
        text: String,
    }

    pub(super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        Content { text: text.to_owned() }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Content::deserialize(deserializer).map(|content| content.text)
    }
}

/// Something that a model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
}

/// A call that a model asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The server's id of it, or one made here.
    pub id: String,
    /// The tool.
    pub name: String,
    /// With what.
    pub arguments: Arguments,
}

/// The arguments of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arguments {
    /// A JSON object.
    Valid(Map<String, Value>),
    /// A text that is none. It goes back to the model as `{}`: servers, and models, stumble over invalid JSON.
    Invalid(String),
}

impl Arguments {
    /// Valid JSON for them.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            // Its keys are texts, so that it can be written.
            Self::Valid(map) => serde_json::to_string(map).unwrap_or_default(),
            Self::Invalid(_) => "{}".to_owned(),
        }
    }

    /// How many bytes that has.
    #[must_use]
    pub fn text_len(&self) -> usize {
        match self {
            Self::Valid(map) => json_bytes(map),
            Self::Invalid(_) => 2,
        }
    }
}

/// The body of a request. What depends on the server is put in by who sends it.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    pub(crate) model: &'a str,
    pub(crate) stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream_options: Option<StreamOptions>,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_format: Option<Value>,
}

#[derive(Debug, Serialize)]
pub(crate) struct StreamOptions {
    pub(crate) include_usage: bool,
}

/// A message, as it is sent.
#[derive(Debug, Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    /// A message with calls and an empty text is refused by some, one without any text by none.
    content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
}

#[derive(Debug, Serialize)]
struct WireCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: WireFunction<'a>,
}

#[derive(Debug, Serialize)]
struct WireFunction<'a> {
    name: &'a str,
    arguments: String,
}

/// A tool, as it is offered.
#[derive(Debug, Serialize)]
pub(crate) struct WireTool<'a> {
    r#type: &'static str,
    function: DeclaredFunction<'a>,
}

#[derive(Debug, Serialize)]
struct DeclaredFunction<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl Tool {
    pub(crate) fn to_wire(&self) -> WireTool<'_> {
        let Self { name, description, parameters } = self;
        WireTool { r#type: "function", function: DeclaredFunction { name, description, parameters } }
    }
}

impl Message {
    fn to_wire(&self) -> WireMessage<'_> {
        let (role, text, tool_call_id, calls) = match self {
            Self::System(text) => ("system", text, None, &[][..]),
            Self::User(text) => ("user", text, None, &[][..]),
            Self::Tool { call_id, text } => ("tool", text, Some(call_id.as_str()), &[][..]),
            Self::Assistant { text, calls } => ("assistant", text, None, calls.as_slice()),
        };
        let is_said = calls.is_empty() || !text.is_empty();
        let content = is_said.then_some(Cow::Borrowed(text.as_str()));
        WireMessage { role, content, tool_call_id, tool_calls: calls.iter().map(ToolCall::to_wire).collect() }
    }
}

impl ToolCall {
    fn to_wire(&self) -> WireCall<'_> {
        let function = WireFunction { name: &self.name, arguments: self.arguments.to_text() };
        WireCall { id: &self.id, r#type: "function", function }
    }
}

impl Request {
    /// The body, for a server's model of this name.
    pub(crate) fn to_wire<'a>(&'a self, model: &'a str) -> Body<'a> {
        Body {
            model,
            stream: true,
            stream_options: None,
            messages: self.messages.iter().map(Message::to_wire).collect(),
            tools: self.tools.iter().map(Tool::to_wire).collect(),
            temperature: self.temperature,
            max_tokens: self.max_tokens,
            response_format: None,
        }
    }
}

impl Body<'_> {
    /// Says something more, as whoever asks.
    pub(crate) fn say(&mut self, words: String) {
        let content = Some(words.into());
        self.messages.push(WireMessage { role: "user", content, tool_call_id: None, tool_calls: Vec::new() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_conversation_is_written_as_servers_read_it() {
        let call = |arguments| ToolCall { id: "c1".into(), name: "look".into(), arguments };
        let valid = Arguments::Valid(json!({"at": 1}).as_object().unwrap().clone());
        let request = Request {
            messages: Arc::new(vec![
                Message::System("s".into()),
                Message::Assistant { text: String::new(), calls: vec![call(valid)] },
                Message::Assistant { text: "t".into(), calls: vec![call(Arguments::Invalid("{\"at".into()))] },
                Message::Tool { call_id: "c1".into(), text: "r".into() },
            ]),
            ..Request::default()
        };
        let body = json!(request.to_wire("m"));
        assert_eq!(body["messages"][0], json!({"role": "system", "content": "s"}));
        assert_eq!(body["messages"][1]["content"], Value::Null);
        assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["arguments"], "{\"at\":1}");
        assert_eq!(body["messages"][2]["tool_calls"][0]["function"]["arguments"], "{}");
        assert_eq!(body["messages"][3], json!({"role": "tool", "tool_call_id": "c1", "content": "r"}));
        assert!(body.get("tools").is_none() && body.get("temperature").is_none());
    }

    #[test]
    fn a_message_is_stored_and_read_back() {
        let messages = vec![
            Message::System("s".into()),
            Message::User("u".into()),
            Message::Assistant { text: "a".into(), calls: Vec::new() },
            Message::Tool { call_id: "c".into(), text: "t".into() },
        ];
        let text = serde_json::to_string(&messages).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Message>>(&text).unwrap(), messages);
    }
}
