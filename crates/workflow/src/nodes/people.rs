//! People: nodes that ask somebody.

use std::sync::Arc;

use super::Node;
use crate::node::{Cx, Given, Next, NodeClass, NodeError, Reply, Spec, Work};
use crate::port::{Input, Output, Type};
use crate::value::Value;
use callboard_domain::answerers::{Answerers, Assignee};
use callboard_domain::form;
use callboard_domain::request::{Confirmation, Field, Form};

/// The longest time to wait for an answer, in seconds: a year.
const LONGEST: f64 = 31_536_000.0;

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    vec![super::stateful::<HumanConfirm>(confirm_spec()), Arc::new(HumanInputClass { spec: input_spec() })]
}

fn class(name: &'static str, description: &'static str) -> Spec {
    Spec::new(name, "people", description).waits()
}

fn timeout() -> Input {
    let description = "Seconds to wait for an answer; for ever where it is left out.";
    Input::new("timeout", Type::Number, description).at_least(0.0).at_most(LONGEST).optional()
}

fn assignees() -> Input {
    let description = "Who may answer beside the owner of the workflow: names of people, and `group:NAME`.";
    Input::new("assignees", Type::List, description).code().optional().advanced()
}

fn allow_own() -> Input {
    Input::new("allow_own", Type::Boolean, "Whether the owner of the workflow may answer.").or(true).advanced()
}

/// Who may answer, by these inputs.
fn answerers(cx: &Cx<'_>, assignees: usize, allow_own: usize) -> Result<Answerers, NodeError> {
    let named = if cx.has(assignees) { cx.list(assignees)? } else { &[] };
    let named = named.iter().map(|name| name.as_str().and_then(|name| name.parse::<Assignee>().ok()));
    let assignees = named.collect::<Option<Vec<_>>>().ok_or("assignees must be names, or group: and a name")?;
    Ok(Answerers { assignees, allow_own: cx.boolean(allow_own)?, ..Answerers::default() })
}

/// What is wrong with that, where something is.
fn checked(answerers: Answerers, is_confirmation: bool) -> Result<Answerers, NodeError> {
    match answerers.fault(is_confirmation) {
        Some(fault) => Err(fault.into()),
        None => Ok(answerers),
    }
}

fn confirm_spec() -> Spec {
    class("HumanConfirm", "Asks somebody a question, and waits for yes or no.")
        .input(Input::new("message", Type::Text, "The question.").multiline())
        .input(timeout())
        .input(Input::new("default", Type::Boolean, "The answer when the time has run out.").or(false))
        .input(assignees())
        .input(
            Input::new("required_answers", Type::Number, "How many different people have to say yes.")
                .at_least(1.0)
                .at_most(Answerers::MOST as f64)
                .optional()
                .advanced(),
        )
        .input(allow_own())
        .output(Output::new("confirmed", Type::Boolean, "The answer."))
}

fn input_spec() -> Spec {
    class("HumanInput", "Asks somebody to fill in a form, and waits for it.")
        .input(
            Input::new(
                "fields",
                Type::List,
                "The fields: objects with `name`, `type`, `description`, `required`, `choices` and so on.",
            )
            .code(),
        )
        .input(Input::new("message", Type::Text, "What the form is for.").multiline().optional())
        .input(timeout())
        .input(assignees())
        .input(allow_own())
        .output(Output::new("values", Type::Object, "What was filled in, by the names of the fields."))
}

fn seconds(cx: &Cx<'_>, input: usize) -> Result<Option<f64>, NodeError> {
    if !cx.has(input) {
        return Ok(None);
    }
    let seconds = cx.number(input)?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(format!("the time to wait must be from 0 to {LONGEST} seconds").into());
    }
    Ok(Some(seconds))
}

#[derive(Default)]
struct HumanConfirm;

impl Node for HumanConfirm {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let (timeout, default) = (seconds(cx, 1)?, Some(cx.boolean(2)?));
        let mut answerers = answerers(cx, 3, 5)?;
        if cx.has(4) {
            // One that is out of range becomes none, which is refused.
            answerers.required_answers = Some(u32::try_from(cx.integer(4)?).unwrap_or(0));
        }
        let answerers = checked(answerers, true)?;
        Ok(Next::Wait(Work::Confirm(Confirmation { timeout, default, answerers, ..Confirmation::new(cx.text(0)?) })))
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let Reply::Confirmed(confirmed) = reply else { return Err("the answer was not yes or no".into()) };
        cx.set(0, confirmed);
        Ok(Next::Done)
    }
}

struct HumanInputClass {
    spec: Spec,
}

impl NodeClass for HumanInputClass {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn faults(&self, given: &Given<'_>) -> Vec<(usize, String)> {
        let fields = given.constant(0).and_then(Value::as_list);
        let faults = fields.and_then(|list| fields_of(list).err());
        faults.unwrap_or_default().into_iter().map(|fault| (0, fault)).collect()
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(HumanInput)
    }
}

/// The fields of a form, or everything that is wrong with them.
fn fields_of(list: &[serde_json::Value]) -> Result<Vec<Field>, Vec<String>> {
    let mut faults = Vec::new();
    let mut fields = Vec::new();
    for (index, field) in list.iter().enumerate() {
        match serde_json::from_value::<Field>(field.clone()) {
            Ok(field) => fields.push(field),
            Err(error) => faults.push(format!("field {index}: {error}")),
        }
    }
    let faulty = form::faults(&fields).into_iter().map(|fault| format!("field {:?}: {}", fault.field, fault.message));
    faults.extend(faulty);
    if form::has_secrets(&fields) {
        faults.push("a workflow cannot ask for secrets: what its nodes give is shown to all who watch it".to_owned());
    }
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}

struct HumanInput;

impl Node for HumanInput {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let fields = fields_of(cx.list(0)?).map_err(|faults| faults.join("; "))?;
        let message = if cx.has(1) { Some(cx.text(1)?.to_owned()) } else { None };
        let answerers = checked(answerers(cx, 3, 4)?, false)?;
        Ok(Next::Wait(Work::Ask(Form { message, timeout: seconds(cx, 2)?, answerers, ..Form::new(fields) })))
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let Reply::Filled(values) = reply else { return Err("the answer was not a form".into()) };
        cx.set(0, serde_json::Value::Object(values));
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::rig::Rig;
    use callboard_domain::request::FieldType;
    use serde_json::json;

    #[test]
    fn a_question_waits_for_its_answer() {
        let mut rig = Rig::new("HumanConfirm", json!({"message": "Go on?"}));
        assert_eq!(rig.run(), Ok(json!({})));
        let Some(Work::Confirm(question)) = rig.work.take() else { panic!("it does not ask") };
        assert_eq!(question, Confirmation { default: Some(false), ..Confirmation::new("Go on?") });
        assert_eq!(rig.resume(Reply::Confirmed(true)), Ok(json!({"confirmed": true})));
        assert_eq!(rig.resume(Reply::Slept), Err("the answer was not yes or no".to_owned()));

        let mut rig = Rig::new("HumanConfirm", json!({"message": "Go on?", "timeout": 5, "default": true}));
        rig.run().unwrap();
        let Some(Work::Confirm(question)) = rig.work.take() else { panic!("it does not ask") };
        assert_eq!(question, Confirmation::new("Go on?").or_after(5.0, true));
        assert!(rig.set("timeout", json!(-1)).run().is_err());
    }

    #[test]
    fn a_question_says_who_may_answer_and_how_many_have_to() {
        let inputs = json!({
            "message": "Pay?", "assignees": ["bo", "group:ops"], "required_answers": 2, "allow_own": false,
        });
        let mut rig = Rig::new("HumanConfirm", inputs);
        rig.run().unwrap();
        let Some(Work::Confirm(question)) = rig.work.take() else { panic!("it does not ask") };
        let expected = Answerers {
            assignees: vec!["bo".parse().unwrap(), "group:ops".parse().unwrap()],
            required_answers: Some(2),
            allow_own: false,
        };
        assert_eq!(question.answerers, expected);
        for (input, value) in [("assignees", json!([3])), ("assignees", json!([""])), ("required_answers", json!(0))] {
            let mut rig = Rig::new("HumanConfirm", json!({"message": "Pay?"}));
            assert!(rig.set(input, value.clone()).run().is_err(), "{input} {value}");
        }
        let mut rig = Rig::new("HumanInput", json!({"fields": [{"name": "a"}], "assignees": ["bo"]}));
        rig.run().unwrap();
        let Some(Work::Ask(form)) = rig.work.take() else { panic!("it does not ask") };
        assert_eq!(form.answerers.assignees, ["bo".parse().unwrap()]);
    }

    #[test]
    fn a_form_waits_to_be_filled_in() {
        let fields = json!([{"name": "colour", "type": "select", "choices": ["red", "blue"]}]);
        let mut rig = Rig::new("HumanInput", json!({"fields": fields, "message": "Which?", "timeout": 60}));
        assert_eq!(rig.faults(), []);
        assert_eq!(rig.run(), Ok(json!({})));
        let Some(Work::Ask(form)) = rig.work.take() else { panic!("it does not ask") };
        let field = Field::new("colour", FieldType::Select, "").with_choices(["red", "blue"]);
        assert_eq!(form, Form { message: Some("Which?".into()), timeout: Some(60.0), ..Form::new(vec![field]) });
        let values = json!({"colour": "red"});
        let given = rig.resume(Reply::Filled(values.as_object().unwrap().clone()));
        assert_eq!(given, Ok(json!({"values": values})));
    }

    #[test]
    fn all_that_is_wrong_with_a_form_is_told_at_once() {
        for (fields, count) in [
            (json!([{"name": "a"}, {"name": "b", "type": "colour"}, 7]), 2),
            (json!([{"name": "a"}, {"name": "a"}]), 1),
            (json!([{"name": "a", "type": "select"}]), 1),
            (json!([{"name": "a", "type": "secret"}]), 1),
            (json!([{"name": "a", "unknown": 1}]), 1),
        ] {
            let mut rig = Rig::new("HumanInput", json!({"fields": fields}));
            assert_eq!(rig.faults().len(), count, "{fields}: {:?}", rig.faults());
            assert!(rig.run().is_err(), "{fields}");
        }
    }
}
