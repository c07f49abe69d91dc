//! A database that is moved, removed, replaced or overwritten while it is in use: nothing more is acknowledged, until it is back.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use futures::future::join_all;
use rusqlite::Connection;

use super::support::{ALL, Board, SERVER, append, beside, body, create, in_time, refusal, summary};
use crate::{Change, Health, Precondition, Store, Summary};

/// A database with a session of some rows, opened by a link to its folder, and a copy of it with the first row only.
struct Scene {
    folder: tempfile::TempDir,
    board: Board,
    one: Summary,
}

const ROWS: u32 = 40;

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("real")).unwrap();
        symlink("real", folder.path().join("link")).unwrap();
        let path = folder.path().join("link/board.db");
        let mut board = Board::at(&path);
        let one = summary(&board.store, 0);
        board.write([create(&one)]).await;
        board.store.close().await;
        fs::copy(&path, folder.path().join("copy.db")).unwrap();
        let mut board = Board::at(&path);
        board.write((1..ROWS).map(|row| append(&one, row, Change::None))).await;
        Self { folder, board, one }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until what the log has was moved into the file, as is done while nothing is written.
    async fn checkpoint(&self) {
        let other = Connection::open(self.at("real/board.db")).unwrap();
        let rest = || -> (i32, i32) {
            other.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get(1)?, row.get(2)?))).unwrap()
        };
        while {
            let (pages, moved) = rest();
            pages != moved
        } {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Whoever has moved it looks at the file once more.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// Appends a row, and waits until it is acknowledged or cannot be.
    async fn is_acknowledged(&mut self, row: u32) -> bool {
        self.board.store.append(append(&self.one, row, Change::None));
        let mut health = self.board.store.watch_health();
        let fails = |health: &Health| matches!(health, Health::Failing { is_lasting: true, .. });
        tokio::select! {
            biased;
            _ = health.wait_for(fails) => false,
            () = self.board.written(0, self.one.id, row) => true,
        }
    }
}

fn cut(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[tokio::test]
async fn nothing_is_acknowledged_once_the_files_are_not_those_that_were_opened() {
    type Displace = fn(&Scene);
    let ways: [(&str, Displace); 15] = [
        ("moved", |scene| fs::rename(scene.at("real/board.db"), scene.at("old.db")).unwrap()),
        ("removed", |scene| fs::remove_file(scene.at("real/board.db")).unwrap()),
        ("replaced", |scene| fs::rename(scene.at("copy.db"), scene.at("real/board.db")).unwrap()),
        ("replaced by nothing", |scene| {
            fs::remove_file(scene.at("real/board.db")).unwrap();
            File::create(scene.at("real/board.db")).unwrap();
        }),
        ("overwritten by a copy", |scene| {
            fs::copy(scene.at("copy.db"), scene.at("real/board.db")).unwrap();
        }),
        ("emptied", |scene| cut(&scene.at("real/board.db"), 0)),
        ("cut", |scene| cut(&scene.at("real/board.db"), 8192)),
        ("its folder moved", |scene| fs::rename(scene.at("real"), scene.at("elsewhere")).unwrap()),
        ("its folder removed", |scene| fs::remove_dir_all(scene.at("real")).unwrap()),
        ("its link leads elsewhere", |scene| {
            fs::create_dir(scene.at("new")).unwrap();
            fs::rename(scene.at("copy.db"), scene.at("new/board.db")).unwrap();
            fs::remove_file(scene.at("link")).unwrap();
            symlink("new", scene.at("link")).unwrap();
        }),
        ("its log removed", |scene| fs::remove_file(scene.at("real/board.db-wal")).unwrap()),
        ("its log emptied", |scene| cut(&scene.at("real/board.db-wal"), 0)),
        ("its log cut", |scene| cut(&scene.at("real/board.db-wal"), 100)),
        ("its log overwritten", |scene| {
            let log = fs::read(scene.at("real/board.db-wal")).unwrap();
            let mut file = OpenOptions::new().write(true).open(scene.at("real/board.db-wal")).unwrap();
            file.write_all(&vec![7; log.len()]).unwrap();
        }),
        ("its index removed", |scene| fs::remove_file(scene.at("real/board.db-shm")).unwrap()),
    ];
    let try_one = async |way: &str, displace: Displace, checkpointed: bool| {
        let mut scene = Scene::new().await;
        if checkpointed {
            scene.checkpoint().await;
        }
        displace(&scene);
        assert!(!scene.is_acknowledged(ROWS).await, "{way}: the row is acknowledged");
        let put = scene.board.store.put_document(&SERVER, "a", "b", "{}".into(), Precondition::Anything).await;
        assert!(put.is_err(), "{way}: the document is acknowledged");
        assert_eq!(scene.board.store.close().await, 1, "{way}");
    };
    let tried = ways.into_iter().flat_map(|(way, displace)| {
        // What has been moved out of the log is missed by nobody there, nor what the file had not yet got in it.
        let with_log = (way != "overwritten by a copy").then(|| try_one(way, displace, false));
        let without = (!way.starts_with("its log") || way == "its log removed").then(|| try_one(way, displace, true));
        [with_log, without].into_iter().flatten()
    });
    join_all(tried).await;
}

#[tokio::test]
async fn what_is_cut_right_after_a_write_is_noticed_though_a_checkpoint_follows() {
    type Cut = fn(&Path);
    let ways: [(&str, Cut); 3] = [
        ("emptied", |path| cut(path, 0)),
        ("cut", |path| cut(path, 8192)),
        ("begun with zeros", |path| {
            OpenOptions::new().write(true).open(path).unwrap().write_all(&[0; 8192]).unwrap();
        }),
    ];
    let try_one = async |way: &str, overwrite: Cut| {
        let mut scene = Scene::new().await;
        scene.checkpoint().await;
        // With this row the log begins anew.
        assert!(scene.is_acknowledged(ROWS).await, "{way}");
        overwrite(&scene.at("real/board.db"));
        let mut health = scene.board.store.watch_health();
        let fails = |health: &Health| matches!(health, Health::Failing { is_lasting: true, .. });
        in_time(health.wait_for(fails)).await.unwrap();
        assert!(!scene.is_acknowledged(ROWS + 1).await, "{way}: the row is acknowledged");
        assert_eq!(scene.board.store.close().await, 1, "{way}");
    };
    join_all(ways.map(|(way, overwrite)| try_one(way, overwrite))).await;
}

#[tokio::test]
async fn a_database_that_is_put_back_goes_on_where_it_was() {
    let mut scene = Scene::new().await;
    let moves = [("real/board.db", "old.db"), ("real", "elsewhere"), ("real/board.db-wal", "wal")];
    for (row, (from, to)) in (ROWS..).zip(moves) {
        fs::rename(scene.at(from), scene.at(to)).unwrap();
        assert!(!scene.is_acknowledged(row).await, "{from}");
        fs::rename(scene.at(to), scene.at(from)).unwrap();
        scene.board.written(0, scene.one.id, row).await;
        assert_eq!(scene.board.store.health(), Health::Well);
    }
    scene.board.store.close().await;
    let board = Board::at(&scene.at("real/board.db"));
    let rows = board.store.journal(scene.one.key, ALL).await.unwrap();
    assert!(rows.iter().zip(0..ROWS + 3).all(|(found, row)| found.row == row && found.body == body(&scene.one, row)));
    assert_eq!(rows.len(), ROWS as usize + 3);
}

#[tokio::test]
async fn a_loss_is_noticed_while_nothing_is_written() {
    let scene = Scene::new().await;
    let mut health = scene.board.store.watch_health();
    fs::rename(scene.at("real/board.db"), scene.at("old.db")).unwrap();
    health.wait_for(|health| *health != Health::Well).await.unwrap();
    fs::rename(scene.at("old.db"), scene.at("real/board.db")).unwrap();
    health.wait_for(|health| *health == Health::Well).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_was_put_in_place_is_what_the_next_start_finds() {
    let ways: [fn(&Scene); 2] = [
        |scene| fs::rename(scene.at("copy.db"), scene.at("real/board.db")).unwrap(),
        |scene| {
            fs::copy(scene.at("copy.db"), scene.at("real/board.db")).unwrap();
        },
    ];
    for put in ways {
        let mut scene = Scene::new().await;
        scene.checkpoint().await;
        put(&scene);
        assert!(!scene.is_acknowledged(ROWS).await);
        scene.board.store.close().await;
        let board = Board::at(&scene.at("real/board.db"));
        assert_eq!(
            board.store.journal(scene.one.key, ALL).await.unwrap().len(),
            1,
            "the log of before is not taken for its"
        );
        board.store.close().await;
        let whole: String = Connection::open(scene.at("real/board.db"))
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok");
    }
}

#[tokio::test]
async fn all_that_was_acknowledged_is_in_a_file_that_was_moved_away() {
    let mut scene = Scene::new().await;
    fs::rename(scene.at("real/board.db"), scene.at("old.db")).unwrap();
    assert!(!scene.is_acknowledged(ROWS).await);
    let board = Board::at(&scene.at("old.db.copy"));
    board.store.close().await;
    fs::copy(scene.at("old.db"), scene.at("taken.db")).unwrap();
    let board = Board::at(&scene.at("taken.db"));
    // The row that was refused may have got there before that was noticed.
    assert!(board.store.journal(scene.one.key, ALL).await.unwrap().len() >= ROWS as usize);
}

#[tokio::test]
async fn what_others_may_do_with_the_files_is_no_loss() {
    type Visit = fn(&Scene);
    let run = |scene: &Scene, sql: &str| {
        Connection::open(scene.at("real/board.db")).unwrap().execute_batch(sql).unwrap();
    };
    let visits: [(&str, Visit); 8] = [
        ("read", |scene| {
            let other = Connection::open(scene.at("real/board.db")).unwrap();
            let rows: u32 = other.query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
            assert!(rows >= ROWS);
        }),
        ("backed up", |scene| {
            let copy = scene.at("backup.db").display().to_string();
            Connection::open(scene.at("real/board.db")).unwrap().execute("VACUUM INTO ?1", [&copy]).unwrap();
            fs::remove_file(copy).unwrap();
        }),
        ("copied", |scene| {
            fs::copy(scene.at("real/board.db"), scene.at("copied.db")).unwrap();
        }),
        ("linked", |scene| {
            let _ = fs::hard_link(scene.at("real/board.db"), scene.at("linked.db"));
        }),
        ("touched", |scene| {
            let file = OpenOptions::new().write(true).open(scene.at("real/board.db")).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
        }),
        ("given other rights", |scene| {
            fs::set_permissions(scene.at("real/board.db"), fs::Permissions::from_mode(0o640)).unwrap();
        }),
        ("moved and moved back", |scene| {
            fs::rename(scene.at("real"), scene.at("elsewhere")).unwrap();
            fs::rename(scene.at("elsewhere"), scene.at("real")).unwrap();
        }),
        ("moved through its link", |scene| {
            fs::remove_file(scene.at("link")).unwrap();
            symlink(scene.at("real"), scene.at("link")).unwrap();
        }),
    ];
    let changes =
        ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "VACUUM; PRAGMA wal_checkpoint(RESTART)", "PRAGMA optimize"];
    let mut scene = Scene::new().await;
    let mut row = ROWS;
    for round in 0..3 {
        for (visit, go) in &visits {
            go(&scene);
            assert!(scene.is_acknowledged(row).await, "{visit} in round {round}");
            row += 1;
        }
        for sql in changes {
            run(&scene, sql);
            assert!(scene.is_acknowledged(row).await, "{sql} in round {round}");
            row += 1;
        }
        scene.checkpoint().await;
    }
}

#[tokio::test]
async fn another_name_of_the_file_does_not_let_a_second_server_in() {
    let scene = Scene::new().await;
    fs::remove_file(scene.at("real/board.db.lock")).unwrap();
    let says = |name: &str| {
        let refusal = refusal(&scene.at(name));
        assert!(refusal.contains("another Callboard uses"), "{name}: {refusal}");
    };
    says("real/board.db");
    fs::hard_link(scene.at("real/board.db"), scene.at("hard.db")).unwrap();
    symlink("real/board.db", scene.at("soft.db")).unwrap();
    says("hard.db");
    says("soft.db");
    scene.board.store.close().await;
    drop(scene.board);
    Store::open(&super::support::settings(&scene.folder.path().join("hard.db")), 2).unwrap();
}

#[tokio::test]
async fn the_files_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let modes = || {
        let mode = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
        };
        let mut modes: Vec<_> = fs::read_dir(folder.path()).unwrap().map(mode).collect();
        modes.sort();
        modes
    };
    for round in 0..3 {
        let board = Board::at(&path);
        super::search::finds(&board, "nothing", &[]).await;
        let endings = ["", "-search", "-search-shm", "-search-wal", "-shm", "-wal", ".key", ".lock"];
        let all: Vec<_> = endings.map(|ending| (format!("board.db{ending}"), 0o600)).into();
        assert_eq!(modes(), all, "round {round}");
        board.store.close().await;
        drop(board);
        // As an older server left them, or an operator's copy.
        for (name, _) in modes() {
            let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::write(beside(&path, "-journal"), "").unwrap();
        fs::remove_file(beside(&path, "-journal")).unwrap();
    }
}
