//! The wire between a server and the engine, which can be cut and joined again.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It arrives.
    Whole,
    /// It arrives later.
    Held,
    /// Connections are reset, and refused.
    Cut,
}

/// See the module.
pub struct Wire {
    /// Where the server finds the engine.
    pub address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    /// Ends it when this is dropped.
    _end: oneshot::Sender<()>,
}

impl Wire {
    /// A wire to what listens at this address, on a thread of its own: a test may wait for a server, which waits for it.
    pub fn to(target: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (state, (end, ended)) = (Arc::new(watch::channel(State::Whole).0), oneshot::channel());
        let seen = Arc::clone(&state);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = pass_on(&listener, target, &seen) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, state, _end: end }
    }

    /// Resets all connections, and refuses others.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Holds back what is sent, until it is joined again.
    pub fn hold(&self) {
        self.state.send_replace(State::Held);
    }

    /// Lets everything through again.
    pub fn join(&self) {
        self.state.send_replace(State::Whole);
    }
}

/// Passes on what comes over each connection.
async fn pass_on(listener: &TcpListener, target: SocketAddr, state: &watch::Sender<State>) {
    while let Ok((near, _)) = listener.accept().await {
        if *state.borrow() == State::Cut {
            continue;
        }
        let state = state.subscribe();
        tokio::spawn(async move {
            let Ok(far) = TcpStream::connect(target).await else { return };
            let (near_reads, near_writes) = near.into_split();
            let (far_reads, far_writes) = far.into_split();
            tokio::select! {
                () = pump(near_reads, far_writes, state.clone()) => {}
                () = pump(far_reads, near_writes, state) => {}
            }
        });
    }
}

/// Passes on what comes, until either end is closed or the wire is cut.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut arrives = state.clone();
    let passing = async {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            if arrives.wait_for(|state| *state != State::Held).await.is_err() {
                return;
            }
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = passing => {}
        _ = state.wait_for(|state| *state == State::Cut) => {}
    }
}
