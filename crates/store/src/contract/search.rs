//! The part of the contract on finding sessions by words.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::support::{self, Board, append, create, ended, in_time, state, summary, update};
use crate::search::words_within;
use crate::{Append, Change, Counts, Found, ListSessions, RequestChange, SessionKey, State, Summary, words};
use callboard_domain::answerers::Answerers;
use callboard_domain::burst::BurstBuilder;
use callboard_domain::entry::Entry;
use callboard_domain::id::RequestId;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

contract! {
    a_session_is_found_by_the_beginnings_of_its_words,
    what_is_asked_and_what_went_wrong_is_found_later,
    found_sessions_are_filtered_and_come_page_by_page,
    a_removed_session_is_not_found,
    sessions_are_counted_by_status,
    a_list_is_of_a_time_range,
    a_search_is_of_one_owner,
}

async fn search(board: &Board, text: &str, query: ListSessions) -> Found {
    let limit = if query.limit == 0 { 100 } else { query.limit };
    let query = ListSessions { limit, ..query };
    in_time(board.store.search(words(text).collect(), query)).await.unwrap()
}

/// Waits until the search for this text gives these sessions, newest first, and says that it is complete.
pub(super) async fn finds(board: &Board, text: &str, expected: &[&Summary]) {
    let expected: Vec<SessionKey> = expected.iter().map(|summary| summary.key).collect();
    let mut last = Found::default();
    let found = async {
        loop {
            last = search(board, text, ListSessions::default()).await;
            let keys: Vec<SessionKey> = last.sessions.iter().map(|summary| summary.key).collect();
            if last.is_complete && keys == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(30), found).await.is_err() {
        panic!("{text:?} does not give {expected:?}, but {last:?}");
    }
}

fn titled(board: &Board, title: &str) -> Summary {
    Summary { title: Some(title.into()), ..summary(&board.store, 0) }
}

fn asks(message: &str) -> Entry {
    Entry::RequestConfirmation {
        request_id: RequestId::random(),
        message: message.into(),
        timeout: None,
        expires_at: None,
        default: None,
        context: None,
        answerers: Answerers::default(),
    }
}

fn waiting() -> Change {
    Change::Update(Box::new(state(Status::WaitingConfirmation)))
}

/// A row with these entries; where it asks something, that is open.
fn tells(summary: &Summary, row: u32, entries: &[Entry], change: Change) -> Append {
    let mut journal = BurstBuilder::default();
    for (seq, entry) in (1..).zip(entries) {
        journal.append(entry, None, seq, Timestamp::from_micros(1));
    }
    let asks = entries.iter().any(|entry| matches!(entry, Entry::RequestConfirmation { .. }));
    let opened = asks.then(|| RequestChange::Opened(Box::new(super::requests::request(1, None)), Vec::new()));
    Append { body: journal.finish().body, requests: opened.into_iter().collect(), ..append(summary, row, change) }
}

async fn a_session_is_found_by_the_beginnings_of_its_words(board: &mut Board) {
    let mut first = titled(board, "Größte Bestellung");
    first.labels = vec![("team".into(), "Ops_Seven".into())];
    let mut second = titled(board, "Another order");
    second.execution_id = Some("exec-z42".parse().unwrap());
    board.write([create(&first), create(&second)]).await;
    finds(board, "bestell", &[&first]).await;
    finds(board, "GRÖSS", &[&first]).await;
    finds(board, "ops", &[&first]).await;
    finds(board, "team seven", &[&first]).await;
    finds(board, "exec-z4", &[&second]).await;
    finds(board, &first.id.to_string(), &[&first]).await;
    finds(board, "approv", &[&second, &first]).await;
    for nothing in ["stellung", "order bestellung", "exec-z43"] {
        assert_eq!(search(board, nothing, ListSessions::default()).await.sessions, [], "{nothing}");
    }
}

async fn what_is_asked_and_what_went_wrong_is_found_later(board: &mut Board) {
    let one = titled(board, "An order");
    board.write([create(&one)]).await;
    finds(board, "order", &[&one]).await;
    board.write([tells(&one, 1, &[asks("Pay 120 euros?")], waiting())]).await;
    let waiting = Summary { state: state(Status::WaitingConfirmation), ..one.clone() };
    finds(board, "euro 120", &[&waiting]).await;
    let error = "no paper".to_owned();
    let failed = Entry::TaskFailed { error, can_retry: false, attempt: 1, request_id: None, context: None };
    let end = ended(Status::Failed, 9);
    board.write([tells(&one, 2, &[failed], Change::Update(Box::new(end.clone())))]).await;
    finds(board, "paper euro order", &[&Summary { state: end, ..one }]).await;
}

async fn found_sessions_are_filtered_and_come_page_by_page(board: &mut Board) {
    let mut all = Vec::new();
    for at in 0..5 {
        let task = if at == 2 { "audit" } else { "approval" };
        all.push(Summary { task: task.into(), ..titled(board, "an order") });
    }
    board.write(all.iter().map(create).collect::<Vec<_>>()).await;
    all.reverse();
    finds(board, "order", &all.iter().collect::<Vec<_>>()).await;
    let page = search(board, "order", ListSessions { limit: 2, ..ListSessions::default() }).await;
    assert_eq!(page.sessions, all[..2]);
    let before = Some(all[1].key);
    let rest = search(board, "order", ListSessions { before, ..ListSessions::default() }).await;
    assert_eq!(rest.sessions, all[2..]);
    let task = Some("audit".to_owned());
    assert_eq!(search(board, "order", ListSessions { task, ..ListSessions::default() }).await.sessions, all[2..3]);
    let status = vec![Status::Queued];
    assert_eq!(search(board, "order", ListSessions { status, ..ListSessions::default() }).await.sessions, []);
}

async fn a_removed_session_is_not_found(board: &mut Board) {
    let (one, other) = (titled(board, "first order"), titled(board, "second order"));
    let end = ended(Status::Completed, 1);
    board.write([create(&one), update(&one, 1, &end), create(&other)]).await;
    let gone = Summary { state: end.clone(), ..one.clone() };
    finds(board, "order", &[&other, &gone]).await;
    board.store.purge(Timestamp::from_micros(2), 10).await.unwrap();
    finds(board, "order", &[&other]).await;
    board.write([update(&other, 1, &end)]).await;
    board.store.remove(other.key).await.unwrap();
    finds(board, "order", &[]).await;
}

async fn sessions_are_counted_by_status(board: &mut Board) {
    let states = [Status::Running, Status::Failed, Status::Running, Status::WaitingInput];
    let mut made = Vec::new();
    for status in states {
        made.push(Summary { state: State { ..state(status) }, ..titled(board, "an order") });
    }
    made.push(Summary { task: "audit".into(), ..titled(board, "another") });
    board.write(made.iter().map(create).collect::<Vec<_>>()).await;
    let newest_first: Vec<_> = made[..4].iter().rev().collect();
    finds(board, "order", &newest_first).await;
    let expected = Counts {
        by_status: vec![(Status::Running, 2), (Status::WaitingInput, 1), (Status::Failed, 1)],
        is_complete: true,
    };
    let query = ListSessions { status: vec![Status::Failed], task: Some("approval".into()), ..ListSessions::default() };
    for text in ["", "order"] {
        let counts = board.store.count(words(text).collect(), query.clone()).await.unwrap();
        assert_eq!(counts, expected, "{text:?}");
    }
}

async fn a_list_is_of_a_time_range(board: &mut Board) {
    let now = Timestamp::now();
    let at = |seconds: u64| now.plus(Duration::from_secs(seconds));
    let mut made = Vec::new();
    for seconds in 1..=4 {
        made.push(Summary { created_at: at(seconds), ..titled(board, "order") });
    }
    board.write(made.iter().map(create).collect::<Vec<_>>()).await;
    made.reverse();
    finds(board, "order", &made.iter().collect::<Vec<_>>()).await;
    let query = ListSessions { from: Some(at(2)), to: Some(at(4)), limit: 10, ..ListSessions::default() };
    assert_eq!(board.store.list(query.clone()).await.unwrap(), made[1..3]);
    let first = ListSessions { limit: 1, ..query.clone() };
    assert_eq!(board.store.list(first.clone()).await.unwrap(), made[1..2]);
    let second = ListSessions { before: Some(made[1].key), ..first };
    assert_eq!(board.store.list(second).await.unwrap(), made[2..3]);
    assert_eq!(search(board, "order", query.clone()).await.sessions, made[1..3]);
    for text in ["", "order"] {
        let counts = board.store.count(words(text).collect(), query.clone()).await.unwrap();
        assert_eq!(counts.by_status, [(Status::Running, 2)], "{text:?}");
    }
    let never = ListSessions { from: Some(at(100_000)), limit: 10, ..ListSessions::default() };
    assert_eq!(board.store.list(never.clone()).await.unwrap(), []);
    assert_eq!(search(board, "order", never).await.sessions, []);
}

async fn a_search_is_of_one_owner(board: &mut Board) {
    let mut made = Vec::new();
    for owner in ["Olga", "server", "Olga's", "Olga"] {
        made.push(Summary { owner: owner.parse().unwrap(), ..titled(board, "order") });
    }
    board.write(made.iter().map(create).collect::<Vec<_>>()).await;
    made.reverse();
    finds(board, "order", &made.iter().collect::<Vec<_>>()).await;
    for (owner, expected) in [("Olga", vec![0, 3]), ("server", vec![2]), ("Olga's", vec![1]), ("Eve", vec![])] {
        let query = ListSessions { owner: Some(owner.parse().unwrap()), ..ListSessions::default() };
        let found = search(board, "order", query.clone()).await.sessions;
        let expected: Vec<_> = expected.into_iter().map(|at| made[at].clone()).collect();
        assert_eq!(found, expected, "{owner}");
        let counts = board.store.count(vec!["order".into()], query).await.unwrap();
        assert_eq!(counts.by_status.iter().map(|(_, many)| *many).sum::<u64>(), expected.len() as u64, "{owner}");
    }
    finds(board, "Olga", &[]).await;
}

/// A text of a few letters that are easily mixed up, with what stands between words.
fn text() -> impl Strategy<Value = String> {
    let letters =
        ["a", "A", "ä", "a\u{308}", "ß", "ẞ", "S", "σ", "ς", "İ", "i", "1", " ", "-", "_", "\u{301}", "\"", "*", "語"];
    proptest::collection::vec(proptest::sample::select(letters.to_vec()), 0..8).prop_map(|letters| letters.concat())
}

/// Whether each word of `q` begins a word of one of these texts, or the id.
fn is_found(q: &str, texts: &[&str], id: &str) -> bool {
    let there: Vec<String> = texts.iter().flat_map(|text| words_within(text)).chain(words(id)).collect();
    words(q).all(|word| there.iter().any(|other| other.starts_with(&word)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn every_engine_finds_what_a_naive_search_finds(
        texts in proptest::collection::vec((text(), text(), text()), 1..12),
        searches in proptest::collection::vec(text(), 12),
    ) {
        support::block_on(async {
            let mut boards = vec![Board::memory(), Board::sqlite()];
            boards.extend(Board::redis());
            for board in &mut boards {
                let mut made = Vec::new();
                let mut batch = Vec::new();
                for (title, label, asked) in &texts {
                    let mut one = titled(board, title);
                    one.labels = vec![("label".into(), label.clone())];
                    // By the last word it is seen when all are there.
                    let asked = format!("{asked} zzz");
                    batch.extend([create(&one), tells(&one, 1, &[asks(&asked)], waiting())]);
                    made.push((Summary { state: state(Status::WaitingConfirmation), ..one }, asked));
                }
                board.write(batch).await;
                made.reverse();
                finds(board, "zzz", &made.iter().map(|(one, _)| one).collect::<Vec<_>>()).await;
                for q in searches.iter().filter(|q| words(q).next().is_some()) {
                    let naive = made.iter().filter(|(one, asked)| {
                        let (name, value) = &one.labels[0];
                        let id = one.id.to_string();
                        is_found(q, &[&one.task, one.title.as_deref().unwrap(), name, value, asked], &id)
                    });
                    let naive: Vec<_> = naive.map(|(one, _)| one.clone()).collect();
                    let found = search(board, q, ListSessions::default()).await;
                    assert_eq!((found.sessions, found.is_complete), (naive, true), "{q:?}");
                }
            }
        });
    }
}

/// The index of a board's file, and the board.
fn board_with_index() -> (tempfile::TempDir, PathBuf, Board) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let board = Board::at(&path);
    (folder, support::beside(&path, "-search"), board)
}

/// What an index lacks is found when the database is opened again, whatever became of the index.
#[tokio::test]
async fn an_index_that_is_lost_damaged_or_behind_is_made_whole() {
    let (folder, index, mut board) = board_with_index();
    let damage: [&dyn Fn(); 6] = [
        &|| std::fs::remove_file(&index).unwrap(),
        &|| std::fs::write(&index, "no database").unwrap(),
        &|| {
            // As a server leaves it that is killed before anything is written.
            let behind =
                "DELETE FROM texts; INSERT INTO search (search) VALUES ('delete-all'); UPDATE state SET until = 0";
            rusqlite::Connection::open(&index).unwrap().execute_batch(behind).unwrap();
        },
        &|| {
            // What is missing changed long before.
            let lacks = "DELETE FROM search WHERE rowid = (SELECT min(session) FROM texts);
                DELETE FROM texts WHERE session = (SELECT min(session) FROM texts)";
            rusqlite::Connection::open(&index).unwrap().execute_batch(lacks).unwrap();
        },
        &|| {
            let gone =
                "INSERT INTO texts VALUES (1, 0, 'order'); INSERT INTO search (rowid, words) VALUES (1, 'order')";
            rusqlite::Connection::open(&index).unwrap().execute_batch(gone).unwrap();
        },
        &|| {
            let later = "UPDATE state SET last_event = 1000";
            rusqlite::Connection::open(&index).unwrap().execute_batch(later).unwrap();
        },
    ];
    let mut all: Vec<Summary> = Vec::new();
    for break_it in damage {
        let end = ended(Status::Completed, 1);
        let one = titled(&board, "an order");
        board.write([create(&one), update(&one, 1, &end)]).await;
        all.insert(0, Summary { state: end, ..one });
        finds(&board, "order", &all.iter().collect::<Vec<_>>()).await;
        board.store.close().await;
        break_it();
        board = Board::at(&folder.path().join("board.db"));
        finds(&board, "order", &all.iter().collect::<Vec<_>>()).await;
        let counts = board.store.count(vec!["order".into()], ListSessions::default()).await.unwrap();
        assert_eq!(counts.by_status, [(Status::Completed, all.len() as u64)]);
    }
    let texts = rusqlite::Connection::open(&index).unwrap();
    let kept: i64 = texts.query_row("SELECT count(*) FROM texts", [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(kept).unwrap(), all.len(), "what is gone is not kept");
}

#[tokio::test]
async fn an_index_that_is_deleted_while_it_is_used_is_made_anew() {
    let (_folder, index, mut board) = board_with_index();
    let one = titled(&board, "an order");
    board.write([create(&one)]).await;
    finds(&board, "order", &[&one]).await;
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(support::beside(&index, ending)).unwrap();
    }
    let other = titled(&board, "another order");
    board.write([create(&other)]).await;
    finds(&board, "order", &[&other, &one]).await;
}

#[tokio::test]
async fn an_index_is_its_owners_only_and_no_part_of_a_copy() {
    let (folder, index, mut board) = board_with_index();
    let path = folder.path().join("board.db");
    let one = titled(&board, "an order");
    board.write([create(&one)]).await;
    finds(&board, "order", &[&one]).await;
    for ending in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(support::beside(&index, ending)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{ending}");
    }
    let copy = folder.path().join("copy.db");
    crate::backup(&support::settings(&path), &copy).unwrap();
    assert!(!support::beside(&copy, "-search").exists());
    let later = titled(&board, "a later order");
    board.write([create(&later)]).await;
    finds(&board, "order", &[&later, &one]).await;
    board.store.close().await;
    crate::restore(&support::settings(&path), &copy).unwrap();
    let board = Board::at(&path);
    finds(&board, "order", &[&one]).await;
}
