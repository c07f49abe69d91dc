//! A server in this process, on a port of its own.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callboard::App;
use callboard::Launcher;
use callboard::config::Settings;
use callboard::session::TaskKind;
use callboard::workflow::node::NodeClass;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::PATIENCE;
use super::api::Api;
use super::process::MARK;

/// How many servers of this process listen at an address, or did and are not checked yet: a port that one has left may be
/// the next one's.
static LISTENING: LazyLock<Mutex<HashMap<SocketAddr, usize>>> = LazyLock::new(Mutex::default);

/// What a server is started with.
#[derive(Clone)]
pub struct Setup {
    settings: Settings,
    kinds: Vec<Arc<dyn TaskKind>>,
    classes: Vec<Arc<dyn NodeClass>>,
    folder: Arc<TempDir>,
}

/// A server in this process. Dropped, it is stopped, and nothing may be left of it.
pub struct TestApp {
    api: Api,
    setup: Setup,
    stop: Option<oneshot::Sender<()>>,
    ended: mpsc::Receiver<anyhow::Result<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Setup {
    /// Two workers, and a store that is gone with the server. Its clients answer in less time than people need.
    pub fn memory() -> Self {
        let mut settings = Settings::default();
        settings.server.workers = 2;
        settings.sessions.answer_guard = 0.0;
        settings.store.url = "memory:".into();
        Self { settings, kinds: Vec::new(), classes: Vec::new(), folder: Arc::new(tempfile::tempdir().unwrap()) }
    }

    /// Two workers, and a database in a folder of its own.
    pub fn sqlite() -> Self {
        let setup = Self::memory();
        let url = format!("sqlite:{}", setup.database().display());
        setup.with(|settings| settings.store.url = url)
    }

    /// The same with other settings.
    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The same with a task kind more.
    pub fn task(mut self, kind: Arc<dyn TaskKind>) -> Self {
        self.kinds.retain(|other| other.name() != kind.name());
        self.kinds.push(kind);
        self
    }

    /// The same with a class of nodes more.
    pub fn node(mut self, class: Arc<dyn NodeClass>) -> Self {
        self.classes.push(class);
        self
    }

    /// A file in the folder of this server.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.file("board.db")
    }

    /// Starts a server.
    pub async fn start(&self) -> TestApp {
        let (listener, address) = listen();
        let mut app = App::new(self.settings.clone()).unwrap().with_launcher(Launcher::default());
        for kind in &self.kinds {
            app = app.with_task(kind.clone()).unwrap();
        }
        for class in &self.classes {
            app = app.with_node(class.clone()).unwrap();
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = mpsc::channel();
        // The task kinds are made here, and the rest on the server's own thread: so the app crosses in a settled state.
        let thread = std::thread::spawn(move || {
            let served = actix::System::new().block_on(app.serve(listener, async {
                // A test that is gone wants the server to stop, too.
                let _ = stopped.await;
            }));
            // Nobody listens where the test has gone.
            let _ = end.send(served);
        });
        TestApp { api: Api::new(address), setup: self.clone(), stop: Some(stop), ended, thread: Some(thread) }
    }
}

impl TestApp {
    /// Stops it in good order, and starts another one on the same database.
    pub async fn restart(self) -> TestApp {
        let setup = self.setup.clone();
        self.restart_as(setup).await
    }

    /// Stops it in good order, and starts another one with this setup.
    pub async fn restart_as(mut self, setup: Setup) -> TestApp {
        self.stop();
        drop(self);
        setup.start().await
    }

    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Asks it to stop, without waiting for that.
    pub fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Stops it and checks that nothing is left.
    pub fn stop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.ask_to_stop();
        let served = self.ended.recv_timeout(PATIENCE).expect("the server ends when it is told to");
        served.expect("the server ends well");
        thread.join().expect("the server's thread does not panic");
        let deadline = Instant::now() + PATIENCE;
        // A process that another test just starts has the port as well, until it becomes its program.
        while is_listened_at(self.api.address) {
            assert!(Instant::now() < deadline, "somebody listens on the port still");
            std::thread::sleep(Duration::from_millis(1));
        }
        forget(self.api.address);
        while !children().is_empty() {
            assert!(Instant::now() < deadline, "these processes are left: {:?}", children());
            std::thread::yield_now();
        }
    }
}

impl Deref for TestApp {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A second panic would hide the first.
            self.ask_to_stop();
            return;
        }
        self.stop();
    }
}

/// A port of its own.
fn listen() -> (TcpListener, SocketAddr) {
    let mut listening = LISTENING.lock().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    *listening.entry(address).or_default() += 1;
    (listener, address)
}

/// Whether somebody listens here, but for another server of this process that was given the same port.
fn is_listened_at(address: SocketAddr) -> bool {
    let listening = LISTENING.lock().unwrap();
    let is_anothers = listening.get(&address).is_some_and(|count| *count > 1);
    // A connection to a port that is free may be answered by itself, where it gets the same port to come from.
    let is_own = |stream: &TcpStream| stream.local_addr().ok() == stream.peer_addr().ok();
    !is_anothers && TcpStream::connect(address).is_ok_and(|stream| !is_own(&stream))
}

/// The server that listened here is checked.
fn forget(address: SocketAddr) {
    let mut listening = LISTENING.lock().unwrap();
    if let Some(count) = listening.get_mut(&address) {
        *count -= 1;
    }
}

/// The processes that this one started and that are still there, but for servers of other tests.
fn children() -> Vec<String> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let of = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let ids: Vec<String> = tasks.flatten().map(of).collect();
    let ids = ids.iter().flat_map(|ids| ids.split_whitespace());
    ids.filter(|id| !is_of_test(id)).map(str::to_owned).collect()
}

fn is_of_test(id: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == format!("{MARK}=1").as_bytes())
}
