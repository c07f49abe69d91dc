//! Changes of documents beside a server that uses the store.

use callboard_domain::owner::Owner;

use super::redis_server;
use super::support::{Board, create, new_cluster, redis_settings, settings, summary};
use crate::{ClusterSettings, Error, Health, Precondition, Settings, Store};

const COLLECTION: &str = "keys";

async fn put(store: &Store, id: &str) {
    store.put_document(&Owner::SERVER, COLLECTION, id, "{}".into(), Precondition::Absent).await.unwrap();
}

async fn ids(store: &Store) -> Vec<String> {
    let found = store.documents(&Owner::SERVER, COLLECTION, None, 10).await.unwrap();
    found.into_iter().map(|document| document.id).collect()
}

fn beside(settings: &Settings) -> Result<Store, Error> {
    Store::open_beside(settings, &ClusterSettings::default())
}

/// Changes documents beside whoever has the board's store, and looks whether that one goes on as before.
async fn change_beside(mut board: Board, open: impl FnOnce() -> Result<Store, Error>) {
    put(&board.store, "a").await;
    let other = open().unwrap();
    assert_eq!(ids(&other).await, ["a"]);
    put(&other, "b").await;
    other.remove_document(&Owner::SERVER, COLLECTION, "a", Precondition::Anything).await.unwrap();
    assert_eq!(ids(&board.store).await, ["b"]);
    let one = summary(&board.store, 0);
    board.write([create(&one)]).await;
    assert!(other.remove(one.key).await.is_err(), "sessions are the server's own");
    other.close().await;
    let later = summary(&board.store, 0);
    board.write([create(&later)]).await;
    put(&board.store, "c").await;
    assert_eq!(ids(&board.store).await, ["b", "c"]);
    assert!(matches!(board.store.health(), Health::Well));
}

#[tokio::test]
async fn documents_are_changed_beside_a_server_which_goes_on_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    change_beside(Board::at(&path), || beside(&settings(&path))).await;
}

#[tokio::test]
async fn documents_are_changed_beside_a_member_on_redis_which_goes_on_as_before() {
    let Some(port) = redis_server::shared() else { return };
    let cluster = new_cluster();
    let board = Board::redis_at(port, &cluster);
    change_beside(board, || Store::open_beside(&redis_settings(port), &cluster)).await;
}

#[tokio::test]
async fn what_is_changed_while_no_server_runs_is_there_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    for (at, id) in ["a", "b"].into_iter().enumerate() {
        let store = beside(&settings(&path)).unwrap();
        assert_eq!(ids(&store).await.len(), at, "the first of them makes the database");
        put(&store, id).await;
        store.close().await;
    }
    assert_eq!(ids(&Store::open(&settings(&path), 2).unwrap()).await, ["a", "b"]);
    let memory = Settings { url: "memory:".into(), ..Settings::default() };
    assert!(matches!(beside(&memory), Err(Error::Unusable(reason)) if reason.contains("memory")));
}
