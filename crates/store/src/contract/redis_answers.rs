//! Engines that answer, but not with what they should: each is a clear error at the start, or is waited for later.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use super::redis_server::{self, RedisServer, free_port};
use super::support::{ALL, Board, append, create, in_time, new_cluster, redis_settings, summary};
use crate::{Change, Error, Health, Settings, Store};

/// A server that answers whatever it is asked with this line; gives its port. It ends with the process.
fn answers(line: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut asked = [0; 4096];
                while let Ok(1..) = stream.read(&mut asked) {
                    if stream.write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn what_an_engine_says_that_cannot_be_used_is_passed_on_in_words() {
    for (line, words) in [
        ("-LOADING Redis is loading the dataset in memory\r\n", "still loading"),
        ("-MOVED 3999 127.0.0.1:6381\r\n", "Redis Cluster"),
        ("-CLUSTERDOWN The cluster is down\r\n", "Redis Cluster"),
        ("-NOAUTH Authentication required.\r\n", "password"),
        ("-MASTERDOWN Link with MASTER is down\r\n", "not ready"),
        ("-MISCONF Errors writing to the AOF file\r\n", "disk"),
    ] {
        let port = answers(line);
        let settings = Settings { busy_timeout: 0.3, engine_timeout: 0.5, ..redis_settings(port) };
        let Err(Error::Unusable(refused)) = Store::open_as(&settings, &new_cluster(), 1, Arc::new(|_, _| {})) else {
            panic!("{line} was taken for an engine")
        };
        assert!(refused.contains(words) && refused.contains(&port.to_string()), "{refused}");
    }
}

async fn until(store: &Store, wanted: impl Fn(&Health) -> bool) -> Health {
    in_time(store.watch_health().wait_for(|health| wanted(health))).await.unwrap().clone()
}

#[tokio::test]
async fn an_engine_that_has_become_a_replica_takes_nothing_and_all_is_written_once_it_is_none_any_more() {
    let Some(_) = redis_server::program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = RedisServer::start(folder.path(), free_port(), &["--replica-serve-stale-data", "yes"]);
    let mut board = Board::redis_at(engine.port, &new_cluster());
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    let nobody = free_port().to_string();
    engine.command(&["REPLICAOF", "127.0.0.1", &nobody]);
    board.store.append(append(&one, 1, Change::None));
    let health = until(&board.store, |health| *health != Health::Well).await;
    let Health::Failing { reason, is_lasting: false } = &health else { panic!("{health:?}") };
    assert!(reason.contains("replica") || reason.contains("not ready"), "{reason}");
    engine.command(&["REPLICAOF", "NO", "ONE"]);
    board.written(0, one.id, 1).await;
    until(&board.store, |health| *health == Health::Well).await;
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_slow_engine_has_done_though_its_answer_came_too_late_is_done_once() {
    let Some(_) = redis_server::program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = RedisServer::start(folder.path(), free_port(), &[]);
    let settings = Settings { engine_timeout: 0.3, ..redis_settings(engine.port) };
    let opened = Store::open_as(&settings, &new_cluster(), 2, Arc::new(|_, _| {})).unwrap();
    let mut board = Board::of(opened, None);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    engine.command(&["CLIENT", "PAUSE", "900", "ALL"]);
    for row in 1..4 {
        board.store.append(append(&one, row, Change::None));
    }
    let health = until(&board.store, |health| *health != Health::Well).await;
    assert!(matches!(&health, Health::Failing { reason, .. } if reason.contains("did not answer")), "{health:?}");
    board.written(0, one.id, 3).await;
    until(&board.store, |health| *health == Health::Well).await;
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 4);
    assert!(board.received.iter().all(|(_, message)| message.refused.is_empty()));
}
