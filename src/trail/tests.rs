//! The audit trail against a store in memory: its numbers, pages, filters and end.

use super::*;
use crate::store::Settings;

fn store() -> Store {
    Store::open(&Settings { url: "memory:".into(), ..Settings::default() }, 1).unwrap()
}

fn entry(principal: &str, action: &'static str, allowed: bool) -> NewEntry {
    NewEntry {
        principal: principal.into(),
        action,
        object: "/sessions/x".into(),
        address: Some([127, 0, 0, 1].into()),
        allowed,
        request_id: Some("r-1".into()),
    }
}

async fn seqs(trail: &Trail, since: u64, filter: &Filter, limit: usize) -> (Vec<u64>, u64) {
    let page = trail.read(since, filter, limit).await.unwrap();
    (page.entries.iter().map(|entry| entry.seq).collect(), page.next)
}

#[actix_web::test]
async fn entries_are_numbered_without_gaps_whoever_writes_them() {
    let store = store();
    let writers = (0..4).map(|_| Trail::recording(store.clone(), None, u64::MAX));
    let writers: Vec<Trail> = writers.collect();
    let record = writers.iter().map(async |trail| {
        for _ in 0..25 {
            trail.record_durably(entry("ada", "sessions:start", true)).await;
        }
    });
    futures::future::join_all(record).await;
    append(&store, entry("cli", "keys:create", true)).await.unwrap();
    let all = seqs(&Trail::reading(store), 0, &Filter::default(), 1000).await;
    assert_eq!(all, ((1..=101).collect(), 101));
}

#[actix_web::test]
async fn pages_follow_each_other_and_a_filter_moves_on_over_what_it_leaves_out() {
    let trail = Trail::recording(store(), None, u64::MAX);
    for (principal, action) in [("ada", "sessions:start"), ("bob", "keys:create"), ("ada", "sessions:cancel")] {
        for _ in 0..20 {
            trail.record_durably(entry(principal, action, true)).await;
        }
    }
    let all = Filter::default();
    assert_eq!(seqs(&trail, 0, &all, 7).await, ((1..=7).collect(), 7));
    assert_eq!(seqs(&trail, 7, &all, 1000).await, ((8..=60).collect(), 60));
    assert_eq!(seqs(&trail, 60, &all, 10).await, (vec![], 60));
    let of = |principal: Option<&str>, action: Option<&str>| Filter {
        principal: principal.map(str::to_owned),
        action: action.map(str::to_owned),
    };
    assert_eq!(seqs(&trail, 0, &of(Some("bob"), None), 1000).await, ((21..=40).collect(), 60));
    assert_eq!(seqs(&trail, 0, &of(None, Some("sessions")), 25).await.1, 45);
    assert_eq!(seqs(&trail, 0, &of(Some("ada"), Some("sessions:cancel")), 1000).await.0.len(), 20);
    assert_eq!(seqs(&trail, 0, &of(Some("bob"), Some("session")), 1000).await, (vec![], 60));
}

#[actix_web::test]
async fn what_is_old_or_too_much_is_removed_from_the_front() {
    let store = store();
    let trail = Trail::recording(store.clone(), None, u64::MAX);
    for _ in 0..30 {
        trail.record_durably(entry("ada", "sessions:start", true)).await;
    }
    rows::purge(&store, None, 10).await.unwrap();
    assert_eq!(seqs(&trail, 0, &Filter::default(), 1000).await.0, (21..=30).collect::<Vec<_>>());
    rows::purge(&store, Some(Timestamp::now().plus(Duration::from_secs(1))), 10).await.unwrap();
    assert_eq!(seqs(&trail, 0, &Filter::default(), 1000).await, (vec![], 0));
    trail.record_durably(entry("ada", "sessions:start", true)).await;
    assert_eq!(seqs(&trail, 0, &Filter::default(), 1000).await.0, [31], "numbers go on");
}

#[actix_web::test]
async fn nothing_that_a_client_sends_makes_an_entry_long() {
    let trail = Trail::recording(store(), None, u64::MAX);
    let long = "ü".repeat(100_000);
    trail.record_durably(NewEntry { object: long.clone(), principal: long, ..entry("", "x", false) }).await;
    let page = trail.read(0, &Filter::default(), 1).await.unwrap();
    assert!(page.entries.iter().all(|entry| entry.object.chars().count() == 513 && entry.principal.ends_with('…')));
}

#[actix_web::test]
async fn what_is_recorded_is_written_before_the_end() {
    let trail = Trail::recording(store(), None, u64::MAX);
    for _ in 0..1000 {
        trail.record(entry("ada", "sessions:start", true));
    }
    trail.flush().await;
    assert_eq!(seqs(&trail, 0, &Filter::default(), 10_000).await.1, 1000);
}
