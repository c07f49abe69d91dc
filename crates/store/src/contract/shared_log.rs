//! The log of events as several servers share it: one order for all, nothing twice, nothing missing, and a new epoch after a
//! loss.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::events::new;
use super::members::Server;
use super::redis_server::{self, RedisServer, free_port};
use super::support::{in_time, new_cluster, redis_settings};
use crate::{ClusterSettings, EncodedEvent, Published, Settings, Store};

fn listen(store: &Store, after_seq: u64) -> UnboundedReceiver<Published> {
    let (published, received) = unbounded_channel();
    store.subscribe_events(after_seq, move |what| drop(published.send(what)));
    received
}

/// The next events, up to that many, each with whether it is this server's own.
async fn next(received: &mut UnboundedReceiver<Published>, many: usize) -> Vec<(bool, EncodedEvent)> {
    let mut all = Vec::new();
    while all.len() < many {
        match in_time(received.recv()).await.unwrap() {
            Published::Own(events) => all.extend(events.into_iter().map(|event| (true, event))),
            Published::Elsewhere { row, after_seq } => {
                let events = row.after(after_seq).map(|(_, json)| EncodedEvent::read(row.owner.clone(), json).unwrap());
                all.extend(events.map(|event| (false, event)));
            }
            new @ Published::NewEpoch { .. } => panic!("{new:?}"),
        }
    }
    all
}

/// An engine of one's own.
fn engine() -> Option<(tempfile::TempDir, RedisServer, Settings, ClusterSettings)> {
    redis_server::program()?;
    let folder = tempfile::tempdir().unwrap();
    let engine = RedisServer::start(folder.path(), free_port(), &[]);
    let settings = redis_settings(engine.port);
    Some((folder, engine, settings, new_cluster()))
}

async fn three(settings: &Settings, names: &ClusterSettings) -> [Server; 3] {
    let servers = [(); 3].map(|()| Server::open(settings, names));
    for server in &servers {
        server.sees(|view| view.members.len() == 3).await;
    }
    servers
}

#[tokio::test]
async fn all_servers_publish_the_events_of_all_in_one_order_though_their_subscriptions_are_cut() {
    const EACH: usize = 400;
    let Some((_folder, engine, settings, names)) = engine() else { return };
    let servers = three(&settings, &names).await;
    let mut received = servers.each_ref().map(|server| listen(&server.board.store, 0));
    for number in 0..EACH {
        for (index, server) in servers.iter().enumerate() {
            server.board.store.record(vec![new("custom.a", (index * EACH + number) as u64)]);
        }
        if number % 100 == 50 {
            engine.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
            // So that some are written while nobody hears.
            servers[0].board.store.record_one(new("execution.progress", 0)).await.unwrap();
        }
    }
    let mut all = Vec::new();
    for (index, received) in received.iter_mut().enumerate() {
        let mut events = next(received, 3 * EACH + if index == 0 { 4 } else { 0 }).await;
        events.retain(|(_, event)| event.event.seq.is_some());
        assert!(events.iter().map(|(_, event)| event.event.seq.unwrap()).eq(1..=3 * EACH as u64));
        for (is_own, event) in &events {
            assert_eq!(*is_own, super::events::number(event) / EACH as u64 == index as u64);
        }
        all.push(events.into_iter().map(|(_, event)| event).collect::<Vec<_>>());
    }
    assert!(all[0] == all[1] && all[1] == all[2]);
}

#[tokio::test]
async fn who_listens_later_is_given_all_after_its_position() {
    let Some((_folder, _engine, settings, names)) = engine() else { return };
    let servers = three(&settings, &names).await;
    for number in 0..6 {
        servers[number % 3].board.store.record_one(new("custom.a", number as u64)).await.unwrap();
    }
    for server in &servers {
        let events = next(&mut listen(&server.board.store, 2), 4).await;
        assert!(events.iter().map(|(_, event)| event.event.seq.unwrap()).eq(3..=6));
    }
}

#[tokio::test]
async fn after_a_loss_the_log_begins_anew_and_goes_on_behind_what_is_there() {
    let Some((_folder, engine, settings, names)) = engine() else { return };
    let servers = three(&settings, &names).await;
    let mut received = servers.each_ref().map(|server| listen(&server.board.store, 0));
    for number in 0..9 {
        servers[0].board.store.record_one(new("custom.a", number)).await.unwrap();
    }
    for received in &mut received {
        next(received, 9).await;
    }
    let before = servers[0].board.store.event_epoch().await.unwrap();
    // What a replica had that was behind, and has become the primary.
    let key = |name: &str| format!("{{{}}}:{name}", names.name);
    engine.command(&["DEL", &key("events")]);
    engine.command(&["HSET", &key("meta"), "events", "4"]);
    let written = servers[1].board.store.record_one(new("custom.a", 9)).await.unwrap();
    assert_eq!(written.event.seq, Some(5));
    let now = servers[0].board.store.event_epoch().await.unwrap();
    assert_ne!(before, now);
    for received in &mut received {
        let renewed = in_time(received.recv()).await.unwrap();
        assert_eq!(renewed, Published::NewEpoch { epoch: Arc::clone(&now), last_seq: 4 });
        assert_eq!(next(received, 1).await[0].1, written);
    }
    // Once is enough.
    servers[2].board.store.record_one(new("custom.a", 10)).await.unwrap();
    assert_eq!(next(&mut received[0], 1).await[0].1.event.seq, Some(6));
    assert_eq!(servers[0].board.store.event_epoch().await.unwrap(), now);
}

#[tokio::test]
async fn a_loss_is_seen_though_nothing_is_written() {
    let Some((_folder, engine, settings, names)) = engine() else { return };
    let server = Server::open(&settings, &names);
    let mut received = listen(&server.board.store, 0);
    server.board.store.record_one(new("custom.a", 0)).await.unwrap();
    next(&mut received, 1).await;
    engine.command(&["DEL", &format!("{{{}}}:events", names.name)]);
    engine.command(&["HSET", &format!("{{{}}}:meta", names.name), "events", "0"]);
    assert!(matches!(in_time(received.recv()).await.unwrap(), Published::NewEpoch { last_seq: 0, .. }));
}

#[tokio::test]
async fn nobody_elsewhere_hears_of_what_too_few_replicas_have() {
    let Some((_folder, primary, settings, names)) = engine() else { return };
    primary.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
    let writing = Settings { wait_replicas: 1, engine_timeout: 0.4, ..settings.clone() };
    let (one, other) = (Server::open(&writing, &names), Server::open(&settings, &names));
    let mut received = listen(&other.board.store, 0);
    one.board.store.record(vec![new("custom.a", 1)]);
    let mut health = one.board.store.watch_health();
    in_time(health.wait_for(|health| *health != crate::Health::Well)).await.unwrap();
    assert_eq!(one.board.store.unwritten(), 1);
    let folder = tempfile::tempdir().unwrap();
    let port = primary.port.to_string();
    let _replica = RedisServer::start(folder.path(), free_port(), &["--replicaof", "127.0.0.1", &port]);
    assert!(!next(&mut received, 1).await[0].0);
    in_time(health.wait_for(|health| *health == crate::Health::Well)).await.unwrap();
    assert_eq!(one.board.store.unwritten(), 0);
}
