//! People who start sessions at any server, watch each at two others, and answer at any.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::history::{Given, History, Played, Watched};
use super::listeners::listen;
use crate::support::api::Api;
use crate::support::journal::{is_terminal, seq};
use crate::support::{PATIENCE, Value, json};

/// The pause before somebody comes back who was turned away.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
/// How long somebody waits for one server's reply.
const ONE_TRY: Duration = Duration::from_secs(15);
/// How long somebody sits at a socket where nothing comes.
pub(super) const SITS: Duration = Duration::from_secs(20);
/// A command task whose steps write down what they did.
pub const STEPS: &str = "steps";

/// What a load is made of, and what was seen of it. Cloning shares it.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) members: Arc<[Api]>,
    pub(super) history: Arc<Mutex<History>>,
    pub(super) is_over: Arc<AtomicBool>,
    begun: Instant,
}

impl Scene {
    pub(super) fn write<T>(&self, change: impl FnOnce(&mut History) -> T) -> T {
        change(&mut self.history.lock().unwrap())
    }

    /// When something happens, for the record.
    pub(super) fn moment(&self) -> String {
        format!("{:.2} s", self.begun.elapsed().as_secs_f64())
    }

    /// Some server, but not this one.
    pub(super) fn another(&self, than: Option<usize>, random: &mut StdRng) -> usize {
        let others: Vec<usize> = (0..self.members.len()).filter(|at| Some(*at) != than).collect();
        others.choose(random).copied().unwrap_or(0)
    }
}

/// A load that goes on until it is ended.
pub struct Load {
    scene: Scene,
    tasks: Arc<[&'static str]>,
    people: JoinSet<()>,
    listeners: JoinSet<()>,
}

impl Load {
    /// So many people at these servers, who do as this seed has them do; one listens to events at each server.
    pub fn start(members: &[Api], people: usize, tasks: &[&'static str], seed: u64) -> Self {
        let scene = Scene {
            members: members.into(),
            history: Arc::default(),
            is_over: Arc::new(AtomicBool::new(false)),
            begun: Instant::now(),
        };
        let mut load = Self { scene, tasks: tasks.into(), people: JoinSet::new(), listeners: JoinSet::new() };
        for home in 0..members.len() {
            load.listeners.spawn(listen(
                load.scene.clone(),
                home,
                StdRng::seed_from_u64(seed ^ (home as u64 + 1) << 32),
            ));
        }
        for person in 0..people {
            let random = StdRng::seed_from_u64(seed.wrapping_add(person as u64));
            let person = Person { scene: load.scene.clone(), tasks: Arc::clone(&load.tasks), random };
            load.people.spawn(person.live());
        }
        load
    }

    /// When it is, as its history says it.
    pub fn moment(&self) -> String {
        self.scene.moment()
    }

    /// Has nothing more begin, and waits until all has ended or nobody would wait any longer; gives what was seen, and whether
    /// all came to an end.
    pub async fn end(mut self) -> (History, bool) {
        self.scene.is_over.store(true, Ordering::Relaxed);
        let ending = async {
            while let Some(ended) = self.people.join_next().await {
                ended.unwrap();
            }
        };
        let all_ended = tokio::time::timeout(PATIENCE, ending).await.is_ok();
        let last = self.scene.last_event().await;
        let hearing = async {
            while self.scene.write(|history| history.listened.iter().any(|one| one.last_seq() < last)) {
                tokio::time::sleep(PAUSE).await;
            }
        };
        // Who has not heard it by then is seen by what they heard.
        let _ = tokio::time::timeout(SITS, hearing).await;
        (self.scene.write(|history| history.clone()), all_ended)
    }
}

/// One of the people.
struct Person {
    scene: Scene,
    tasks: Arc<[&'static str]>,
    random: StdRng,
}

impl Person {
    async fn live(mut self) {
        while !self.scene.is_over.load(Ordering::Relaxed) {
            self.play().await;
        }
    }

    /// One session: started, watched at two servers, answered, and watched to its end.
    async fn play(&mut self) {
        let task = *self.tasks.choose(&mut self.random).unwrap();
        let config = match task {
            "approval" => json!({"lines": 5}),
            "long_running_task" => json!({"step_delay_ms": self.random.random_range(0..40)}),
            "simulate_streaming" => json!({"steps": 40, "step_delay_ms": 40}),
            _ => json!({}),
        };
        let (body, key) = (json!({"task": task, "config": config}), Uuid::new_v4().to_string());
        let starts = 1 + usize::from(self.random.random_bool(0.1));
        let started = (0..starts).map(|_| self.insist("/start-task", &body, &key)).collect::<Vec<_>>();
        let mut id = String::new();
        for (_, reply, tries) in futures::future::join_all(started).await {
            id = reply["session_id"].as_str().unwrap_or_else(|| panic!("{reply} after {tries:?}")).to_owned();
            self.scene.write(|history| history.starts.entry(key.clone()).or_default().insert(id.clone()));
        }
        self.scene.write(|history| history.played.insert(id.clone(), Played { task, ..Played::default() }));
        let (asked, questions) = unbounded_channel();
        let home = self.random.random_range(0..self.scene.members.len());
        let (scene, mut random) = (self.scene.clone(), StdRng::from_rng(&mut self.random));
        let first = watch(scene.clone(), id.clone(), (0, home), StdRng::from_rng(&mut random), asked.clone());
        let second = watch(scene, id.clone(), (1, home + 1), random, asked);
        futures::join!(first, second, self.answer_all(&id, questions));
    }

    async fn answer_all(&mut self, id: &str, mut questions: UnboundedReceiver<Value>) {
        let mut known = Vec::new();
        while let Some(question) = questions.recv().await {
            if !known.contains(&question["request_id"]) {
                known.push(question["request_id"].clone());
                tokio::time::sleep(Duration::from_millis(self.random.random_range(0..600))).await;
                self.answer(id, &question).await;
            }
        }
    }

    /// Answers a question: often alone, sometimes with somebody else who answers otherwise at the same moment, and sometimes
    /// again under the same key.
    async fn answer(&mut self, id: &str, question: &Value) {
        let request_id = question["request_id"].as_str().unwrap();
        let form = |subject: u64| json!({"subject": subject.to_string(), "body": "b", "to_address": "a@example.org"});
        let (path, name, values) = match question["type"].as_str().unwrap() {
            "request_user_input" => ("input", "values", [form(self.random.random()), form(self.random.random())]),
            "request_confirmation" => ("confirm", "value", [json!(true), json!(false)]),
            _ => ("retry", "value", [json!(true), json!(true)]),
        };
        let people = if path != "retry" && self.random.random_bool(0.25) { 2 } else { 1 };
        let path = format!("/sessions/{id}/{path}");
        let mut giving = Vec::new();
        for value in values.into_iter().take(people) {
            let (body, key) = (json!({"request_id": request_id, name: value}), Uuid::new_v4().to_string());
            let (once, path) = (self.insist(&path, &body, &key), path.clone());
            let again = self.random.random_bool(0.1).then(|| self.insist(&path, &body, &key));
            let scene = self.scene.clone();
            giving.push(async move {
                let (status, reply, mut tries) = once.await;
                let mut given = Given {
                    request_id: request_id.to_owned(),
                    value,
                    status,
                    reply,
                    tries: std::mem::take(&mut tries),
                };
                if let Some(again) = again {
                    let (repeated, reply, tries) = again.await;
                    given.tries.extend(tries);
                    if (repeated, &reply) != (status, &given.reply) {
                        given.tries.push(format!("the same key again got {repeated} {reply}"));
                        given.status = 0;
                    }
                }
                scene.write(|history| history.played.get_mut(id).unwrap().answers.push(given));
            });
        }
        futures::future::join_all(giving).await;
    }

    /// Sends a request under one key again and again, each time to another server, until it is answered for good.
    fn insist(
        &mut self,
        path: &str,
        body: &Value,
        key: &str,
    ) -> impl Future<Output = (u16, Value, Vec<String>)> + use<> {
        let (scene, mut random) = (self.scene.clone(), StdRng::from_rng(&mut self.random));
        let (path, body, key) = (path.to_owned(), body.clone(), key.to_owned());
        async move {
            let (mut tries, mut last) = (Vec::new(), None);
            loop {
                let (at, moment) = (scene.another(last, &mut random), scene.moment());
                let request = scene.members[at].request(reqwest::Method::POST, &path);
                let sending = request.header("Idempotency-Key", &key).json(&body).send();
                let came = match tokio::time::timeout(ONE_TRY, sending).await {
                    Ok(Ok(answer)) => {
                        let status = answer.status().as_u16();
                        match answer.json().await {
                            Ok(body) if status != 503 => {
                                tries.push(format!("{moment} at {at}: {status}, at {}", scene.moment()));
                                return (status, body, tries);
                            }
                            Ok(_) => "503".to_owned(),
                            Err(error) => error.to_string(),
                        }
                    }
                    Ok(Err(error)) if error.is_connect() => "nobody is there".to_owned(),
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "nothing".to_owned(),
                };
                tries.push(format!("{moment} at {at}: {came}"));
                last = Some(at);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Watches a session to its end, coming back at another server with `since` whenever a socket is closed.
async fn watch(
    scene: Scene,
    id: String,
    (place, first): (usize, usize),
    mut random: StdRng,
    asked: UnboundedSender<Value>,
) {
    let mut at = first % scene.members.len();
    let see = |change: &mut dyn FnMut(&mut Watched)| {
        scene.write(|history| change(&mut history.played.get_mut(&id).unwrap().watched[place]));
    };
    let mut last = 0;
    loop {
        let (address, opened) = (scene.members[at].address, scene.moment());
        let url = format!("ws://{address}/ws/{id}?since={last}");
        let mut ended = "not opened".to_owned();
        if let Ok(Ok((mut socket, _))) = tokio::time::timeout(Duration::from_secs(5), connect_async(url)).await {
            ended = loop {
                // A server that was stopped for good says nothing any more.
                match tokio::time::timeout(SITS, socket.next()).await {
                    Ok(Some(Ok(Message::Text(text)))) => {
                        let Some(number) = seq(&text) else { continue };
                        last = number;
                        see(&mut |watched| watched.entries.push(text.to_string()));
                        let entry: Value = serde_json::from_str(&text).unwrap();
                        if is_terminal(&entry) {
                            return;
                        }
                        if entry["type"] != "answered" && entry["request_id"].is_string() {
                            // Whoever answers may have gone.
                            let _ = asked.send(entry);
                        }
                    }
                    Ok(Some(Ok(Message::Close(close)))) => break format!("{:?}", close.map(|close| close.code)),
                    Ok(Some(Ok(_))) => {}
                    Ok(Some(Err(error))) => break error.to_string(),
                    Ok(None) => break "cut".to_owned(),
                    Err(_) => break "silent".to_owned(),
                }
            };
        }
        let from = format!("{opened} at {at}, to {}: {ended}", scene.moment());
        see(&mut |watched| watched.sockets.push(from.clone()));
        at = scene.another(Some(at), &mut random);
        tokio::time::sleep(PAUSE).await;
    }
}
