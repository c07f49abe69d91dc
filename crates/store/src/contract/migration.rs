//! Databases of older versions: what an older server wrote is there, and belongs to the server.

use rusqlite::Connection;

use super::support::{ALL, Board, SERVER, append, create, state, summary};
use crate::Precondition::Version;
use crate::{Append, Change, EventSpan, ListRequests, RequestOrder, Summary};
use callboard_domain::answerers::Answerers;
use callboard_domain::burst::BurstBuilder;
use callboard_domain::entry::Entry;
use callboard_domain::id::RequestId;
use callboard_domain::record::Internal;
use callboard_domain::status::Status;
use callboard_domain::time::Timestamp;

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
        let events = store.events(None, 0, usize::MAX).await.unwrap();
        assert!(events.iter().all(|row| row.owner == SERVER), "{events:?}");
        assert_eq!(store.event_span().await.unwrap(), EventSpan { first_seq: 1, last_seq: 2 + opening });
        let expected = Version(workflow.version);
        store.put_document(&SERVER, "workflows", "a", "later".into(), expected).await.unwrap();
        let next = store.record_one(super::events::new("custom.a", 1)).await.unwrap();
        assert_eq!(next.event.seq, Some(3 + opening));
    }
}

#[tokio::test]
async fn the_open_questions_of_an_older_database_are_found_in_its_journals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("board.db");
    let moment = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let (answered, open) = (RequestId::random(), RequestId::random());
    let ask = |request_id| Entry::RequestConfirmation {
        request_id,
        message: "Go?".into(),
        timeout: None,
        expires_at: None,
        default: None,
        context: None,
        answerers: Answerers::default(),
    };
    let waiting;
    {
        let mut board = Board::at(&path);
        waiting = Summary { state: state(Status::WaitingConfirmation), ..summary(&board.store, 0) };
        let mut journal = BurstBuilder::default();
        journal.append(&ask(answered), None, 1, moment(1));
        journal.append(&ask(open), None, 2, moment(2));
        journal.note(&Internal::Deadline { request_id: open, at: moment(9), default: None });
        let (by, value) = ("ada".to_owned(), Some(true));
        let (values, timed_out, withdrawn) = (None, false, false);
        let answers = Vec::new();
        let answer = Entry::Answered { request_id: answered, by, value, values, timed_out, withdrawn, answers };
        journal.append(&answer, None, 3, moment(3));
        let row = Append { body: journal.finish().body, ..append(&waiting, 1, Change::None) };
        let first = Append { body: "".into(), ..create(&waiting) };
        board.write([first, row]).await;
        board.store.close().await;
    }
    let old = "DROP TABLE requests; DROP TABLE asked; DROP TABLE seal; DROP INDEX sessions_owner; DROP INDEX events_owner; \
               ALTER TABLE sessions DROP COLUMN title; PRAGMA user_version = 5;";
    Connection::open(&path).unwrap().execute_batch(old).unwrap();
    let board = Board::at(&path);
    let order = RequestOrder::Deadline;
    let (owner, task, after) = (None, None, None);
    let (also_asking, asking) = (Vec::new(), None);
    let query = ListRequests { owner, also_asking, asking, task, order, after, limit: 10, max_bytes: usize::MAX };
    let found = board.store.requests(query).await.unwrap().requests;
    let [request] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (request.place.request_id, request.place.asked_at, request.expires_at),
        (open, moment(2), Some(moment(9)))
    );
    let json: serde_json::Value = serde_json::from_slice(&request.json).unwrap();
    assert_eq!(json["session_id"], waiting.id.to_string());
    assert_eq!(json["message"], "Go?");
}
