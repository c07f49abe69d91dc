//! The list of those who wait; and real directories, whose sessions come and go.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::*;
use crate::auth::Principal;
use crate::config;
use crate::domain::record::Spec;
use crate::domain::request::Answer;
use crate::domain::status::Status;
use crate::domain::tail::TailLimits;
use crate::event::Events;
use crate::metrics::Metrics;
use crate::session::client::Sessions;
use crate::session::directory::Directory;
use crate::session::directory::completion_waiters::CompletionWaiters;
use crate::session::environment::Environment;
use crate::session::fail::fail;
use crate::session::messages::Completion;
use crate::session::messages::Refused;
use crate::session::permits::Permits;
use crate::session::protocol::{AwaitResumption, Drain, StoreCommitted};
use crate::session::queue::{Queue, Worker};
use crate::session::row_queue::RowQueue;
use crate::session::task::context::TaskContext;
use crate::session::task::kind::{TaskError, TaskKind, TaskResult};
use crate::session::task::kinds::Kinds;
use crate::store::Store;

fn outcome() -> Result<Completion, Refused> {
    Ok(Completion { status: Status::Completed, values: None, error: None })
}

#[test]
fn all_who_wait_for_a_session_get_a_reply_and_no_others() {
    let mut waiters = CompletionWaiters::default();
    let [one, other] = [SessionId::random(), SessionId::random()];
    let mut replies: Vec<_> = [one, one, other]
        .map(|session| {
            let (reply, answer) = oneshot::channel();
            waiters.add(session, reply);
            answer
        })
        .into();
    waiters.reply(one, &outcome());
    assert!(!waiters.are_awaited(one) && waiters.are_awaited(other));
    assert_eq!(replies.remove(0).try_recv(), Ok(outcome()));
    assert_eq!(replies.remove(0).try_recv(), Ok(outcome()));
    assert!(replies[0].try_recv().is_err());
    waiters.reply_to_all(&Refused::ShuttingDown);
    assert_eq!(replies[0].try_recv(), Ok(Err(Refused::ShuttingDown)));
    assert_eq!(waiters.count, 0);
}

#[test]
fn whoever_has_gone_leaves_nothing() {
    let mut waiters = CompletionWaiters::default();
    let session = SessionId::random();
    let mut replies = Vec::new();
    for _ in 0..3 {
        let (reply, answer) = oneshot::channel();
        waiters.add(session, reply);
        replies.push(answer);
    }
    replies.truncate(1);
    waiters.forget_gone();
    assert_eq!((waiters.count, waiters.are_awaited(session)), (1, true));
    replies.clear();
    waiters.forget_gone();
    assert_eq!((waiters.count, waiters.are_awaited(session)), (0, false));
}

/// Asks, and then gives its input or fails where that is a text.
struct Person;

impl TaskKind for Person {
    fn name(&self) -> &str {
        "person"
    }

    fn run(&self, ctx: TaskContext) -> LocalBoxFuture<'static, TaskResult> {
        async move {
            ctx.confirm("Go on?").await;
            ctx.input().as_str().map_or_else(|| Ok(ctx.input().clone()), |text| Err(TaskError::failed(text)))
        }
        .boxed_local()
    }
}

/// The sessions of one directory, which leave memory as soon as they only wait.
fn board() -> (Sessions, Addr<Directory>) {
    board_that_parks_after(0.0)
}

fn board_that_parks_after(park_after: f64) -> (Sessions, Addr<Directory>) {
    let store = Store::open(&crate::store::Settings { url: "memory:".into(), ..Default::default() }, 1).unwrap();
    let mut kinds = Kinds::default();
    kinds.register(Arc::new(Person)).unwrap();
    let kinds = Arc::new(kinds);
    let events = futures::executor::block_on(Events::open(store.clone(), 10, 1000, Vec::new())).unwrap();
    let mut board = None;
    let directory = Directory::create(|context| {
        let itself = actix::AsyncContext::address(context);
        let busy = Duration::from_secs(60);
        let sessions = Sessions::new(Arc::from([itself.clone()]), 0, store.clone(), kinds.clone(), busy);
        let worker = Worker {
            grants: itself.clone().recipient(),
            wanted: itself.clone().recipient(),
            opened: itself.recipient(),
        };
        let environment = Environment {
            worker: 0,
            workers: 1,
            sessions: sessions.clone(),
            store: store.clone(),
            rows: RowQueue::new(store.clone()),
            events: events.clone(),
            kinds,
            settings: config::sessions::Sessions { park_after, ..Default::default() },
            permits: Permits::default(),
            max_pending_rows: 1000,
            mask: Arc::default(),
            metrics: Metrics::install(1).unwrap().sessions(),
            kind_metrics: Default::default(),
        };
        board = Some(sessions);
        let queue = Queue::new(1, vec![worker]).start();
        queue.do_send(AwaitResumption { workers: 0 });
        Directory::new(Rc::new(environment), queue)
    });
    let subscriber = directory.clone();
    store.subscribe_commits(0, move |commit| subscriber.do_send(StoreCommitted { commit }));
    (board.unwrap(), directory)
}

async fn start(sessions: &Sessions, input: Value) -> SessionId {
    let spec = Spec { input, ..Spec::new("person") };
    sessions.start(&Principal::server(), spec, None).await.unwrap().session_id
}

/// Answers the session's question, once it has asked.
async fn answered(sessions: &Sessions, id: SessionId) {
    let server = Principal::server();
    while sessions.answer(&server, id, None, Answer::Confirm(true), None).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn all_hear_of_an_end_over_parking_and_afterwards() {
    let (sessions, _directory) = board();
    for (input, expected) in [
        (json!({"a": 1}), Completion { status: Status::Completed, values: Some(json!({"a": 1})), error: None }),
        (json!("no"), Completion { status: Status::Failed, values: None, error: Some("no".into()) }),
    ] {
        let id = start(&sessions, input).await;
        let waiting = join_all((0..5).map(|_| sessions.completion(id)));
        let answering = async {
            // Several sweeps, in each of which a session that only waits leaves memory.
            tokio::time::sleep(Duration::from_millis(350)).await;
            answered(&sessions, id).await;
        };
        let (heard, ()) = futures::join!(waiting, answering);
        assert_eq!(heard, vec![Ok(expected.clone()); 5]);
        assert_eq!(sessions.completion(id).await, Ok(expected.clone()));
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(sessions.completion(id).await, Ok(expected));
    }
}

#[actix::test]
async fn a_session_that_others_have_written_is_read_anew_and_what_it_did_is_not_acknowledged() {
    let (sessions, _directory) = board_that_parks_after(3600.0);
    let id = start(&sessions, json!({"a": 1})).await;
    let server = Principal::server();
    let answer = || sessions.answer(&server, id, None, Answer::Confirm(true), None);
    while sessions.describe(&server, id).await.unwrap().summary.state.status != Status::WaitingConfirmation {
        tokio::task::yield_now().await;
    }
    let limits = TailLimits { snapshot: 9, bytes: 9999 };
    fail(sessions.store(), limits, id, "it went on elsewhere".into()).await.unwrap();
    // One store serves both writers here, so that the session hears of the other's row: that must be over.
    while sessions.store().find(id).await.unwrap().unwrap().state.status != Status::Failed {
        tokio::task::yield_now().await;
    }
    sessions.describe(&server, id).await.unwrap();
    let waits = sessions.completion(id);
    let (refused, heard) = futures::join!(answer(), waits);
    assert!(matches!(refused, Err(Refused::Unavailable(_))), "{refused:?}");
    let error = Some("it went on elsewhere".to_owned());
    let elsewhere = Completion { status: Status::Failed, values: None, error };
    assert_eq!(heard, Ok(elsewhere.clone()), "who waited hears what the store has");
    assert!(answer().await.is_err(), "its question is closed");
    assert_eq!(sessions.completion(id).await, Ok(elsewhere));
    // Its permit is free, and others go on.
    let other = start(&sessions, json!({"b": 1})).await;
    answered(&sessions, other).await;
    assert_eq!(sessions.completion(other).await.unwrap().status, Status::Completed);
}

#[actix::test]
async fn a_cancel_is_an_end_with_its_reason() {
    let (sessions, _directory) = board();
    let id = start(&sessions, Value::Null).await;
    let server = Principal::server();
    let (heard, cancelled) =
        futures::join!(sessions.completion(id), sessions.cancel(&server, id, Some("enough".into())));
    assert_eq!(cancelled, Ok(Status::Cancelled));
    assert_eq!(heard, Ok(Completion { status: Status::Cancelled, values: None, error: Some("enough".into()) }));
}

#[actix::test]
async fn nobody_waits_for_what_is_not_there_or_goes_down() {
    let (sessions, directory) = board();
    assert_eq!(sessions.completion(SessionId::random()).await, Err(Refused::UnknownSession));
    let id = start(&sessions, Value::Null).await;
    let draining = async {
        tokio::task::yield_now().await;
        directory.send(Drain).await.unwrap();
    };
    let (heard, ()) = futures::join!(sessions.completion(id), draining);
    assert_eq!(heard, Err(Refused::ShuttingDown));
    assert_eq!(sessions.completion(id).await, Err(Refused::ShuttingDown));
}

#[test]
fn the_handle_can_be_used_on_any_thread() {
    fn is_send<T: Clone + Send + 'static>() {}
    is_send::<Sessions>();
}

#[actix::test]
async fn clearing_the_queue_leaves_what_has_got_its_permit() {
    let (sessions, _directory) = board();
    let id = start(&sessions, json!(1)).await;
    // It was in the list of those that wait, and has begun since.
    let left = sessions.cancel_queued(id, "The queue was cleared.".into()).await.unwrap();
    assert!(!left.is_terminal() && left != Status::Queued, "{left:?}");
    answered(&sessions, id).await;
    assert_eq!(sessions.completion(id).await.unwrap().status, Status::Completed);
}
