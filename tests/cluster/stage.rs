//! Several servers on one engine, each behind a wire of its own that a test can cut or hold.

use std::net::SocketAddr;
use std::path::Path;

use tempfile::TempDir;

use super::wire::Wire;
use crate::support::api::Api;
use crate::support::redis_server::{self, RedisServer};
use crate::support::{Client, TestProcess, Value, eventually, json};

pub const TOKEN: &str = "sixteen-letters_";
/// A replica that comes is served at once.
const ENGINE_SETTINGS: &[&str] = &["--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0"];
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// The servers and their engine.
pub struct Stage {
    pub members: Vec<TestProcess>,
    pub wires: Vec<Wire>,
    engine: Option<RedisServer>,
    port: u16,
    folder: TempDir,
    replica: Option<Replica>,
}

/// An engine that follows the other.
struct Replica {
    engine: RedisServer,
    port: u16,
    folder: TempDir,
}

impl Replica {
    fn of(port: u16) -> Self {
        let (folder, own) = (tempfile::tempdir().unwrap(), redis_server::free_port());
        let primary = port.to_string();
        let settings = [&["--replicaof", "127.0.0.1", &primary], ENGINE_SETTINGS].concat();
        Self { engine: RedisServer::start(folder.path(), own, &settings), port: own, folder }
    }
}

impl Stage {
    /// So many servers that are one; none where there is no engine to be had.
    pub async fn of(count: usize) -> Option<Self> {
        Self::with(count, &[]).await
    }

    /// The same with these settings beside the usual ones.
    pub async fn with(count: usize, settings: &[(&str, &str)]) -> Option<Self> {
        Some(Self::prepare(count, settings)?.up().await)
    }

    /// The same, and no server runs.
    fn prepare(count: usize, settings: &[(&str, &str)]) -> Option<Self> {
        redis_server::program()?;
        let (folder, port) = (tempfile::tempdir().unwrap(), redis_server::free_port());
        let engine = Some(start_engine(folder.path(), port));
        let (mut members, mut wires) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let wire = Wire::to(SocketAddr::from(([127, 0, 0, 1], port)));
            let url = format!("redis://{}", wire.address);
            let mut all = vec![
                ("store.url", url.as_str()),
                ("store.secret_key", KEY),
                ("server.admin_token", TOKEN),
                ("cluster.name", "board"),
            ];
            all.extend_from_slice(settings);
            members.push(TestProcess::prepare(&all));
            wires.push(wire);
        }
        Some(Self { members, wires, engine, port, folder, replica: None })
    }

    /// The same on an engine with a replica, which must have a commit before anybody hears of it.
    pub async fn replicated(count: usize, settings: &[(&str, &str)]) -> Option<Self> {
        let mut all = vec![("store.wait_replicas", "1")];
        all.extend_from_slice(settings);
        let mut stage = Self::prepare(count, &all)?;
        stage.replica = Some(Replica::of(stage.port));
        Some(stage.up().await)
    }

    /// Starts all servers.
    async fn up(mut self) -> Self {
        let count = self.members.len();
        self.members.iter_mut().for_each(TestProcess::spawn);
        for index in 0..count {
            self.until_ready(index, 200).await;
        }
        self.until_all_is_owned(count).await;
        self
    }

    /// Waits until a server answers so whether it is ready.
    pub async fn until_ready(&self, index: usize, wanted: u16) {
        let member = &self.members[index];
        eventually(
            || format!("/readyz of member {index} is {wanted}; its log: {}", member.log()),
            async || {
                let answer = member.request(reqwest::Method::GET, "/readyz").send().await;
                answer.is_ok_and(|answer| answer.status() == wanted).then_some(())
            },
        )
        .await;
    }

    /// Waits until so many servers own all slots between them, each its share; gives them as one of them shows them.
    pub async fn until_all_is_owned(&self, count: usize) -> Value {
        let last = std::cell::RefCell::new(Value::Null);
        eventually(
            || format!("{count} members own all slots; it was last {}", last.borrow()),
            async || {
                // The first is the one that tests stop: it may know only what was before.
                let last_one = self.members.iter().rfind(|member| member.is_up())?;
                let shown = last_one.bearing(TOKEN).get("/api/v1/cluster").await;
                last.replace(shown.body.clone());
                let members = shown.body["members"].as_array()?;
                let slots: Vec<u64> = members.iter().filter_map(|member| member["slots"].as_u64()).collect();
                let least = 256 / count as u64 - 1;
                let is_so =
                    slots.len() == count && slots.iter().sum::<u64>() == 256 && slots.iter().all(|many| *many >= least);
                is_so.then_some(shown.body)
            },
        )
        .await
    }

    /// The server with this id of `GET /api/v1/cluster`.
    pub async fn called(&self, id: &str) -> usize {
        for (index, member) in self.members.iter().enumerate().filter(|(_, member)| member.is_up()) {
            let shown = member.bearing(TOKEN).get("/api/v1/cluster").await.ok();
            let this = shown["members"].as_array().unwrap().iter().find(|member| member["is_this"] == true).unwrap();
            if this["id"] == id {
                return index;
            }
        }
        panic!("no member is called {id}")
    }

    /// The server that has a session, as another one shows it.
    pub async fn owner(&self, asked: usize, id: &str) -> usize {
        let session = self.members[asked].session(id).await;
        self.called(session["member"].as_str().unwrap()).await
    }

    /// A session of this kind that this server has.
    pub async fn session_at(&self, index: usize, task: &str, config: Value) -> String {
        self.members[index].start(task, config).await
    }

    /// Somebody with a key for these scopes, at each of the servers.
    pub async fn somebody(&self, name: &str, scopes: &[&str]) -> Vec<Api> {
        let body = json!({"name": name, "owner": name, "scopes": scopes});
        let made = self.members[0].bearing(TOKEN).post("/api/v1/keys", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let key = made.body["key"].as_str().unwrap();
        let at_each: Vec<Api> = self.members.iter().map(|member| member.bearing(key)).collect();
        for api in &at_each {
            let is_known = async || (api.get("/me").await.status == 200).then_some(());
            eventually(|| format!("the key of {name} is known everywhere"), is_known).await;
        }
        at_each
    }

    /// A socket of a session at a server.
    pub async fn watch(&self, index: usize, id: &str) -> Client {
        Client::connect(&format!("ws://{}/ws/{id}?since=0", self.members[index].address)).await.unwrap()
    }

    /// Waits until the first server knows that a session has so many sockets, wherever they are.
    pub async fn is_followed_by(&self, id: &str, sockets: u64) {
        let is_so = async || (self.members[0].session(id).await["connections"] == sockets).then_some(());
        eventually(|| format!("{sockets} sockets"), is_so).await;
    }

    pub fn kill_engine(&mut self) {
        self.engine = None;
    }

    /// What the engine has now, which it can be given back by [`Stage::restore_engine`].
    pub fn engine_copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), copy.path());
        copy
    }

    /// Kills the engine, and starts it with what it had then.
    pub fn restore_engine(&mut self, copy: TempDir) {
        self.kill_engine();
        self.folder = copy;
        self.start_engine();
    }

    pub fn start_engine(&mut self) {
        self.engine = Some(start_engine(self.folder.path(), self.port));
    }

    /// Has the engine carry out a command.
    pub fn engine_command(&self, words: &[&str]) {
        if let Some(engine) = &self.engine {
            engine.command(words);
        }
    }

    pub fn kill_replica(&mut self) {
        self.replica = None;
    }

    pub fn start_replica(&mut self) {
        self.replica = Some(Replica::of(self.port));
    }

    /// Kills the engine and has its replica take its place, with a new one of its own.
    pub fn fail_over(&mut self) {
        self.kill_engine();
        let Some(Replica { engine, port, folder }) = self.replica.take() else { return };
        engine.command(&["REPLICAOF", "NO", "ONE"]);
        (self.engine, self.port, self.folder) = (Some(engine), port, folder);
        for wire in &self.wires {
            wire.lead_to(SocketAddr::from(([127, 0, 0, 1], port)));
        }
        self.replica = Some(Replica::of(port));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn start_engine(folder: &Path, port: u16) -> RedisServer {
    RedisServer::start(folder, port, ENGINE_SETTINGS)
}
