//! What is particular to Redis: engines that are refused, that end and come back, and servers that follow each other.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::redis_server::{self, RedisServer, free_port};
use super::support::{
    ALL, Board, SERVER, append, body, create, new_cluster as cluster, redis_settings as settings, summary,
};
use super::{events, failing};
use crate::Precondition::{Absent, Anything, Version};
use crate::redis::Several;
use crate::{Change, ClusterSettings, Error, Health, Reason, Settings, Store};
use callboard_domain::id::Slot;
use callboard_domain::secret::Secret;

/// An engine of one's own, on a folder that outlives it.
struct Engine {
    folder: tempfile::TempDir,
    port: u16,
    server: Option<RedisServer>,
}

impl Engine {
    /// Nothing where there is no redis-server.
    fn start(with: &[&str]) -> Option<Self> {
        redis_server::program()?;
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let server = Some(RedisServer::start(folder.path(), port, with));
        Some(Self { folder, port, server })
    }

    fn kill(&mut self) {
        self.server = None;
    }

    fn start_again(&mut self) {
        self.server = Some(RedisServer::start(self.folder.path(), self.port, &[]));
    }

    fn command(&self, words: &[&str]) {
        self.server.as_ref().unwrap().command(words);
    }
}

fn open(settings: &Settings, cluster: &ClusterSettings) -> Result<Store, Error> {
    Store::open_as(settings, cluster, 2, Arc::new(|_, _| {}))
}

/// Why a store cannot be opened.
fn refusal(settings: &Settings) -> String {
    match open(settings, &cluster()) {
        Err(Error::Unusable(reason)) => reason,
        other => panic!("it was opened: {other:?}"),
    }
}

/// Does not wait for long where nothing answers.
fn impatient(port: u16) -> Settings {
    Settings { busy_timeout: 0.3, engine_timeout: 0.5, ..settings(port) }
}

async fn until(store: &Store, wanted: impl Fn(&Health) -> bool) -> Health {
    let mut health = store.watch_health();
    super::support::in_time(health.wait_for(wanted)).await.unwrap().clone()
}

#[test]
fn an_engine_that_is_not_there_or_does_not_answer_ends_the_start_soon_and_by_its_address() {
    let nobody = free_port();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [nobody, silent.local_addr().unwrap().port()] {
        let url = format!("redis://ada:hunter2@127.0.0.1:{port}");
        let settings = Settings { url, ..impatient(port) };
        let begin = Instant::now();
        let refused = refusal(&settings);
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert!(refused.contains(&format!("redis://127.0.0.1:{port}")), "{refused}");
        assert!(!refused.contains("hunter2") && !refused.contains("ada"), "{refused}");
    }
}

#[test]
fn a_wrong_password_ends_the_start_at_once_and_is_not_shown() {
    let Some(engine) = Engine::start(&["--requirepass", "right"]) else { return };
    let with = |credentials: &str| Settings {
        url: format!("redis://{credentials}127.0.0.1:{}", engine.port),
        ..settings(engine.port)
    };
    for credentials in [":hunter2@", "ada:hunter2@", ""] {
        let refused = refusal(&with(credentials));
        assert!(refused.contains("password") && refused.contains("store.url"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    assert!(open(&with(":right@"), &cluster()).is_ok());
    assert!(open(&with("default:right@"), &cluster()).is_ok());
}

#[tokio::test]
async fn a_user_that_may_do_no_more_than_needed_is_enough() {
    let Some(engine) = Engine::start(&[]) else { return };
    let rules =
        ["ACL", "SETUSER", "ada", "on", ">secret", "~{board}:*", "&{board}:*", "+@all", "-@admin", "+config|get"];
    engine.command(&rules);
    let url = format!("redis://ada:secret@127.0.0.1:{}", engine.port);
    let cluster = ClusterSettings { name: "board".into(), ..cluster() };
    let mut board = Board::of(open(&Settings { url, ..settings(engine.port) }, &cluster).unwrap(), None);
    let one = summary(&board.store, 0);
    board.write([create(&one), append(&one, 1, Change::None)]).await;
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 2);
}

#[test]
fn an_engine_that_may_lose_or_remove_what_it_was_given_is_refused() {
    let Some(engine) = Engine::start(&[]) else { return };
    let accepting = Settings { accept_loss: true, ..settings(engine.port) };
    engine.command(&["CONFIG", "SET", "appendfsync", "everysec"]);
    let refused = refusal(&settings(engine.port));
    assert!(refused.contains("everysec") && refused.contains("accept_loss"), "{refused}");
    assert!(open(&accepting, &cluster()).is_ok());
    engine.command(&["CONFIG", "SET", "appendfsync", "always"]);
    engine.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    for settings in [&settings(engine.port), &accepting] {
        let refused = refusal(settings);
        assert!(refused.contains("noeviction"), "{refused}");
    }
}

#[test]
fn servers_with_different_keys_or_of_a_later_layout_do_not_mix() {
    let Some(engine) = Engine::start(&[]) else { return };
    let cluster = cluster();
    drop(open(&settings(engine.port), &cluster).unwrap());
    let other_key = Secret::from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned());
    let with_other = Settings { secret_key: Some(other_key), ..settings(engine.port) };
    let Err(Error::Unusable(refused)) = open(&with_other, &cluster) else { panic!("it was opened") };
    assert!(refused.contains("store.secret_key") && refused.contains(&cluster.name), "{refused}");
    assert!(open(&Settings { secret_key: None, ..settings(engine.port) }, &cluster).is_err());
    engine.command(&["HSET", &format!("{{{}}}:meta", cluster.name), "format", "99"]);
    let Err(Error::Unusable(refused)) = open(&settings(engine.port), &cluster) else { panic!("it was opened") };
    assert!(refused.contains("newer"), "{refused}");
}

#[tokio::test]
async fn a_server_takes_up_what_the_one_before_has_left() {
    let Some(port) = redis_server::shared() else { return };
    let cluster = cluster();
    let mut before = Board::redis_at(port, &cluster);
    let one = summary(&before.store, 0);
    before.write([create(&one)]).await;
    assert_eq!(before.store.close().await, 0);
    let mut after = Board::redis_at(port, &cluster);
    assert!(after.store.next_key(0) > one.key);
    after.write([append(&one, 1, Change::None)]).await;
    assert_eq!(after.store.journal(one.key, ALL).await.unwrap().len(), 2);
}

#[test]
fn a_second_server_waits_for_the_first_and_is_refused_where_that_lives_on() {
    let Some(port) = redis_server::shared() else { return };
    let cluster = cluster();
    let first = open(&settings(port), &cluster).unwrap();
    let refused = match open(&Settings { busy_timeout: 2.0, ..settings(port) }, &cluster) {
        Err(Error::Unusable(reason)) => reason,
        other => panic!("it was opened: {other:?}"),
    };
    assert!(refused.contains("here") && refused.contains(&cluster.name), "{refused}");
    assert_eq!(first.health(), Health::Well);
    drop(first);
    assert!(open(&settings(port), &cluster).is_ok());
}

#[tokio::test]
async fn a_server_that_was_taken_for_dead_writes_nothing_more_and_knows_it() {
    let Some(port) = redis_server::shared() else { return };
    let (settings, names) = (settings(port), cluster());
    let mut board = Board::redis_at(port, &names);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    let others = Several::new(settings, names);
    others.expel(board.store.fence());
    assert!(matches!(
        until(&board.store, |health| *health != Health::Well).await,
        Health::Failing { is_lasting: true, .. }
    ));
    board.store.append(append(&one, 1, Change::None));
    assert_eq!(board.refused(one.id).await.reason, Reason::Fenced);
    let successor = others.member(3);
    others.assign(Slot::all(), successor.fence).unwrap();
    let mut successor = Board::of(Store::start(successor, failing::options(), 2).unwrap(), None);
    successor.write([append(&one, 1, Change::None)]).await;
}

#[tokio::test]
async fn what_comes_while_the_engine_is_away_is_written_once_when_it_is_back() {
    let Some(mut engine) = Engine::start(&[]) else { return };
    let mut board = Board::redis_at(engine.port, &cluster());
    let mut published = events::listen(&board.store);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    engine.kill();
    board.store.append_with(append(&one, 1, Change::None), vec![events::new("custom.a", 1)]);
    let health = until(&board.store, |health| *health != Health::Well).await;
    assert!(
        matches!(&health, Health::Failing { is_lasting: false, reason } if reason.contains("reached")),
        "{health:?}"
    );
    board.store.append_with(append(&one, 2, Change::None), vec![events::new("custom.a", 2)]);
    engine.start_again();
    board.written(0, one.id, 2).await;
    until(&board.store, |health| *health == Health::Well).await;
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 3);
    let seqs: Vec<_> = events::next(&mut published, 2).await.iter().map(|one| one.event.seq).collect();
    assert_eq!(seqs, [Some(1), Some(2)]);
    assert!(board.received.iter().all(|(_, message)| message.refused.is_empty()));
}

#[tokio::test]
async fn an_outage_is_seen_while_nothing_is_written_and_passes() {
    let Some(mut engine) = Engine::start(&[]) else { return };
    let store = open(&settings(engine.port), &cluster()).unwrap();
    engine.kill();
    until(&store, |health| *health != Health::Well).await;
    engine.start_again();
    until(&store, |health| *health == Health::Well).await;
}

#[tokio::test]
async fn a_query_waits_for_an_engine_that_comes_back_and_not_for_ever() {
    let Some(mut engine) = Engine::start(&[]) else { return };
    let settings = Settings { busy_timeout: 1.0, ..settings(engine.port) };
    let mut board = Board::of(open(&settings, &cluster()).unwrap(), None);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    engine.kill();
    assert!(matches!(board.store.find(one.id).await, Err(Error::Unavailable(_))));
    until(&board.store, |health| *health != Health::Well).await;
    engine.start_again();
    until(&board.store, |health| *health == Health::Well).await;
    assert_eq!(board.store.find(one.id).await.unwrap(), Some(one));
}

#[tokio::test]
async fn full_memory_loses_nothing_and_leaves_nothing_half_written() {
    let Some(engine) = Engine::start(&[]) else { return };
    let mut board = Board::redis_at(engine.port, &cluster());
    let mut published = events::listen(&board.store);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    engine.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let mut large = append(&one, 1, Change::None);
    large.body = vec![b'x'; 100_000].into();
    board.store.append_with(large, vec![events::new("custom.a", 1)]);
    let health = until(&board.store, |health| *health != Health::Well).await;
    assert!(
        matches!(&health, Health::Failing { is_lasting: false, reason } if reason.contains("memory")),
        "{health:?}"
    );
    let put = board.store.put_document(&SERVER, "a", "b", "x".into(), Anything).await;
    assert!(matches!(put, Err(Error::Unavailable(_))), "{put:?}");
    engine.command(&["CONFIG", "SET", "maxmemory", "0"]);
    board.written(0, one.id, 1).await;
    assert_eq!(events::next(&mut published, 1).await[0].event.seq, Some(1));
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_is_told_of_a_commit_that_too_few_replicas_have() {
    let Some(primary) = Engine::start(&["--repl-diskless-sync-delay", "0"]) else { return };
    let settings = Settings { wait_replicas: 1, engine_timeout: 0.4, busy_timeout: 0.5, ..settings(primary.port) };
    let mut board = Board::of(open(&settings, &cluster()).unwrap(), None);
    let one = summary(&board.store, 0);
    board.store.append(create(&one));
    let health = until(&board.store, |health| *health != Health::Well).await;
    assert!(matches!(&health, Health::Failing { reason, .. } if reason.contains("replicas")), "{health:?}");
    assert_eq!(board.store.unwritten(), 1);
    // It may be gone with the engine, so that nobody reads it either.
    assert!(matches!(board.store.find(one.id).await, Err(Error::Unavailable(_))));
    let port = primary.port.to_string();
    let _replica = Engine::start(&["--replicaof", "127.0.0.1", &port]).unwrap();
    board.written(0, one.id, 0).await;
    // The replica may be late again.
    let reading = async {
        loop {
            let (found, journal) = (board.store.find(one.id).await, board.store.journal(one.key, ALL).await);
            if let (Ok(found), Ok(journal)) = (found, journal) {
                return (found, journal.len());
            }
        }
    };
    assert_eq!(super::support::in_time(reading).await, (Some(one.clone()), 1));
    board.store.put_document(&SERVER, "a", "b", "x".into(), Absent).await.unwrap();
}

#[tokio::test]
async fn sentinels_say_where_the_engine_is() {
    let Some(engine) = Engine::start(&[]) else { return };
    let (folder, port, nobody) = (tempfile::tempdir().unwrap(), free_port(), free_port());
    let _sentinel = RedisServer::start_sentinel(folder.path(), port, engine.port);
    let at = |service: &str| format!("redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{port}/{service}");
    let mut board = Board::of(open(&Settings { url: at("board"), ..settings(port) }, &cluster()).unwrap(), None);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    let refused = refusal(&Settings { url: at("other"), ..impatient(port) });
    assert!(refused.contains("other"), "{refused}");
    let refused = refusal(&impatient(port));
    assert!(refused.contains("redis+sentinel://"), "{refused}");
}

/// Kills and starts an engine again and again while a server writes: what was acknowledged is there, once and in order.
#[tokio::test]
async fn what_was_acknowledged_outlives_kills_of_the_engine() {
    let Some(mut engine) = Engine::start(&[]) else { return };
    let mut board = Board::redis_at(engine.port, &cluster());
    let mut published = events::listen(&board.store);
    let made: Vec<_> = (0..4).map(|_| summary(&board.store, 0)).collect();
    board.write(made.iter().map(create)).await;
    let (mut row, mut version) = (0, 0);
    for _ in 0..3 {
        for _ in 0..200 {
            row += 1;
            for one in &made {
                let event = events::new("custom.row", row.into());
                board.store.append_with(append(one, row, Change::None), vec![event]);
            }
        }
        engine.kill();
        engine.start_again();
        board.written(0, made[3].id, row).await;
        let expected = if version == 0 { Absent } else { Version(version) };
        version = board.store.put_document(&SERVER, "a", "b", "x".into(), expected).await.unwrap().version;
    }
    let told: HashMap<_, _> = board.received.iter().flat_map(|(_, message)| message.rows.iter().copied()).collect();
    for one in &made {
        assert_eq!(told[&one.id], row);
        let rows = board.store.journal(one.key, ALL).await.unwrap();
        assert!(rows.iter().zip(0..).all(|(found, row)| found.row == row && found.body == body(one, row)));
        assert_eq!(rows.len(), usize::try_from(row).unwrap() + 1);
    }
    let many = usize::try_from(row).unwrap() * made.len();
    let seqs = events::next(&mut published, many).await;
    assert!(seqs.iter().map(|one| one.event.seq).eq((1..=many as u64).map(Some)));
    let there = board.store.events(None, 0, usize::MAX).await.unwrap();
    assert_eq!(there.iter().map(|row| row.after(0).count()).sum::<usize>(), many);
}
