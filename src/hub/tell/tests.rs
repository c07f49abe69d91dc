//! Tests of what is told to many at once.

use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;
use smallvec::smallvec;

use super::*;
use crate::config::connections::Connections;
use crate::hub::links::Links;
use crate::hub::messages::TopicKey;
use crate::hub::tests::{drain, links, open};

fn parts(kinds: &[u8]) -> Parts {
    let mut builder = PartsBuilder::default();
    kinds
        .iter()
        .enumerate()
        .for_each(|(at, kind)| builder.push(*kind, Some(at as u64), format!("{kind}.{at}").as_bytes()));
    builder.finish()
}

proptest! {
    #[test]
    fn what_is_wanted_is_given_in_order(kinds in prop::collection::vec(0..6u8, 0..20), interest in 0..64u32) {
        let interest = Interest(interest);
        let mut expected = Vec::new();
        let mut count = 0;
        for (at, kind) in kinds.iter().enumerate().filter(|(_, kind)| interest.wants(**kind)) {
            frame::write_text(&mut expected, format!("{kind}.{at}").as_bytes());
            count += 1;
        }
        let wanted = parts(&kinds).wanted(interest);
        let texts: Vec<u8> = parts(&kinds).texts(interest).flat_map(|part| [part.kind].into_iter().chain(part.text.to_vec())).collect();
        let all = kinds.iter().enumerate().filter(|(_, kind)| interest.wants(**kind));
        let told: Vec<u8> = all.flat_map(|(at, kind)| [*kind].into_iter().chain(format!("{kind}.{at}").into_bytes())).collect();
        prop_assert_eq!(texts, told);
        prop_assert_eq!(wanted, (count > 0).then(|| (count, Bytes::from(expected))));
    }
}

#[test]
fn who_wants_everything_shares_one_piece() {
    let parts = parts(&[0, 1, 1]);
    let (_, one) = parts.wanted(Interest::ALL).unwrap();
    let (_, other) = parts.wanted(Interest(0b11)).unwrap();
    assert_eq!(one.as_ptr(), other.as_ptr());
    assert_eq!(Interest::only(40), Interest(0));
}

fn tell(topics: &[Topic], first_seq: Option<u64>, kinds: &[u8]) -> Tell {
    Tell { topics: topics.iter().copied().collect(), first_seq, parts: Arc::new(parts(kinds)) }
}

fn one() -> Topic {
    Topic::Workflow(TopicKey::of("one"))
}

/// Joins as [`Broadcast::join`] does, on this thread.
fn join(links: &Links, gauge: &Gauge, connection: ConnectionId, topic: Topic, kinds: &[u8]) {
    gauge.listener_comes();
    links.join(&Join { connection, topic, parts: Arc::new(parts(kinds)) });
}

fn counted(settings: &Connections) -> (Rc<Links>, Arc<Gauge>) {
    let links = links(settings);
    let gauge = Arc::clone(links.gauge());
    (links, gauge)
}

fn frames(kinds: &[u8]) -> Vec<u8> {
    parts(kinds).wanted(Interest::ALL).map(|(_, frames)| frames.to_vec()).unwrap_or_default()
}

#[actix::test]
async fn each_listener_is_told_once_and_what_it_wants() {
    let (links, gauge) = counted(&Connections::default());
    let (both, all, picky, deaf) = (open(&links), open(&links), open(&links), open(&links));
    for (link, topic) in [(&both, one()), (&both, Topic::Workflows), (&all, Topic::Workflows), (&picky, one())] {
        join(&links, &gauge, link.id(), topic, &[]);
    }
    picky.set_interest(Interest::only(2));
    links.tell(&tell(&[one(), Topic::Workflows], None, &[1, 2, 3]));
    assert_eq!((drain(&both).0, drain(&all).0), (frames(&[1, 2, 3]), frames(&[1, 2, 3])));
    assert_eq!(drain(&picky).0, [&[0x81, 3][..], b"2.1"].concat());
    links.tell(&tell(&[one()], None, &[1, 3]));
    assert!(drain(&picky).0.is_empty() && drain(&all).0.is_empty() && drain(&deaf).0.is_empty());
    assert_eq!(drain(&both).0, frames(&[1, 3]));
}

#[actix::test]
async fn how_things_stand_comes_before_what_follows() {
    let (links, gauge) = counted(&Connections::default());
    let link = open(&links);
    join(&links, &gauge, link.id(), one(), &[0]);
    links.tell(&tell(&[one()], Some(1), &[1]));
    assert_eq!(drain(&link).0, [frames(&[0]), frames(&[1])].concat());
}

#[actix::test]
async fn listeners_are_counted_however_they_go() {
    let (links, gauge) = counted(&Connections::default());
    let (stays, goes, closed) = (open(&links), open(&links), open(&links));
    for link in [&stays, &goes, &closed] {
        join(&links, &gauge, link.id(), one(), &[]);
        join(&links, &gauge, link.id(), Topic::Workflows, &[]);
        join(&links, &gauge, link.id(), one(), &[]);
    }
    links.end(goes.id());
    links.close(closed.id(), crate::hub::close::CloseCode::Done);
    join(&links, &gauge, goes.id(), one(), &[]);
    join(&links, &gauge, closed.id(), one(), &[]);
    assert!(gauge.has_listeners());
    links.end(stays.id());
    assert!(!gauge.has_listeners());
}

#[actix::test]
async fn who_has_no_room_goes_on_later_from_what_it_has() {
    let (links, gauge) = counted(&Connections { outbox_bytes: 10, ..Connections::default() });
    let behind = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&behind);
    links.on_falling_behind(move |link, topic, flush| heard.borrow_mut().push((link.id(), topic, flush)));
    let (slow, quick) = (open(&links), open(&links));
    for link in [&slow, &quick] {
        join(&links, &gauge, link.id(), one(), &[]);
        join(&links, &gauge, link.id(), Topic::Workflows, &[]);
    }
    for flush in 1..5 {
        links.tell(&tell(&[one()], Some(flush), &[1, 1]));
        assert_eq!(drain(&quick).0, frames(&[1, 1]));
    }
    assert_eq!(behind.take(), [(slow.id(), one(), 1)]);
    assert_eq!(drain(&slow), (frames(&[1, 1]), false));
    // It still listens to the other topic.
    links.tell(&tell(&[Topic::Workflows], None, &[2]));
    assert_eq!(drain(&slow).0, frames(&[2]));
}

#[actix::test]
async fn who_has_no_room_for_what_is_told_only_once_is_closed() {
    let (links, gauge) = counted(&Connections { outbox_bytes: 10, ..Connections::default() });
    let link = open(&links);
    join(&links, &gauge, link.id(), one(), &[]);
    let once = Tell { topics: smallvec![one()], first_seq: None, parts: Arc::new(parts(&[1, 1])) };
    links.tell(&once);
    links.tell(&once);
    assert_eq!(drain(&link).0, frame::close(Some(4410), "too slow").to_vec());
    assert!(!gauge.has_listeners());
}
