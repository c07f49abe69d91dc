//! What came before and what comes: no gap, no double, whoever reads and however fast.

use crate::event_sockets::socket::{Feed, numbers, say, saying};
use crate::support::{Setup, Value};

fn seqs(events: &[Value]) -> Vec<u64> {
    events.iter().filter_map(|event| event["seq"].as_u64()).collect()
}

/// What sessions make happen, without the comings and goings of connections.
const PLACE: &str = "custom?subscriptions=execution.*,queue,custom.*,system";

#[tokio::test]
async fn a_replay_is_what_was_told_live_from_any_place_on() {
    for setup in [Setup::memory(), Setup::sqlite()] {
        let app = saying(setup).start().await;
        let start = Feed::open(&app, "global").await.position();
        let (epoch, first) = start.split_once(':').unwrap();
        let first: u64 = first.parse().unwrap();
        let mut live = Feed::open(&app, &format!("{PLACE}&since={start}")).await;
        say(&app, 700, 300).await;
        // Some come while it is told, some after that.
        let mut early = Vec::new();
        for skip in [0, 1, 2] {
            early.push((skip, Feed::open(&app, &format!("{PLACE}&since={epoch}:{}", first + skip)).await));
        }
        let all = live.all_until("execution.completed").await;
        assert_eq!(numbers(&all), (1..=700).collect::<Vec<u64>>());
        let places = seqs(&all);
        assert_eq!(places, (first + 1..=*places.last().unwrap()).collect::<Vec<u64>>());
        for (skip, mut feed) in early {
            assert_eq!(feed.all_until("execution.completed").await, all_after(&all, first + skip));
        }
        for cut in [0, 1, 63, 64, 65, 350, 699, 703] {
            let mut feed = Feed::open(&app, &format!("{PLACE}&since={epoch}:{}", first + cut)).await;
            assert_eq!(feed.all_until("execution.completed").await, all_after(&all, first + cut), "{cut}");
        }
    }
}

fn all_after(all: &[Value], seq: u64) -> Vec<Value> {
    all.iter().filter(|event| event["seq"].as_u64() > Some(seq)).cloned().collect()
}

#[tokio::test]
async fn a_place_that_leads_nowhere_is_told_so_and_what_happens_is_told() {
    let app = saying(Setup::memory()).with(|settings| settings.events.keep = 20).start().await;
    let start = Feed::open(&app, "global").await.position();
    let mut feed = Feed::open(&app, "global").await;
    say(&app, 100, 0).await;
    feed.until("execution.completed").await;
    let (epoch, _) = start.split_once(':').unwrap();
    for (since, code) in [
        (start.clone(), "position_too_old"),
        ("00000000:1".into(), "position_unknown"),
        (format!("{epoch}:999999"), "position_unknown"),
    ] {
        let mut feed = Feed::open(&app, &format!("global?since={since}")).await;
        let error = feed.next().await.unwrap();
        assert_eq!((&error["type"], &error["code"]), (&"error".into(), &code.into()));
        assert!(error["data"]["epoch"] == epoch && error["data"]["last_seq"].as_u64() >= Some(100));
        let first = error["data"]["first_seq"].as_u64().unwrap();
        assert!(first > 1);
        say(&app, 1, 0).await;
        assert_eq!(numbers(&feed.all_until("execution.completed").await), [1]);
    }
}

#[tokio::test]
async fn a_restart_keeps_the_log_and_its_places() {
    let app = saying(Setup::sqlite()).start().await;
    let mut feed = Feed::open(&app, "custom?subscriptions=custom.*").await;
    let start = feed.position();
    say(&app, 5, 0).await;
    let all = feed.all_until("custom.done").await;
    drop(feed);
    let app = app.restart().await;
    let mut feed = Feed::open(&app, &format!("custom?subscriptions=custom.*&since={start}")).await;
    assert_eq!(feed.all_until("custom.done").await, all);
}

#[tokio::test]
async fn who_reads_slowly_gets_all_that_is_kept() {
    let setup = saying(Setup::sqlite()).with(|settings| {
        settings.connections.outbox_bytes = 16_384;
        settings.connections.stall_timeout = 60.0;
    });
    let app = setup.start().await;
    let mut slow = Feed::open_with(&app, "custom?subscriptions=custom.*", Some(4096)).await;
    let mut other = Feed::open(&app, "custom?subscriptions=custom.*").await;
    say(&app, 1500, 8000).await;
    // Only then does the other one begin to read.
    let all = other.all_until("custom.done").await;
    assert_eq!(numbers(&all).len(), 1500);
    let got = slow.all_until("custom.done").await;
    assert_eq!(seqs(&got), seqs(&all));
    say(&app, 3, 0).await;
    assert_eq!(numbers(&slow.all_until("custom.done").await), [1, 2, 3], "it is told what happens again");
}

#[tokio::test]
async fn who_does_not_read_at_all_is_closed() {
    let setup = saying(Setup::memory()).with(|settings| {
        settings.connections.outbox_bytes = 16_384;
        settings.connections.stall_timeout = 0.5;
    });
    let app = setup.start().await;
    let stuck = Feed::open_with(&app, "custom?subscriptions=custom.*", Some(4096)).await;
    let mut reader = Feed::open(&app, "custom?subscriptions=custom.*,connection.*").await;
    say(&app, 1500, 8000).await;
    let lost = reader.until("connection.lost").await;
    assert_eq!(lost["data"]["reason"], "too slow");
    drop(stuck);
}
