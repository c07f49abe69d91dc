//! A server that is killed: all that it acknowledged is in the file.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::str::FromStr;

use super::support::{ALL, Board, SERVER, append, body, create, new_cluster, summary};
use super::{events, redis_server, search};
use crate::Precondition::{Absent, Version};
use crate::{Change, ClusterSettings, ListSessions};
use callboard_domain::id::SessionId;

/// Where the process that is to be killed finds what it opens.
const PLACE: &str = "CALLBOARD_TEST_KILLED_STORE";

/// Opens a database, or a cluster where there is `redis PORT NAME`.
fn board_at(place: &str) -> Board {
    let Some((port, name)) = place.strip_prefix("redis ").and_then(|rest| rest.split_once(' ')) else {
        return Board::at(Path::new(place));
    };
    Board::redis_at(port.parse().unwrap(), &ClusterSettings { name: name.to_owned(), ..ClusterSettings::default() })
}

/// A place that nobody has used, and how often a server is killed there, after how many lines: a successor on Redis waits
/// until the one before is seen to be dead.
macro_rules! kills {
    ($($rule:ident($lines:expr),)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                let folder = tempfile::tempdir().unwrap();
                super::$rule(folder.path().join("board.db").to_str().unwrap(), &$lines).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $rule() {
                let Some(port) = super::redis_server::shared() else { return };
                super::$rule(&format!("redis {port} {}", super::new_cluster().name), &$lines[1..2]).await;
            })*
        }
    };
}

kills! {
    an_event_that_was_acknowledged_outlives_a_kill_and_none_comes_twice([1, 100, 1000]),
    a_document_that_was_acknowledged_outlives_a_kill_at_any_moment([1, 50, 400]),
    what_was_acknowledged_outlives_a_kill_at_any_moment([8, 300, 2000]),
}

/// The other process; does nothing in a usual run of the tests.
#[tokio::test]
async fn a_server_that_writes_until_it_is_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let mut board = board_at(&place);
    let made: Vec<_> = (0..8).map(|worker| summary(&board.store, worker % 2)).collect();
    for one in &made {
        board.store.append(create(one));
    }
    for row in 1.. {
        for one in &made {
            board.store.append(append(one, row, Change::None));
        }
        for (id, row) in board.next().await.unwrap().rows {
            writeln!(std::io::stdout(), "acknowledged {id} {row}").unwrap();
        }
    }
}

/// The same for documents.
#[tokio::test]
async fn a_server_that_changes_documents_until_it_is_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let board = board_at(&place);
    for number in 0.. {
        let id = (number % 3).to_string();
        let before = board.store.document(&SERVER, "workflows", &id).await.unwrap();
        let (expected, version) = before.map_or((Absent, 1), |before| (Version(before.version), before.version + 1));
        let put = board.store.put_document(&SERVER, "workflows", &id, text(version), expected).await.unwrap();
        writeln!(std::io::stdout(), "acknowledged {id} {}", put.version).unwrap();
    }
}

/// The same for events.
#[tokio::test]
async fn a_server_that_publishes_events_until_it_is_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let mut board = board_at(&place);
    let mut received = events::listen(&board.store);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    for row in 1.. {
        board.store.append_with(append(&one, row, Change::None), vec![events::new("custom.row", row.into())]);
        board.store.record(vec![events::new("custom.x", 0), events::new("custom.y", 1)]);
        for recorded in events::next(&mut received, 3).await {
            let (seq, id) = (recorded.event.seq.unwrap(), recorded.event.id);
            writeln!(std::io::stdout(), "acknowledged {id} {seq}").unwrap();
        }
    }
}

async fn an_event_that_was_acknowledged_outlives_a_kill_and_none_comes_twice(place: &str, lines: &[usize]) {
    for lines in lines.iter().copied() {
        let acknowledged: HashMap<uuid::Uuid, u64> =
            killed_after(lines, "a_server_that_publishes_events_until_it_is_killed", place);
        let board = board_at(place);
        let rows = board.store.events(None, 0, usize::MAX).await.unwrap();
        let there: Vec<_> = rows.iter().flat_map(|row| row.after(0)).collect();
        assert!(there.iter().map(|(seq, _)| *seq).eq(1..=there.len() as u64), "without gaps over a restart");
        for (id, seq) in acknowledged {
            let json: serde_json::Value = serde_json::from_slice(&there[usize::try_from(seq).unwrap() - 1].1).unwrap();
            assert_eq!((json["id"].as_str(), json["seq"].as_u64()), (Some(&*id.to_string()), Some(seq)));
        }
        let of_rows = there.iter().filter(|(_, json)| json.windows(12).any(|part| part == br#""custom.row""#)).count();
        let sessions = board.store.list(ListSessions { limit: 99, ..ListSessions::default() }).await.unwrap();
        let mut rows = 0;
        for one in sessions {
            rows += board.store.journal(one.key, ALL).await.unwrap().len() - 1;
        }
        assert_eq!(of_rows, rows, "each row has made its event happen, and once");
    }
}

/// The body of a document's version, several pages long.
fn text(version: u64) -> String {
    format!("{version} ").repeat(4000)
}

async fn a_document_that_was_acknowledged_outlives_a_kill_at_any_moment(place: &str, lines: &[usize]) {
    for lines in lines.iter().copied() {
        let acknowledged: HashMap<String, u64> =
            killed_after(lines, "a_server_that_changes_documents_until_it_is_killed", place);
        let board = board_at(place);
        for (id, version) in acknowledged {
            let found =
                board.store.document(&SERVER, "workflows", &id).await.unwrap().expect("what was acknowledged is there");
            // More may have been acknowledged between the last line that was read and the kill.
            assert!(found.version >= version, "{version} was acknowledged, {}", found.version);
            assert_eq!(found.body, text(found.version));
        }
    }
}

/// Runs that test as a server until it has acknowledged so many lines, and kills it; gives the last number that it acknowledged of each
/// name.
fn killed_after<K, N>(lines: usize, server: &str, place: &str) -> HashMap<K, N>
where
    K: FromStr<Err: Debug> + Eq + Hash,
    N: FromStr<Err: Debug>,
{
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("contract::kill::{server}")])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(server.stdout.take().unwrap());
    let mut acknowledged = HashMap::new();
    for line in output.lines().map_while(Result::ok).filter(|line| line.starts_with("acknowledged ")).take(lines) {
        let mut words = line.split(' ').skip(1);
        acknowledged.insert(words.next().unwrap().parse().unwrap(), words.next().unwrap().parse().unwrap());
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(!acknowledged.is_empty());
    acknowledged
}

async fn what_was_acknowledged_outlives_a_kill_at_any_moment(place: &str, lines: &[usize]) {
    for lines in lines.iter().copied() {
        let acknowledged: HashMap<SessionId, u32> =
            killed_after(lines, "a_server_that_writes_until_it_is_killed", place);
        let board = board_at(place);
        for (id, row) in acknowledged {
            let one = board.store.find(id).await.unwrap().expect("a session that was acknowledged is there");
            let rows = board.store.journal(one.key, ALL).await.unwrap();
            assert!(rows.len() > usize::try_from(row).unwrap(), "row {row} was acknowledged, {} are there", rows.len());
            assert!(rows.iter().zip(0..).all(|(found, row)| found.row == row && found.body == body(&one, row)));
        }
        let all = board.store.list(ListSessions { limit: 99, ..ListSessions::default() }).await.unwrap();
        search::finds(&board, "approval", &all.iter().collect::<Vec<_>>()).await;
    }
}
