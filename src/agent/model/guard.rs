//! The loop guard: a model that calls the same tool with the same arguments again and again is stopped.

use callboard_model::ToolCall;
use serde_json::{Map, Number, Value};

/// This identical call is refused; the next one ends the run.
const REFUSED: usize = 3;

/// What was called so far.
#[derive(Debug, Default)]
pub(super) struct LoopGuard {
    calls: Vec<(String, Value, usize)>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is made.
    Allowed,
    /// It is refused as its result.
    Refused,
    /// The run fails.
    Looping,
}

impl LoopGuard {
    /// Counts a call; arguments are the same where they are equal as JSON.
    pub(super) fn count(&mut self, call: &ToolCall, arguments: &Map<String, Value>) -> Verdict {
        let arguments = normal(&Value::Object(arguments.clone()));
        let known = self.calls.iter_mut().find(|(name, known, _)| *name == call.name && *known == arguments);
        let times = match known {
            Some((.., times)) => {
                *times += 1;
                *times
            }
            None => {
                self.calls.push((call.name.clone(), arguments, 1));
                1
            }
        };
        match times {
            ..REFUSED => Verdict::Allowed,
            REFUSED => Verdict::Refused,
            _ => Verdict::Looping,
        }
    }
}

/// The value with each number in one form: 1.0 is 1.
fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Number::from(float as i64).into(),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), normal(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_model::Arguments;
    use serde_json::json;

    #[test]
    fn the_third_identical_call_is_refused_and_the_fourth_ends_the_run() {
        let mut guard = LoopGuard::default();
        let mut count = |name: &str, arguments: Value| {
            let arguments = arguments.as_object().unwrap().clone();
            let call = ToolCall { id: "c".into(), name: name.into(), arguments: Arguments::Valid(arguments.clone()) };
            guard.count(&call, &arguments)
        };
        assert_eq!(count("a", json!({"x": 1, "y": [2]})), Verdict::Allowed);
        assert_eq!(count("a", json!({"y": [2.0], "x": 1.0})), Verdict::Allowed, "equal as JSON");
        assert_eq!(count("b", json!({"x": 1, "y": [2]})), Verdict::Allowed, "another tool");
        assert_eq!(count("a", json!({"x": 2, "y": [2]})), Verdict::Allowed, "other arguments");
        assert_eq!(count("a", json!({"x": 1, "y": [2]})), Verdict::Refused);
        assert_eq!(count("a", json!({"x": 1, "y": [2]})), Verdict::Looping);
    }
}
