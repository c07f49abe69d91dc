//! The order of the queue outlives a restart, on however many workers: the most urgent first, then who has run before,
//! then who came first.

use crate::support::{TestProcess, Value, json};

/// Starts one that runs until the server is killed and some time longer, and so many behind it; gives all ids in the order
/// in which they ought to run.
async fn fill(server: &TestProcess) -> Vec<String> {
    let asked = server.start("approval", json!({"lines": 0})).await;
    server.until_status(&asked, "waiting_confirmation").await;
    let first = server.start("simulate_streaming", json!({"steps": 12, "step_delay_ms": 50})).await;
    server.until_status(&first, "running").await;
    let mut queued = Vec::new();
    for priority in ["normal", "low", "normal", "critical", "normal", "high", "low", "critical", "normal", "high"] {
        let config = json!({"steps": 1, "step_delay_ms": 0});
        let body = json!({"task": "simulate_streaming", "config": config, "priority": priority});
        queued.push((priority, server.start_with(body).await));
    }
    server.answer(&asked, "confirm", json!({"value": true})).await.ok();
    let mut order = vec![first];
    for wanted in ["critical", "high", "asked", "normal", "low"] {
        if wanted == "asked" {
            order.push(asked.clone());
        }
        order.extend(queued.iter().filter(|(priority, _)| *priority == wanted).map(|(_, id)| id.clone()));
    }
    order
}

/// When this session began to run last.
fn began(journal: &[String]) -> f64 {
    let runs = |entry: &Value| entry["type"] == "status" && entry["status"] == "running";
    journal.iter().rev().map(|line| serde_json::from_str(line).unwrap()).find(runs).unwrap()["timestamp"]
        .as_f64()
        .unwrap()
}

#[tokio::test]
async fn who_waits_for_a_slot_runs_in_the_same_order_after_a_kill() {
    for (workers, kills) in [("1", 1), ("4", 2)] {
        let settings = [("sessions.max_running_sessions", "1"), ("server.workers", workers)];
        let mut server = TestProcess::start_with(&settings).await;
        let order = fill(&server).await;
        for _ in 0..kills {
            server.crash().await;
        }
        let mut moments = Vec::new();
        for id in &order {
            server.until_status(id, "completed").await;
            moments.push(began(&server.journal(id).await));
        }
        // The first ran before already.
        assert!(moments[1..].is_sorted(), "with {workers} workers: {moments:?}");
    }
}
