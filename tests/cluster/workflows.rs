//! Live workflows go on at whichever server takes their slots.

use super::stage::Stage;
use crate::support::{TestProcess, Value, eventually, json};
use crate::workflow_live::stage::{chain, connect, start, update};

/// Enough for each of three servers to have some.
const MANY: usize = 12;

impl Stage {
    fn paths(what: &str) -> impl Iterator<Item = String> {
        (0..MANY).map(move |number| format!("/workflows/w{number}/{what}"))
    }

    /// Waits until this server shows of each workflow that it is live with its last inputs.
    async fn all_are_live(&self, at: usize, when: &str) {
        let last = std::cell::RefCell::new(Value::Null);
        for path in Self::paths("status") {
            eventually(
                || format!("{path} is live at {at} with its last inputs {when}; it was last {}", last.borrow()),
                async || {
                    let status = self.members[at].get(&path).await.ok();
                    let is_so = status["is_running"] == true && status["results"]["b"] == json!({"text": "kept"});
                    last.replace(status);
                    is_so.then_some(())
                },
            )
            .await;
        }
    }
}

#[tokio::test]
async fn live_workflows_go_on_where_their_slots_go_and_stopped_ones_do_not() {
    let Some(mut stage) = Stage::of(3).await else { return };
    for number in 0..MANY {
        let member = &stage.members[number % 3];
        let mut workflow = chain();
        workflow["id"] = json!(format!("w{number}"));
        start(member, workflow, json!({})).await;
        let mut client = connect(member, &format!("?workflow=w{number}")).await;
        update(&mut client, "a", "text", json!("kept")).await;
        client.until("input_applied").await;
    }
    stage.members[2].terminate();
    stage.all_are_live(0, "after a hand-over").await;
    stage.members[2].up().await;
    stage.until_all_is_owned(3).await;
    stage.all_are_live(2, "after a server has joined").await;
    stage.members[1].kill();
    stage.all_are_live(0, "after a kill").await;
    for path in Stage::paths("continuous/stop") {
        stage.members[2].post(&path, json!({})).await.ok();
    }
    stage.members[0].terminate();
    for path in Stage::paths("status") {
        assert_eq!(stage.members[2].get(&path).await.ok()["is_running"], false, "{path} was stopped");
    }
}

#[tokio::test]
async fn a_workflow_that_moves_by_steps_still_does_so_at_another_server() {
    let Some(mut stage) = Stage::of(2).await else { return };
    let ids: Vec<String> = (0..4).map(|number| format!("w{number}")).collect();
    for id in &ids {
        let mut workflow = chain();
        workflow["id"] = json!(id);
        crate::workflow_live::stage::store(&stage.members[0], workflow).await;
        stage.members[0].post(&format!("/workflows/{id}/continuous/step"), json!({})).await.ok();
    }
    let shown = async |member: &TestProcess, id: &str| {
        let status = member.get(&format!("/workflows/{id}/status")).await.ok();
        (status["is_running"].clone(), status["state"].clone())
    };
    let before = shown(&stage.members[1], &ids[0]).await;
    stage.members[0].terminate();
    for id in &ids {
        let is_so = async || (shown(&stage.members[1], id).await == before).then_some(());
        eventually(|| format!("{id} is {before:?} again"), is_so).await;
    }
}
