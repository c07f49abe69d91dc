//! Copying all that a store has into another.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::support::{
    ALL, Board, SERVER, append, create, ended, new_cluster, redis_settings, settings, summary, update,
};
use super::{events, redis_server};
use crate::Precondition::{Absent, Anything, Version};
use crate::{
    Append, Change, ClusterSettings, Error, Idempotency, ListRequests, ListSessions, Migrated, RequestChange,
    RequestOrder, Settings, Store, StoredRequest, Summary, migrate,
};
use callboard_domain::id::RequestId;
use callboard_domain::listed_request::RequestPlace;
use callboard_domain::owner::Owner;
use callboard_domain::secret::Secret;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

fn file(path: &Path) -> Settings {
    Settings { secret_key: Some(Secret::from(STANDARD.encode([7; 32]))), ..settings(path) }
}

fn open(settings: &Settings, cluster: &ClusterSettings) -> Result<Store, Error> {
    Store::open_as(settings, cluster, 2, std::sync::Arc::new(|_, _| {}))
}

fn question(session: &Summary, at: i64) -> StoredRequest {
    let place = RequestPlace { asked_at: Timestamp::from_micros(at), request_id: RequestId::random() };
    let json = format!(r#"{{"session_id":"{}"}}"#, session.id).into();
    let expires_at = (at % 2 == 0).then(|| Timestamp::from_micros(at + 1));
    StoredRequest { place, expires_at, task: session.task.clone(), owner: session.owner.clone(), json }
}

/// A database with something of everything, and its sessions.
async fn filled(folder: &TempDir) -> (PathBuf, Vec<Summary>) {
    let path = folder.path().join("from.db");
    let mut board = Board::of(open(&file(&path), &ClusterSettings::default()).unwrap(), None);
    let ada: Owner = "Ada".parse().unwrap();
    let mut sessions = Vec::new();
    for number in 0..7_i64 {
        let mut one = summary(&board.store, 0);
        if number % 2 == 0 {
            one.owner = ada.clone();
            one.execution_id = Some(format!("run-{number}").parse().unwrap());
            one.labels = vec![("a".into(), number.to_string()), ("b".into(), "=".into())];
        }
        let key = Idempotency { key: format!("key {number}"), digest: [u8::try_from(number).unwrap(); 32] };
        let first = append(&one, 0, Change::Create(Box::new(one.clone()), (number < 4).then_some(key)));
        let asked = RequestChange::Opened(Box::new(question(&one, number)), Vec::new());
        let asking = Append { requests: vec![asked], ..append(&one, 1, Change::None) };
        board.store.append_with(first, vec![events::new("custom.a", u64::try_from(number).unwrap())]);
        let mut large = append(&one, 2, Change::None);
        large.body = vec![b'x'; if number == 3 { 3 << 20 } else { 10 }].into();
        board.write([asking, large]).await;
        sessions.push(one);
    }
    let end = ended(Status::Failed, 9);
    board.write([update(&sessions[5], 3, &end)]).await;
    sessions[5].state = end;
    for number in 0..3 {
        board.store.record_one(events::new("custom.b", number)).await.unwrap();
    }
    board.store.purge_events(4).await.unwrap();
    for (owner, collection, id) in [(&SERVER, "a", "x"), (&SERVER, "a", "y/z"), (&ada, "a", "x"), (&ada, "b", "ü")] {
        board.store.put_document(owner, collection, id, format!("{id} {collection}"), Absent).await.unwrap();
    }
    board.store.put_document(&ada, "b", "ü", "again".into(), Version(1)).await.unwrap();
    assert_eq!(board.store.close().await, 0);
    (path, sessions)
}

async fn all_is_there(store: &Store, sessions: &[Summary]) {
    let listed = store.list(ListSessions { limit: 99, ..ListSessions::default() }).await.unwrap();
    assert!(listed.iter().eq(sessions.iter().rev()));
    for one in sessions {
        assert_eq!(
            store.journal(one.key, ALL).await.unwrap().len(),
            if one.state.status == Status::Failed { 4 } else { 3 }
        );
    }
    let found = store.idempotent("Ada".parse().unwrap(), "key 2".into()).await.unwrap();
    assert_eq!(found, Some((sessions[2].id, [2; 32])));
    let query = ListRequests {
        owner: None,
        also_asking: Vec::new(),
        asking: None,
        task: None,
        order: RequestOrder::Deadline,
        after: None,
        limit: 99,
        max_bytes: usize::MAX,
    };
    assert_eq!(store.requests(query).await.unwrap().requests.len(), sessions.len());
    let span = store.event_span().await.unwrap();
    assert_eq!((span.first_seq, span.last_seq), (4, 10));
    let again = store.document(&"Ada".parse().unwrap(), "b", "ü").await.unwrap().unwrap();
    assert_eq!((again.version, again.body.as_str()), (2, "again"));
    let next = store.record_one(events::new("custom.c", 0)).await.unwrap();
    assert_eq!(next.event.seq, Some(11));
}

fn quiet(from: &Settings, to: &Settings, cluster: &ClusterSettings) -> Result<Migrated, Error> {
    migrate(from, to, cluster, |_| {})
}

#[tokio::test]
async fn all_goes_to_redis_and_back_with_one_checksum() {
    let Some(port) = redis_server::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, sessions) = filled(&folder).await;
    let (cluster, redis, back) = (new_cluster(), redis_settings(port), file(&folder.path().join("back.db")));
    let there = quiet(&file(&path), &redis, &cluster).unwrap();
    assert_eq!((there.sessions, there.rows, there.documents, there.events), (7, 22, 4, 7));
    let returned = quiet(&redis, &back, &cluster).unwrap();
    assert_eq!(there, returned);
    all_is_there(&open(&redis, &cluster).unwrap(), &sessions).await;
    all_is_there(&open(&back, &cluster).unwrap(), &sessions).await;
}

#[tokio::test]
async fn a_copy_that_was_broken_off_keeps_servers_away_and_goes_on_where_it_was() {
    let Some(port) = redis_server::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, sessions) = filled(&folder).await;
    let (cluster, redis) = (new_cluster(), redis_settings(port));
    let first = quiet(&file(&path), &redis, &cluster).unwrap();
    // As if it had come no further than to the session that has ended.
    let store = open(&redis, &cluster).unwrap();
    store.remove(sessions[5].key).await.unwrap();
    let label = file(&path).shown_url();
    store.put_document(&SERVER, "server", "migration", label, Anything).await.unwrap();
    drop(store);
    let Err(Error::Unusable(refused)) = open(&redis, &cluster) else { panic!("it was opened") };
    assert!(refused.contains("callboard migrate"), "{refused}");
    let other = file(&folder.path().join("other.db"));
    assert!(quiet(&other, &redis, &cluster).is_err(), "it is of another store");
    assert_eq!(quiet(&file(&path), &redis, &cluster).unwrap(), first);
    all_is_there(&open(&redis, &cluster).unwrap(), &sessions).await;
}

#[tokio::test]
async fn what_is_not_empty_or_has_another_key_is_not_filled() {
    let Some(port) = redis_server::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = filled(&folder).await;
    let (cluster, redis) = (new_cluster(), redis_settings(port));
    let mut board = Board::redis_at(port, &cluster);
    board.write([create(&summary(&board.store, 0))]).await;
    board.store.close().await;
    let refused = quiet(&file(&path), &redis, &cluster).unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
    let other = Settings { secret_key: Some(Secret::from(STANDARD.encode([8; 32]))), ..redis };
    let refused = quiet(&file(&path), &other, &new_cluster()).unwrap_err().to_string();
    assert!(refused.contains("store.secret_key"), "{refused}");
    // The one key of both is not that of the source.
    let source = Settings { secret_key: other.secret_key.clone(), ..file(&path) };
    let refused = quiet(&source, &other, &new_cluster()).unwrap_err().to_string();
    assert!(refused.contains("store.secret_key") && refused.contains(path.to_str().unwrap()), "{refused}");
    let memory = Settings { url: "memory:".into(), ..Settings::default() };
    assert!(quiet(&memory, &file(&folder.path().join("x.db")), &cluster).is_err());
    assert!(open(&file(&path), &cluster).is_ok(), "the source is as it was");
}
