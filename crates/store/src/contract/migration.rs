//! Databases of older versions: what an older server wrote is there, and belongs to the server.

use rusqlite::Connection;

use super::support::{ALL, Board, SERVER};
use crate::EventSpan;
use crate::Precondition::Version;
use callboard_domain::status::Status;

/// Written by a server of then: two sessions, one with an execution id and an idempotency key, three versions of two
/// documents, and two events.
const VERSION_4: &str = include_str!("fixtures/version-4.sql");

#[tokio::test]
async fn a_database_without_owners_becomes_the_servers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    Connection::open(&path).unwrap().execute_batch(VERSION_4).unwrap();
    for opening in 0..2_u64 {
        let board = Board::at(&path);
        let store = &board.store;
        let named = store.execution(SERVER, "exec_old".parse().unwrap()).await.unwrap().unwrap();
        let key = store.idempotent(SERVER, "POST /start-task old".into()).await.unwrap();
        assert_eq!(key, Some((named, [7; 32])));
        assert_eq!(store.idempotent("ada".parse().unwrap(), "POST /start-task old".into()).await.unwrap(), None);
        let one = store.find(named).await.unwrap().unwrap();
        assert_eq!((&one.owner, one.state.status), (&SERVER, Status::Running));
        assert_eq!(store.journal(one.key, ALL).await.unwrap().len(), 2);
        assert!(store.next_key(0) > one.key && store.next_key(1) > one.key);
        let agent = store.document(&SERVER, "agents", "b").await.unwrap().unwrap();
        assert_eq!((agent.version, agent.body.as_str()), (1, "{}"));
        let workflow = store.document(&SERVER, "workflows", "a").await.unwrap().unwrap();
        assert_eq!((workflow.version, workflow.created_at.as_micros()), (2 + opening, 1_795_967_828_582_890));
        let events = store.events(0, usize::MAX).await.unwrap();
        assert!(events.iter().all(|row| row.owner == SERVER), "{events:?}");
        assert_eq!(store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 2 + opening });
        let expected = Version(workflow.version);
        store.put_document(&SERVER, "workflows", "a", "later".into(), expected).await.unwrap();
        let next = store.record_one(super::events::new("custom.a", 1)).await.unwrap();
        assert_eq!(next.event.seq, Some(3 + opening));
    }
}
