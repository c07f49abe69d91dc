//! Several servers on one Redis: any of them serves anything, and each may be killed, paused, cut off or replaced.

mod chaos;
mod epoch;
mod guests;
mod history;
mod listeners;
mod load;
mod logins;
mod numbers;
mod presence;
mod stage;
mod suspects;
mod wire;
mod workflows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::Signal;

use crate::callbacks::Receiver;
use crate::support::api::Api;
use crate::support::api::send;
use crate::support::{eventually, json};
use history::History;
use load::Load;
use stage::{Stage, TOKEN};

/// For how long a load goes on under faults.
const A_WHILE: Duration = Duration::from_millis(1500);

/// What the people of a load do does not depend on it.
const SEED: u64 = 20_261_130;

impl Stage {
    fn apis(&self) -> Vec<Api> {
        self.members.iter().map(|member| Api::clone(member)).collect()
    }

    /// So many people who answer one question each.
    fn load(&self, people: usize) -> Load {
        Load::start(&self.apis(), people, &["approval"], SEED)
    }

    /// Ends a load, and holds what was seen against what all servers give that run.
    async fn check(&self, load: Load) {
        let (mut history, all_ended) = load.end().await;
        assert!(!history.played.is_empty(), "something was played");
        self.read_all(&mut history).await;
        let faults = history.faults();
        assert!(faults.is_empty() && all_ended, "of {} sessions:\n{}", history.played.len(), faults.join("\n"));
    }

    /// Has each server that runs give all journals, and all events.
    async fn read_all(&self, history: &mut History) {
        for (at, member) in self.members.iter().enumerate().filter(|(_, member)| member.is_up()) {
            for id in history.played.keys() {
                match member.try_journal(id).await {
                    Ok(journal) => history.journals.entry(id.clone()).or_default().push(journal),
                    Err(error) => history.unread.push(format!("{id}: server {at} does not give its journal: {error}")),
                }
            }
            let log = eventually(|| "the log of events".into(), async || member.log_after("").await).await;
            history.logs.push(log);
        }
    }
}

#[tokio::test]
async fn a_session_is_started_watched_answered_and_removed_at_any_server() {
    let Some(stage) = Stage::of(3).await else { return };
    for owner in 0..3 {
        let id = stage.session_at(owner, "approval", json!({"lines": 3})).await;
        let (other, third) = ((owner + 1) % 3, (owner + 2) % 3);
        let (mut here, mut there) = (stage.watch(owner, &id).await, stage.watch(other, &id).await);
        let question = there.until("request_confirmation").await;
        assert_eq!(stage.owner(third, &id).await, owner, "a new session is the server's that was asked");
        let info = stage.members[third].get(&format!("/session-info/{id}")).await.ok();
        assert_eq!(info["is_connected"], true);
        let answer = json!({"value": true, "request_id": question["request_id"]});
        stage.members[third].answer(&id, "confirm", answer.clone()).await.ok();
        assert_eq!(stage.members[other].answer(&id, "confirm", answer).await.code(409), "already_answered");
        here.until_end().await;
        there.until_end().await;
        assert_eq!(here.entries(), there.entries());
        assert_eq!(here.entries(), stage.members[third].journal(&id).await);
        let removed = stage.members[other].delete(&format!("/sessions/{id}")).await;
        assert!(removed.status < 300, "{removed:?}");
        assert_eq!(stage.members[owner].get(&format!("/sessions/{id}")).await.status, 404);
    }
}

#[tokio::test]
async fn what_is_not_saved_reaches_who_watches_elsewhere() {
    let Some(stage) = Stage::of(2).await else { return };
    let id = stage.session_at(0, "simulate_streaming", json!({"steps": 30, "step_delay_ms": 5})).await;
    let mut there = stage.watch(1, &id).await;
    there.until_end().await;
    assert_eq!(there.entries(), stage.members[0].journal(&id).await);
}

#[tokio::test]
async fn who_comes_from_another_server_gets_nothing_twice_where_this_one_knows_less() {
    let Some(stage) = Stage::of(2).await else { return };
    let id = stage.session_at(0, "simulate_streaming", json!({"steps": 200, "step_delay_ms": 5})).await;
    let mut other = stage.watch(1, &id).await;
    other.until("stream").await;
    stage.wires[1].hold();
    let mut owner = stage.watch(0, &id).await;
    let seen = other.last_seq() + 20;
    owner.until_seq(seen).await;
    let coming = async {
        let mut came = stage.members[1].connect(&id, Some(seen)).await;
        came.until("state_replay_complete").await;
        came
    };
    let joining = async {
        // What it would be sent too early is there by then.
        tokio::time::sleep(Duration::from_millis(200)).await;
        stage.wires[1].join();
    };
    let (mut came, ()) = tokio::join!(coming, joining);
    came.until_end().await;
    let journal = stage.members[0].journal(&id).await;
    let after = usize::try_from(seen).unwrap();
    assert_eq!(came.entries(), journal[after..]);
    other.until_end().await;
    assert_eq!(other.entries(), journal);
}

#[tokio::test]
async fn the_sessions_of_a_server_that_is_killed_go_on_at_others_and_no_socket_there_is_closed() {
    let Some(mut stage) = Stage::of(3).await else { return };
    let waiting = stage.session_at(0, "approval", json!({"lines": 3})).await;
    let running = stage.session_at(0, "simulate_streaming", json!({"steps": 400, "step_delay_ms": 10})).await;
    let mut watchers = Vec::new();
    for (at, id) in [(1, &waiting), (2, &waiting), (1, &running)] {
        let mut watcher = stage.watch(at, id).await;
        watcher.until("state_replay_complete").await;
        watchers.push(watcher);
    }
    let question = stage.members[1].until_status(&waiting, "waiting_confirmation").await;
    let answer = json!({"value": true, "request_id": question["open_requests"][0]["request_id"]});
    stage.members[0].kill();
    stage.members[2].answer(&waiting, "confirm", answer).await.ok();
    for watcher in &mut watchers {
        watcher.until_end().await;
    }
    assert_eq!(watchers[0].entries(), stage.members[2].journal(&waiting).await);
    assert_eq!(watchers[1].entries(), watchers[0].entries());
    let journal = stage.members[2].journal(&running).await;
    assert_eq!(watchers[2].entries(), journal);
    assert!(journal.iter().any(|entry| entry.contains("\"recovered\"")));
    stage.until_all_is_owned(2).await;
    stage.members[0].up().await;
    stage.until_all_is_owned(3).await;
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_while_servers_are_killed_and_come_back() {
    let Some(mut stage) = Stage::of(3).await else { return };
    let load = stage.load(6);
    for victim in [0, 1] {
        tokio::time::sleep(A_WHILE).await;
        stage.members[victim].kill();
        tokio::time::sleep(A_WHILE).await;
        stage.members[victim].up().await;
    }
    stage.check(load).await;
}

#[tokio::test]
async fn a_server_that_was_paused_for_too_long_drops_what_others_have_and_joins_again() {
    let Some(stage) = Stage::of(3).await else { return };
    let before = stage.until_all_is_owned(3).await;
    let load = stage.load(4);
    let id = stage.session_at(0, "approval", json!({})).await;
    stage.members[0].signal(Signal::STOP);
    for other in [1, 2] {
        eventually(
            || "the others have its sessions, and both know it".into(),
            async || {
                let shown = stage.members[other].bearing(TOKEN).get("/api/v1/cluster").await.ok();
                (shown["members"].as_array().unwrap().len() == 2).then_some(())
            },
        )
        .await;
    }
    stage.members[0].signal(Signal::CONT);
    let after = stage.until_all_is_owned(3).await;
    let incarnations = |shown: &serde_json::Value| -> BTreeMap<String, String> {
        let members = shown["members"].as_array().unwrap().iter();
        members.map(|member| (member["id"].to_string(), member["incarnation"].to_string())).collect()
    };
    let (before, after) = (incarnations(&before), incarnations(&after));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert_eq!(before.iter().filter(|(id, incarnation)| after[*id] != **incarnation).count(), 1);
    stage.members[0].answer(&id, "confirm", json!({"value": true})).await.ok();
    stage.members[2].until_status(&id, "completed").await;
    stage.check(load).await;
}

#[tokio::test]
async fn a_server_that_is_none_any_more_and_cannot_know_it_refuses_nothing_by_what_it_knew() {
    let Some(stage) = Stage::of(3).await else { return };
    let id = stage.session_at(0, "long_running_task", json!({"step_delay_ms": 0})).await;
    let question = stage.members[0].until_status(&id, "waiting_input").await["open_requests"][0].clone();
    // It stays in memory.
    let mut watching = stage.watch(0, &id).await;
    watching.until("request_user_input").await;
    stage.wires[0].hold();
    let values = json!({"subject": "s", "body": "b", "to_address": "a@example.org"});
    let answer = json!({"values": values, "request_id": question["request_id"]});
    stage.members[1].answer(&id, "input", answer).await.ok();
    let next = stage.members[2].until_status(&id, "waiting_retry").await["open_requests"][0].clone();
    let answer = json!({"value": true, "request_id": next["request_id"]});
    let joining = async {
        // By then, it would have been refused.
        tokio::time::sleep(Duration::from_millis(200)).await;
        stage.wires[0].join();
    };
    let (answered, ()) = tokio::join!(stage.members[0].answer(&id, "retry", answer), joining);
    answered.ok();
}

#[tokio::test]
async fn nothing_is_lost_while_a_server_is_cut_off_from_the_engine() {
    let Some(stage) = Stage::of(3).await else { return };
    let load = stage.load(4);
    tokio::time::sleep(A_WHILE).await;
    stage.wires[1].cut();
    stage.until_ready(1, 503).await;
    assert_eq!(stage.members[1].get("/livez").await.status, 200);
    tokio::time::sleep(A_WHILE).await;
    stage.wires[1].join();
    stage.until_ready(1, 200).await;
    stage.until_all_is_owned(3).await;
    stage.check(load).await;
}

#[tokio::test]
async fn an_outage_of_the_engine_buries_nobody_and_closes_no_socket() {
    let Some(mut stage) = Stage::of(3).await else { return };
    let id = stage.session_at(0, "approval", json!({"lines": 2})).await;
    let mut there = stage.watch(1, &id).await;
    let question = there.until("request_confirmation").await;
    let before = stage.until_all_is_owned(3).await;
    let load = stage.load(4);
    tokio::time::sleep(A_WHILE).await;
    stage.kill_engine();
    for index in 0..3 {
        stage.until_ready(index, 503).await;
    }
    tokio::time::sleep(A_WHILE * 2).await;
    stage.start_engine();
    for index in 0..3 {
        stage.until_ready(index, 200).await;
    }
    let after = stage.until_all_is_owned(3).await;
    for (one, other) in before["members"].as_array().unwrap().iter().zip(after["members"].as_array().unwrap()) {
        assert_eq!(one["incarnation"], other["incarnation"]);
    }
    let answer = json!({"value": true, "request_id": question["request_id"]});
    stage.members[2].answer(&id, "confirm", answer).await.ok();
    there.until_end().await;
    stage.check(load).await;
}

#[tokio::test]
async fn what_is_asked_for_during_an_outage_of_the_engine_is_done_once_it_is_back() {
    let Some(mut stage) = Stage::of(2).await else { return };
    let mut questions = Vec::new();
    for at in 0..2 {
        let id = stage.session_at(at, "approval", json!({})).await;
        let session = stage.members[at].until_status(&id, "waiting_confirmation").await;
        questions.push((id, json!({"value": true, "request_id": session["open_requests"][0]["request_id"]})));
    }
    stage.kill_engine();
    for member in &stage.members {
        let is_noticed = async || (member.get("/health").await.body["store"] == "failing").then_some(());
        eventually(|| "it is known that the engine is away".into(), is_noticed).await;
    }
    let members: Vec<Api> = stage.apis();
    let answers = questions.iter().flat_map(|(id, answer)| {
        let key = uuid::Uuid::new_v4().to_string();
        members.iter().map(move |member| {
            let request = member.request(reqwest::Method::POST, &format!("/sessions/{id}/confirm"));
            send(request.header("Idempotency-Key", &key).json(answer))
        })
    });
    let starts = members.iter().map(|member| member.post("/start-task", json!({"task": "approval"})));
    let shows = members.iter().map(|member| async { member.get(&format!("/sessions/{}", questions[0].0)).await });
    let asking = futures::future::join3(
        futures::future::join_all(answers),
        futures::future::join_all(starts),
        futures::future::join_all(shows),
    );
    let starting = async {
        // By then, they would have been refused.
        tokio::time::sleep(Duration::from_millis(300)).await;
        stage.start_engine();
    };
    let ((answered, started, shown), ()) = tokio::join!(asking, starting);
    for answer in answered.into_iter().chain(started).chain(shown) {
        answer.ok();
    }
}

#[tokio::test]
async fn nobody_is_told_anything_while_too_few_replicas_have_it() {
    let Some(mut stage) = Stage::replicated(2, &[("store.busy_timeout", "1"), ("store.engine_timeout", "0.5")]).await
    else {
        return;
    };
    let id = stage.session_at(0, "approval", json!({})).await;
    let mut there = stage.watch(1, &id).await;
    let question = there.until("request_confirmation").await;
    stage.kill_replica();
    let answer = json!({"value": true, "request_id": question["request_id"]});
    for member in &stage.members {
        // It is in the engine that may be lost.
        assert_eq!(member.answer(&id, "confirm", answer.clone()).await.status, 503);
        let path = format!("/sessions/{id}");
        for path in ["/events", ""].map(|end| format!("{path}{end}")).iter().chain([&"/sessions".to_owned()]) {
            let given = member.get(path).await;
            assert!(given.status == 503 || !given.body.to_string().contains("answered"), "{path}: {given:?}");
        }
        assert_eq!(member.get("/livez").await.status, 200);
    }
    for index in 0..2 {
        stage.until_ready(index, 503).await;
    }
    assert!(!there.heard.iter().any(|text| text.contains("\"answered\"")), "{:?}", there.heard);
    stage.start_replica();
    there.until_end().await;
    for index in 0..2 {
        stage.until_ready(index, 200).await;
    }
    assert_eq!(there.entries(), stage.members[0].journal(&id).await);
}

#[tokio::test]
async fn nothing_is_lost_while_all_servers_are_replaced_one_after_another() {
    let Some(mut stage) = Stage::of(3).await else { return };
    let load = stage.load(4);
    for index in 0..3 {
        tokio::time::sleep(A_WHILE).await;
        stage.members[index].terminate();
        stage.members[index].up().await;
        stage.until_all_is_owned(3).await;
    }
    stage.check(load).await;
}

#[tokio::test]
async fn a_session_is_cancelled_for_lack_of_connections_only_once_no_server_has_one() {
    let Some(mut stage) = Stage::of(3).await else { return };
    let start = json!({"task": "approval", "on_disconnect": {"cancel_after": 0.3}});
    let id = stage.members[0].start_with(start.clone()).await;
    let (mut first, mut second) = (stage.watch(1, &id).await, stage.watch(2, &id).await);
    first.until("request_confirmation").await;
    second.until("request_confirmation").await;
    stage.is_followed_by(&id, 2).await;
    first.leave().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(stage.members[0].session(&id).await["status"], "waiting_confirmation");
    second.leave().await;
    stage.members[0].until_status(&id, "cancelled").await;
    let id = stage.members[0].start_with(start).await;
    let mut watcher = stage.watch(1, &id).await;
    watcher.until("request_confirmation").await;
    stage.is_followed_by(&id, 1).await;
    stage.members[1].kill();
    stage.members[0].until_status(&id, "cancelled").await;
}

#[actix::test]
async fn the_news_of_all_sessions_is_posted_wherever_they_are() {
    let Some(stage) = Stage::with(3, &[("callbacks.allowed_hosts", "127.0.0.1")]).await else { return };
    let mut receiver = Receiver::start().await;
    let start = json!({"task": "approval", "callback": {"url": receiver.url()}});
    let starts = (0..30).map(|count| stage.members[count % 3].start_with(start.clone()));
    let ids = futures::future::join_all(starts).await;
    let cancels = ids.iter().enumerate().map(async |(count, id)| {
        stage.members[(count + 1) % 3].post(&format!("/sessions/{id}/cancel"), json!(null)).await.ok();
    });
    futures::future::join_all(cancels).await;
    let mut expected: BTreeSet<(String, String)> =
        ids.iter().flat_map(|id| ["request", "ended"].map(|what| (id.clone(), what.to_owned()))).collect();
    while !expected.is_empty() {
        let posted = receiver.next().await;
        let news = posted.json();
        let text = |value: &crate::support::Value| value.as_str().unwrap().to_owned();
        let got = (text(&news["data"]["session_id"]), text(&news["type"]));
        assert!(expected.remove(&got), "{got:?} was posted twice, as {}", posted.header("webhook-id"));
    }
}
