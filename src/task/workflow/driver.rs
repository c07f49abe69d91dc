//! Runs a plan to its end within a session: iteration by iteration, and between them whatever work has ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable, FutureExt, LocalBoxFuture};
use futures::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Workflow;
use super::event::{RunEvent, What};
use super::input::Input;
use super::states::NodeStates;
use crate::domain::time::Timestamp;
use crate::session::{CleanupGuard, TaskContext, TaskError, TaskResult};
use crate::workflow::context::{Names, explain};
use crate::workflow::messages::NodeState;
use crate::workflow::node::{NodeError, Reply};
use crate::workflow::plan::{Job, JobId, NodeIndex, NodeView, Plan, Pulse, Tick};

/// Failed nodes that the error of a session names.
const NAMED: usize = 20;

/// A run of a workflow.
pub(super) struct Driver {
    kind: Workflow,
    ctx: TaskContext,
    workflow_id: Option<String>,
    version: Option<u64>,
    /// What people call it and its nodes.
    names: Names,
    /// The ids of the nodes, by place: the plan is away while it iterates.
    ids: Vec<String>,
    /// Where the order of things is recorded.
    order: TaskContext,
    plan: Plan,
    now: Timestamp,
    /// Whether what happens now happens for the first time.
    live: bool,
    jobs: FuturesUnordered<LocalBoxFuture<'static, Option<Ended>>>,
    /// What is under way, by the node.
    started: HashMap<String, (JobId, AbortHandle)>,
    /// What has ended and has not been handed on.
    ended: BTreeMap<String, (JobId, Result<Reply, NodeError>)>,
    /// How often each node has begun to wait, so that each time has a lane of its own.
    times: HashMap<String, u32>,
    waves: u32,
    /// How far it was when that was last written.
    progress: (u64, String),
    /// What the journal says of the nodes.
    states: NodeStates,
}

/// What one piece of work gave.
struct Ended {
    node: String,
    job: JobId,
    outcome: Result<Reply, NodeError>,
}

/// What is recorded first: what a run must not find otherwise when it is resumed.
#[derive(Serialize, Deserialize)]
struct Begin {
    now: i64,
    seed: u64,
}

/// What is recorded whenever work has ended: the nodes whose work it was.
#[derive(Serialize, Deserialize)]
struct Wave {
    ended: Vec<String>,
    now: i64,
}

impl Driver {
    /// Runs a workflow to its end.
    pub(super) async fn run(kind: Workflow, ctx: TaskContext) -> TaskResult {
        let input = Input::read(ctx.input()).await.map_err(TaskError::failed)?;
        let order = ctx.lane("order");
        let mut live = false;
        let begin = Begin { now: Timestamp::now().as_micros(), seed: rand::random() };
        let begin: Begin = order
            .step("begin", || {
                live = true;
                async { Ok(begin) }
            })
            .await?;
        let (catalogue, limits, seed) = (kind.catalogue.clone(), kind.limits.clone(), begin.seed);
        let name = input.graph.rest.get("name").and_then(Value::as_str).or(ctx.title());
        let names = Names::of(&input.graph, name);
        let set_up = move || (input.plan(&catalogue, &limits, seed), input);
        let set_up = kind.worker.beside(set_up).await;
        let (plan, input) = set_up.ok_or_else(|| TaskError::failed("the workflow could not be set up"))?;
        let plan = plan.map_err(|faults| {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("{}: {}", fault.loc.join("."), fault.msg)).collect();
            TaskError::Failed(faults.join("; "))
        })?;
        let mut driver = Self {
            states: NodeStates::new(&ctx, &kind.limits),
            ids: plan.nodes().map(|node| plan.id(node).to_owned()).collect(),
            plan,
            kind,
            ctx,
            workflow_id: input.workflow_id,
            version: input.version,
            names,
            order,
            now: Timestamp::from_micros(begin.now),
            live,
            jobs: FuturesUnordered::new(),
            started: HashMap::new(),
            ended: BTreeMap::new(),
            times: HashMap::new(),
            waves: 0,
            progress: (0, String::new()),
        };
        if live {
            driver.observe(What::Started);
        }
        let cancelled = driver.says_when_cancelled();
        let result = driver.run_on().await;
        drop(cancelled);
        match &result {
            Ok(_) => driver.observe(What::Completed),
            Err(error) => driver.observe(What::Failed(&error.to_string())),
        }
        result
    }

    async fn run_on(&mut self) -> TaskResult {
        loop {
            let stop = self.iterate().await?;
            self.states.write(&self.plan).await;
            if let Some(reason) = stop {
                return self.outputs(Some(reason));
            }
            self.write_progress().await;
            if self.started.is_empty() && self.ended.is_empty() && self.plan.next_after().is_none() {
                return self.outputs(None);
            }
            self.wait().await?;
        }
    }

    /// Iterates until nothing is to be done; gives the reason where a node stops the workflow.
    async fn iterate(&mut self) -> Result<Option<String>, TaskError> {
        loop {
            let tick = self.tick().await?;
            for job in &tick.dropped {
                self.drop_job(*job);
            }
            for (_, line) in &tick.said {
                self.ctx.stream(line.clone()).await;
            }
            self.observe_nodes(&tick.changed);
            self.states.changed(&tick.changed);
            let stop = tick.stop.is_some();
            self.start(tick.jobs);
            if stop || !self.plan.is_dirty() {
                return Ok(tick.stop);
            }
        }
    }

    /// One iteration, beside the sockets that this thread also serves.
    async fn tick(&mut self) -> Result<Tick, TaskError> {
        let limit = Duration::from_secs_f64(self.kind.limits.node_timeout);
        let (pulse, now) = (self.plan.progress().clone(), self.now);
        let mut plan = std::mem::take(&mut self.plan);
        let worker = self.kind.worker.clone();
        let mut work = std::pin::pin!(worker.beside(move || (plan.tick(now), plan)));
        let mut guard = GiveUp(Some(pulse.clone()));
        let mut before = None;
        loop {
            match tokio::time::timeout(limit, &mut work).await {
                Ok(done) => {
                    guard.0 = None;
                    let (tick, plan) = done.ok_or_else(|| TaskError::failed("the workflow broke down"))?;
                    self.plan = plan;
                    return Ok(tick);
                }
                Err(_) => {
                    let running = pulse.running();
                    if let Some((_, node)) = running.filter(|_| running == before) {
                        let id = self.ids.get(node.place()).map_or("", String::as_str);
                        return Err(TaskError::Failed(format!("{id}: it took longer than {} s", limit.as_secs_f64())));
                    }
                    before = running;
                }
            }
        }
    }

    fn start(&mut self, jobs: Vec<Job>) {
        for mut job in jobs {
            explain(&mut job.work, || self.names.context(self.workflow_id.as_deref(), &self.plan, job.node));
            let node = self.plan.id(job.node).to_owned();
            let times = self.times.entry(node.clone()).or_default();
            *times += 1;
            let work = self.kind.work(job.work, self.ctx.lane(&format!("node/{times}/{node}")));
            let (abort, registration) = AbortHandle::new_pair();
            self.started.insert(node.clone(), (job.id, abort));
            let ended = async move { Ended { node, job: job.id, outcome: work.await } };
            self.jobs.push(Abortable::new(ended, registration).map(Result::ok).boxed_local());
        }
    }

    fn drop_job(&mut self, job: JobId) {
        self.started.retain(|_, (started, abort)| {
            if *started == job {
                abort.abort();
            }
            *started != job
        });
        self.ended.retain(|_, (ended, _)| *ended != job);
    }

    /// Waits until work has ended or a node's time has come, and hands that on: what is recorded, or else what is so.
    async fn wait(&mut self) -> Result<(), TaskError> {
        self.waves += 1;
        let wake = self.plan.next_after();
        let mut now = Timestamp::now().max(self.now);
        if self.ended.is_empty() {
            let lane = self.ctx.lane(&format!("wake/{}", self.waves));
            let time = async {
                match wake {
                    Some(wake) => lane.sleep(wake.since(now)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = next_ended(&mut self.jobs, &mut self.started, &mut self.ended) => {}
                () = time => now = now.max(wake.unwrap_or(now)),
            }
            now = now.max(Timestamp::now());
        }
        while next_ended(&mut self.jobs, &mut self.started, &mut self.ended).now_or_never().is_some() {}
        let wave = Wave { ended: self.ended.keys().cloned().collect(), now: now.as_micros() };
        let live = &mut self.live;
        let record = || {
            *live = true;
            async { Ok(wave) }
        };
        let wave: Wave = self.order.step("wave", record).await?;
        for node in wave.ended {
            while !self.ended.contains_key(&node) {
                if !self.started.contains_key(&node) {
                    return Err(TaskError::Failed(format!("{node}: its work had ended before, and now it has none")));
                }
                next_ended(&mut self.jobs, &mut self.started, &mut self.ended).await;
            }
            if let Some((job, outcome)) = self.ended.remove(&node) {
                self.plan.end(job, outcome);
            }
        }
        self.now = Timestamp::from_micros(wave.now);
        self.plan.wake_due(self.now);
        Ok(())
    }

    async fn write_progress(&mut self) {
        let standing = self.plan.nodes().filter_map(|node| self.plan.view(node));
        let is_done = |view: &NodeView<'_>| match view.state {
            NodeState::Completed | NodeState::Cached | NodeState::Error => true,
            NodeState::Idle | NodeState::Queued | NodeState::Executing | NodeState::Waiting | NodeState::Blocked => {
                false
            }
        };
        let done = standing.filter(is_done).count() as u64;
        let mut waiting: Vec<&str> = self.started.keys().map(String::as_str).collect();
        waiting.sort_unstable();
        let label = match waiting.as_slice() {
            [] => String::new(),
            [one, rest @ ..] if rest.len() > 2 => format!("{one} and {} others wait", rest.len()),
            [_] => format!("{} waits", waiting.join(", ")),
            [_, ..] => format!("{} wait", waiting.join(", ")),
        };
        if self.progress != (done, label.clone()) {
            self.progress = (done, label.clone());
            self.ctx.progress(done, self.ids.len() as u64, label).await;
        }
    }

    fn outputs(&self, stopped: Option<String>) -> TaskResult {
        let views = || self.plan.nodes().filter_map(|node| self.plan.view(node));
        let failed: Vec<String> = views().filter_map(|view| Some(format!("{}: {}", view.id, view.error?))).collect();
        if let Some(rest) = failed.len().checked_sub(1) {
            let more = rest.saturating_sub(NAMED - 1);
            let named = failed.get(..NAMED).unwrap_or(&failed).join("; ");
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            return Err(TaskError::Failed(format!("{named}{more}")));
        }
        let most = self.kind.limits.max_result_bytes;
        let mut left = Room(most);
        let mut outputs = Map::new();
        for view in views() {
            for (_, value) in view.outputs() {
                serde_json::to_writer(&mut left, value).map_err(|_| too_large(view.id, most))?;
            }
            let given = view.outputs().filter(|(_, value)| !value.is_null());
            let given: Map<String, Value> = given.map(|(name, value)| (name.to_owned(), value.to_json())).collect();
            if !given.is_empty() {
                outputs.insert(view.id.to_owned(), Value::Object(given));
            }
        }
        let mut result = json!({"outputs": outputs});
        if let (Some(reason), Some(result)) = (stopped, result.as_object_mut()) {
            result.insert("stopped".to_owned(), Value::String(reason));
        }
        Ok(result)
    }

    fn observe_nodes(&self, changed: &[NodeIndex]) {
        if self.live && self.kind.observer.is_some() && !changed.is_empty() {
            let mut changed = changed.to_vec();
            changed.sort_unstable();
            changed.dedup();
            self.observe(What::Nodes(changed.into_iter().filter_map(|node| self.plan.view(node)).collect()));
        }
    }

    fn observe(&self, what: What<'_>) {
        if let Some(observer) = &self.kind.observer {
            observer.observe(RunEvent {
                session_id: self.ctx.session_id(),
                owner: self.ctx.channel.spec.owner(),
                workflow_id: self.workflow_id.as_deref().unwrap_or_default(),
                version: self.version,
                node_count: self.ids.len(),
                what,
            });
        }
    }

    /// Sees to it that those who watch learn of a cancel, which ends this run wherever it is.
    fn says_when_cancelled(&self) -> Option<CleanupGuard> {
        let observer = self.kind.observer.clone()?;
        let (session_id, node_count, version) = (self.ctx.session_id(), self.ids.len(), self.version);
        let (owner, workflow_id) = (self.ctx.channel.spec.owner(), self.workflow_id.clone().unwrap_or_default());
        Some(self.ctx.on_cancel(async move {
            let what = What::Failed("it was cancelled");
            observer.observe(RunEvent { session_id, owner, workflow_id: &workflow_id, version, node_count, what });
        }))
    }
}

fn too_large(node: &str, most: usize) -> TaskError {
    TaskError::Failed(format!(
        "result_too_large: with those of {node}, the outputs of the workflow are larger than {most} bytes together"
    ))
}

/// How many bytes may still be written; they go nowhere.
struct Room(usize);

impl std::io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lets an iteration that nobody waits for any more end behind the node that runs.
struct GiveUp(Option<Arc<Pulse>>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        if let Some(pulse) = &self.0 {
            pulse.give_up();
        }
    }
}

/// Waits for the end of one piece of work that has not been dropped.
async fn next_ended(
    jobs: &mut FuturesUnordered<LocalBoxFuture<'static, Option<Ended>>>,
    started: &mut HashMap<String, (JobId, AbortHandle)>,
    ended: &mut BTreeMap<String, (JobId, Result<Reply, NodeError>)>,
) {
    loop {
        match jobs.next().await {
            Some(Some(Ended { node, job, outcome })) if started.get(&node).is_some_and(|(id, _)| *id == job) => {
                started.remove(&node);
                ended.insert(node, (job, outcome));
                return;
            }
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}
