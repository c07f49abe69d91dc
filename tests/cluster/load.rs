//! People who start sessions at any server, watch each at two others, and answer at any; and what they saw of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::support::api::Api;
use crate::support::journal::{is_terminal, seq};
use crate::support::{PATIENCE, Value, json};

/// The pause before somebody comes back who was turned away.
const PAUSE: Duration = Duration::from_millis(50);

/// All that somebody saw of a session, over all sockets that they needed.
#[derive(Debug, Default)]
pub struct Watched {
    pub entries: Vec<String>,
}

/// What became of one session of the load.
#[derive(Debug)]
pub struct Played {
    pub id: String,
    /// Each answer that was given, and with which status.
    pub answers: Vec<(bool, u16)>,
    pub watched: Vec<Watched>,
}

/// A load that goes on until it is ended.
pub struct Load {
    is_over: Arc<AtomicBool>,
    players: JoinSet<Vec<Played>>,
}

impl Load {
    /// So many people at these servers.
    pub fn start(members: &[Api], people: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut players = JoinSet::new();
        for person in 0..people {
            let (members, is_over) = (members.to_vec(), Arc::clone(&is_over));
            players.spawn(async move {
                let mut played = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    played.push(play(&members, person + played.len()).await);
                }
                played
            });
        }
        Self { is_over, players }
    }

    /// Ends it; gives what became of all sessions.
    pub async fn end(self) -> Vec<Played> {
        self.is_over.store(true, Ordering::Relaxed);
        let players = tokio::time::timeout(PATIENCE, self.players.join_all()).await;
        players.expect("every session comes to an end").into_iter().flatten().collect()
    }
}

/// One session: started, watched at two servers, answered twice at once, and watched to its end.
async fn play(members: &[Api], turn: usize) -> Played {
    let at = |step: usize| &members[(turn + step) % members.len()];
    let body = json!({"task": "approval", "config": {"lines": 5}});
    let started = insist(members, turn, "/start-task", &body).await;
    let id = started.1["session_id"].as_str().unwrap().to_owned();
    let watching = futures::future::join_all([1, 2].map(|step| watch(members, turn + step, id.clone())));
    let answering = async {
        let request_id = loop {
            let session = at(0).request(reqwest::Method::GET, &format!("/sessions/{id}")).send().await;
            let body: Option<Value> = match session {
                Ok(answer) if answer.status() == 200 => answer.json().await.ok(),
                Ok(_) | Err(_) => None,
            };
            let open = body.as_ref().and_then(|session| session["open_requests"][0]["request_id"].as_str());
            if let Some(open) = open {
                break open.to_owned();
            }
            // Another server may know, where this one is gone.
            let other = at(1).get_or_nothing(&format!("/sessions/{id}")).await;
            if let Some(open) = other.as_ref().and_then(|session| session["open_requests"][0]["request_id"].as_str()) {
                break open.to_owned();
            }
            tokio::time::sleep(PAUSE).await;
        };
        let path = format!("/sessions/{id}/confirm");
        let both = [true, false].map(|value| {
            let (body, path) = (json!({"value": value, "request_id": request_id}), path.clone());
            async move { (value, insist(members, turn + usize::from(value), &path, &body).await.0) }
        });
        futures::future::join_all(both).await
    };
    let (watched, answers) = futures::join!(watching, answering);
    Played { id, answers, watched }
}

/// Sends a request under one key again and again, each time to another server, until it is answered for good.
async fn insist(members: &[Api], first: usize, path: &str, body: &Value) -> (u16, Value) {
    let key = Uuid::new_v4().to_string();
    let mut at = first;
    loop {
        let member = &members[at % members.len()];
        let request = member.request(reqwest::Method::POST, path).header("Idempotency-Key", &key).json(body);
        if let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(15), request.send()).await {
            let status = answer.status().as_u16();
            if status != 503
                && let Ok(body) = answer.json().await
            {
                return (status, body);
            }
        }
        at += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Watches a session to its end, coming back at another server with `since` whenever a socket is closed.
async fn watch(members: &[Api], first: usize, id: String) -> Watched {
    let mut watched = Watched::default();
    let mut at = first;
    loop {
        let address = members[at % members.len()].address;
        let since = watched.entries.last().and_then(|entry| seq(entry)).unwrap_or(0);
        let url = format!("ws://{address}/ws/{id}?since={since}");
        if let Ok(Ok((mut socket, _))) = tokio::time::timeout(Duration::from_secs(5), connect_async(url)).await {
            // A server that was stopped for good says nothing any more.
            while let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_secs(20), socket.next()).await {
                let Message::Text(text) = frame else { continue };
                if seq(&text).is_some() {
                    watched.entries.push(text.to_string());
                    if is_terminal(&serde_json::from_str(&text).unwrap()) {
                        return watched;
                    }
                }
            }
        }
        at += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

impl Api {
    /// What is there, where there is anything and the server answers.
    async fn get_or_nothing(&self, path: &str) -> Option<Value> {
        let answer = self.request(reqwest::Method::GET, path).send().await.ok()?;
        if answer.status() == 200 { answer.json().await.ok() } else { None }
    }
}

/// What is wrong with what people saw; the journals are those that each server gives at the end.
pub fn faults(played: &[Played], journals: &BTreeMap<String, Vec<Vec<String>>>) -> Vec<String> {
    let mut faults = Vec::new();
    for Played { id, answers, watched } in played {
        let Some(all) = journals.get(id) else {
            faults.push(format!("{id}: its journal is not there"));
            continue;
        };
        let Some(journal) = all.first() else { continue };
        if all.iter().any(|other| other != journal) {
            faults.push(format!("{id}: not every server gives the same journal"));
        }
        let seqs: Vec<u64> = journal.iter().filter_map(|entry| seq(entry)).collect();
        if seqs != (1..=journal.len() as u64).collect::<Vec<_>>() {
            faults.push(format!("{id}: its journal has a gap or a double: {seqs:?}"));
        }
        for seen in watched {
            if seen.entries != *journal {
                let seqs: Vec<u64> = seen.entries.iter().filter_map(|entry| seq(entry)).collect();
                faults.push(format!("{id}: a watcher saw {seqs:?} of {} entries, or other bytes", journal.len()));
            }
        }
        let won: Vec<bool> = answers.iter().filter(|(_, status)| *status == 200).map(|(value, _)| *value).collect();
        let entries: Vec<Value> = journal.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect();
        let answered: Vec<&Value> = entries.iter().filter(|entry| entry["type"] == "answered").collect();
        if answered.len() != 1 || won.len() != 1 || answered[0]["value"] != won[0] {
            faults.push(format!("{id}: answered {answered:?}, and {answers:?} were the replies"));
        }
        if let Some((value, status)) = answers.iter().find(|(_, status)| !matches!(status, 200 | 409)) {
            faults.push(format!("{id}: the answer {value} got {status}"));
        }
    }
    faults
}
