//! A server of chat completions that is played, with the moments at which calls came and were answered.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// What is played.
#[derive(Clone, Copy, Debug)]
pub enum Play {
    /// A call of a tool for each turn of a conversation up to this many, then an answer; all at once.
    Turns(usize),
    /// A delta each so long, until the client goes.
    Stream(Duration),
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was sent.
    pub body: String,
    /// When all of it was there.
    pub came: Instant,
    /// When all of the answer was written.
    pub answered: Instant,
}

/// A played server, which ends when it is dropped.
pub struct Chat {
    /// Where it listens.
    pub addr: SocketAddr,
    calls: Rc<RefCell<Vec<Call>>>,
    listening: JoinHandle<()>,
}

impl Chat {
    /// Plays to everybody who calls.
    pub async fn start(play: Play) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let calls: Rc<RefCell<Vec<Call>>> = Rc::default();
        let kept = calls.clone();
        let listening = tokio::task::spawn_local(async move {
            while let Ok((io, _)) = listener.accept().await {
                let calls = kept.clone();
                // A client that goes ends its connection alone.
                tokio::task::spawn_local(async move { drop(serve(io, play, &calls).await) });
            }
        });
        Ok(Self { addr, calls, listening })
    }

    /// The calls that were answered, in order; they are forgotten here.
    pub fn take_calls(&self) -> Vec<Call> {
        self.calls.take()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut io: TcpStream, play: Play, calls: &RefCell<Vec<Call>>) -> Result<()> {
    io.set_nodelay(true)?;
    let mut read = Vec::new();
    while let Some(body) = request(&mut io, &mut read).await? {
        let came = Instant::now();
        match play {
            Play::Turns(most) => io.write_all(answer(&body, most).as_bytes()).await?,
            Play::Stream(every) => return stream(io, every).await,
        }
        calls.borrow_mut().push(Call { body, came, answered: Instant::now() });
    }
    Ok(())
}

/// The body of the next request; nothing where the client has gone.
async fn request(io: &mut TcpStream, read: &mut Vec<u8>) -> Result<Option<String>> {
    loop {
        if let Some(end) = memmem::find(read, b"\r\n\r\n") {
            let head = std::str::from_utf8(&read[..end])?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
            });
            let whole = end + 4 + length.context("a request without Content-Length")??;
            if read.len() >= whole {
                let rest = read.split_off(whole);
                let body = String::from_utf8_lossy(&read[end + 4..]).into_owned();
                *read = rest;
                return Ok(Some(body));
            }
        }
        if io.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// The answer to a conversation: a call of a tool as long as it has fewer turns, each other than those before.
fn answer(body: &str, most: usize) -> String {
    let turn = memmem::find_iter(body.as_bytes(), br#""role":"assistant""#).count();
    let delta = if turn < most {
        format!(
            r#"{{"tool_calls":[{{"index":0,"id":"call_{turn}","type":"function","function":{{"name":"memory_read","arguments":"{{\"key\":\"bench\",\"turn\":{turn}}}"}}}}]}}"#
        )
    } else {
        r#"{"content":"Done."}"#.to_owned()
    };
    let events = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n\
         data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":20}}}}\n\ndata: [DONE]\n\n",
        body.len() / 4
    );
    let length = events.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{events}")
}

/// Streams until the client goes.
async fn stream(mut io: TcpStream, every: Duration) -> Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    io.write_all(head.as_bytes()).await?;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for word in 0_u64.. {
        ticks.tick().await;
        let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{word}\"}}}}]}}\n\n");
        io.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::LocalSet;

    use crate::http::Client;

    #[test]
    fn a_conversation_calls_a_tool_each_turn_and_ends() {
        let turns = |count: usize| format!(r#"{{"messages":[{}]}}"#, r#"{"role":"assistant"},"#.repeat(count));
        assert!(answer(&turns(1), 2).contains(r#"\"turn\":1"#) && answer(&turns(2), 2).contains("Done."));
    }

    #[test]
    fn calls_are_answered_and_kept_with_their_moments() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        LocalSet::new().block_on(&runtime, async {
            let chat = Chat::start(Play::Turns(0)).await.unwrap();
            let mut client = Client::new(chat.addr);
            for _ in 0..2 {
                let answer = client.call("POST", "/v1/chat/completions", "{}").await.unwrap().success().unwrap();
                assert!(answer.ends_with("data: [DONE]\n\n"));
            }
            let calls = chat.take_calls();
            assert!(calls.len() == 2 && calls[0].answered <= calls[1].came, "{calls:?}");
        });
    }
}
