//! Text: templates in the language of Jinja, with limits and without access to anything but their values.

mod budget;
mod constants;
mod depth;
mod program;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use minijinja::machinery;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value as Rendered};
use serde_json::{Value as Json, json};

use super::bounded::Bounded;
use super::growth::grows_too_much;
use super::pattern::replace_text;
use super::{Cx, Next, Node, NodeError, Value, dotted, stateful_checked};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};

/// Most steps of a template.
const MOST_STEPS: u64 = 100_000;

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

/// What all templates have in common.
static COMMON: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(MOST_STEPS));
    for filter in ["format", "batch", "slice", "pprint"] {
        environment.remove_filter(filter);
    }
    for global in ["namespace", "debug"] {
        environment.remove_global(global);
    }
    budget::guard(&mut environment);
    environment
});

fn compile(source: &str) -> Result<Environment<'static>, NodeError> {
    depth::check(source).map_err(|error| NodeError::new(error.to_string()))?;
    let parsed = machinery::parse(source, NAME, minijinja::syntax::SyntaxConfig::default());
    if !constants::fit(&parsed.map_err(|error| explain(&error, None))?) {
        return Err(format!("the constants of the template become larger than {} bytes", constants::MOST).into());
    }
    if let Some(why) = grows_too_much(source) {
        return Err(why.into());
    }
    let mut environment = COMMON.clone();
    environment.add_template_owned(NAME, source.to_owned()).map_err(|error| explain(&error, None))?;
    Ok(environment)
}

fn replace(text: String, search: String, replacement: String) -> Result<String, Error> {
    replace_text(&text, &search, &replacement).map(|(replaced, _)| replaced).map_err(refused)
}

fn to_json(value: Rendered) -> Result<String, Error> {
    let mut text = Bounded::default();
    let written = serde_json::to_writer(&mut text, &value);
    written.map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    text.finish().map_err(refused)
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
    let template = environment.get_template(NAME).map_err(|error| explain(&error, None))?;
    let program = program::within_budget(&machinery::get_compiled_template(&template).instructions);
    let (mut text, values_given, no_blocks) = (String::new(), Rendered::from(Serde(values)), BTreeMap::new());
    let rendered = budget::within(|| {
        let mut out = machinery::make_string_output(&mut text);
        machinery::eval(environment, &program, values_given, &no_blocks, &mut out, AutoEscape::None).map(|_| ())
    });
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
        return Err(explain(&error, missing.filter(|names| !names.is_empty())));
    }
    Ok(text)
}

/// An error in words for people, with its line.
fn explain(error: &Error, missing: Option<Vec<String>>) -> NodeError {
    let what = match (error.kind(), missing) {
        (_, Some(missing)) => format!("there is no value for {}", missing.join(", ")),
        (ErrorKind::OutOfFuel, None) => format!("the template takes more than {MOST_STEPS} steps"),
        (kind, None) => error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    };
    match error.line() {
        Some(line) => format!("line {line}: {what}").into(),
        None => what.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
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
    fn errors_name_their_line() {
        let cases = [
            ("a\n{{ name }}", json!({}), "line 2: there is no value for name"),
            ("{{ a.c }}", json!({"a": {"b": 1}}), "line 1: there is no value for a.c"),
            (
                "{% for a in range(99999) %}{{ a }}{% endfor %}",
                json!({}),
                "line 1: the template takes more than 100000 steps",
            ),
            (
                "{% set x = 'a' * 90000000 %}{{ x }}",
                json!({}),
                "the constants of the template become larger than 1048576 bytes",
            ),
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

    #[test]
    fn what_would_take_much_memory_or_time_is_refused_before() {
        let much = json!({"n": 90_000_000, "s": "a", "t": "b".repeat(500_000), "l": [1]});
        for template in [
            "{{ (s * n)|list|length }}",
            "{{ s * n }}",
            "{{ (l * n)|sort|length }}",
            "{{ (l * n)|last }}",
            "{{ l * n }}",
            "{{ n in l * n }}",
            "{{ (l * n) == (l * n) }}",
            "{{ ((1,) * n)|length }}",
            "{{ ('a' * 90000000)|list|length }}",
            "{{ ([1] * 100000000)|sort|length }}",
            &format!("{{{{ [{}]|length }}}}", "t ~ t, ".repeat(2_000)),
            &format!("{{{{ [{}]|length }}}}", "t[:-1], ".repeat(2_000)),
            &format!("{{{{ [{}]|length }}}}", "t|upper, ".repeat(2_000)),
            &format!("{{{{ [{}]|length }}}}", "s|replace('a', t), ".repeat(2_000)),
            &format!("{{{{ [{}]|length }}}}", "range(30)|join(t), ".repeat(2_000)),
            "{% for i in range(9999) %}{{ t }}{% endfor %}",
            &format!("{{% for i in range(9999) %}}{}{{% endfor %}}", "x".repeat(100_000)),
            "{% for i in range(9999) %}{{ t == t ~ s }}{% endfor %}",
            "{% for i in range(9999) %}{{ 'x' in t in t }}{% endfor %}",
            "{% for i in range(9999) %}{{ s is in t }}{% endfor %}",
            "{% for i in range(9999) %}{{ dict(a=t)|length }}{{ t|split('b')|length }}{% endfor %}",
        ] {
            let error = fill(template, much.clone()).expect_err(template);
            let said = ["joins more", "too much", "too large", "become larger", "becomes larger", "steps", "too long"];
            assert!(said.iter().any(|said| error.contains(said)), "{template:.60}: {error}");
        }
    }

    #[test]
    fn operators_and_jumps_mean_what_they_mean_without_a_budget() {
        let values = json!({"a": 2, "s": "ab", "l": [1, 2], "o": {"k": "v"}});
        for template in [
            "{{ a * 3 + 1 }}{{ s * a }}{{ 2 * s }}{{ l + l }}{{ l * 2 }}",
            "{{ s ~ a ~ l }}|{{ s[1:] }}|{{ l[::-1] }}|{{ s[-1] }}",
            "{{ 1 < a < 3 }}{{ a == 2 }}{{ a != 2 }}{{ a >= 3 }}{{ 1 in l }}{{ 3 not in l }}",
            "{% if a > 1 and s == 'ab' or false %}x{% elif a %}y{% else %}z{% endif %}-",
            "{% for i in l %}a{{ i * a }}b{% if i == 1 %}c{% else %}d{% endif %}{% else %}none{% endfor %}",
            "{% for k, v in o|items %}{{ k }}={{ v }}{% endfor %}{{ 'yes' if a == 2 else 'no' }}",
            "{% with x = a + 1 %}{{ x }}{% endwith %}{{ -a ** 2 }}{{ a // 2 }}{{ a % 2 }}",
            "{{ l|map('string')|join('+') }}{{ l|select('gt', 1)|list }}{{ s|upper|list }}",
            "{{ l is eq l }}{{ 'a' is in s }}{{ none }}{{ true }}{{ 1.5 }}",
            "{{ l|sort(reverse=true) }}{{ o|dictsort(by='value') }}{{ [o]|map(attribute='k')|list }}{{ dict(k=a, o=o) }}",
            "{{ 'a-b'|split('-') }}{{ ' a '|trim }}{{ [3, 1]|min }}{{ l|sum }}",
            "{% autoescape 'html' %}{{ '<' }}{{ ['<'] }}{% endautoescape %}",
        ] {
            let mut plain = minijinja::Environment::new();
            plain.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
            let expected = plain.render_str(template, minijinja::value::Serde(&values)).unwrap();
            assert_eq!(fill(template, values.clone()), Ok(json!({"text": expected})), "{template}");
        }
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
