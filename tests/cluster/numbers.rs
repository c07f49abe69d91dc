//! The numbers of all servers together, at any of them.

use std::collections::BTreeSet;

use super::stage::Stage;
use crate::support::api::Api;
use crate::support::{Client, Value, eventually, json};

impl Stage {
    /// Which servers these are the numbers of.
    async fn whose(&self, numbers: &Value) -> BTreeSet<usize> {
        let mut members = BTreeSet::new();
        for one in numbers["members"].as_array().unwrap() {
            members.insert(self.called(one["member"].as_str().unwrap()).await);
        }
        members
    }
}

impl Api {
    /// The latest numbers that are kept, once they are those of so many servers.
    async fn past_numbers(&self, servers: usize) -> Value {
        eventually(
            || format!("numbers of {servers} servers are kept"),
            async || {
                let history = self.get("/api/v1/metrics/history?seconds=60").await.ok();
                let last = history["snapshots"].as_array()?.last()?.clone();
                (last["members"].as_array()?.len() == servers).then_some(last)
            },
        )
        .await
    }
}

/// The next numbers by which so many sessions wait.
async fn numbers_with(watching: &mut Client, waiting: u64) -> Value {
    loop {
        let data = watching.until("system.health_check").await["data"].clone();
        if data["sessions"]["waiting_confirmation"] == waiting {
            return data;
        }
    }
}

#[tokio::test]
async fn each_server_says_the_numbers_of_all() {
    let Some(mut stage) = Stage::of(3).await else { return };
    for index in [0, 0, 1, 2, 2, 2] {
        let id = stage.session_at(index, "approval", json!({})).await;
        stage.members[index].until_status(&id, "waiting_confirmation").await;
    }
    let all = BTreeSet::from([0, 1, 2]);
    for index in 0..3 {
        let mut watching = stage.members[index].socket("/api/v1/websocket/ws/metrics").await.unwrap();
        let numbers = numbers_with(&mut watching, 6).await;
        assert_eq!(stage.whose(&numbers).await, all);
        assert_eq!(numbers["kinds"]["approval"]["started"], 6);
    }
    let kept = stage.members[1].past_numbers(3).await;
    assert_eq!((stage.whose(&kept).await, &kept["sessions"]["waiting_confirmation"]), (all, &json!(6)));
    let mut watching = stage.members[0].socket("/api/v1/websocket/ws/metrics").await.unwrap();
    stage.members[1].kill();
    // Others go on with its session, and it is not counted twice.
    let left = loop {
        let numbers = watching.until("system.health_check").await["data"].clone();
        assert_eq!(numbers["sessions"]["waiting_confirmation"], 6, "{numbers}");
        if numbers["members"].as_array().unwrap().len() == 2 {
            break numbers;
        }
    };
    assert_eq!(stage.whose(&left).await, BTreeSet::from([0, 2]));
    assert_eq!(left["kinds"]["approval"]["started"], 5);
    stage.members[1].up().await;
    while numbers_with(&mut watching, 6).await["members"].as_array().unwrap().len() < 3 {}
}
