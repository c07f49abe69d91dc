//! `workflow`: a graph that runs once, as a durable session.
//!
//! The session ends when nothing is to be done any more. Work that nodes wait for is done in lanes of its own, so that
//! several people can be asked at once. After a restart the graph runs again from its beginning: the time, the seed and
//! the order in which work ended are recorded, so that nodes which keep something see the same again.

mod driver;
mod event;
mod input;
mod states;
mod work;

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};

pub(crate) use self::event::{Observer, RunEvent, What};

use self::driver::Driver;
use crate::session::{LongCheck, TaskContext, TaskKind, TaskResult};
use crate::workflow::Settings;
use crate::workflow::catalogue::Catalogue;
use crate::workflow::work::Worker;

/// The kind's name.
pub(crate) const NAME: &str = "workflow";

/// The kind `workflow`. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Workflow {
    catalogue: Arc<Catalogue>,
    limits: Arc<Settings>,
    worker: Worker,
    observer: Option<Arc<dyn Observer>>,
}

impl Workflow {
    /// A kind whose graphs are made of these classes, within these limits; `worker` does what their nodes wait for.
    #[must_use]
    pub(crate) fn new(catalogue: Arc<Catalogue>, limits: Arc<Settings>, worker: Worker) -> Self {
        Self { catalogue, limits, worker, observer: None }
    }

    /// The same, with somebody who observes how runs go on.
    #[must_use]
    pub(crate) fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl fmt::Debug for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow").field("catalogue", &self.catalogue).finish_non_exhaustive()
    }
}

impl TaskKind for Workflow {
    fn name(&self) -> &str {
        NAME
    }

    fn description(&self) -> &str {
        "Runs a graph of nodes once, and gives the outputs of its nodes."
    }

    fn is_internal(&self) -> bool {
        true
    }

    fn title(&self, input: &Value) -> Option<String> {
        let name = input.pointer("/graph/name").or_else(|| input.get("workflow_id"));
        name.and_then(Value::as_str).map(str::to_owned)
    }

    fn input_schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["graph"],
            "properties": {
                "graph": {"type": "object", "description": "The nodes, and the edges that link them."},
                "inputs": {"type": "object", "additionalProperties": {"type": "object"},
                           "description": "Inputs of this run, by node and input."},
                "workflow_id": {"type": "string", "description": "The stored workflow that the graph is of."},
                "version": {"type": "integer", "description": "The version of that workflow."}
            }
        })
    }

    fn long_check(&self) -> Option<LongCheck> {
        let Self { catalogue, limits, worker, .. } = self.clone();
        Some(Box::new(move |spec| {
            let check = move || {
                let faults = input::faults(&spec.input, &catalogue, &limits);
                (spec, faults)
            };
            async move { worker.beside(check).await }.boxed()
        }))
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        Driver::run(self.clone(), ctx).boxed_local()
    }
}
