//! Scripts and expressions, in the language Rhai.

use std::sync::Arc;

use rhai::Scope;

use super::sandbox::{Compiled, Sandbox};
use crate::node::{Cx, Given, Next, Node, NodeClass, NodeError, Spec};
use crate::port::{Input, Output, Type};
use crate::value::Value;

/// The classes of this family.
pub(super) fn classes(sandbox: &Arc<Sandbox>) -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "script", description);
    let named = |name| Input::new(name, Type::Json, "A value that the code knows by this name.").optional();
    let result = Output::new("result", Type::Json, "What it gives.");
    let script = class(
        "Script",
        "Runs a script in the language Rhai; its last value is the result. It has no access to anything but its \
         inputs, and is stopped when it takes too long.",
    )
    .input(Input::new("code", Type::Text, "The script: `let sum = a + b; sum * 2`.").code());
    let script = ["a", "b", "c"].into_iter().fold(script, |spec, name| spec.input(named(name)));
    let expression = class("Expression", "Computes a single expression in the language Rhai.")
        .input(Input::new("expression", Type::Text, "The expression: `a * 2 + b`.").code());
    let expression = ["a", "b", "c", "d"].into_iter().fold(expression, |spec, name| spec.input(named(name)));
    vec![
        scripted(script.output(result.clone()), sandbox, Form::Script, 0, script_result),
        scripted(expression.output(result), sandbox, Form::Expression, 0, script_result),
    ]
}

/// What code may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Statements.
    Script,
    /// One expression.
    Expression,
}

/// What a node does with its compiled code.
pub(super) type Use = fn(&Sandbox, &Compiled, &Cx<'_>) -> Result<Value, NodeError>;

/// A class whose input number `code` is code, and whose first output is what `use_` makes of it.
pub(super) fn scripted(spec: Spec, sandbox: &Arc<Sandbox>, form: Form, code: usize, use_: Use) -> Arc<dyn NodeClass> {
    Arc::new(Scripted { spec, sandbox: sandbox.clone(), form, code, use_ })
}

struct Scripted {
    spec: Spec,
    sandbox: Arc<Sandbox>,
    form: Form,
    code: usize,
    use_: Use,
}

impl NodeClass for Scripted {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn faults(&self, given: &Given<'_>) -> Vec<(usize, String)> {
        let Some(code) = given.constant(self.code).and_then(Value::as_text) else { return Vec::new() };
        compile(&self.sandbox, self.form, code).err().map(|error| (self.code, error)).into_iter().collect()
    }

    fn node(&self) -> Box<dyn Node> {
        let Self { sandbox, form, code, use_, .. } = self;
        Box::new(Code { sandbox: sandbox.clone(), form: *form, input: *code, use_: *use_, compiled: None })
    }
}

/// A node with code; keeps what it has compiled, as long as the text is the same.
struct Code {
    sandbox: Arc<Sandbox>,
    form: Form,
    input: usize,
    use_: Use,
    compiled: Option<(Value, Compiled)>,
}

impl Node for Code {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        let code = cx.input(self.input);
        if self.compiled.as_ref().is_none_or(|(compiled, _)| compiled != code) {
            let compiled = compile(&self.sandbox, self.form, cx.text(self.input)?)?;
            self.compiled = Some((code.clone(), compiled));
        }
        let (_, compiled) = self.compiled.as_ref().ok_or("there is no code")?;
        let result = (self.use_)(&self.sandbox, compiled, cx)?;
        cx.set(0, result);
        Ok(Next::Done)
    }
}

fn compile(sandbox: &Sandbox, form: Form, code: &str) -> Result<Compiled, String> {
    match form {
        Form::Script => sandbox.script(code),
        Form::Expression => sandbox.expression(code),
    }
}

fn script_result(sandbox: &Sandbox, code: &Compiled, cx: &Cx<'_>) -> Result<Value, NodeError> {
    sandbox.within(code, || {
        let mut scope = Scope::new();
        for (at, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            scope.push_dynamic(name, sandbox.given(cx.input(at + 1))?);
        }
        sandbox.taken(&sandbox.run(code, &mut scope)?)
    })
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_script_gives_its_last_value() {
        for (code, expected) in [
            ("a + b", json!(5)),
            ("let x = a; while x < 10 { x += b } x", json!(11)),
            ("fn double(x) { x * 2 } double(a) + double(b)", json!(10)),
            ("[a, #{b: b, c: c}]", json!([2, {"b": 3, "c": null}])),
            ("[1, 2, 3].map(|x| x * 2).filter(|x| x > 2)", json!([4, 6])),
            ("`${a} and ${b}`", json!("2 and 3")),
            ("'x'", json!("x")),
            ("a / 4.0", json!(0.5)),
            ("let t = \"a-b-c\"; t.replace(\"-\", \"\"); t", json!("abc")),
            ("let x = 1;", json!(null)),
            ("", json!(null)),
        ] {
            let mut rig = Rig::new("Script", json!({"code": code, "a": 2, "b": 3}));
            assert_eq!((rig.faults(), rig.run()), (Vec::new(), Ok(json!({"result": expected}))), "{code}");
        }
    }

    #[test]
    fn an_expression_is_computed_anew_when_an_input_changes() {
        let mut rig = Rig::new("Expression", json!({"expression": "a * 2 + d.x", "a": 1, "d": {"x": 0.5}}));
        assert_eq!(rig.run(), Ok(json!({"result": 2.5})));
        assert_eq!(rig.set("a", json!(4)).run(), Ok(json!({"result": 8.5})));
        assert_eq!(
            rig.set("expression", json!("if a > 3 { \"much\" } else { \"little\" }")).run(),
            Ok(json!({"result": "much"}))
        );
    }

    #[test]
    fn what_cannot_be_parsed_is_a_fault_with_its_place() {
        for (class, input, code) in [
            ("Script", "code", "let x = ;"),
            ("Script", "code", "\n\n  (1 + "),
            ("Script", "code", "eval(\"1\")"),
            ("Script", "code", "|x| x; let f = Fn(\"g\"); f.curry(1)"),
            ("Script", "code", "import \"std\" as s;"),
            ("Expression", "expression", "let x = 1; x"),
            ("Expression", "expression", "loop { }"),
            ("Expression", "expression", ""),
        ] {
            let mut rig = Rig::new(class, json!({input: code}));
            let faults = rig.faults();
            assert_eq!(faults.len(), 1, "{code}");
            assert!(faults[0].1.contains("line"), "{}", faults[0].1);
            assert_eq!(rig.run(), Err(faults[0].1.clone()));
        }
    }

    #[test]
    fn what_goes_wrong_is_told() {
        for (code, message) in [
            ("a - 1", "Function not found: -"),
            ("unknown", "Variable not found: unknown"),
            ("1 / 0", "Division by zero"),
            ("1.0 / 0.0", "which is no number"),
            ("9223372036854775807 + 1", "overflow"),
            ("|x| x", "not JSON"),
            ("sleep(1)", "cannot sleep"),
            ("throw \"enough\"", "enough"),
        ] {
            let error = Rig::new("Script", json!({"code": code, "a": []})).run().unwrap_err();
            assert!(error.contains(message), "{code}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_script_panic(
            code in prop_oneof![".{0,200}", "[-+*/a-c0-9(){}\\[\\]|.,;:#\"'`!<>= ]{0,200}"],
        ) {
            let mut rig = Rig::new("Script", json!({"code": code, "a": 1, "b": "x", "c": [1]}));
            let (faults, given) = (rig.faults(), rig.run());
            prop_assert!(faults.is_empty() || given.is_err());
        }
    }
}
