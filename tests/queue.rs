//! What limits sessions: permits, the queue, time-outs, patience without connections, retention.

use crate::support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callboard::session::TaskKind;
use futures::future::join_all;
use support::journal::check;
use support::{Setup, TestApp, Value, eventually, journal, json, kind};
use tokio::sync::watch;

/// What tasks of the kind `gated` do, seen from outside.
#[derive(Clone)]
struct Gate {
    /// How many may end, by the order of their start.
    open: watch::Sender<usize>,
    /// How many run now, and the most that ever ran at once.
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    /// The labels of those that began, in order.
    began: Arc<Mutex<Vec<String>>>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Gate {
    fn new() -> Self {
        Self { open: watch::channel(0).0, running: Arc::default(), most: Arc::default(), began: Arc::default() }
    }

    /// Tasks that run until the gate has opened for them, and that ask something first where their input says so.
    fn kind(&self) -> Arc<dyn TaskKind> {
        let gate = self.clone();
        kind("gated", move |ctx| {
            let gate = gate.clone();
            async move {
                if ctx.input()["asks"] == true {
                    ctx.confirm("Go?").await;
                }
                let now = gate.running.fetch_add(1, Ordering::SeqCst) + 1;
                let _running = Running(gate.running.clone());
                gate.most.fetch_max(now, Ordering::SeqCst);
                let place = {
                    let mut began = gate.began.lock().unwrap();
                    began.push(ctx.input()["name"].as_str().unwrap_or_default().to_owned());
                    began.len()
                };
                let mut open = gate.open.subscribe();
                open.wait_for(|open| *open >= place).await.unwrap();
                Ok(Value::Null)
            }
        })
    }

    /// Lets so many more end.
    fn let_end(&self, more: usize) {
        self.open.send_modify(|open| *open += more);
    }

    fn began(&self) -> Vec<String> {
        self.began.lock().unwrap().clone()
    }

    async fn until_began(&self, count: usize) {
        eventually(
            || format!("{count} began: {:?}", self.began()),
            async || (self.began().len() >= count).then_some(()),
        )
        .await;
    }
}

async fn app(gate: &Gate, workers: usize, slots: usize) -> TestApp {
    let setup = Setup::memory().task(gate.kind()).with(|settings| {
        settings.server.workers = workers;
        settings.sessions.max_running_sessions = slots;
        settings.sessions.park_after = 0.05;
    });
    setup.start().await
}

async fn gated(app: &TestApp, name: &str, priority: &str) -> String {
    app.start_with(json!({"task": "gated", "input": {"name": name}, "priority": priority})).await
}

#[tokio::test]
async fn no_more_run_at_once_than_there_are_slots() {
    for workers in [1, 3] {
        let gate = Gate::new();
        let app = app(&gate, workers, 2).await;
        let ids = join_all((0..12).map(|number| gated(&app, "", ["low", "normal", "high"][number % 3]))).await;
        for done in 1..=12 {
            gate.until_began(done.min(11) + 1).await;
            gate.let_end(1);
        }
        for id in &ids {
            app.until_status(id, "completed").await;
            check(&app.journal(id).await);
        }
        assert_eq!(gate.most.load(Ordering::SeqCst), 2, "{workers} workers");
    }
}

#[tokio::test]
async fn the_most_urgent_begins_first_and_then_who_came_first() {
    let gate = Gate::new();
    let app = app(&gate, 1, 1).await;
    gated(&app, "first", "low").await;
    gate.until_began(1).await;
    let names = [("a", "low"), ("b", "normal"), ("c", "critical"), ("d", "high"), ("e", "normal"), ("f", "critical")];
    let mut ids = Vec::new();
    for (name, priority) in names {
        ids.push(gated(&app, name, priority).await);
    }
    for id in &ids {
        assert_eq!(app.session(id).await["status"], "queued");
    }
    for count in 2..=7 {
        gate.let_end(1);
        gate.until_began(count).await;
    }
    assert_eq!(gate.began(), ["first", "c", "f", "d", "b", "e", "a"]);
    gate.let_end(1);
    for id in &ids {
        app.until_status(id, "completed").await;
    }
}

#[tokio::test]
async fn sessions_that_wait_for_people_hold_no_slot() {
    for workers in [1, 3] {
        let gate = Gate::new();
        let app = app(&gate, workers, 2).await;
        let asking = json!({"task": "gated", "input": {"asks": true}});
        let ids = join_all((0..9).map(|_| app.start_with(asking.clone()))).await;
        for id in &ids {
            app.until_status(id, "waiting_confirmation").await;
        }
        let answered = join_all(ids.iter().map(|id| app.answer(id, "confirm", json!({"value": true})))).await;
        assert!(answered.iter().all(|answer| answer.status == 200));
        gate.until_began(2).await;
        gate.let_end(9);
        for id in &ids {
            app.until_status(id, "completed").await;
        }
        assert_eq!(gate.most.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_queued_session_that_is_cancelled_never_begins_and_takes_no_slot_along() {
    for workers in [1, 3] {
        let gate = Gate::new();
        let app = app(&gate, workers, 2).await;
        for id in join_all((0..2).map(|_| gated(&app, "holds", "normal"))).await {
            app.until_status(&id, "running").await;
        }
        for round in 0..8 {
            let queued = join_all((0..6).map(|_| gated(&app, "cancelled", "high"))).await;
            // Some are cancelled while the slots go round.
            let others = join_all((0..2).map(|_| gated(&app, "goes on", "critical"))).await;
            let ending = async { gate.let_end(2) };
            let cancels = join_all(queued.iter().map(|id| app.answer(id, "cancel", json!({}))));
            let (cancels, ()) = futures::join!(cancels, ending);
            for (id, answer) in queued.iter().zip(cancels) {
                assert_eq!(answer.ok()["status"], "cancelled", "round {round}");
                check(&app.journal(id).await);
            }
            for id in others {
                app.until_status(&id, "running").await;
            }
        }
        gate.let_end(100);
        // Both slots are there still.
        let before = gate.began().len();
        let last = join_all((0..4).map(|_| gated(&app, "last", "normal"))).await;
        for id in &last {
            app.until_status(id, "completed").await;
        }
        assert!(gate.began().len() >= before + 4);
        assert!(gate.most.load(Ordering::SeqCst) <= 2);
    }
}

#[tokio::test]
async fn a_full_queue_refuses_and_takes_again_when_there_is_room() {
    // The queue is that of all workers, also where one of them has all that wait.
    for workers in [1, 2] {
        let gate = Gate::new();
        let setup = Setup::memory().task(gate.kind()).with(move |settings| {
            settings.server.workers = workers;
            settings.sessions.max_running_sessions = 1;
            settings.sessions.max_queued_sessions = 2;
        });
        let app = setup.start().await;
        gated(&app, "", "normal").await;
        gate.until_began(1).await;
        let queued = [gated(&app, "", "normal").await, gated(&app, "", "normal").await];
        for id in &queued {
            app.until_status(id, "queued").await;
        }
        let refused = app.post("/start-task", json!({"task": "gated"})).await;
        assert_eq!(refused.code(503), "queue_full");
        app.post(&format!("/cancel-task/{}", queued[0]), json!({})).await.ok();
        let id = gated(&app, "", "normal").await;
        gate.let_end(10);
        app.until_status(&id, "completed").await;
        app.until_status(&queued[1], "completed").await;
    }
}

/// A task whose branches ask again and again, also right behind an answer.
fn restless() -> Arc<dyn TaskKind> {
    kind("restless", |ctx| async move {
        let ask = async |name: &'static str| {
            let lane = ctx.lane(name);
            for round in 0..4 {
                lane.confirm(format!("{name} {round}")).await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        futures::join!(ask("a"), ask("b"), ask("c"));
        Ok(Value::Null)
    })
}

/// Answers every question that is open; gives the session.
async fn answer_all(app: &TestApp, id: &str) -> Value {
    let session = app.session(id).await;
    for request in session["open_requests"].as_array().unwrap() {
        let body = json!({"value": true, "request_id": request["request_id"]});
        app.answer(id, "confirm", body).await.ok();
    }
    session
}

#[tokio::test]
async fn a_session_whose_branches_ask_while_it_is_queued_takes_one_slot() {
    for workers in [1, 2] {
        let gate = Gate::new();
        let setup = Setup::memory().task(gate.kind()).task(restless()).with(|settings| {
            settings.server.workers = workers;
            settings.sessions.max_running_sessions = 1;
        });
        let app = setup.start().await;
        let asking = join_all((0..4).map(|_| app.start("restless", json!({})))).await;
        for id in &asking {
            app.until_status(id, "waiting_confirmation").await;
        }
        let holds = gated(&app, "", "normal").await;
        gate.until_began(1).await;
        // None of them gets the slot, but branches whose question was not the last open one go on and ask again.
        for id in &asking {
            eventually(
                || "all but the last branch have asked everything".into(),
                async || {
                    let session = answer_all(&app, id).await;
                    let asked = journal::all(&app.journal(id).await, "request_confirmation", "message");
                    (session["status"] == "queued" && asked.len() >= 4).then_some(())
                },
            )
            .await;
        }
        gate.let_end(1);
        app.until_status(&holds, "completed").await;
        for id in &asking {
            eventually(
                || "it completes".into(),
                async || (answer_all(&app, id).await["status"] == "completed").then_some(()),
            )
            .await;
            check(&app.journal(id).await);
        }
        // The one slot is there, and there is one only.
        let gated = join_all((0..3).map(|_| gated(&app, "", "normal"))).await;
        for count in 2..=4 {
            gate.until_began(count).await;
            gate.let_end(1);
        }
        for id in &gated {
            app.until_status(id, "completed").await;
        }
        assert_eq!(gate.most.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_question_is_answered_by_its_default_when_its_time_runs_out() {
    let app = Setup::memory().with(|settings| settings.sessions.park_after = 0.0).start().await;
    for default in [true, false] {
        let config = json!({"timeout": 0.3, "default": default, "lines": 1});
        let id = app.start("approval", config).await;
        let session = app.until_status(&id, "completed").await;
        assert_eq!(session["result"], json!({"approved": default}));
        let journal = app.journal(&id).await;
        check(&journal);
        assert_eq!(journal::all(&journal, "answered", "timed_out"), [true]);
        assert_eq!(journal::all(&journal, "answered", "value"), [default]);
        let request = journal::all(&journal, "answered", "request_id")[0].clone();
        let late = app.answer(&id, "confirm", json!({"value": true, "request_id": request})).await;
        assert_eq!(late.code(409), "already_answered");
        assert_eq!(late.body["winner"]["timed_out"], true);
    }
    let id = app.start("approval", json!({"timeout": 0.3})).await;
    assert_eq!(app.until_status(&id, "completed").await["result"], json!({"approved": false}));
}

#[tokio::test]
async fn a_session_that_nobody_watches_any_more_is_cancelled_after_its_time() {
    let app = Setup::memory().with(|settings| settings.sessions.park_after = 0.0).start().await;
    let body = |seconds: f64| json!({"task": "approval", "on_disconnect": {"cancel_after": seconds}});
    // Never watched: it goes on.
    let unwatched = app.start_with(body(0.0)).await;
    // Watched by two, left by one: it goes on; left by both: it ends.
    let left = app.start_with(body(0.1)).await;
    let first = app.connect(&left, None).await;
    let mut second = app.connect(&left, None).await;
    second.replay().await;
    first.leave().await;
    second.say(json!({"type": "ping", "timestamp": 1})).await;
    second.until("pong").await;
    second.leave().await;
    // Left and come back to: it goes on.
    let back = app.start_with(body(3600.0)).await;
    let mut client = app.connect(&back, None).await;
    client.replay().await;
    client.leave().await;
    eventually(|| "the patience is armed".into(), async || app.session(&back).await["deadline"].as_f64()).await;
    let mut client = app.connect(&back, None).await;
    client.replay().await;
    assert_eq!(app.session(&back).await["deadline"], Value::Null, "who comes back disarms it");
    app.until_status(&left, "cancelled").await;
    let journal = app.journal(&left).await;
    check(&journal);
    assert_eq!(journal::all(&journal, "task_cancelled", "reason"), ["nobody came back in time"]);
    assert_eq!(app.session(&unwatched).await["status"], "waiting_confirmation");
    client.say(json!({"type": "confirm", "value": true})).await;
    assert_eq!(client.until_end().await["type"], "task_completed");
}

#[tokio::test]
async fn ended_sessions_are_removed_after_their_time_and_others_stay() {
    let app = Setup::sqlite().with(|settings| settings.sessions.retention = 0.2).start().await;
    let stays = app.start("approval", json!({})).await;
    let ended = join_all((0..5).map(|_| app.start("simulate_streaming", json!({"steps": 1})))).await;
    let mut watching = app.connect(&ended[0], None).await;
    eventually(
        || "all that ended are gone".into(),
        async || {
            let listed = app.get("/sessions").await.ok();
            let ids: BTreeSet<&str> =
                listed["sessions"].as_array().unwrap().iter().map(|s| s["session_id"].as_str().unwrap()).collect();
            (ids == BTreeSet::from([stays.as_str()])).then_some(())
        },
    )
    .await;
    assert_eq!(watching.until_closed().await, Some(4504));
    for id in &ended {
        assert_eq!(app.get(&format!("/sessions/{id}")).await.code(404), "unknown_session");
    }
    assert_eq!(app.session(&stays).await["status"], "waiting_confirmation");
}
