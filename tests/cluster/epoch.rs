//! The log of events at several servers: who comes from another one, and an engine that has lost what was published.

use super::stage::Stage;
use crate::event_sockets::socket::Feed;
use crate::support::json;

#[tokio::test]
async fn a_place_that_another_server_gave_is_good_where_this_one_knows_less() {
    let Some(stage) = Stage::of(2).await else { return };
    let publish = async |number: u64| {
        let event = json!({"type": "custom.number", "data": {"number": number}});
        stage.members[0].post("/api/v1/events", event).await
    };
    let mut feed = Feed::open(&stage.members[0], "custom?subscriptions=custom.*").await;
    let epoch = feed.established["data"]["epoch"].as_str().unwrap().to_owned();
    stage.wires[1].hold();
    for number in 0..5 {
        publish(number).await;
    }
    let seq = async |feed: &mut Feed| feed.until("custom.number").await["seq"].as_u64().unwrap();
    let mut last = 0;
    for _ in 0..5 {
        last = seq(&mut feed).await;
    }
    let coming = async {
        let mut came =
            Feed::open(&stage.members[1], &format!("custom?subscriptions=custom.*&since={epoch}:{last}")).await;
        stage.wires[1].join();
        publish(5).await;
        let next = came.next().await.unwrap();
        assert_eq!((&next["type"], &next["seq"]), (&json!("custom.number"), &json!(last + 1)), "{next}");
    };
    coming.await;
    let mut beyond = Feed::open(&stage.members[1], &format!("custom?since={epoch}:{}", u64::MAX)).await;
    assert_eq!(beyond.until("error").await["code"], "position_unknown");
}

#[tokio::test]
async fn who_listens_to_events_is_sent_that_the_engine_has_lost_some_and_goes_on_behind_what_is_left() {
    let Some(mut stage) = Stage::of(2).await else { return };
    let publish = async |stage: &Stage, index: usize, number: u64| {
        let event = json!({"type": "custom.number", "data": {"number": number}});
        stage.members[index].post("/api/v1/events", event).await
    };
    publish(&stage, 0, 1).await;
    let copy = stage.engine_copy();
    let mut feeds = Vec::new();
    for member in &stage.members {
        let live = Feed::open(member, "custom?subscriptions=custom.*").await;
        let since =
            format!("custom?subscriptions=custom.*&since={}:0", live.established["data"]["epoch"].as_str().unwrap());
        feeds.extend([live, Feed::open(member, &since).await]);
    }
    for number in 2..=9 {
        publish(&stage, 1, number).await;
    }
    for feed in &mut feeds {
        while feed.until("custom.number").await["data"]["number"] != 9 {}
    }
    stage.restore_engine(copy);
    let mut lost = Vec::new();
    for feed in &mut feeds {
        let error = feed.until("error").await;
        assert_eq!(error["code"], "position_unknown", "{error}");
        assert_ne!(error["data"]["epoch"], feed.established["data"]["epoch"]);
        lost.push(error["data"].clone());
    }
    assert!(lost.iter().all(|data| *data == lost[0]), "{lost:?}");
    for index in 0..2 {
        stage.until_ready(index, 200).await;
    }
    publish(&stage, 0, 10).await;
    let mut next = Vec::new();
    for feed in &mut feeds {
        let event = feed.until("custom.number").await;
        assert_eq!(event["data"]["number"], 10);
        next.push(event["seq"].as_u64().unwrap());
    }
    assert!(next.iter().all(|seq| *seq == next[0] && *seq > lost[0]["last_seq"].as_u64().unwrap()), "{next:?}");
    // Who comes back with a position of before hears the same.
    let mut late = Feed::open(
        &stage.members[1],
        &format!("custom?since={}:9", feeds[0].established["data"]["epoch"].as_str().unwrap()),
    )
    .await;
    assert_eq!(late.until("error").await["code"], "position_unknown");
}
