//! The clients of `soak`. What the server does with those that behave badly is counted, and is no error.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use tokio::time::{sleep, sleep_until, timeout_at};

use super::Counts;
use crate::http::Client;
use crate::mode::events::hub::{EVENTS, PUBLISH};
use crate::session;
use crate::socket::Socket;

const PATHS: [&str; 4] = [EVENTS, "/api/v1/websocket/ws/global", "/api/v1/websocket/ws/metrics", "/ws"];
/// How long those stay that come and go, in milliseconds, in turns.
const STAYS: [u64; 4] = [0, 5, 50, 400];
const STALL: Duration = Duration::from_secs(45);
const FLOOD: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_secs(4);
const AFTER_ERROR: Duration = Duration::from_millis(100);
const AFTER_SESSION: Duration = Duration::from_millis(50);
const BEAT: Duration = Duration::from_millis(10);
const PADDING: usize = 1024;

/// Reads all events until the end; comes back when it is closed.
pub async fn listen(addr: SocketAddr, end: Instant, counts: Counts) -> Result<()> {
    while Instant::now() < end {
        let mut socket = open(addr, EVENTS, end, &counts).await?;
        loop {
            match timeout_at(end.into(), socket.next_batch()).await {
                Err(_) => return socket.reset(),
                Ok(Ok(batch)) => counts.add("events delivered to those who read", batch.messages as u64),
                Ok(Err(_)) => break,
            }
        }
        counts.add("sockets closed although they read", 1);
        sleep(AFTER_ERROR).await;
    }
    Ok(())
}

/// Opens a socket, stays for a moment, and leaves with the handshake or without a word.
pub async fn come_and_go(addr: SocketAddr, end: Instant, number: usize, counts: Counts) -> Result<()> {
    let turns = (number..).zip(PATHS.iter().cycle().skip(number % PATHS.len()));
    for (turn, path) in turns.take_while(|_| Instant::now() < end) {
        let mut socket = open(addr, path, end, &counts).await?;
        let stay = STAYS.get(turn / PATHS.len() % STAYS.len()).copied().unwrap_or_default();
        let until = (Instant::now() + Duration::from_millis(stay)).min(end);
        while let Ok(Ok(_)) = timeout_at(until.into(), socket.next_batch()).await {}
        if turn % 2 == 0 {
            // Closed by the server a moment earlier is as good.
            let _ = socket.close().await;
            counts.add("sockets closed with the handshake", 1);
        } else {
            socket.reset()?;
            counts.add("sockets that left without a word", 1);
        }
    }
    Ok(())
}

/// Listens, reads nothing for a while, then sees what became of it.
pub async fn stall(addr: SocketAddr, end: Instant, number: usize, counts: Counts) -> Result<()> {
    // Not all at the same moments.
    sleep_until((Instant::now() + STALL.mul_f64(number as f64 / 30.0)).min(end).into()).await;
    while Instant::now() < end {
        let mut socket = open(addr, EVENTS, end, &counts).await?;
        socket.hold_little()?;
        sleep_until((Instant::now() + STALL).min(end).into()).await;
        counts.add("stalls", 1);
        let until = Instant::now() + AFTER_ERROR;
        let mut is_open = true;
        while let Ok(batch) = timeout_at(until.into(), socket.next_batch()).await {
            is_open = batch.is_ok();
            if !is_open {
                break;
            }
        }
        counts.add("stalled sockets that the server had closed", u64::from(!is_open));
        socket.reset()?;
    }
    Ok(())
}

/// Sends as much as it can for a second, half of it nonsense, and reads the answers; then rests.
pub async fn flood(addr: SocketAddr, end: Instant, counts: Counts) -> Result<()> {
    while Instant::now() < end {
        let mut socket = open(addr, EVENTS, end, &counts).await?;
        let until = (Instant::now() + FLOOD).min(end);
        while Instant::now() < until {
            if socket.send(r#"{"action":"ping"}"#).await.is_err() || socket.send("nonsense").await.is_err() {
                counts.add("floods that the server ended", 1);
                break;
            }
            counts.add("messages of floods", 2);
            // What has come is read; nothing is waited for.
            while let Ok(Ok(_)) = timeout_at(Instant::now().into(), socket.next_batch()).await {}
        }
        socket.reset()?;
        sleep_until((Instant::now() + PAUSE).min(end).into()).await;
    }
    Ok(())
}

/// Runs sessions, one after the other.
pub async fn run_sessions(addr: SocketAddr, end: Instant, counts: Counts) -> Result<()> {
    let mut client = Client::new(addr);
    while Instant::now() < end {
        session::run(&mut client, addr, true).await?;
        counts.add("sessions", 1);
        sleep(AFTER_SESSION).await;
    }
    Ok(())
}

/// Publishes events at a pace.
pub async fn publish(addr: SocketAddr, end: Instant, rate: f64, counts: Counts) -> Result<()> {
    let (mut client, start, mut sent) = (Client::new(addr), Instant::now(), 0);
    let body = json!({"type": "custom.soak", "data": {"text": ".".repeat(PADDING)}}).to_string();
    while Instant::now() < end {
        let due = (start.elapsed().as_secs_f64() * rate) as u64;
        while sent < due && Instant::now() < end {
            client.call("POST", PUBLISH, &body).await?.success()?;
            sent += 1;
            counts.add("events published", 1);
        }
        sleep(BEAT).await;
    }
    Ok(())
}

/// Opens a socket; tries again while the server has too much to do.
async fn open(addr: SocketAddr, path: &str, end: Instant, counts: &Counts) -> Result<Socket> {
    loop {
        match Socket::open(addr, path).await {
            Ok(socket) => {
                counts.add("sockets opened", 1);
                return Ok(socket);
            }
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => counts.add("sockets refused", 1),
        }
        sleep(AFTER_ERROR).await;
    }
}
