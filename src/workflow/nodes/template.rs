//! Text: templates in the language of Jinja, with limits and without access to anything but their values.

mod depth;

use std::sync::Arc;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value as Rendered};
use serde_json::{Value as Json, json};

use super::bounded::{Bounded, LARGEST_TEXT};
use super::growth::grows_too_much;
use super::pattern::replace_text;
use super::{Cx, Next, Node, NodeError, Value, dotted, stateful_checked};
use crate::workflow::node::{NodeClass, Spec};
use crate::workflow::port::{Input, Output, Type};

/// Most steps of a template.
const MOST_STEPS: u64 = 50_000;

/// Most bytes of what is given to a template, as JSON.
const LARGEST_VALUES: usize = 1024 * 1024;

/// The one template of an environment.
const NAME: &str = "template";

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![stateful_checked::<Template>(
        Spec::new("Template", "text", "Fills values into a text, in the language of Jinja: Hello {{ name }}.")
            .input(Input::new("template", Type::Text, "The text with its tags.").multiline())
            .input(
                Input::new("values", Type::Json, "An object gives its keys as names; anything else is called value.")
                    .optional(),
            )
            .output(Output::new("text", Type::Text, "The text with the values.")),
        |given| {
            let source = given.constant(0).and_then(Value::as_text);
            let error = source.and_then(|source| compile(source).err());
            error.map(|error| (0, error.to_string())).into_iter().collect()
        },
    )]
}

/// The template that was compiled last, with its text.
#[derive(Default)]
struct Template {
    compiled: Option<(String, Environment<'static>)>,
}

impl Node for Template {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let source = cx.text(0)?;
        let values = cx.input(1);
        if values.size() > LARGEST_VALUES {
            return Err(format!("the values are larger than {LARGEST_VALUES} bytes").into());
        }
        let values = if !cx.has(1) {
            json!({})
        } else if values.as_object().is_some() {
            values.to_json()
        } else {
            json!({"value": values.to_json()})
        };
        let environment = match self.compiled.take().filter(|(of, _)| of == source) {
            Some((_, environment)) => environment,
            None => compile(source)?,
        };
        let rendered = render(&environment, &values);
        self.compiled = Some((source.to_owned(), environment));
        cx.set(0, rendered?);
        Ok(Next::Done)
    }
}

fn compile(source: &str) -> Result<Environment<'static>, NodeError> {
    depth::check(source).map_err(|error| NodeError::new(error.to_string()))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_STEPS));
    // What could make a large text of a small one is replaced by what has a limit, or goes.
    for filter in ["format", "batch", "slice", "pprint"] {
        environment.remove_filter(filter);
    }
    for global in ["namespace", "debug"] {
        environment.remove_global(global);
    }
    environment.add_filter("replace", |text: String, search: String, replacement: String| {
        replace_text(&text, &search, &replacement).map(|(replaced, _)| replaced).map_err(refused)
    });
    environment.add_filter("join", join);
    environment.add_filter("indent", indent);
    environment.add_filter("tojson", |value: Rendered| {
        serde_json::to_string(&value).map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    });
    environment.add_template_owned(NAME, source.to_owned()).map_err(|error| told(&error, None))?;
    match grows_too_much(source) {
        Some(why) => Err(why.into()),
        None => Ok(environment),
    }
}

fn refused(error: NodeError) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.message)
}

fn join(items: Rendered, separator: Option<String>) -> Result<String, Error> {
    let mut joined = Bounded::default();
    for (at, item) in items.try_iter()?.enumerate() {
        if at > 0 {
            joined.push(separator.as_deref().unwrap_or_default()).map_err(refused)?;
        }
        joined.push(&item.to_string()).map_err(refused)?;
    }
    joined.finish().map_err(refused)
}

fn indent(text: String, width: usize, first: Option<bool>) -> Result<String, Error> {
    let blanks = " ".repeat(width.min(200));
    let mut indented = Bounded::default();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            indented.push("\n").map_err(refused)?;
        }
        if !line.is_empty() && (at > 0 || first.unwrap_or(false)) {
            indented.push(&blanks).map_err(refused)?;
        }
        indented.push(line).map_err(refused)?;
    }
    indented.finish().map_err(refused)
}

fn render(environment: &Environment<'_>, values: &Json) -> Result<String, NodeError> {
    let template = environment.get_template(NAME).map_err(|error| told(&error, None))?;
    let mut text = Bounded::default();
    let rendered = template.render_captured_to(minijinja::value::Serde(values), &mut text).map(|_| ());
    if let Err(error) = rendered {
        let missing = (error.kind() == ErrorKind::UndefinedError).then(|| {
            let names = template.undeclared_variables(true).into_iter();
            let is_missing =
                |name: &String| dotted::steps(name).is_ok_and(|steps| dotted::find(values, &steps).is_none());
            let mut missing: Vec<String> =
                names.filter(is_missing).filter(|name| name != "range" && name != "dict").collect();
            missing.sort_unstable();
            missing
        });
        return Err(told(&error, missing.filter(|names| !names.is_empty())));
    }
    text.finish()
}

/// An error in words for people, with its line.
fn told(error: &Error, missing: Option<Vec<String>>) -> NodeError {
    let what = match (error.kind(), missing) {
        (_, Some(missing)) => format!("there is no value for {}", missing.join(", ")),
        (ErrorKind::OutOfFuel, None) => format!("the template takes more than {MOST_STEPS} steps"),
        (ErrorKind::WriteFailure, None) => format!("the text becomes larger than {LARGEST_TEXT} bytes"),
        (kind, None) => error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    };
    match error.line() {
        Some(line) => format!("line {line}: {what}").into(),
        None => what.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::workflow::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn fill(template: &str, values: Json) -> Result<Json, String> {
        Rig::new("Template", json!({"template": template, "values": values})).run()
    }

    #[test]
    fn values_are_filled_in() {
        let cases = [
            ("Hello {{ name }}!", json!({"name": "Ä <b>"}), "Hello Ä <b>!"),
            ("{{ value }}", json!(5), "5"),
            ("{{ value|length }}", json!([1, 2]), "2"),
            ("{{ value is none }}", json!(null), "True"),
            ("{% for n in range(3) %}{{ n }},{% endfor %}", json!({}), "0,1,2,"),
            ("{{ a.b[0]|upper }}", json!({"a": {"b": ["x"]}}), "X"),
            ("{{ items|join('-') }} {{ items|tojson }}", json!({"items": [1, "a"]}), "1-a [1,\"a\"]"),
            ("{{ 'a\nb'|indent(2) }}{{ 'aXa'|replace('a', 'b') }}", json!({}), "a\n  bbXb"),
            ("{{ x|default('none') }}", json!({}), "none"),
        ];
        for (template, values, expected) in cases {
            assert_eq!(fill(template, values), Ok(json!({"text": expected})), "{template}");
        }
        let mut without = Rig::new("Template", json!({"template": "x"}));
        assert_eq!(without.run(), Ok(json!({"text": "x"})));
        assert_eq!(without.set("template", json!("y")).run(), Ok(json!({"text": "y"})));
        assert_eq!(without.run(), Ok(json!({"text": "y"})));
    }

    #[test]
    fn what_goes_wrong_is_told_with_its_line() {
        let cases = [
            ("a\n{{ name }}", json!({}), "line 2: there is no value for name"),
            ("{{ a.c }}", json!({"a": {"b": 1}}), "line 1: there is no value for a.c"),
            (
                "{% for a in range(99999) %}{{ a }}{% endfor %}",
                json!({}),
                "line 1: the template takes more than 50000 steps",
            ),
            ("{% set x = 'a' * 90000000 %}{{ x }}", json!({}), "the text becomes larger than 16777216 bytes"),
            (
                "{{ range(9999)|join('x' * 9999) }}",
                json!({}),
                "line 1: invalid operation: the text becomes larger than 16777216 bytes",
            ),
        ];
        for (template, values, expected) in cases {
            assert_eq!(fill(template, values), Err(expected.to_owned()), "{template}");
        }
        let large = fill("x", json!("x".repeat(2_000_000)));
        assert_eq!(large, Err("the values are larger than 1048576 bytes".to_owned()));
    }

    #[test]
    fn a_template_that_cannot_be_parsed_is_known_before_it_runs() {
        let faults = |template: &str| Rig::new("Template", json!({"template": template})).faults();
        assert!(matches!(&faults("x\n{{ a")[..], [(0, text)] if text.starts_with("line 2: syntax error")));
        assert!(matches!(&faults("{% include 'x' %}")[..], [(0, text)] if text.starts_with("line 1: ")));
        let doubling = "{% set x = x ~ x %}".repeat(40);
        assert!(matches!(&faults(&doubling)[..], [(0, text)] if text.contains("join more than 6")));
        assert_eq!(faults("{{ a }}"), []);
    }

    proptest! {
        #[test]
        fn no_template_panics(parts in prop::collection::vec(prop_oneof![
            Just("{{"), Just("}}"), Just("{%"), Just("%}"), Just(" value "), Just("|"), Just("for "), Just(" in "),
            Just("if "), Just("endif"), Just("endfor"), Just("set x ="), Just("'"), Just("["), Just("]"), Just("1"),
            Just("~"), Just("."), Just("length"), Just("ä"), Just("range(9)"), Just("raw"), Just("#}"), Just("{#"),
        ], 0..14), value in prop_oneof![Just(json!([1, {"a": 2}])), Just(json!("é")), Just(json!(null))]) {
            let _ = fill(&parts.concat(), value);
        }

        #[test]
        fn a_text_without_tags_stays_as_it_is(text in "[^{}\\r\\n#%]{0,20}") {
            prop_assert_eq!(fill(&text, json!({})), Ok(json!({"text": text})));
        }
    }
}
