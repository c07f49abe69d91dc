//! What a node is: a class that describes it, and an instance that runs.
//!
//! Both are traits, so that other crates can bring nodes of their own; [`super::catalogue::Catalogue::register`] adds
//! a class. A node is run when one of its inputs has changed. It runs within the loop of its workflow, so it must be
//! quick: whatever takes longer is [`Work`], which is done beside the loop.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

use super::port::{Input, Output};
use super::value::Value;
use callboard_domain::request::{Confirmation, Form, Values};

pub use super::cx::Cx;

/// What a class is, as `GET /nodes` describes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "NodeClass"))]
#[schema(as = NodeClass)]
pub struct Spec {
    /// The class's name, unique in a catalogue: `TextInput`.
    #[serde(rename = "type")]
    pub class: &'static str,
    /// Where it stands in a palette: `maths`.
    pub category: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// What goes in.
    pub inputs: Vec<Input>,
    /// What comes out.
    pub outputs: Vec<Output>,
    /// Whether it runs in every iteration, though none of its inputs has changed: a clock.
    pub volatile: bool,
    /// Whether running it waits for something outside: a person, a server, time.
    pub waits: bool,
}

impl Spec {
    /// A class that runs when its inputs change, and waits for nothing.
    #[must_use]
    pub fn new(class: &'static str, category: &'static str, description: &'static str) -> Self {
        Self { class, category, description, inputs: Vec::new(), outputs: Vec::new(), volatile: false, waits: false }
    }

    /// The same with one more input; inputs are counted from 0 in this order.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// The same with one more output; outputs are counted from 0 in this order.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.outputs.push(output);
        self
    }

    /// The same, which runs in every iteration.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// The same, which waits for something outside.
    #[must_use]
    pub fn waits(mut self) -> Self {
        self.waits = true;
        self
    }
}

/// How the inputs of one node of a graph are given.
#[derive(Debug)]
pub struct Given<'a> {
    /// In the order of the class's inputs.
    pub inputs: &'a [GivenInput<'a>],
}

/// How one input is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GivenInput<'a> {
    /// It is linked to an output.
    Linked,
    /// It has this constant or default, which is of the right type and in range.
    Constant(&'a Value),
    /// It has neither.
    Absent,
}

impl Given<'_> {
    /// The constant or default of an input.
    #[must_use]
    pub fn constant(&self, input: usize) -> Option<&Value> {
        match self.inputs.get(input) {
            Some(GivenInput::Constant(value)) => Some(value),
            Some(GivenInput::Linked | GivenInput::Absent) | None => None,
        }
    }

    /// Whether an input is linked.
    #[must_use]
    pub fn is_linked(&self, input: usize) -> bool {
        self.inputs.get(input) == Some(&GivenInput::Linked)
    }
}

/// A class of nodes.
///
/// # Example
///
/// ```
/// use callboard_workflow::node::{Cx, Next, Node, NodeClass, NodeError, Spec};
/// use callboard_workflow::port::{Input, Output, Type};
/// use callboard_workflow::{catalogue::Catalogue, graph::Graph, plan::Plan};
/// use serde_json::json;
///
/// struct Repeat(Spec);
///
/// struct Repeats;
///
/// impl NodeClass for Repeat {
///     fn spec(&self) -> &Spec {
///         &self.0
///     }
///
///     fn node(&self) -> Box<dyn Node> {
///         Box::new(Repeats)
///     }
/// }
///
/// impl Node for Repeats {
///     fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
///         let times = usize::try_from(cx.integer(1)?).unwrap_or(0);
///         let text = cx.text(0)?.repeat(times);
///         cx.set(0, text);
///         Ok(Next::Done)
///     }
/// }
///
/// let spec = Spec::new("Repeat", "text", "Says a text several times.")
///     .input(Input::new("text", Type::Text, "What is said."))
///     .input(Input::new("times", Type::Integer, "How often.").or(2).at_least(0.0).at_most(100.0))
///     .output(Output::new("text", Type::Text, "All of it."));
///
/// // A server takes it with `App::with_node`.
/// let mut catalogue = Catalogue::default();
/// catalogue.register(std::sync::Arc::new(Repeat(spec)))?;
///
/// let graph: Graph = serde_json::from_value(json!({
///     "nodes": [{"id": "r", "type": "Repeat", "inputs": {"text": "ho"}}], "edges": []
/// }))?;
/// let mut plan = Plan::new(&graph, &catalogue, &Default::default(), 0)?;
/// plan.tick(Default::default());
/// let node = plan.find("r").and_then(|node| plan.view(node)).ok_or("no node")?;
/// assert_eq!(node.outputs().map(|(_, value)| value.to_string()).collect::<String>(), "hoho");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait NodeClass: Send + Sync + 'static {
    /// What it is.
    fn spec(&self) -> &Spec;

    /// What is wrong with constants that types, ranges and choices allow: a template that cannot be parsed. By input
    /// and in words for people.
    fn faults(&self, _given: &Given<'_>) -> Vec<(usize, String)> {
        Vec::new()
    }

    /// Whether a node with these inputs runs in every iteration.
    fn is_volatile(&self, _given: &Given<'_>) -> bool {
        self.spec().volatile
    }

    /// A node of this class, new for each run of a workflow.
    fn node(&self) -> Box<dyn Node>;
}

/// A node that runs.
pub trait Node: Send {
    /// Runs it: one of its inputs has changed, a wake-up that it asked for is due, or it is volatile. Every required
    /// input has a value of its type. Outputs that are not touched stay as they are.
    ///
    /// # Errors
    /// Where it has failed: its outputs are taken back, and what is below it is blocked until it runs well again.
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError>;

    /// The work that it had asked for has ended well. Inputs may have changed meanwhile; then it runs again after this.
    ///
    /// # Errors
    /// As for [`Node::run`].
    fn resume(&mut self, _reply: Reply, _cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        Err(NodeError::new("it did not wait for anything"))
    }

    /// About how many bytes it keeps between runs, beside its outputs; they count towards what its workflow may hold.
    fn kept(&self) -> usize {
        0
    }

    /// Which of its lazy inputs it wants to have up to date before it runs; only asked where it has such.
    fn wants(&self, _cx: &Cx<'_>) -> Option<usize> {
        None
    }
}

/// What comes after a run.
#[derive(Debug)]
pub enum Next {
    /// Nothing: the outputs are set.
    Done,
    /// This is done beside the loop; [`Node::resume`] is called with what it gives.
    Wait(Work),
    /// The whole workflow stops after this iteration, for this reason.
    Stop(String),
}

/// What a node waits for.
pub enum Work {
    /// Time.
    Sleep(Duration),
    /// A person who says yes or no.
    Confirm(Confirmation),
    /// A person who fills in a form.
    Ask(Form),
    /// A task kind that runs as a session of its own.
    Task {
        /// The kind's name.
        task: String,
        /// What it works on.
        input: serde_json::Value,
        /// How it works.
        config: serde_json::Value,
    },
    /// A request to a server, within the limits of the settings.
    Fetch(Fetch),
    /// Anything else that takes its time, with a time limit from the settings. Its outcome is recorded where the
    /// workflow runs as a session.
    Future(BoxFuture<'static, Result<Value, NodeError>>),
    /// Computing that takes its time, on a thread of its own, with a time limit from the settings: past it the node
    /// fails, and what it computes is forgotten.
    Compute(Box<dyn FnOnce() -> Result<Value, NodeError> + Send>),
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Work::Sleep(_) => "Sleep",
            Work::Confirm(_) => "Confirm",
            Work::Ask(_) => "Ask",
            Work::Task { .. } => "Task",
            Work::Fetch(_) => "Fetch",
            Work::Future(_) => "Future",
            Work::Compute(_) => "Compute",
        })
    }
}

/// A request to a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    /// The HTTP method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body, where there is one, with its content type.
    pub body: Option<(String, Vec<u8>)>,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
pub struct Fetched {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub text: String,
}

/// What the work of a node gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The time has passed.
    Slept,
    /// What the person said; also where the question's time ran out.
    Confirmed(bool),
    /// What the person filled in.
    Filled(Values),
    /// What the task completed with.
    Completed(Value),
    /// What the server answered.
    Fetched(Fetched),
    /// What the future or the computing gave.
    Value(Value),
}

/// Why a node has failed; the text is sent to clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NodeError {
    /// In words for people.
    pub message: Cow<'static, str>,
}

impl NodeError {
    /// A failure with this text.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }
}

impl From<&'static str> for NodeError {
    fn from(message: &'static str) -> Self {
        Self::new(message)
    }
}

impl From<String> for NodeError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
