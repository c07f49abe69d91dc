//! Sessions that start others and wait for them.

use crate::support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use callboard::session::{ChildSpec, TaskContext, TaskKind};
use futures::future::{Either, select};
use support::journal::{check, streams};
use support::process::{MARK, free_port};
use support::{Api, Setup, Value, eventually, json, kind};

fn child(ctx: &TaskContext) -> ChildSpec {
    let field = |name: &str| ctx.input()[name].clone();
    let task = field("task").as_str().unwrap_or("person").to_owned();
    ChildSpec { task, input: field("input"), config: field("config"), ..ChildSpec::default() }
}

/// Starts the child that its input names, and gives what that gave.
fn parent() -> Arc<dyn TaskKind> {
    kind("parent", |ctx| async move {
        ctx.stream("before").await;
        let value = ctx.child("the child", child(&ctx)).await;
        ctx.stream("after").await;
        Ok(json!({"child": value?}))
    })
}

/// Asks a person, and ends as the input says.
fn person() -> Arc<dyn TaskKind> {
    kind("person", |ctx| async move {
        let yes = ctx.confirm("Go on?").await;
        match ctx.input()["fails"].as_str() {
            Some(error) => Err(error.into()),
            None => Ok(json!({"yes": yes})),
        }
    })
}

fn setup(setup: Setup) -> Setup {
    setup.task(parent()).task(person()).with(|settings| settings.sessions.park_after = 0.02)
}

/// The children of a session that there are, newest first.
async fn children(app: &Api, parent: &str) -> Vec<String> {
    let listed = app.get(&format!("/sessions?label=parent:{parent}")).await.ok();
    let sessions = listed["sessions"].as_array().unwrap();
    sessions.iter().map(|one| one["session_id"].as_str().unwrap().to_owned()).collect()
}

async fn only_child(app: &Api, parent: &str) -> String {
    eventually(
        || "the child is there".into(),
        async || match children(app, parent).await.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            more => panic!("there are several children: {more:?}"),
        },
    )
    .await
}

async fn confirm(app: &Api, id: &str) {
    app.until_status(id, "waiting_confirmation").await;
    app.answer(id, "confirm", json!({"value": true})).await.ok();
}

#[tokio::test]
async fn a_child_gives_its_result_to_its_parent() {
    for base in [Setup::memory(), Setup::sqlite()] {
        let app = setup(base).start().await;
        let body = json!({"task": "parent", "priority": "high"});
        let id = app.start_with(body).await;
        let child = only_child(&app, &id).await;
        let there = app.until_status(&child, "waiting_confirmation").await;
        assert_eq!(there["priority"], "high");
        // Longer than a session that only waits stays in memory.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(app.session(&id).await["status"], "running");
        confirm(&app, &child).await;
        assert_eq!(app.until_status(&id, "completed").await["result"], json!({"child": {"yes": true}}));
        let journal = app.journal(&id).await;
        check(&journal);
        assert_eq!(streams(&journal), ["before", "after"]);
    }
}

#[tokio::test]
async fn a_child_that_does_not_end_well_fails_its_call() {
    let app = setup(Setup::memory()).start().await;
    let failing = json!({"task": "parent", "input": {"input": {"fails": "no paper"}}});
    let id = app.start_with(failing).await;
    confirm(&app, &only_child(&app, &id).await).await;
    assert_eq!(app.until_status(&id, "failed").await["error"], "no paper");

    let id = app.start("parent", json!({})).await;
    let child = only_child(&app, &id).await;
    app.answer(&child, "cancel", json!({"reason": "too late"})).await.ok();
    assert_eq!(app.until_status(&id, "failed").await["error"], "\"the child\" was cancelled: too late");

    let unknown = json!({"task": "parent", "input": {"task": "nothing"}});
    let id = app.start_with(unknown).await;
    let error = "\"the child\" could not be started: there is no task called \"nothing\"";
    assert_eq!(app.until_status(&id, "failed").await["error"], error);
}

#[tokio::test]
async fn a_child_is_cancelled_with_its_parent() {
    for restarted in [false, true] {
        let mut app = setup(Setup::sqlite()).start().await;
        let id = app.start("parent", json!({})).await;
        let child = only_child(&app, &id).await;
        app.until_status(&child, "waiting_confirmation").await;
        if restarted {
            app = app.restart().await;
        }
        app.answer(&id, "cancel", json!({})).await.ok();
        app.until_status(&child, "cancelled").await;
        assert_eq!(app.session(&child).await["error"], "its parent was cancelled");
        assert_eq!(app.session(&id).await["status"], "cancelled");
        check(&app.journal(&id).await);
    }
}

#[tokio::test]
async fn a_child_is_cancelled_when_its_parent_goes_on_or_ends_without_it() {
    let kinds = |then_waits: bool| {
        kind("impatient", move |ctx| async move {
            let waits = ctx.lane("waits");
            let waiting = Box::pin(waits.child("slow", ChildSpec { task: "person".into(), ..ChildSpec::default() }));
            let pause = Box::pin(ctx.sleep(Duration::from_millis(100)));
            let Either::Right(((), waiting)) = select(waiting, pause).await else {
                return Err("it has ended".into());
            };
            if then_waits {
                drop(waiting);
                ctx.confirm("And now?").await;
            }
            Ok(json!("without"))
        })
    };
    for then_waits in [false, true] {
        let mut app = setup(Setup::sqlite()).task(kinds(then_waits)).start().await;
        let id = app.start("impatient", json!({})).await;
        let child = only_child(&app, &id).await;
        app.until_status(&child, "cancelled").await;
        if then_waits {
            app.until_status(&id, "waiting_confirmation").await;
            app = app.restart().await;
            confirm(&app, &id).await;
        }
        assert_eq!(app.until_status(&id, "completed").await["result"], "without");
        assert_eq!(children(&app, &id).await, [child]);
        check(&app.journal(&id).await);
    }
}

#[tokio::test]
async fn a_parent_does_not_keep_the_slot_that_its_child_needs() {
    let setup = setup(Setup::sqlite()).with(|settings| settings.sessions.max_running_sessions = 1);
    let mut app = setup.start().await;
    let streaming = json!({"task": "simulate_streaming", "config": {"steps": 2, "step_delay_ms": 1}});
    let nested = json!({"task": "parent", "input": {"task": "parent", "input": streaming}});
    let id = app.start_with(nested).await;
    app.until_status(&id, "completed").await;
    check(&app.journal(&id).await);

    let id = app.start("parent", json!({})).await;
    let child = only_child(&app, &id).await;
    app.until_status(&child, "waiting_confirmation").await;
    app = app.restart().await;
    confirm(&app, &child).await;
    app.until_status(&id, "completed").await;
}

#[tokio::test]
async fn children_side_by_side_are_each_started_once() {
    let family = kind("family", |ctx| async move {
        let quick = json!({"steps": 2, "step_delay_ms": 1});
        let spec = |task: &str, config| ChildSpec { task: task.into(), config, ..ChildSpec::default() };
        let (one, other) = futures::join!(
            ctx.child("one", spec("person", Value::Null)),
            ctx.child("other", spec("simulate_streaming", quick))
        );
        let question = ctx.lane("asks");
        Ok(json!([one?, other.is_ok(), question.confirm("Done?").await]))
    });
    let mut app = setup(Setup::sqlite()).task(family).start().await;
    let id = app.start("family", json!({})).await;
    for _ in 0..2 {
        eventually(|| "two".into(), async || (children(&app, &id).await.len() == 2).then_some(())).await;
        app = app.restart().await;
    }
    for child in children(&app, &id).await {
        if app.session(&child).await["task"] == "person" {
            confirm(&app, &child).await;
        }
    }
    confirm(&app, &id).await;
    let end = app.until_status(&id, "completed").await;
    assert_eq!(end["result"], json!([{"yes": true}, true, true]));
    assert_eq!(children(&app, &id).await.len(), 2);
    check(&app.journal(&id).await);
}

/// Where the process that is to be killed finds its database, and the port that it listens on.
const PLACE: &str = "CALLBOARD_TEST_PARENTS";

/// The other process; does nothing in a usual run of the tests.
#[test]
fn a_server_with_parents() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let (port, database) = place.split_once(' ').unwrap();
    let mut settings = callboard::config::Settings::default();
    settings.server.workers = 2;
    settings.store.url = format!("sqlite:{database}");
    settings.sessions.max_running_sessions = 1;
    actix::System::new().block_on(async {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap())).unwrap();
        let app = callboard::App::new(settings).unwrap().with_task(parent()).unwrap().with_task(person()).unwrap();
        app.serve(listener, std::future::pending()).await.unwrap();
    });
}

/// That process, killed when it is dropped.
struct Server(Child);

impl Server {
    async fn start(api: &Api, database: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "children::a_server_with_parents"])
            .env(PLACE, format!("{} {}", api.address.port(), database.display()))
            .env(MARK, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(child);
        let ready = async || {
            let answer = api.request(reqwest::Method::GET, "/readyz").send().await;
            answer.is_ok_and(|answer| answer.status() == 200).then_some(())
        };
        eventually(|| "it answers".into(), ready).await;
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_parent_that_is_killed_waits_for_the_same_child_and_completes_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("board.db");
    let api = Api::new(([127, 0, 0, 1], free_port()).into());
    let mut server = Server::start(&api, &database).await;
    let id = api.start("parent", json!({})).await;
    let child = only_child(&api, &id).await;
    for _ in 0..2 {
        api.until_status(&child, "waiting_confirmation").await;
        drop(server);
        server = Server::start(&api, &database).await;
    }
    confirm(&api, &child).await;
    assert_eq!(api.until_status(&id, "completed").await["result"], json!({"child": {"yes": true}}));
    drop(server);
    let _server = Server::start(&api, &database).await;
    assert_eq!(children(&api, &id).await, [child]);
    let journal = api.journal(&id).await;
    check(&journal);
    assert_eq!(streams(&journal), ["before", "after"]);
    assert_eq!(support::journal::all(&journal, "task_completed", "values").len(), 1);
}
