//! Tests of how events are told.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::config::connections::Connections;
use crate::domain::burst::Told as Entry;
use crate::domain::event::{Event, Filter, Happening, Kind, Subscription, Told};
use crate::domain::id::SessionId;
use crate::domain::status::Priority;
use crate::hub::links::{Arrival, Links};
use crate::hub::tests::{drain, links};
use crate::hub::{Dialect, Link};

/// Writes of each event one byte: its number in `data`; batches stand in brackets.
struct Letters;

static LETTERS: Letters = Letters;

thread_local! {
    static WRITTEN: RefCell<usize> = const { RefCell::new(0) };
}

impl Dialect for Letters {
    fn name(&self) -> &'static str {
        "letters"
    }

    fn entries(&self, _: &[Entry], _: &mut Vec<u8>) {}

    fn event(&self, told: &Told) -> Bytes {
        WRITTEN.with_borrow_mut(|written| *written += 1);
        let number = told.happening().data.get("n").and_then(serde_json::Value::as_u64).unwrap_or(u64::from(b'!'));
        vec![u8::try_from(number).unwrap()].into()
    }

    fn event_frame(&self, payload: &Bytes, out: &mut Vec<u8>) {
        out.extend_from_slice(payload);
    }

    fn batch_frame(&self, payloads: &[Bytes], out: &mut Vec<u8>) {
        out.extend_from_slice(&[b"[", &*payloads.concat(), b"]"].concat());
    }
}

fn reader(links: &Rc<Links>, order: Order, batch: Option<Duration>, words: &[&str], filter: Filter) -> Rc<Link> {
    let link = links.open(Arrival { dialect: &LETTERS, address: None, topic: None, line: None });
    let manner = Manner { client_id: "a".into(), place: "custom", order, batch };
    link.set_reader(Reader::new(manner, links.told_seq(), false));
    let subscriptions = words.iter().map(|word| Subscription::parse(word).unwrap()).collect();
    links.want(&link, Wants::new(subscriptions, filter));
    link
}

fn plain(links: &Rc<Links>, words: &[&str]) -> Rc<Link> {
    reader(links, Order::ByUrgency, None, words, Filter::default())
}

fn event(letter: u8, seq: Option<u64>, happening: Happening) -> Told {
    Told::new(Event { seq, ..Event::now(happening.with("n", letter)) })
}

fn of(kind: Kind) -> Happening {
    Happening::new(kind)
}

fn tell(links: &Links, told: Vec<Told>) -> usize {
    links.tell_events(&TellEvents { told: told.into(), audience: Audience::Listeners })
}

/// Some events of some sessions and crews, with the letters `a`, `b` and so on, all kept.
fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let kinds = ["execution.started", "execution.failed", "queue.cleared", "custom.a", "custom.a.b", "memory.stored"];
    let one = (prop::sample::select(kinds.to_vec()), 0..3u8, 0..3u8).prop_map(|(word, session, crew)| {
        let happening = of(Kind::parse(word).unwrap());
        let happening = if session > 0 { happening.of_execution(id(session)) } else { happening };
        if crew > 0 { happening.of_crew(format!("c{crew}")) } else { happening }
    });
    prop::collection::vec(one, 0..70)
}

fn id(session: u8) -> SessionId {
    SessionId::from_bytes([session; 16])
}

fn wants() -> impl Strategy<Value = Wants> {
    let words = vec![
        "execution.*".to_owned(),
        "global".to_owned(),
        "custom.a".to_owned(),
        "custom.a.*".to_owned(),
        "custom.*".to_owned(),
        "*".to_owned(),
        "memory".to_owned(),
        "metrics".to_owned(),
        "crew_c1".to_owned(),
        format!("execution_{}", id(1)),
    ];
    let types =
        prop::option::of(prop::sample::subsequence(vec!["execution.*", "custom.a", "custom.a.*", "queue.*"], 0..3));
    let filter = (types, prop::option::of(0..3u8), prop::option::of(0..3u8), any::<bool>()).prop_map(
        |(types, session, crew, urgent)| Filter {
            types: types.map(|types| {
                types.into_iter().map(|word| crate::domain::event::Pattern::parse(word).unwrap()).collect()
            }),
            min_priority: urgent.then_some(Priority::High),
            execution_id: session.filter(|session| *session > 0).map(|session| id(session).into()),
            crew_id: crew.filter(|crew| *crew > 0).map(|crew| format!("c{crew}").into()),
            agent_id: None,
        },
    );
    (prop::sample::subsequence(words, 0..5), filter).prop_map(|(words, filter)| {
        Wants::new(words.iter().map(|word| Subscription::parse(word).unwrap()).collect(), filter)
    })
}

proptest! {
    #[test]
    fn each_gets_once_and_in_order_what_its_subscriptions_and_filter_say(
        all in prop::collection::vec(wants(), 1..6), changed in wants(), happenings in happenings(),
    ) {
        let links = links(&Connections::default());
        let readers: Vec<Rc<Link>> = all.iter().map(|_| reader(&links, Order::BySeq, None, &[], Filter::default())).collect();
        for (link, wants) in readers.iter().zip(&all) {
            // What it wanted before leaves nothing behind.
            links.want(link, changed.clone());
            links.want(link, wants.clone());
        }
        let told: Vec<Told> = (1..).zip(happenings).map(|(seq, happening)| event(seq as u8, Some(seq), happening)).collect();
        tell(&links, told.clone());
        for (link, wants) in readers.iter().zip(&all) {
            let asked = |told: &&Told| wants.subscriptions().iter().any(|one| one.takes(told.happening()));
            let fits = told.iter().filter(asked).filter(|told| wants.filter().takes(told.happening()));
            let expected: Vec<u8> = fits.map(|told| told.seq().unwrap() as u8).collect();
            prop_assert_eq!(drain(link).0, expected);
            links.end(link.id());
        }
        let gauge = links.gauge();
        prop_assert!(Kind::KNOWN.iter().all(|kind| !gauge.is_heard(kind, Some(&id(1).into()))), "nobody is counted any more");
    }
}

#[actix::test]
async fn an_event_is_written_once_whoever_gets_it() {
    let links = links(&Connections::default());
    let readers: Vec<Rc<Link>> = (0..5).map(|_| plain(&links, &["global", "execution.*"])).collect();
    let other = plain(&links, &["queue"]);
    WRITTEN.take();
    let reached = tell(
        &links,
        vec![event(b'a', Some(1), of(Kind::ExecutionStarted)), event(b'b', Some(2), of(Kind::QueueCleared))],
    );
    assert_eq!((WRITTEN.take(), reached), (2, 11));
    assert!(readers.iter().all(|link| drain(link).0 == b"ab"));
    assert_eq!(drain(&other).0, b"b");
}

#[actix::test]
async fn urgent_ones_overtake_what_waits_but_not_where_the_order_matters() {
    let links = links(&Connections::default());
    let (hasty, orderly) = (plain(&links, &["*"]), reader(&links, Order::BySeq, None, &["*"], Filter::default()));
    for (letter, seq, kind) in [
        (b'a', 1, Kind::TaskCompleted),
        (b'b', 2, Kind::MemoryStored),
        (b'c', 3, Kind::SystemError),
        (b'd', 4, Kind::TaskFailed),
    ] {
        tell(&links, vec![event(letter, Some(seq), of(kind))]);
    }
    assert_eq!((drain(&hasty).0, drain(&orderly).0), (b"cdab".to_vec(), b"abcd".to_vec()));
    hasty.tell_replay(1, Bytes::from_static(b"first"));
    tell(&links, vec![event(b'e', Some(5), of(Kind::SystemError))]);
    assert_eq!(drain(&hasty).0, b"firste", "nothing overtakes a replay");
}

#[actix::test]
async fn who_falls_behind_keeps_its_place_and_goes_on_without_gap_or_double() {
    let links = links(&Connections { outbox_bytes: 3, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |link, _, seq| heard.borrow_mut().push((link.id(), seq)));
    let link = plain(&links, &["*"]);
    for seq in 1..=5 {
        tell(&links, vec![event(b'a' - 1 + seq as u8, Some(seq), of(Kind::TaskCompleted))]);
    }
    assert_eq!(behind.take(), [(link.id(), 3)], "once, with what it has");
    assert!(!links.go_live(&link), "the log has more");
    assert_eq!(drain(&link).0, b"abc");
    tell(&links, vec![event(b'x', None, of(Kind::TaskProgress))]);
    assert_eq!(drain(&link).0, b"x", "what is kept nowhere comes where there is room");
    let reader = link.reader().unwrap();
    reader.advance(4);
    assert!(!links.go_live(&link));
    // The log may have been read further than this worker has heard.
    reader.advance(6);
    assert!(links.go_live(&link));
    tell(&links, vec![event(b'f', Some(6), of(Kind::TaskCompleted)), event(b'g', Some(7), of(Kind::TaskCompleted))]);
    assert_eq!(drain(&link).0, b"g");
}

#[actix::test]
async fn what_is_kept_nowhere_is_left_out_and_counted_where_there_is_no_room() {
    let links = links(&Connections { outbox_bytes: 4, ..Connections::default() });
    let link = plain(&links, &["*"]);
    for letter in b'a'..b'h' {
        tell(&links, vec![event(letter, None, of(Kind::TaskProgress))]);
    }
    assert!(link.is_open());
    assert_eq!((drain(&link).0, link.reader().unwrap().dropped()), (b"abc".to_vec(), 4));
    links.beat(&link);
    assert_eq!(drain(&link).0, b"!", "a sign of life");
}

#[actix::test]
async fn a_batch_is_one_frame_in_order_and_something_urgent_ends_it() {
    let links = links(&Connections::default());
    let link = reader(&links, Order::ByUrgency, Some(Duration::from_millis(5)), &["*"], Filter::default());
    tell(&links, vec![event(b'a', Some(1), of(Kind::TaskCompleted)), event(b'b', None, of(Kind::TaskProgress))]);
    tell(&links, vec![event(b'c', Some(2), of(Kind::TaskCompleted))]);
    assert_eq!(drain(&link).0, b"");
    let awaited = links.awaited();
    assert_eq!(awaited.len(), 1, "somebody comes once");
    links.send_batch(&awaited[0].0);
    assert_eq!(drain(&link).0, b"[abc]");
    tell(&links, vec![event(b'd', Some(3), of(Kind::TaskCompleted)), event(b'e', Some(4), of(Kind::SystemError))]);
    assert_eq!(drain(&link).0, b"[de]");
    tell(&links, vec![event(b'f', Some(5), of(Kind::TaskCompleted))]);
    links.want(&link, Wants::default());
    assert_eq!(drain(&link).0, b"[f]", "what was wanted is told before that changes");
}

#[actix::test]
async fn a_batch_without_room_is_read_from_the_log() {
    let links = links(&Connections { outbox_bytes: 4, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |_, _, seq| heard.borrow_mut().push(seq));
    let link = reader(&links, Order::ByUrgency, Some(Duration::from_millis(5)), &["*"], Filter::default());
    tell(&links, vec![event(b'a', Some(1), of(Kind::TaskCompleted))]);
    links.send_batch(&link);
    tell(&links, vec![event(b'b', Some(2), of(Kind::TaskCompleted)), event(b'c', Some(3), of(Kind::TaskCompleted))]);
    links.send_batch(&link);
    assert_eq!((drain(&link).0, behind.take()), (b"[a]".to_vec(), vec![1]));
}

#[actix::test]
async fn a_broadcast_reaches_everybody_and_filters_apply() {
    let links = links(&Connections::default());
    let filter = Filter { min_priority: Some(Priority::High), ..Filter::default() };
    let (nothing, queue) = (plain(&links, &[]), plain(&links, &["queue"]));
    let picky = reader(&links, Order::BySeq, None, &["queue"], filter);
    let told: Arc<[Told]> = Arc::new([event(b'a', None, of(Kind::parse("custom.a").unwrap()))]);
    let audience = Audience::Everybody;
    assert_eq!(links.tell_events(&TellEvents { told: told.clone(), audience }), 2);
    let audience = Audience::Subscribers(Subscription::parse("queue").unwrap());
    assert_eq!(links.tell_events(&TellEvents { told, audience }), 1);
    assert_eq!((drain(&nothing).0, drain(&queue).0, drain(&picky).0), (b"a".to_vec(), b"aa".to_vec(), vec![]));
}

#[actix::test]
async fn nobody_hears_that_it_came_itself() {
    let links = links(&Connections::default());
    let (link, other) = (plain(&links, &["connection.*"]), plain(&links, &["connection.*"]));
    let came = of(Kind::ConnectionEstablished).with("connection_id", link.id().to_string());
    tell(&links, vec![event(b'a', None, came)]);
    assert_eq!((drain(&link).0, drain(&other).0), (vec![], b"a".to_vec()));
}

#[actix::test]
async fn the_numbers_come_to_those_who_asked_for_them() {
    let links = links(&Connections::default());
    let (metrics, system) = (plain(&links, &["metrics"]), plain(&links, &["system", "metrics"]));
    let other = plain(&links, &["system"]);
    assert!(links.gauge().is_metrics_heard());
    let told = Arc::new([event(b'm', None, of(Kind::SystemHealthCheck))]);
    links.tell_events(&TellEvents { told, audience: Audience::Subscribers(Subscription::Metrics) });
    assert_eq!((drain(&metrics).0, drain(&system).0, drain(&other).0), (b"m".to_vec(), b"m".to_vec(), vec![]));
    links.end(metrics.id());
    links.end(system.id());
    assert!(!links.gauge().is_metrics_heard());
}

#[actix::test]
async fn an_operator_sees_and_closes_a_connection() {
    let links = links(&Connections::default());
    let link = plain(&links, &["queue"]);
    tell(&links, vec![event(b'a', Some(1), of(Kind::QueueCleared))]);
    let details = links.describe(actix::clock::Instant::now());
    assert_eq!((&*details[0].client_id, details[0].kind, details[0].queued_bytes), ("a", "custom", 1));
    assert_eq!(details[0].passed, Passed { messages_out: 1, bytes_out: 1, ..Passed::default() });
    let listening = details[0].listening.as_ref().unwrap();
    assert_eq!(listening.subscriptions, [Subscription::parse("queue").unwrap()]);
    assert!(!links.disconnect("b") && links.disconnect("a") && !link.is_open());
    assert_eq!(link.reason(), "disconnected");
}
