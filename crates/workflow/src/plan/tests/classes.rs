//! Node classes that show every way in which a plan can go.

use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::cx::{Cx, Wake};
use crate::node::{Next, Node, NodeClass, NodeError, Reply, Spec, Work};
use crate::port::{Input, Output, Type};
use callboard_domain::request::Confirmation;

type Run = fn(&mut Cx<'_>) -> Result<Next, NodeError>;
type Resume = fn(Reply, &mut Cx<'_>) -> Result<Next, NodeError>;

#[derive(Clone)]
pub(super) struct TestClass {
    spec: Spec,
    run: Run,
    resume: Resume,
    wants: fn(&Cx<'_>) -> Option<usize>,
}

impl NodeClass for TestClass {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(self.clone())
    }
}

impl Node for TestClass {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        (self.run)(cx)
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        (self.resume)(reply, cx)
    }

    fn wants(&self, cx: &Cx<'_>) -> Option<usize> {
        (self.wants)(cx)
    }
}

struct Counter(i64);

impl Node for Counter {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        self.0 += 1;
        cx.set(0, self.0);
        Ok(Next::Done)
    }
}

struct CounterClass(Spec);

impl NodeClass for CounterClass {
    fn spec(&self) -> &Spec {
        &self.0
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Counter(0))
    }
}

fn number(cx: &Cx<'_>, input: usize) -> i64 {
    cx.input(input).as_integer().unwrap_or(0)
}

fn forwards(_: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
    let value = cx.input(0).clone();
    cx.set(0, value);
    Ok(Next::Done)
}

fn adds(cx: &mut Cx<'_>) -> Result<Next, NodeError> {
    let sum = (number(cx, 0) + number(cx, 1)) % 10;
    cx.set(0, sum);
    Ok(Next::Done)
}

/// The classes, of which [`PURE`] give the same whenever they run.
pub(super) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    for class in steady().into_iter().chain(moving()) {
        catalogue.register(Arc::new(class)).unwrap();
    }
    let spec =
        Spec::new("Counter", "", "").input(a().optional().may_lack()).output(Output::new("out", Type::Integer, ""));
    catalogue.register(Arc::new(CounterClass(spec))).unwrap();
    catalogue
}

fn a() -> Input {
    Input::new("a", Type::Json, "")
}

fn b() -> Input {
    Input::new("b", Type::Json, "")
}

fn class(name: &'static str, inputs: Vec<Input>, outputs: &[&'static str]) -> TestClass {
    let mut spec = Spec::new(name, "", "");
    spec.inputs = inputs;
    spec.outputs = outputs.iter().map(|name| Output::new(name, Type::Json, "")).collect();
    TestClass { spec, run: adds, resume: forwards, wants: |_| None }
}

fn lazy(name: &'static str, a: Input, b: Input) -> TestClass {
    TestClass {
        wants: |cx| Some(if number(cx, 0) % 2 == 0 { 1 } else { 2 }),
        run: |cx| {
            let value = if cx.has(1) { cx.input(1).clone() } else { cx.input(2).clone() };
            cx.set(0, value);
            Ok(Next::Done)
        },
        ..class(name, vec![Input::new("by", Type::Json, ""), a.lazy(), b.lazy()], &["out"])
    }
}

/// Those whose outputs depend on nothing but their inputs.
fn steady() -> Vec<TestClass> {
    vec![
        class("Add", vec![a(), b()], &["out"]),
        class("Opt", vec![a().optional().may_lack(), b().or(3).may_lack()], &["out"]),
        class("Small", vec![Input::new("a", Type::Integer, "").at_most(6.0), b()], &["out"]),
        TestClass {
            run: |cx| if number(cx, 0) > 6 { Err("too much".into()) } else { adds(cx) },
            ..class("Fail", vec![a()], &["out"])
        },
        TestClass {
            run: |cx| if number(cx, 0) == 7 { std::panic::resume_unwind(Box::new(7)) } else { adds(cx) },
            ..class("Panic", vec![a()], &["out"])
        },
        TestClass {
            run: |cx| {
                let value = cx.input(0).clone();
                let even = usize::from(number(cx, 0) % 2 != 0);
                cx.clear(1 - even);
                cx.set(even, value);
                Ok(Next::Done)
            },
            ..class("Branch", vec![a()], &["out", "odd"])
        },
        TestClass {
            run: |_| Ok(Next::Wait(Work::Sleep(Duration::from_secs(1)))),
            ..class("Wait", vec![a()], &["out"])
        },
        TestClass {
            run: |_| Ok(Next::Wait(Work::Confirm(Confirmation::new("?")))),
            ..class("Ask", vec![a()], &["out"])
        },
        lazy("Lazy", a(), b()),
        lazy("LazyOpt", a().optional().may_lack(), b().optional().may_lack()),
    ]
}

/// Those that depend on the time and on what was before.
fn moving() -> Vec<TestClass> {
    vec![
        TestClass {
            spec: class("Clock", vec![], &["out"]).spec.volatile(),
            run: |cx| {
                cx.set(0, cx.now().as_micros() / 1_000_000 % 10);
                Ok(Next::Done)
            },
            ..class("Clock", vec![], &["out"])
        },
        TestClass {
            run: |cx| {
                cx.say("beat");
                cx.wake(Wake::Beat(Duration::from_secs(10)));
                Ok(Next::Done)
            },
            ..class("Beat", vec![], &[])
        },
        TestClass {
            run: |cx| {
                if cx.ran < 3 {
                    cx.wake(Wake::Again);
                } else {
                    cx.wake(Wake::After(Duration::from_secs(5)));
                }
                cx.set(0, i64::try_from(cx.iteration()).unwrap_or(0));
                Ok(Next::Done)
            },
            ..class("Again", vec![], &["out"])
        },
        TestClass { run: |_| Ok(Next::Stop("enough".into())), ..class("Stop", vec![a()], &[]) },
        TestClass {
            run: |cx| {
                let text = "x".repeat(usize::try_from(number(cx, 0)).unwrap_or(0));
                cx.set(0, text);
                Ok(Next::Done)
            },
            ..class("Long", vec![a()], &["out"])
        },
    ]
}

/// What random graphs are made of.
pub(super) const PURE: [&str; 11] =
    ["Add", "Opt", "Small", "Fail", "Panic", "Branch", "Wait", "Ask", "Lazy", "LazyOpt", "Clock"];
