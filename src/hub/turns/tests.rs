//! A message for many wakes them in turns, each once.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use super::super::links::Links;
use super::super::tests::{drain, links, open};
use super::TURN;
use crate::config::connections::Connections;
use crate::hub::Link;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Connections that are all written by one who counts how often it is woken.
fn many(links: &Links, count: usize) -> (Vec<Rc<Link>>, Arc<Count>) {
    let writer = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&writer));
    let all: Vec<Rc<Link>> = (0..count).map(|_| open(links)).collect();
    for link in &all {
        assert!(link.poll_next(&mut Context::from_waker(&waker)).is_pending());
    }
    (all, writer)
}

#[actix::test]
async fn many_are_woken_in_turns_and_each_once() {
    let links = links(&Connections::default());
    let (all, writer) = many(&links, 2 * TURN + 10);
    let tell = || {
        let mut round = links.turns.round();
        for link in &all {
            link.queue(1, "".into(), "x".into()).unwrap();
            round.wake(link);
        }
    };
    let woken = || writer.0.load(Ordering::Relaxed);
    tell();
    assert_eq!(woken(), TURN);
    tell();
    assert_eq!(woken(), TURN, "who waits does so once");
    while woken() < all.len() {
        let before = woken();
        tokio::task::yield_now().await;
        assert!(woken() - before <= TURN);
    }
    assert!(all.iter().all(|link| drain(link).0 == b"xx"));
    tokio::task::yield_now().await;
    assert_eq!(woken(), all.len());
}

#[actix::test]
async fn a_single_one_is_woken_at_once_also_later() {
    let links = links(&Connections::default());
    let (all, writer) = many(&links, 1);
    for told in 1..=3 {
        let mut round = links.turns.round();
        for link in &all {
            link.queue(1, "".into(), "x".into()).unwrap();
            round.wake(link);
        }
        assert_eq!(writer.0.load(Ordering::Relaxed), told);
        let waker = Waker::from(Arc::clone(&writer));
        while all.iter().any(|link| link.poll_next(&mut Context::from_waker(&waker)).is_ready()) {}
    }
}
