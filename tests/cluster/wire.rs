//! The wire between a server and the engine, which can be cut, held, slowed down, made to lose what is sent, and led to
//! another engine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    /// It arrives, after so long.
    Open(Duration),
    /// It arrives later.
    Held,
    /// Connections are reset, and refused.
    Cut,
}

#[derive(Clone, Copy, Debug)]
struct State {
    passage: Passage,
    /// Connections that are older than this many changes stay open, and nothing arrives over them any more.
    lost_before: u64,
    /// The same, but that the engine is still sent what comes.
    unanswered_before: u64,
    /// The same, and they are reset.
    reset_before: u64,
    changes: u64,
    target: SocketAddr,
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
        let passage = Passage::Open(Duration::ZERO);
        let whole = State { passage, lost_before: 0, unanswered_before: 0, reset_before: 0, changes: 0, target };
        let (state, (end, ended)) = (Arc::new(watch::channel(whole).0), oneshot::channel());
        let seen = Arc::clone(&state);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = pass_on(&listener, &seen) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, state, _end: end }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| {
            state.changes += 1;
            change(state);
        });
    }

    /// Resets all connections, and refuses others.
    pub fn cut(&self) {
        self.change(|state| state.passage = Passage::Cut);
    }

    /// Holds back what is sent, until it is joined again.
    pub fn hold(&self) {
        self.change(|state| state.passage = Passage::Held);
    }

    /// Has all that is sent arrive so much later.
    pub fn delay(&self, by: Duration) {
        self.change(|state| state.passage = Passage::Open(by));
    }

    /// Loses for ever what is sent over the connections that there are, which stay open.
    pub fn lose(&self) {
        self.change(|state| state.lost_before = state.changes);
    }

    /// Loses for ever what the engine answers over the connections that there are, which stay open: what it is sent it does.
    pub fn lose_answers(&self) {
        self.change(|state| state.unanswered_before = state.changes);
    }

    /// Lets everything through again.
    pub fn join(&self) {
        self.delay(Duration::ZERO);
    }

    /// Leads to what listens at this address from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.change(|state| {
            state.target = target;
            state.reset_before = state.changes;
        });
    }
}

/// Passes on what comes over each connection.
async fn pass_on(listener: &TcpListener, state: &watch::Sender<State>) {
    while let Ok((near, _)) = listener.accept().await {
        let State { passage, changes, target, .. } = *state.borrow();
        if passage == Passage::Cut {
            continue;
        }
        let state = state.subscribe();
        tokio::spawn(async move {
            let Ok(far) = TcpStream::connect(target).await else { return };
            // Else a part of an answer may wait for the other end's acknowledgement of the part before it: 40 ms.
            near.set_nodelay(true).unwrap();
            far.set_nodelay(true).unwrap();
            let (near_reads, near_writes) = near.into_split();
            let (far_reads, far_writes) = far.into_split();
            tokio::select! {
                () = pump(near_reads, far_writes, state.clone(), |state| changes < state.lost_before, changes) => {}
                () = pump(
                    far_reads,
                    near_writes,
                    state,
                    |state| changes < state.lost_before.max(state.unanswered_before),
                    changes,
                ) => {}
            }
        });
    }
}

/// Passes on what comes, until either end is closed or the wire is cut.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    loses: impl Fn(&State) -> bool,
    begun: u64,
) {
    let mut arrives = state.clone();
    let passing = async {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let Ok(now) = arrives.wait_for(|state| state.passage != Passage::Held).await.map(|state| *state) else {
                return;
            };
            if loses(&now) {
                // Nobody is told that it does not arrive.
                return std::future::pending().await;
            }
            if let Passage::Open(delay) = now.passage
                && !delay.is_zero()
            {
                tokio::time::sleep(delay).await;
            }
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
        let is_lost = loses(&arrives.borrow());
        if is_lost {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = passing => {}
        _ = state.wait_for(|state| state.passage == Passage::Cut || begun < state.reset_before) => {}
    }
}
