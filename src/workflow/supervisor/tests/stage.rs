//! A supervisor with everything round it: a shard whose connections are read by hand, node classes, and a host of people.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, Context, Handler};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, watch};

use crate::auth::Principal;
use crate::auth::quotas::Quotas;
use crate::config::connections::Connections;
use crate::domain::id::SessionId;
use crate::domain::request::Confirmation;
use crate::hub::dialect::{About, Signal};
use crate::hub::links::Arrival;
use crate::hub::{
    Broadcast, ConnectionCounts, Dialect, Item, Link, Links, ReportConnections, Shard, Topic, TopicKey, frame,
};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::workflow::Settings;
use crate::workflow::client::{InputUpdate, Live};
use crate::workflow::definition::Definition;
use crate::workflow::definitions::Definitions;
use crate::workflow::executor::Shared;
use crate::workflow::host::{Host, SessionWork};
use crate::workflow::key::WorkflowKey;
use crate::workflow::live::watchers::Watchers;
use crate::workflow::node::{Cx, Next, Node, NodeClass, NodeError, Reply, Spec, Work};
use crate::workflow::nodes::built_in;
use crate::workflow::port::{Input, Output, Type};
use crate::workflow::supervisor::Supervisor;
use crate::workflow::value::Value;
use crate::workflow::work::Worker;

/// How long something that must come is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Text frames, as on the WebSocket.
struct Text(About);

static TEXT: Text = Text(About { name: "text", is_two_way: true, ends_with_feed: false });

impl Dialect for Text {
    fn about(&self) -> &'static About {
        &TEXT.0
    }

    fn payload(&self, item: &Item<'_>) -> Bytes {
        item.json.clone()
    }

    fn frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        payloads.iter().for_each(|payload| frame::write_text(out, payload));
    }

    fn signal(&self, _: Signal<'_>) -> Bytes {
        Bytes::new()
    }
}

struct Deaf;

impl Actor for Deaf {
    type Context = Context<Self>;
}

impl Handler<ReportConnections> for Deaf {
    type Result = ();

    fn handle(&mut self, _: ReportConnections, _: &mut Self::Context) {}
}

type Run = fn(&mut Cx<'_>) -> Result<Next, NodeError>;

/// A class whose nodes run this.
struct Class(Spec, Run);

struct Instance(Run);

impl NodeClass for Class {
    fn spec(&self) -> &Spec {
        &self.0
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(Instance(self.1))
    }
}

impl Node for Instance {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        (self.0)(cx)
    }

    fn resume(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        if let Reply::Confirmed(yes) = reply {
            cx.set(0, yes);
        }
        Ok(Next::Done)
    }
}

fn class(name: &'static str, run: Run) -> (Spec, Run) {
    let spec = Spec::new(name, "test", "").input(Input::new("value", Type::Json, "").or(0)).output(Output::new(
        "value",
        Type::Json,
        "",
    ));
    (spec, run)
}

fn classes() -> Vec<(Spec, Run)> {
    let (ticker, count) = class("Ticker", |cx| {
        let count = cx.iteration();
        cx.set(0, i64::try_from(count).unwrap());
        Ok(Next::Done)
    });
    let needs = Spec::new("Needs", "test", "").input(Input::new("value", Type::Json, "")).output(Output::new(
        "value",
        Type::Json,
        "",
    ));
    vec![
        (ticker.volatile(), count),
        class("Same", |cx| {
            let value = cx.input(0).clone();
            cx.set(0, value);
            Ok(Next::Done)
        }),
        (needs, |cx| {
            let value = cx.input(0).clone();
            cx.set(0, value);
            Ok(Next::Done)
        }),
        class("Boom", |cx| {
            assert!(cx.input(0).as_integer() != Some(13), "thirteen");
            let value = cx.input(0).clone();
            cx.set(0, value);
            Ok(Next::Done)
        }),
        class("Hang", |cx| {
            while cx.input(0).as_integer() == Some(13) {
                std::thread::park_timeout(Duration::from_secs(60));
            }
            cx.set(0, true);
            Ok(Next::Done)
        }),
        class("Ask", |_| Ok(Next::Wait(Work::Confirm(Confirmation::new("Well?"))))),
        class("TestStop", |cx| {
            let goes_on = cx.input(0).as_integer() == Some(0);
            Ok(if goes_on { Next::Done } else { Next::Stop("it was told to".to_owned()) })
        }),
    ]
}

/// People who answer when the test says so.
struct People {
    answer: watch::Receiver<Option<bool>>,
    did: mpsc::UnboundedSender<String>,
}

impl Host for People {
    fn start(&self, work: SessionWork) -> BoxFuture<'static, Result<SessionId, NodeError>> {
        let _ = self.did.send(format!("ask {}", work.node_id));
        async { Ok(SessionId::random()) }.boxed()
    }

    fn outcome(&self, _: SessionId) -> BoxFuture<'static, Result<Value, NodeError>> {
        let mut answer = self.answer.clone();
        async move {
            let answer = answer.wait_for(Option::is_some).await.map_err(|_| NodeError::new("nobody is there"))?;
            Ok(Value::from(answer.unwrap_or_default()))
        }
        .boxed()
    }

    fn cancel(&self, _: SessionId, _: &'static str) {
        let _ = self.did.send("cancel".to_owned());
    }

    fn trouble(&self, _: &WorkflowKey, error: &str) {
        let _ = self.did.send(format!("trouble {error}"));
    }
}

pub(super) struct Stage {
    pub(super) live: Live,
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) store: Store,
    pub(super) definitions: Definitions,
    pub(super) answer: watch::Sender<Option<bool>>,
    pub(super) did: mpsc::UnboundedReceiver<String>,
    links: Rc<Links>,
    shard: Addr<Shard>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with(memory(), &Connections::default(), |_| {})
    }

    pub(super) fn with(store: Store, connections: &Connections, change: impl FnOnce(&mut Settings)) -> Self {
        let mut limits = Settings { interval_ms: 1, min_interval_ms: 0, ..Settings::default() };
        change(&mut limits);
        let counts = ConnectionCounts::new(100);
        let metrics = Metrics::install(1).unwrap();
        let links = Links::new(0, connections, counts.clone(), metrics.connections());
        let shard = Shard::new(Rc::clone(&links), Deaf.start().recipient()).start();
        let mut catalogue = built_in(&limits).unwrap();
        classes().into_iter().for_each(|(spec, run)| catalogue.register(Arc::new(Class(spec, run))).unwrap());
        let (answer, answered) = watch::channel(None);
        let (did, doing) = mpsc::unbounded_channel();
        let catalogue = Arc::new(catalogue);
        let definitions = Definitions::new(store.clone(), catalogue.clone(), Arc::new(limits.clone()));
        let shared = Shared {
            worker: Worker::new(&limits, None),
            store: store.clone(),
            catalogue,
            limits,
            watchers: Watchers::new(Broadcast::new(std::slice::from_ref(&shard), counts)),
            host: Arc::new(People { answer: answered, did }),
            session_arbiter: Arbiter::current(),
            metrics: metrics.workflows(),
            quotas: Quotas::new(&crate::config::limits::Limits::default(), false),
        };
        let supervisor = Supervisor::new(shared, store.clone(), definitions.clone());
        let routes = supervisor.routes();
        let supervisor = supervisor.start();
        let live = Live::new(supervisor.clone(), routes);
        let (behind, from) = (live.clone(), shard.clone());
        links.on_falling_behind(move |link, topic, flush| {
            let (live, shard, link) = (behind.clone(), from.clone(), Rc::clone(link));
            actix::spawn(async move {
                if std::future::poll_fn(|context| link.poll_room(usize::MAX, context)).await {
                    live.watch(link.id(), shard, topic, Some(flush));
                }
            });
        });
        Self { live, supervisor, store, definitions, answer, did: doing, links, shard }
    }

    /// Somebody who watches one workflow, or all.
    pub(super) fn watch(&self, workflow_id: Option<&str>) -> Watcher {
        let link = self.links.open(Arrival { dialect: &TEXT, address: None, topic: None, line: None });
        let topic = workflow_id.map_or(Topic::Workflows, |id| Topic::Workflow(TopicKey::of(id)));
        self.live.watch(link.id(), self.shard.clone(), topic, None);
        Watcher { link, bytes: Vec::new(), heard: Vec::new(), at: 0 }
    }

    pub(super) async fn set(&self, node_id: &str, value: Json) -> Result<u64, String> {
        self.set_in(None, node_id, "value", value).await
    }

    pub(super) async fn set_in(
        &self,
        workflow_id: Option<&str>,
        node_id: &str,
        input: &str,
        value: Json,
    ) -> Result<u64, String> {
        let update = InputUpdate {
            workflow_id: workflow_id.map(str::to_owned),
            node_id: node_id.to_owned(),
            input_name: input.to_owned(),
            value,
            author: Some("ada".to_owned()),
        };
        self.live
            .apply(&Principal::server(), update)
            .await
            .map(|applied| applied.execution_count)
            .map_err(|refused| refused.to_string())
    }

    /// How a live workflow stands, as JSON; null where it is not live.
    pub(super) async fn status(&self, workflow_id: &str) -> Json {
        serde_json::to_value(self.live.status(&workflow_id.parse().unwrap()).await.unwrap()).unwrap()
    }

    /// Waits until a workflow stands like this.
    pub(super) async fn until(&self, workflow_id: &str, is_so: impl Fn(&Json) -> bool) -> Json {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let status = self.status(workflow_id).await;
            if is_so(&status) {
                return status;
            }
            assert!(tokio::time::Instant::now() < deadline, "it stays like this: {status:#}");
            actix::clock::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// A definition whose nodes are given as `id: class value` and edges as `source target`, all ports being `value`.
pub(super) fn definition(id: &str, nodes: &[(&str, &str)], edges: &[(&str, &str)]) -> Definition {
    let nodes: Vec<Json> = nodes.iter().map(|(id, class)| json!({"id": id, "type": class})).collect();
    let port = |(source, target): &(&str, &str)| json!({"source": source, "source_output": "value", "target": target, "target_input": "value"});
    let edges: Vec<Json> = edges.iter().map(port).collect();
    let stored = json!({"id": id, "name": id, "version": 1, "created_at": 0.0, "updated_at": 0.0,
                        "nodes": nodes, "edges": edges});
    serde_json::from_value(stored).unwrap()
}

/// A connection that is read by hand.
pub(super) struct Watcher {
    pub(super) link: Rc<Link>,
    bytes: Vec<u8>,
    /// All messages, as they came.
    pub(super) heard: Vec<Json>,
    at: usize,
}

impl Watcher {
    /// Reads on until such a message comes; gives it.
    pub(super) async fn until(&mut self, what: &str, is_it: impl Fn(&Json) -> bool) -> Json {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            self.read();
            while let Some(message) = self.heard.get(self.at) {
                self.at += 1;
                if is_it(message) {
                    return message.clone();
                }
            }
            assert!(tokio::time::Instant::now() < deadline, "{what} never came after {:#?}", self.heard);
            actix::clock::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Reads on until a node gives this.
    pub(super) async fn until_value(&mut self, node: &str, value: Json) -> Json {
        let is_it = |message: &Json| {
            message["type"] == "node_state"
                && message["data"]["node_id"] == node
                && message["data"]["data"]["result"]["value"] == value
        };
        self.until(&format!("{node} = {value}"), is_it).await
    }

    /// Reads on until this event.
    pub(super) async fn until_event(&mut self, event: &str) -> Json {
        self.until(event, |message| message["event"] == event).await
    }

    /// Reads all that is there.
    pub(super) fn read(&mut self) {
        while let Poll::Ready(Some(bytes)) = self.link.poll_next(&mut TaskContext::from_waker(Waker::noop())) {
            self.bytes.extend_from_slice(&bytes);
        }
        let mut at = 0;
        while let Some((head, len)) = head(&self.bytes[at..]) {
            if self.bytes.len() < at + head + len {
                break;
            }
            self.heard.push(serde_json::from_slice(&self.bytes[at + head..at + head + len]).unwrap());
            at += head + len;
        }
        self.bytes.drain(..at);
    }
}

/// The lengths of a frame's head and of what it carries.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)))),
        127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)),
        len => Some((2, usize::from(len))),
    }
}

/// A store that is gone with the test.
pub(super) fn memory() -> Store {
    let settings = crate::store::Settings { url: "memory:".into(), ..Default::default() };
    Store::open(&settings, 1).unwrap()
}
