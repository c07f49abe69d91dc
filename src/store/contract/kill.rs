//! A server that is killed: all that it told is in the file.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::support::{ALL, Board, append, body, create, summary};
use crate::domain::id::SessionId;
use crate::store::Change;

/// Where the process that is to be killed finds its database.
const PLACE: &str = "CALLBOARD_TEST_KILLED_STORE";

/// The other process; does nothing in a usual run of the tests.
#[actix::test]
async fn a_server_that_writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(PLACE) else { return };
    let mut board = Board::at(Path::new(&path));
    let made: Vec<_> = (0..8).map(|worker| summary(&board.store, worker % 2)).collect();
    for one in &made {
        board.store.append(create(one));
    }
    for row in 1.. {
        for one in &made {
            board.store.append(append(one, row, Change::None));
        }
        for (id, row) in board.next().await.unwrap().rows {
            writeln!(std::io::stdout(), "told {id} {row}").unwrap();
        }
    }
}

#[actix::test]
async fn what_was_told_outlives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    for lines in [8, 300, 2000] {
        let mut server = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "store::contract::kill::a_server_that_writes_until_it_is_killed"])
            .env(PLACE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(server.stdout.take().unwrap());
        let mut told = std::collections::HashMap::new();
        for line in output.lines().map_while(Result::ok).filter(|line| line.starts_with("told ")).take(lines) {
            let mut words = line.split(' ').skip(1);
            let id: SessionId = words.next().unwrap().parse().unwrap();
            told.insert(id, words.next().unwrap().parse::<u32>().unwrap());
        }
        server.kill().unwrap();
        server.wait().unwrap();
        let board = Board::at(&path);
        assert!(!told.is_empty());
        for (id, row) in told {
            let one = board.store.find(id).await.unwrap().expect("a session that was told is there");
            let rows = board.store.journal(one.key, ALL).await.unwrap();
            assert!(rows.len() > usize::try_from(row).unwrap(), "row {row} was told, {} are there", rows.len());
            assert!(rows.iter().zip(0..).all(|(found, row)| found.row == row && found.body == body(&one, row)));
        }
    }
}
