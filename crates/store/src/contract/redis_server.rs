//! A redis-server for tests: started where there is one, and ended with this process, however that ends.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Set where the tests must not be passed over because there is no redis-server.
const REQUIRED: &str = "TESTS_NEED_REDIS";

/// Ends the engine once nobody holds the other end of its input any more, and removes the folder where one is named.
const KEEPER: &str = r#"
    folder=$1; shift
    "$@" >/dev/null 2>&1 &
    engine=$!
    read -r _
    kill -9 $engine
    wait $engine
    [ -z "$folder" ] || rm -rf "$folder"
"#;

/// One that runs.
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    keeper: Child,
}

impl RedisServer {
    /// Starts one on what is in this folder, with these settings beside the usual ones.
    pub(crate) fn start(folder: &Path, port: u16, settings: &[&str]) -> Self {
        Self::start_kept(folder, port, settings, "")
    }

    /// Starts a Sentinel that watches the engine at this port as `board`.
    pub(crate) fn start_sentinel(folder: &Path, port: u16, primary: u16) -> Self {
        let settings = folder.join("sentinel.conf");
        let watched = format!("sentinel monitor board 127.0.0.1 {primary} 1");
        std::fs::write(&settings, format!("port {port}\nbind 127.0.0.1\n{watched}\n")).unwrap();
        Self::run(port, &[settings.to_str().unwrap(), "--sentinel"], "")
    }

    fn start_kept(folder: &Path, port: u16, settings: &[&str], removed: &str) -> Self {
        let (folder, port_text) = (folder.to_str().unwrap(), port.to_string());
        let mut arguments = vec!["--port", &port_text, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
        arguments.extend(["--appendonly", "yes", "--appendfsync", "always"]);
        arguments.extend(settings);
        Self::run(port, &arguments, removed)
    }

    fn run(port: u16, arguments: &[&str], removed: &str) -> Self {
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh", removed, program().expect("a redis-server")])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { port, keeper };
        let until = Instant::now() + Duration::from_secs(20);
        while !server.answers() {
            assert!(Instant::now() < until, "the redis-server does not start");
            std::thread::yield_now();
        }
        server
    }

    /// Whether it takes commands, or at least asks who gives them.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0; 5];
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && (&answer == b"+PONG" || &answer == b"-NOAU")
    }

    /// Has it carry out a command, for settings that are changed while it runs.
    pub(crate) fn command(&self, words: &[&str]) {
        command(self.port, words);
    }

    /// The same for the one at this port, whoever has started it.
    pub(crate) fn at(port: u16) -> impl Fn(&[&str]) {
        move |words| command(port, words)
    }
}

fn command(port: u16, words: &[&str]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let words: Vec<_> = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    stream.write_all(format!("*{}\r\n{}", words.len(), words.concat()).as_bytes()).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_ne!(&answer, b"-", "{words:?} was refused");
}

/// Kills it: nothing is written any more, as after a power cut.
impl Drop for RedisServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The program, where there is one; says so where there is none and that is no fault.
pub(crate) fn program() -> Option<&'static str> {
    static FOUND: OnceLock<Option<&'static str>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let starts = |program: &&str| Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
        let found = ["redis-server", "valkey-server"].into_iter().find(starts);
        if found.is_none() {
            assert!(std::env::var_os(REQUIRED).is_none(), "there is no redis-server, and {REQUIRED} is set");
            let said = "skipped: the tests of the Redis engine, because there is no redis-server (nor valkey-server)";
            // Not captured, as what tests print otherwise is.
            let _ = writeln!(std::io::stdout(), "{said}");
        }
        found
    })
}

/// The port of the one that most tests share, each as a cluster of its own.
pub(crate) fn shared() -> Option<u16> {
    static SHARED: OnceLock<Option<RedisServer>> = OnceLock::new();
    let server = SHARED.get_or_init(|| {
        program()?;
        let folder = tempfile::tempdir().unwrap().keep();
        Some(RedisServer::start_kept(&folder, free_port(), &[], folder.to_str().unwrap()))
    });
    server.as_ref().map(|server| server.port)
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
