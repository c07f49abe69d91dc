//! Several servers on one Redis: how slots move between them, who is buried, how one comes back, and what they send.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::redis_server::{self, RedisServer, free_port};
use super::support::{Board, append, create, in_time, new_cluster, redis_settings, summary};
use crate::redis::Several;
use crate::{
    Change, Cluster, ClusterSettings, Error, Fence, Health, Inbox, Incoming, MemberState, Membership, Reason, Settings,
    SlotChange, Standing, Store, Summary, View,
};
use callboard_domain::id::{SessionId, Slot};

/// A server as far as the store knows it: it hands over what it is asked for.
pub(super) struct Server {
    pub(super) board: Board,
    cluster: Cluster,
    inbox: Inbox,
    changes: UnboundedReceiver<SlotChange>,
}

impl Server {
    pub(super) fn open(settings: &Settings, cluster: &ClusterSettings) -> Self {
        let (store, membership) = Store::open_member(settings, cluster, 2, Arc::new(|_, _| {})).unwrap();
        let Membership { cluster, mut changes, inbox } = membership.unwrap();
        let (passed_on, received) = unbounded_channel();
        let giving = cluster.clone();
        tokio::spawn(async move {
            while let Some(change) = changes.recv().await {
                drop(passed_on.send(change.clone()));
                if let SlotChange::HandOver { slots, to } = change {
                    giving.give(slots, to).await.unwrap();
                }
            }
        });
        Self { board: Board::of(store, None), cluster, inbox, changes: received }
    }

    fn fence(&self) -> Fence {
        self.board.store.fence()
    }

    /// Waits until it receives what is sent to it.
    async fn receives(&mut self) {
        self.sees(|view| view.member(view.me).is_some()).await;
        loop {
            assert!(self.cluster.send(self.fence(), "?".into()));
            // What was sent before it had subscribed is lost, which it hears of.
            if matches!(in_time(self.inbox.recv()).await, Some(Incoming::Message { .. })) {
                return;
            }
        }
    }

    /// Waits until its view is like this.
    pub(super) async fn sees(&self, wanted: impl Fn(&View) -> bool) -> Arc<View> {
        in_time(self.cluster.view().wait_for(|view| wanted(view))).await.unwrap().clone()
    }

    /// Waits until it owns so many slots.
    async fn has(&self, count: usize) {
        self.sees(|view| view.slots_of(view.me).count() == count).await;
    }

    /// Waits for a change, passing over what moves slots.
    async fn changes_to(&mut self, wanted: impl Fn(&SlotChange) -> bool) -> SlotChange {
        loop {
            let change = in_time(self.changes.recv()).await.unwrap();
            if wanted(&change) {
                return change;
            }
        }
    }

    fn session_in(&self, slot: Slot) -> Summary {
        Summary { id: SessionId::in_slot(slot, 0, 2), ..summary(&self.board.store, 0) }
    }
}

/// The engine that most tests share, and a cluster of one's own on it.
fn shared() -> Option<(Settings, ClusterSettings)> {
    Some((redis_settings(redis_server::shared()?), new_cluster()))
}

/// A server that owns all slots, alone.
async fn first(settings: &Settings, cluster: &ClusterSettings) -> Server {
    let server = Server::open(settings, cluster);
    server.cluster.serve();
    server.has(Slot::COUNT).await;
    server
}

#[tokio::test]
async fn who_joins_owns_nothing_before_it_serves_and_is_given_its_share_then() {
    let Some((settings, names)) = shared() else { return };
    let mut one = first(&settings, &names).await;
    assert_eq!(one.changes_to(|_| true).await, SlotChange::Taken(Slot::all().collect()));
    let mut other = Server::open(&settings, &names);
    let view = one.sees(|view| view.members.len() == 2).await;
    assert_eq!(view.member(other.fence()).unwrap().state, MemberState::Joining);
    assert_eq!(view.format(), Some(1));
    other.cluster.serve();
    other.has(128).await;
    one.has(128).await;
    let view = one.sees(|view| view.members.iter().all(|member| member.slots == 128)).await;
    assert_eq!(view.member(other.fence()).unwrap().state, MemberState::Live);
    // What it was given, it was told of, each slot once.
    let mut taken = Vec::new();
    while taken.len() < 128 {
        let SlotChange::Taken(slots) = other.changes_to(|_| true).await else { panic!("it gives nothing") };
        taken.extend(slots);
    }
    taken.sort_unstable();
    assert_eq!(taken, other.cluster.view().borrow().slots_of(other.fence()).collect::<Vec<_>>());
    // And it writes what is in them, which the one before does not any more.
    let moved = other.session_in(taken[0]);
    other.board.write([create(&moved)]).await;
    one.board.store.append(append(&moved, 1, Change::None));
    assert_eq!(one.board.refused(moved.id).await.reason, Reason::Fenced);
}

#[tokio::test]
async fn who_leaves_hands_over_a_few_slots_after_another_and_nothing_is_nobodys() {
    let Some((settings, names)) = shared() else { return };
    let mut one = first(&settings, &names).await;
    let other = Server::open(&settings, &names);
    other.cluster.serve();
    other.has(128).await;
    one.cluster.retire();
    one.changes_to(|change| *change == SlotChange::Relieved).await;
    let view = other.sees(|view| view.slots_of(view.me).count() == Slot::COUNT).await;
    assert_eq!(view.member(one.fence()).unwrap().state, MemberState::Leaving);
    assert_eq!(one.board.store.close().await, 0);
    other.sees(|view| view.members.len() == 1).await;
    // Nobody is left to take what the last one has.
    let mut last = other;
    last.cluster.retire();
    last.changes_to(|change| *change == SlotChange::Relieved).await;
    last.has(Slot::COUNT).await;
}

#[tokio::test]
async fn a_member_that_stands_still_is_suspected_then_buried_and_its_slots_are_taken() {
    let Some((settings, names)) = shared() else { return };
    let server = RedisServer::at(redis_server::shared().unwrap());
    let dead = Fence::random();
    let key = |name: &str| format!("{{{}}}:{name}", names.name);
    let says = r#"{"advertise":"there","id":"d","format":1,"intent":"serve"}"#;
    server(&["HSET", &key("members"), &dead.to_string(), says]);
    server(&["HSET", &key("beats"), &dead.to_string(), "7"]);
    server(&["HSET", &key("slots"), "3", &dead.to_string(), "200", &dead.to_string()]);
    let mut one = Server::open(&settings, &names);
    one.cluster.serve();
    let view = one.sees(|view| view.member(dead).is_some_and(|member| member.state == MemberState::Suspected)).await;
    assert_eq!(view.owner(Slot::new(3)), Some(dead));
    let begin = view.member(dead).unwrap().beat_age;
    one.has(Slot::COUNT).await;
    assert!(begin.as_millis() < 1500 && one.cluster.view().borrow().member(dead).is_none());
    let last =
        one.changes_to(|change| matches!(change, SlotChange::Taken(slots) if slots.contains(&Slot::new(3)))).await;
    assert!(matches!(last, SlotChange::Taken(slots) if slots.contains(&Slot::new(200))));
}

#[tokio::test]
async fn who_was_taken_for_dead_hears_of_it_once_writes_nothing_and_comes_back_as_another() {
    let Some((settings, names)) = shared() else { return };
    let mut one = first(&settings, &names).await;
    let mut other = Server::open(&settings, &names);
    other.cluster.serve();
    other.has(128).await;
    let slot = one.cluster.view().borrow().slots_of(one.fence()).next().unwrap();
    let kept = one.session_in(slot);
    one.board.write([create(&kept)]).await;
    let before = one.fence();
    one.receives().await;
    for _ in 0..3 {
        assert!(other.cluster.send(before, "before".into()));
        assert_eq!(message(&mut one.inbox).await, (other.fence(), "before".into()));
    }
    Several::new(settings.clone(), names.clone()).expel(before);
    one.changes_to(|change| *change == SlotChange::Fenced).await;
    assert_eq!(one.cluster.view().borrow().standing, Standing::Fenced);
    assert!(!one.cluster.view().borrow().is_mine(slot));
    other.has(Slot::COUNT).await;
    one.board.store.append(append(&kept, 1, Change::None));
    let fence = one.board.store.rejoin().await.unwrap();
    // What came before it joined anew is refused, though it is a member again.
    assert_eq!(one.board.refused(kept.id).await.reason, Reason::Fenced);
    assert_ne!(fence, before);
    assert_eq!(one.changes_to(|_| true).await, SlotChange::Joined(fence), "of its end it hears once");
    one.has(128).await;
    assert_eq!((one.fence(), one.board.store.health()), (fence, Health::Well));
    other.changes_to(|change| matches!(change, SlotChange::HandOver { to, .. } if *to == fence)).await;
    let again = one.session_in(one.cluster.view().borrow().slots_of(fence).next().unwrap());
    one.board.write([create(&again), append(&again, 1, Change::None)]).await;
    assert!(one.cluster.send(other.fence(), "hello".into()));
    assert_eq!(message(&mut other.inbox).await, (fence, "hello".into()));
    other.sees(|view| view.member(fence).is_some()).await;
    assert!(other.cluster.send(fence, "again".into()));
    assert_eq!(message(&mut one.inbox).await, (other.fence(), "again".into()), "it is counted anew");
}

async fn message(inbox: &mut Inbox) -> (Fence, Bytes) {
    match in_time(inbox.recv()).await {
        Some(Incoming::Message { from, body }) => (from, body),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn messages_of_one_member_come_once_and_in_their_order() {
    const MANY: u32 = 2000;
    let Some((settings, names)) = shared() else { return };
    let mut servers = [(); 3].map(|()| Server::open(&settings, &names));
    for server in &mut servers {
        server.sees(|view| view.members.len() == 3).await;
        server.receives().await;
    }
    let fences = servers.each_ref().map(Server::fence);
    for number in 0..MANY {
        assert!(servers[0].cluster.send(fences[1], number.to_string().into()));
        assert!(servers[2].cluster.broadcast(number.to_string().into()));
    }
    let (mut from_first, mut from_last) = (0, 0);
    while from_first < MANY || from_last < MANY {
        let (from, body) = message(&mut servers[1].inbox).await;
        let count = if from == fences[0] { &mut from_first } else { &mut from_last };
        assert_eq!(body, count.to_string());
        *count += 1;
    }
    for number in 0..MANY {
        assert_eq!(message(&mut servers[0].inbox).await, (fences[2], number.to_string().into()));
    }
    assert!(servers[2].cluster.send(fences[2], "to oneself".into()));
    assert_eq!(message(&mut servers[2].inbox).await, (fences[2], "to oneself".into()));
}

#[tokio::test]
async fn a_subscription_that_is_cut_is_made_anew_and_what_may_be_lost_is_said() {
    let Some(_) = redis_server::program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = RedisServer::start(folder.path(), free_port(), &[]);
    let (settings, names) = (redis_settings(engine.port), new_cluster());
    let (one, mut other) = (Server::open(&settings, &names), Server::open(&settings, &names));
    one.sees(|view| view.members.len() == 2).await;
    other.receives().await;
    assert!(one.cluster.send(other.fence(), "before".into()));
    assert_eq!(message(&mut other.inbox).await.1, "before");
    engine.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(in_time(other.inbox.recv()).await, Some(Incoming::Missed));
    assert!(one.cluster.send(other.fence(), "after".into()));
    loop {
        match in_time(other.inbox.recv()).await.unwrap() {
            Incoming::Missed => {}
            Incoming::Message { body, .. } => break assert_eq!(body, "after"),
        }
    }
}

#[tokio::test]
async fn an_outage_of_the_engine_buries_nobody() {
    let Some(_) = redis_server::program() else { return };
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let engine = RedisServer::start(folder.path(), port, &[]);
    let (settings, names) = (redis_settings(port), new_cluster());
    let one = first(&settings, &names).await;
    let other = Server::open(&settings, &names);
    other.cluster.serve();
    other.has(128).await;
    one.has(128).await;
    let owners = one.cluster.view().borrow().owners.clone();
    drop(engine);
    one.sees(|view| view.lag.is_none()).await;
    other.sees(|view| view.lag.is_none()).await;
    let _engine = RedisServer::start(folder.path(), port, &[]);
    for server in [&one, &other] {
        let view = server.sees(|view| view.lag.is_some()).await;
        assert_eq!((view.standing, &view.owners), (Standing::Member, &owners));
    }
}

#[tokio::test]
async fn a_store_of_one_server_has_no_others() {
    let settings = Settings { url: "memory:".into(), ..Settings::default() };
    let opened = Store::open_member(&settings, &ClusterSettings::default(), 1, Arc::new(|_, _| {}));
    let (store, membership) = opened.unwrap();
    assert!(membership.is_none() && store.cluster().is_none());
    assert!(matches!(store.rejoin().await, Err(Error::Unusable(_))));
}

#[tokio::test]
async fn commands_beside_servers_are_no_members_that_anybody_sees() {
    let Some((settings, names)) = shared() else { return };
    let one = first(&settings, &names).await;
    let beside = Store::open_beside(&settings, &names).unwrap();
    beside.put_document(&super::SERVER, "a", "b", "x".into(), crate::Precondition::Absent).await.unwrap();
    let other = Server::open(&settings, &names);
    let view = one.sees(|view| view.member(other.fence()).is_some()).await;
    assert_eq!(view.members.len(), 2);
    assert_eq!(view.slots_of(one.fence()).count(), Slot::COUNT);
}

#[tokio::test]
async fn a_user_that_may_not_publish_ends_the_start() {
    let Some(_) = redis_server::program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let engine = RedisServer::start(folder.path(), free_port(), &[]);
    let names = new_cluster();
    let keys = format!("~{{{}}}:*", names.name);
    engine.command(&[
        "ACL",
        "SETUSER",
        "ada",
        "on",
        ">secret",
        &keys,
        "resetchannels",
        "+@all",
        "-@admin",
        "+config|get",
    ]);
    let settings =
        Settings { url: format!("redis://ada:secret@127.0.0.1:{}", engine.port), ..redis_settings(engine.port) };
    let refused = Store::open_member(&settings, &names, 1, Arc::new(|_, _| {}));
    let Err(Error::Unusable(refused)) = refused else { panic!("it was opened") };
    assert!(refused.contains("channel") && !refused.contains("secret"), "{refused}");
    let channels = format!("&{{{}}}:*", names.name);
    engine.command(&["ACL", "SETUSER", "ada", &channels]);
    first(&settings, &names).await;
}

#[tokio::test]
async fn a_member_is_certain_of_what_it_owns_while_its_beat_is_heard_and_no_longer() {
    let Some(_) = redis_server::program() else { return };
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let mut engine = Some(RedisServer::start(folder.path(), port, &[]));
    let server = Server::open(&redis_settings(port), &new_cluster());
    for _ in 0..2 {
        server.sees(|view| view.is_certain(Instant::now())).await;
        drop(engine.take());
        let view = server.cluster.view();
        let passing = async {
            while view.borrow().is_certain(Instant::now()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        in_time(passing).await;
        engine = Some(RedisServer::start(folder.path(), port, &[]));
    }
}
