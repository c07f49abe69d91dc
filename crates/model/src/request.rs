//! What a model is asked, and how that is written for chat completions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One call of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The conversation so far.
    pub messages: Vec<Message>,
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
            Self::Valid(map) => Value::Object(map.clone()).to_string(),
            Self::Invalid(_) => "{}".to_owned(),
        }
    }
}

impl Tool {
    pub(crate) fn to_wire(&self) -> Value {
        json!({"type": "function", "function": {
            "name": self.name, "description": self.description, "parameters": self.parameters,
        }})
    }
}

impl Message {
    pub(crate) fn to_wire(&self) -> Value {
        match self {
            Self::System(text) => json!({"role": "system", "content": text}),
            Self::User(text) => json!({"role": "user", "content": text}),
            Self::Tool { call_id, text } => json!({"role": "tool", "tool_call_id": call_id, "content": text}),
            Self::Assistant { text, calls } if calls.is_empty() => json!({"role": "assistant", "content": text}),
            Self::Assistant { text, calls } => {
                let calls: Vec<Value> = calls.iter().map(ToolCall::to_wire).collect();
                // A message with calls and an empty text is refused by some, one without any text by none.
                let text = if text.is_empty() { Value::Null } else { Value::from(text.as_str()) };
                json!({"role": "assistant", "content": text, "tool_calls": calls})
            }
        }
    }
}

impl ToolCall {
    fn to_wire(&self) -> Value {
        let function = json!({"name": self.name, "arguments": self.arguments.to_text()});
        json!({"id": self.id, "type": "function", "function": function})
    }
}

impl Request {
    /// The body, without what depends on the server: the model's name, the format of the answer, the options of the
    /// stream.
    pub(crate) fn to_wire(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let messages: Vec<Value> = self.messages.iter().map(Message::to_wire).collect();
        body.insert("messages".into(), messages.into());
        if !self.tools.is_empty() {
            body.insert("tools".into(), self.tools.iter().map(Tool::to_wire).collect::<Vec<_>>().into());
        }
        if let Some(temperature) = self.temperature {
            body.insert("temperature".into(), temperature.into());
        }
        if let Some(most) = self.max_tokens {
            body.insert("max_tokens".into(), most.into());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_written_as_servers_read_it() {
        let call = |arguments| ToolCall { id: "c1".into(), name: "look".into(), arguments };
        let valid = Arguments::Valid(json!({"at": 1}).as_object().unwrap().clone());
        let request = Request {
            messages: vec![
                Message::System("s".into()),
                Message::Assistant { text: String::new(), calls: vec![call(valid)] },
                Message::Assistant { text: "t".into(), calls: vec![call(Arguments::Invalid("{\"at".into()))] },
                Message::Tool { call_id: "c1".into(), text: "r".into() },
            ],
            ..Request::default()
        };
        let body = Value::Object(request.to_wire());
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
