//! Copies of a database.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::support::{Board, beside, create, settings, summary};
use crate::{Error, Store, Summary, backup, restore};

fn reason<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(Error::Unusable(reason)) => reason,
        other => panic!("it was not refused: {other:?}"),
    }
}

/// A database with one session, and the secret that its key has sealed.
async fn board(path: &Path) -> (Board, Summary, String) {
    let mut board = Board::at(path);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    let sealed = board.store.seal(b"secret");
    (board, one, sealed)
}

#[tokio::test]
async fn a_copy_is_made_while_the_database_is_used_and_is_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("board.db"), folder.path().join("copy.db"));
    let (mut used, one, sealed) = board(&path).await;
    let copied = backup(&settings(&path), &copy).unwrap();
    assert_eq!((copied.sessions, copied.replaced), (1, None));
    assert_eq!(copied.key.as_deref(), Some(beside(&copy, ".key").as_path()));
    for file in [&copy, &beside(&copy, ".key")] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
    }
    assert!(!beside(&copy, "-wal").exists() && !beside(&copy, ".part").exists());
    let later = summary(&used.store, 0);
    used.write([create(&later)]).await;
    assert!(matches!(used.store.health(), crate::Health::Well));
    let other = Store::open(&settings(&copy), 2).unwrap();
    assert_eq!(other.find(one.id).await.unwrap(), Some(one));
    assert_eq!(other.find(later.id).await.unwrap(), None);
    assert_eq!(other.unseal(&sealed).unwrap(), b"secret");
}

#[tokio::test]
async fn a_copy_is_put_back_and_what_was_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("board.db"), folder.path().join("copy.db"));
    let (used, one, sealed) = board(&path).await;
    backup(&settings(&path), &copy).unwrap();
    used.store.close().await;
    drop(used);
    fs::remove_file(beside(&path, ".key")).unwrap();
    let later = {
        let mut board = Board::at(&path);
        let later = summary(&board.store, 0);
        board.write([create(&later)]).await;
        board.store.close().await;
        later
    };
    let restored = restore(&settings(&path), &copy).unwrap();
    assert_eq!(restored.sessions, 1);
    {
        let store = Store::open(&settings(&path), 2).unwrap();
        assert_eq!(store.find(one.id).await.unwrap(), Some(one));
        assert_eq!(store.find(later.id).await.unwrap(), None);
        assert_eq!(store.unseal(&sealed).unwrap(), b"secret");
    }
    let old = Store::open(&settings(&restored.replaced.unwrap()), 2).unwrap();
    assert_eq!(old.find(later.id).await.unwrap(), Some(later));
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_in_use_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("board.db"), folder.path().join("copy.db"));
    let (used, ..) = board(&path).await;
    backup(&settings(&path), &copy).unwrap();
    assert!(reason(backup(&settings(&path), &copy)).contains("is there already"));
    assert!(reason(restore(&settings(&path), &copy)).contains("another Callboard uses"));
    used.store.close().await;
    let before = fs::read(&path).unwrap();
    for wrong in ["", "no database", "SQLite format 3\0 and no more"] {
        let bad = folder.path().join("bad.db");
        fs::write(&bad, wrong).unwrap();
        reason(restore(&settings(&path), &bad));
        assert_eq!(fs::read(&path).unwrap(), before, "{wrong:?}");
    }
    assert!(reason(restore(&settings(&path), &folder.path().join("missing.db"))).contains("missing.db"));
    let memory = crate::Settings { url: "memory:".into(), ..crate::Settings::default() };
    assert!(reason(backup(&memory, &folder.path().join("more.db"))).contains("sqlite:PATH"));
    let none = settings(&folder.path().join("none.db"));
    assert!(reason(backup(&none, &folder.path().join("more.db"))).contains("none.db"));
    assert!(!folder.path().join("none.db").exists() && !folder.path().join("more.db").exists());
}
