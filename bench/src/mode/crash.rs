//! `park --crash`: kill -9, start again on the same data, answer; and whether anything that a client saw is gone.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::http::Client;
use crate::many;
use crate::server::Server;
use crate::session::{self, APPROVAL, CONFIRM};
use crate::socket::Socket;

const AT_ONCE: usize = 50;
const MOST_ENDED: usize = 500;
const LOAD_BEFORE: Duration = Duration::from_secs(3);
const MOST_START: Duration = Duration::from_secs(60);
const MOST_SESSION: Duration = Duration::from_secs(30);
const TRY_EVERY: Duration = Duration::from_millis(1);

/// When the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Crash {
    /// While nothing happens
    Idle,
    /// While 50 clients run sessions
    Load,
}

/// What clients saw.
#[derive(Default)]
struct Seen {
    /// Messages of sessions that have not ended, by session.
    open: HashMap<String, Vec<Vec<u8>>>,
    /// Sessions that ended last, with their messages.
    ended: VecDeque<(String, Vec<Vec<u8>>)>,
}

impl Seen {
    fn end(&mut self, id: String) {
        if let Some(messages) = self.open.remove(&id) {
            self.ended.push_back((id, messages));
        }
        if self.ended.len() > MOST_ENDED {
            self.ended.pop_front();
        }
    }
}

/// Kills the server, starts it again, and answers sessions of `ids` that wait.
pub async fn run(server: &mut Server, mut ids: Vec<String>, answers: usize, how: Crash) -> Result<()> {
    let (addr, order) = (server.addr, RandomState::new());
    ids.sort_by_key(|id| order.hash_one(id));
    ids.truncate(answers + 1);
    let asked = questions(addr, &ids).await?;
    // Those sessions were called into memory to be asked: they are to leave it again.
    many::settled(server.scope()).await;

    let seen = Rc::new(RefCell::new(Seen::default()));
    let mut clients = JoinSet::new();
    if how == Crash::Load {
        for _ in 0..AT_ONCE {
            clients.spawn_local(client(addr, seen.clone()));
        }
        sleep(LOAD_BEFORE).await;
    }
    server.crash()?;
    let killed = Instant::now();
    server.spawn()?;
    while clients.join_next().await.is_some() {}
    let mut ids = ids.into_iter();
    let first = ids.next().context("there is no session to answer")?;
    let socket = attach_when_up(server, &first).await?;
    let up = killed.elapsed();
    let (request, at) = answer(socket).await?;
    let first_answered = at - killed;
    let mut same = usize::from(asked.get(&first) == Some(&request));

    let rest: Rc<[String]> = ids.collect();
    let (count, own) = (rest.len(), rest.clone());
    let answered = many::each(addr, count, AT_ONCE, async move |_, index| {
        let socket = session::attach(addr, &own[index]).await?;
        Ok((own[index].clone(), answer(socket).await?))
    });
    let answered = answered.await?;
    let all_answered = killed.elapsed();
    same += answered.iter().filter(|(id, (request, _))| asked.get(id) == Some(request)).count();

    println!("kill -9 {}, then started again on the same data; time from its start", name(how));
    println!("  attached {:.1} ms, first session answered {:.1} ms", ms(up), ms(first_answered));
    println!("  {count} random sessions more all answered and completed {:.1} ms", ms(all_answered));
    println!("  {same} of {} questions had the request_id that they had before", count + 1);
    if how == Crash::Load {
        check(addr, seen.take()).await?;
    }
    Ok(())
}

fn name(how: Crash) -> &'static str {
    match how {
        Crash::Idle => "at rest",
        Crash::Load => "under load",
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The question's id of each session.
async fn questions(addr: SocketAddr, ids: &[String]) -> Result<HashMap<String, Option<Vec<u8>>>> {
    let ids: Rc<[String]> = ids.into();
    let found = many::each(addr, ids.len(), AT_ONCE, async move |_, index| {
        let mut socket = session::attach(addr, &ids[index]).await?;
        let question = session::until(&mut socket, "request_confirmation").await?;
        Ok((ids[index].clone(), request(&question)))
    });
    Ok(found.await?.into_iter().collect())
}

fn request(question: &[u8]) -> Option<Vec<u8>> {
    session::text_field(question, "request_id").map(<[u8]>::to_vec)
}

/// Tries until the server takes the socket: it does not listen yet.
async fn attach_when_up(server: &Server, id: &str) -> Result<Socket> {
    let since = Instant::now();
    loop {
        match session::attach(server.addr, id).await {
            Ok(socket) => return Ok(socket),
            Err(error) if since.elapsed() > MOST_START => {
                return Err(error.context(format!("it did not come up again:\n{}", server.log_tail())));
            }
            Err(_) => sleep(TRY_EVERY).await,
        }
    }
}

/// Answers a session that waits and reads to its end: the question's id, and when the first line after the answer came.
async fn answer(mut socket: Socket) -> Result<(Option<Vec<u8>>, Instant)> {
    let answered = async {
        let question = session::until(&mut socket, "request_confirmation").await?;
        socket.send(CONFIRM).await?;
        session::until(&mut socket, "stream").await?;
        let at = Instant::now();
        session::until(&mut socket, "task_completed").await?;
        Ok((request(&question), at))
    };
    timeout(MOST_SESSION, answered).await.context("a session did not go on after the crash")?
}

/// Runs sessions until the server is gone, and writes down what it sees of each that has not ended.
async fn client(addr: SocketAddr, seen: Rc<RefCell<Seen>>) {
    let mut http = Client::new(addr);
    while one(&mut http, addr, &seen).await.is_ok() {}
}

async fn one(http: &mut Client, addr: SocketAddr, seen: &RefCell<Seen>) -> Result<()> {
    let id = session::start(http, APPROVAL).await?;
    seen.borrow_mut().open.insert(id.clone(), Vec::new());
    let mut socket = session::attach(addr, &id).await?;
    loop {
        let message = socket.next().await?;
        if let Some(messages) = seen.borrow_mut().open.get_mut(&id) {
            messages.push(message.to_vec());
        }
        match session::kind(message) {
            b"request_confirmation" => socket.send(CONFIRM).await?,
            b"task_completed" => break,
            _ => {}
        }
    }
    seen.borrow_mut().end(id);
    Ok(())
}

/// Brings the sessions that were under way to their ends, and looks in them, and in those that ended last, for all that
/// clients saw of them.
async fn check(addr: SocketAddr, seen: Seen) -> Result<()> {
    let under_way = seen.open.len();
    let sessions: Rc<[(String, Vec<Vec<u8>>)]> = seen.open.into_iter().chain(seen.ended).collect();
    let (count, own) = (sessions.len(), sessions.clone());
    let found = many::each(addr, count, AT_ONCE, async move |_, index| {
        let (id, seen) = &own[index];
        let journal = timeout(MOST_SESSION, to_the_end(addr, id)).await.context("it did not end").flatten();
        Ok(journal.map(|journal| missing(seen, &journal)))
    });
    let (mut changed, mut stuck) = (0, Vec::new());
    for one in found.await? {
        match one {
            Ok(count) => changed += count,
            Err(error) => stuck.push(error),
        }
    }
    let messages = sessions.iter().flat_map(|(_, seen)| seen).filter(|message| numbered(message).is_some()).count();
    let ended = count - under_way;
    println!("  of {under_way} sessions under way and {ended} that had just ended, {} are lost or stuck", stuck.len());
    println!("  of {messages} messages that clients had seen of them, {changed} are gone or different");
    if let Some(error) = stuck.into_iter().next() {
        return Err(error.context("a session is lost or stuck"));
    }
    ensure!(changed == 0, "messages that clients had seen are gone or different");
    Ok(())
}

fn missing(seen: &[Vec<u8>], journal: &BTreeMap<u64, Vec<u8>>) -> usize {
    let numbered = seen.iter().filter_map(numbered);
    numbered.filter(|(seq, message)| journal.get(seq) != Some(message)).count()
}

fn numbered(message: &Vec<u8>) -> Option<(u64, &Vec<u8>)> {
    Some((session::number_field(message, "seq")?, message))
}

/// Reads a session from its beginning to its end, and answers it where nobody has: its messages by their `seq`.
async fn to_the_end(addr: SocketAddr, id: &str) -> Result<BTreeMap<u64, Vec<u8>>> {
    let mut socket = Socket::open(addr, &format!("/ws/{id}?since=0")).await?;
    let (mut journal, mut open, mut live) = (BTreeMap::new(), false, false);
    loop {
        let message = socket.next().await?.to_vec();
        match session::kind(&message) {
            b"request_confirmation" => open = true,
            b"answered" => open = false,
            b"state_replay_complete" => live = true,
            b"error" => bail!("{}", String::from_utf8_lossy(&message)),
            _ => {}
        }
        if live && open {
            socket.send(CONFIRM).await?;
            open = false;
        }
        let ended = session::kind(&message) == b"task_completed";
        if let Some(seq) = session::number_field(&message, "seq") {
            journal.insert(seq, message);
        }
        if ended {
            return Ok(journal);
        }
    }
}
