//! Checks events against declared schemas on a thread of its own, so that no worker that serves clients waits for it.
//!
//! A bounded number of checks wait, and compiled schemas are kept up to a bounded size: one that is needed again after
//! it had to go is compiled again.

use std::collections::HashMap;
use std::io;

use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use super::{Error, read};
use crate::domain::fault::Fault;
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use crate::store::Document;

/// Most checks that wait.
const MOST_WAITING: usize = 256;

/// Most parts of compiled schemas that are kept together; one schema has some thousands at most.
const MOST_NODES: usize = 20_000;

/// The stack of the thread: schemas and values may be nested.
const STACK: usize = 8 * 1024 * 1024;

/// What the thread is asked.
enum Job {
    Compile(Value, oneshot::Sender<Result<(), Error>>),
    Check(Document, Value, oneshot::Sender<Result<Vec<Fault>, Error>>),
}

/// Asks the thread; it ends once nobody can any more.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    jobs: mpsc::Sender<Job>,
}

impl Checker {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, asked) = mpsc::channel(MOST_WAITING);
        std::thread::Builder::new().name("event-types".into()).stack_size(STACK).spawn(move || run(asked))?;
        Ok(Self { jobs })
    }

    /// Whether a schema can be used.
    pub(super) async fn compile(&self, schema: Value) -> Result<(), Error> {
        self.ask(|reply| Job::Compile(schema, reply)).await
    }

    /// What is wrong with an event's data by what is declared in this document.
    pub(super) async fn faults(&self, declared: Document, data: &Map<String, Value>) -> Result<Vec<Fault>, Error> {
        let data = Value::Object(data.clone());
        self.ask(|reply| Job::Check(declared, data, reply)).await
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Job) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(job(reply)).map_err(|_| Error::Busy)?;
        answer.await.unwrap_or(Err(Error::Busy))
    }
}

fn run(mut asked: mpsc::Receiver<Job>) {
    let mut compiled = Compiled::default();
    while let Some(job) = asked.blocking_recv() {
        // Whoever asked may be gone.
        match job {
            Job::Compile(schema, reply) => drop(reply.send(Schema::compile(schema).map(drop).map_err(Error::from))),
            Job::Check(declared, data, reply) => drop(reply.send(compiled.faults(&declared, &data))),
        }
    }
}

/// Compiled schemas, each of one version of what is declared of a type.
#[derive(Default)]
struct Compiled {
    by_word: HashMap<String, Kept>,
    nodes: usize,
    /// Counts up with every check.
    clock: u64,
}

struct Kept {
    version: (u64, Timestamp),
    /// Nothing where everything fits.
    schema: Option<Schema>,
    used_at: u64,
}

impl Compiled {
    fn faults(&mut self, declared: &Document, data: &Value) -> Result<Vec<Fault>, Error> {
        self.clock += 1;
        let version = (declared.version, declared.updated_at);
        if self.by_word.get(&declared.id).is_none_or(|kept| kept.version != version) {
            self.remove(&declared.id.clone());
            let about = read(&declared.id, &declared.body)?;
            let schema = about.schema.map(Schema::compile).transpose();
            let schema = schema.inspect_err(|error| {
                log::error!(error:%, event_type = declared.id.as_str(); "a declared schema cannot be used");
            })?;
            self.nodes += nodes(schema.as_ref());
            self.by_word.insert(declared.id.clone(), Kept { version, schema, used_at: self.clock });
            self.make_room(&declared.id);
        }
        let Some(kept) = self.by_word.get_mut(&declared.id) else { return Ok(Vec::new()) };
        kept.used_at = self.clock;
        Ok(kept.schema.as_ref().map(|schema| schema.faults("data", data)).unwrap_or_default())
    }

    /// Lets go of what was not used for the longest time.
    fn make_room(&mut self, but: &str) {
        while self.nodes > MOST_NODES {
            let others = self.by_word.iter().filter(|(word, _)| *word != but);
            let Some(oldest) = others.min_by_key(|(_, kept)| kept.used_at).map(|(word, _)| word.clone()) else {
                return;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, word: &str) {
        if let Some(kept) = self.by_word.remove(word) {
            self.nodes -= nodes(kept.schema.as_ref());
        }
    }
}

fn nodes(schema: Option<&Schema>) -> usize {
    1 + schema.map_or(0, Schema::nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::owner::Owner;
    use serde_json::json;

    fn document(word: &str, version: u64, schema: &Value) -> Document {
        let body = json!({"description": "", "schema": schema}).to_string();
        let (created_at, updated_at) = (Timestamp::default(), Timestamp::default());
        Document {
            owner: Owner::SERVER,
            collection: String::new(),
            id: word.into(),
            version,
            created_at,
            updated_at,
            body,
        }
    }

    #[test]
    fn a_version_is_compiled_once_and_what_is_kept_stays_small() {
        let mut compiled = Compiled::default();
        let many: Vec<Value> = (0..1000).map(|at| json!({"const": at})).collect();
        for number in 0..40 {
            let declared = document(&format!("custom.a{number}"), 1, &json!({"properties": {"a": {"anyOf": many}}}));
            assert!(compiled.faults(&declared, &json!({"a": 5})).unwrap().is_empty());
            assert!(compiled.nodes <= MOST_NODES);
        }
        assert!(compiled.by_word.contains_key("custom.a39") && !compiled.by_word.contains_key("custom.a0"));
        let number = |kind: &str| json!({"properties": {"a": {"type": kind}}});
        for (version, kind, fits) in [(1, "string", false), (1, "integer", false), (2, "integer", true)] {
            // A version that is known is not looked at again.
            let faults = compiled.faults(&document("custom.b", version, &number(kind)), &json!({"a": 1})).unwrap();
            assert_eq!(faults.is_empty(), fits, "{version} {kind}");
        }
        while let Some(word) = compiled.by_word.keys().next().cloned() {
            compiled.remove(&word);
        }
        assert_eq!(compiled.nodes, 0);
    }
}
