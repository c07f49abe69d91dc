//! Requests to servers.

use std::sync::Arc;

use super::Node;
use crate::node::{Cx, Fetch, Given, Next, NodeClass, NodeError, Reply, Spec, Work};
use crate::port::{Input, Output, Type};
use crate::value::Value;
use callboard_domain::json::{self, Unreadable};

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![Arc::new(HttpRequestClass { spec: spec() })]
}

fn spec() -> Spec {
    Spec::new("HttpRequest", "network", "Asks a server over HTTP; any answer is good, whatever its status.")
        .input(Input::new("url", Type::Text, "Where to: `https://…`, of another server."))
        .input(
            Input::new("method", Type::Text, "The HTTP method.")
                .one_of(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
                .or("GET"),
        )
        .input(Input::new("headers", Type::Object, "Headers: an object of texts.").optional())
        .input(Input::new("body", Type::Json, "The body: a text as it is, everything else as JSON.").optional())
        .output(Output::new("status", Type::Integer, "The HTTP status."))
        .output(Output::new("text", Type::Text, "The body as text, in its charset."))
        .output(Output::new("json", Type::Json, "The body as JSON; nothing where it is none."))
        .waits()
}

struct HttpRequestClass {
    spec: Spec,
}

impl NodeClass for HttpRequestClass {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn faults(&self, given: &Given<'_>) -> Vec<(usize, String)> {
        let url = given.constant(0).and_then(Value::as_text).and_then(|url| bad_url(url).map(|fault| (0, fault)));
        let headers = given.constant(2).and_then(|headers| headers_of(headers).err().map(|fault| (2, fault)));
        url.into_iter().chain(headers).collect()
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(HttpRequest)
    }
}

struct HttpRequest;

impl Node for HttpRequest {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let url = cx.text(0)?.trim();
        if let Some(fault) = bad_url(url) {
            return Err(fault.into());
        }
        let mut headers = headers_of(cx.input(2))?;
        let body = body(cx.input(3), &mut headers);
        let fetch = Fetch { method: cx.text(1)?.to_owned(), url: url.to_owned(), headers, body };
        Ok(Next::Wait(Work::Fetch(fetch)))
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let Reply::Fetched(answer) = reply else { return Err("the server gave no answer".into()) };
        cx.set(0, i64::from(answer.status));
        match json::read(answer.text.as_bytes()) {
            Ok(json) => cx.set(2, json),
            Err(Unreadable::Syntax(_)) => cx.clear(2),
            Err(Unreadable::Number(number)) => return Err(format!("the answer's {number}").into()),
            Err(Unreadable::Deep(deep)) => return Err(format!("the answer is no JSON that can be kept: {deep}").into()),
        }
        cx.set(1, answer.text);
        Ok(Next::Done)
    }
}

fn bad_url(url: &str) -> Option<String> {
    let url = url.trim();
    if url.starts_with('/') && !url.starts_with("//") {
        return Some("a path alone names no server: it must begin with https:// or http://".to_owned());
    }
    match url::Url::parse(url) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Some(format!("it must begin with http:// or https://, not with {}:", url.scheme()))
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("it must not have a user or a password in it; use headers".to_owned())
        }
        Ok(_) => None,
        Err(error) => Some(format!("it is not a URL: {error}")),
    }
}

fn headers_of(headers: &Value) -> Result<Vec<(String, String)>, String> {
    let Some(headers) = headers.as_object() else { return Ok(Vec::new()) };
    headers
        .iter()
        .map(|(name, value)| {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(format!("{name:?} is not the name of a header"));
            }
            let text = value.as_str().ok_or_else(|| format!("the header {name} must be a text"))?;
            // Other control characters could begin another header.
            if text.chars().any(|letter| letter.is_control() && letter != '\t') {
                return Err(format!("the header {name} has characters that no header may have"));
            }
            Ok((name.clone(), text.to_owned()))
        })
        .collect()
}

/// The body with its type, which a header names where there is one.
fn body(value: &Value, headers: &mut Vec<(String, String)>) -> Option<(String, Vec<u8>)> {
    let (usual, bytes) = match value {
        Value::Null => return None,
        Value::Text(text) => ("text/plain; charset=utf-8", text.as_bytes().to_vec()),
        Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Json(_) => {
            ("application/json", value.to_string().into_bytes())
        }
    };
    let named = headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = named.map_or_else(|| usual.to_owned(), |at| headers.remove(at).1);
    Some((content_type, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Fetched;
    use crate::nodes::rig::Rig;
    use serde_json::{Value as Json, json};

    fn asked(inputs: Json) -> Fetch {
        let mut rig = Rig::new("HttpRequest", inputs);
        assert_eq!((rig.faults(), rig.run()), (Vec::new(), Ok(json!({}))));
        let Some(Work::Fetch(fetch)) = rig.work.take() else { panic!("it asks nobody") };
        fetch
    }

    #[test]
    fn a_request_is_what_the_inputs_say() {
        let get = asked(json!({"url": " https://a.example/x?y=1 "}));
        let url = "https://a.example/x?y=1".to_owned();
        assert_eq!(get, Fetch { method: "GET".into(), url, headers: Vec::new(), body: None });
        let headers = json!({"X-A": "1", "Content-Type": "text/csv"});
        let post = asked(json!({"url": "http://a.example", "method": "POST", "headers": headers, "body": "a,b"}));
        assert_eq!(post.headers, [("X-A".to_owned(), "1".to_owned())]);
        assert_eq!(post.body, Some(("text/csv".to_owned(), b"a,b".to_vec())));
        for (body, content_type, bytes) in [
            (json!("hi"), "text/plain; charset=utf-8", "hi"),
            (json!({"a": [1]}), "application/json", "{\"a\":[1]}"),
            (json!(7), "application/json", "7"),
            (json!(false), "application/json", "false"),
        ] {
            let put = asked(json!({"url": "https://a.example/doc.json", "method": "PUT", "body": body}));
            assert_eq!(put.body, Some((content_type.to_owned(), bytes.as_bytes().to_vec())));
        }
    }

    #[test]
    fn an_answer_is_json_where_it_can_be() {
        let mut rig = Rig::new("HttpRequest", json!({"url": "https://a.example"}));
        let mut answer = |status, text: &str| rig.resume(Reply::Fetched(Fetched { status, text: text.to_owned() }));
        assert_eq!(answer(200, "[1]"), Ok(json!({"status": 200, "text": "[1]", "json": [1]})));
        assert_eq!(answer(404, "gone"), Ok(json!({"status": 404, "text": "gone"})));
        assert_eq!(answer(204, ""), Ok(json!({"status": 204, "text": ""})));
        assert_eq!(rig.resume(Reply::Slept), Err("the server gave no answer".to_owned()));
    }

    #[test]
    fn a_bad_url_or_header_is_a_fault_and_an_error() {
        for (inputs, at) in [
            (json!({"url": ""}), 0),
            (json!({"url": "/nodes"}), 0),
            (json!({"url": "a.example"}), 0),
            (json!({"url": "//a.example"}), 0),
            (json!({"url": "file:///etc/passwd"}), 0),
            (json!({"url": "https://me:secret@a.example"}), 0),
            (json!({"url": "https://a.example", "headers": {"a b": "1"}}), 2),
            (json!({"url": "https://a.example", "headers": {"": "1"}}), 2),
            (json!({"url": "https://a.example", "headers": {"a": 1}}), 2),
            (json!({"url": "https://a.example", "headers": {"a": "1\r\nb: 2"}}), 2),
        ] {
            let mut rig = Rig::new("HttpRequest", inputs.clone());
            let faults = rig.faults();
            assert_eq!(faults.iter().map(|(input, _)| *input).collect::<Vec<_>>(), [at], "{inputs}");
            assert_eq!(rig.run(), Err(faults[0].1.clone()), "{inputs}");
        }
    }
}
