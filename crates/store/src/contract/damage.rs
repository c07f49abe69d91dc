//! Files that cannot be used: each is refused with a sentence that names it and says what to do, and left as it is.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;

use super::support::{ALL, Board, SERVER, beside, body, create, refusal, settings, summary, update};
use crate::Precondition::{Absent, Version};
use crate::contract::support::{append, state};
use crate::{Change, ClusterSettings, Error, JournalRange, ListSessions, Settings, Store, Summary};
use callboard_domain::status::Status;

/// A database with some sessions in it, closed.
async fn written(path: &Path) -> Vec<Summary> {
    let mut board = Board::at(path);
    let made: Vec<_> = (0..20).map(|_| summary(&board.store, 0)).collect();
    board.write(made.iter().map(create)).await;
    for one in &made {
        board.write((1..10).map(|row| append(one, row, Change::None))).await;
    }
    assert_eq!(board.store.close().await, 0);
    made
}

fn assert_says(refusal: &str, path: &Path, word: &str) {
    assert!(refusal.contains(path.to_str().unwrap()) && refusal.contains(word), "{refusal:?} should say {word:?}");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let made = written(&path).await;
    assert!(!beside(&path, "-wal").exists(), "closing empties the log");
    let board = Board::at(&path);
    for one in &made {
        assert_eq!(board.store.find(one.id).await.unwrap().as_ref(), Some(one));
        let rows = board.store.journal(one.key, ALL).await.unwrap();
        assert_eq!(rows.len(), 10);
        assert!(rows.iter().all(|row| row.body == body(one, row.row)));
    }
    assert!(board.store.next_key(1) > made.last().unwrap().key);
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_and_keeps_its_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let made = written(&path).await;
    let first = "DROP TABLE documents; DROP TABLE events; DROP TABLE requests; DROP TABLE asked; \
                 DROP TABLE seal; ALTER TABLE sessions DROP COLUMN title; \
                 DROP INDEX sessions_execution; DROP INDEX sessions_owner; DROP TABLE idempotency; \
                 CREATE TABLE idempotency (key TEXT PRIMARY KEY, digest BLOB NOT NULL, session INTEGER NOT NULL) \
                 STRICT, WITHOUT ROWID; ALTER TABLE sessions DROP COLUMN execution_id; PRAGMA user_version = 1";
    Connection::open(&path).unwrap().execute_batch(first).unwrap();
    for version in 1..3 {
        let board = Board::at(&path);
        for one in &made {
            assert_eq!(board.store.find(one.id).await.unwrap().as_ref(), Some(one));
            assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 10);
        }
        let expected = if version == 1 { Absent } else { Version(1) };
        let put = board.store.put_document(&SERVER, "workflows", "one", "{}".into(), expected).await.unwrap();
        assert_eq!(put.version, version);
    }
}

#[tokio::test]
async fn a_document_is_there_after_a_reopen_and_after_a_close_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut last = None;
    for round in 0..4 {
        let board = Board::at(&path);
        assert_eq!(board.store.document(&SERVER, "workflows", "\u{0}ключ").await.unwrap(), last);
        let expected = last.map_or(Absent, |last| Version(last.version));
        let body = format!("{round}\u{0}");
        last = Some(board.store.put_document(&SERVER, "workflows", "\u{0}ключ", body, expected).await.unwrap());
        if round % 2 == 0 {
            board.store.close().await;
        }
    }
}

#[tokio::test]
async fn a_key_is_above_all_others_though_the_clock_went_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut board = Board::at(&path);
    let mut late = summary(&board.store, 0);
    late.key.0 += 1 << 50;
    board.write([create(&late)]).await;
    drop(board);
    let board = Board::at(&path);
    assert!(board.store.next_key(0) > late.key && board.store.next_key(1) > late.key);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_though_nobody_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut board = Board::at(&path);
    let one = summary(&board.store, 0);
    board.write([create(&one), update(&one, 1, &state(Status::WaitingInput))]).await;
    drop(board);
    let board = Board::at(&path);
    assert_eq!(board.store.journal(one.key, ALL).await.unwrap().len(), 2);
    assert_eq!(board.store.find(one.id).await.unwrap().unwrap().state.status, Status::WaitingInput);
}

#[tokio::test]
async fn a_secret_survives_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let sealed = Board::at(&path).store.seal(b"hunter2");
    assert_eq!(Board::at(&path).store.unseal(&sealed).unwrap(), b"hunter2");
    fs::remove_file(beside(&path, ".key")).unwrap();
    assert!(matches!(Board::at(&path).store.unseal(&sealed), Err(Error::Unusable(_))));
}

#[tokio::test]
async fn a_database_is_not_opened_with_another_key_than_its_secrets_were_sealed_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let other = STANDARD.encode([7; 32]);
    let keyed = |key: Option<&str>| Settings { secret_key: key.map(|key| key.to_owned().into()), ..settings(&path) };
    let with = |key: Option<&str>| Store::open(&keyed(key), 1);
    assert!(with(Some(&other)).is_ok(), "nothing is kept there yet");
    let sealed = {
        let board = Board::at(&path);
        board.store.put_document(&SERVER, "a", "b", "{}".into(), Absent).await.unwrap();
        board.store.seal(b"hunter2")
    };
    let text = fs::read_to_string(beside(&path, ".key")).unwrap();
    let Err(Error::Unusable(refused)) = with(Some(&other)) else { panic!("it was opened") };
    assert!(refused.contains("store.secret_key") && refused.contains("board.db.key"), "{refused}");
    let beside_it = Store::open_beside(&keyed(Some(&other)), &ClusterSettings::default());
    let Err(Error::Unusable(refused)) = beside_it else { panic!("it was opened") };
    assert!(refused.contains("store.secret_key"), "{refused}");
    fs::write(beside(&path, ".key"), &other).unwrap();
    let Err(Error::Unusable(refused)) = with(None) else { panic!("it was opened") };
    assert!(refused.contains("board.db.key") && refused.contains("move the file away"), "{refused}");
    assert_eq!(with(Some(&text)).unwrap().unseal(&sealed).unwrap(), b"hunter2");
    // Whoever has lost the key goes on with a new one.
    fs::remove_file(beside(&path, ".key")).unwrap();
    let again = with(None).unwrap().seal(b"hunter3");
    assert_eq!(with(None).unwrap().unseal(&again).unwrap(), b"hunter3");
    // Whoever finds it again goes back to it.
    assert_eq!(with(Some(&text)).unwrap().unseal(&sealed).unwrap(), b"hunter2");
    assert_eq!(with(None).unwrap().unseal(&again).unwrap(), b"hunter3");
    assert!(with(Some(&other)).is_err());
}

#[tokio::test]
async fn one_database_serves_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let board = Board::at(&path);
    assert_says(&refusal(&path), &path, "another Callboard");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("alias")).unwrap();
    assert_says(&refusal(&folder.path().join("alias/board.db")), &path, "another Callboard");
    board.store.close().await;
    Board::at(&path);
}

#[test]
fn a_file_of_another_kind_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    for bytes in [&b"dear diary"[..], &[0; 4096], &[0xff; 100_000]] {
        fs::write(&path, bytes).unwrap();
        assert_says(&refusal(&path), &path, "not a database");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_file_that_is_cut_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    written(&path).await;
    let whole = fs::read(&path).unwrap();
    for length in [3, 16, 60, 99, 100, 512, 4095, 4096, 4097, 8192, whole.len() - 4096, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert_says(&refusal(&path), &path, "damaged");
        assert_eq!(fs::read(&path).unwrap(), whole[..length], "cut to {length}");
    }
}

#[tokio::test]
async fn a_header_with_any_flipped_byte_is_refused_or_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let made = written(&path).await;
    let whole = fs::read(&path).unwrap();
    let all = ListSessions { limit: 100, ..ListSessions::default() };
    let mut refused = 0;
    for at in 0..100 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        let Ok(store) = Store::open(&settings(&path), 2) else {
            refused += 1;
            assert_eq!(fs::read(&path).unwrap(), bytes, "byte {at} was refused, yet the file was changed");
            continue;
        };
        assert_eq!(store.list(all.clone()).await.unwrap().len(), made.len(), "byte {at}");
        for one in &made {
            assert_eq!(store.journal(one.key, ALL).await.unwrap().len(), 10, "byte {at}");
        }
    }
    assert!(refused > 50, "only {refused} bytes matter");
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_never_an_empty_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let made = written(&path).await;
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    if let Ok(store) = Store::open(&settings(&path), 2) {
        assert!(matches!(store.find(made[0].id).await, Err(Error::Unusable(_))));
        assert!(matches!(store.journal(made[0].key, ALL).await, Err(Error::Unusable(_))));
    }
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    for sql in [
        "CREATE TABLE notes (text)",
        "CREATE TABLE sessions (key); PRAGMA user_version = 1",
        "PRAGMA application_id = 7; CREATE TABLE notes (text)",
        "PRAGMA application_id = 7; PRAGMA user_version = 3",
    ] {
        let _ = fs::remove_file(&path);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_says(&refusal(&path), &path, "another program");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[tokio::test]
async fn the_database_of_a_newer_server_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    written(&path).await;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_says(&refusal(&path), &path, "newer Callboard");
}

#[tokio::test]
async fn a_database_that_lacks_a_table_or_index_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    for sql in [
        "DROP TABLE documents",
        "DROP TABLE idempotency",
        "DROP INDEX sessions_live",
        "ALTER TABLE journal ADD COLUMN more BLOB",
    ] {
        let path = folder.path().join(format!("{}.db", sql.len()));
        written(&path).await;
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_says(&refusal(&path), &path, "damaged");
    }
}

#[tokio::test]
async fn what_an_operator_adds_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let made = written(&path).await;
    let sql = "CREATE INDEX mine ON sessions (owner); CREATE VIEW seen AS SELECT key FROM sessions; VACUUM";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    assert!(Board::at(&path).store.find(made[0].id).await.unwrap().is_some());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    let missing = folder.path().join("missing/board.db");
    assert_says(&refusal(&missing), &folder.path().join("missing"), "make it");
    assert!(!folder.path().join("missing").exists());
    assert_says(&refusal(&file.join("board.db")), &file, "choose another place");
    assert_says(&refusal(folder.path()), folder.path(), "is a folder");
    // Nobody may write here, not even the administrator.
    let proc = Path::new("/proc/board.db");
    assert_says(&refusal(proc), proc, "write access");
}

#[test]
fn an_empty_file_is_a_new_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    fs::write(&path, "").unwrap();
    Store::open(&settings(&path), 2).unwrap();
}

#[test]
fn settings_that_name_no_store_are_refused() {
    for url in ["", "sqlite:", "redis://there", "memory:there", "board.db"] {
        let settings = crate::Settings { url: url.into(), ..Default::default() };
        assert!(matches!(Store::open(&settings, 2), Err(Error::Unusable(_))), "{url:?}");
    }
    let memory = crate::Settings { url: "memory:".into(), ..Default::default() };
    for workers in [0, 65] {
        assert!(matches!(Store::open(&memory, workers), Err(Error::Unusable(_))));
    }
    let key = crate::Settings { secret_key: Some("short".to_owned().into()), ..memory };
    assert!(matches!(Store::open(&key, 2), Err(Error::Unusable(_))));
}

#[tokio::test]
async fn the_log_stays_short_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let mut board = Board::at(&path);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    let body = bytes::Bytes::from(vec![b'x'; 32 << 10]);
    for row in 1..=2496 {
        let mut append = append(&one, row, Change::None);
        append.body = body.clone();
        if row % 16 == 0 { board.write([append]).await } else { board.store.append(append) }
    }
    let log = fs::metadata(beside(&path, "-wal")).unwrap().len();
    assert!(log < 40 << 20, "80 MB of rows made a log of {log} bytes");
    let last = JournalRange { after_row: Some(2490), ..ALL };
    assert_eq!(board.store.journal(one.key, last).await.unwrap().len(), 6);
}
