//! Members that ask each other over a wire of the tests, which may lose messages.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::Actor;
use bytes::Bytes;
use futures::future::join_all;
use futures::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use super::handle::To;
use super::{Cluster, Post, Question, Responders, Response, Unanswered, Wire};
use crate::domain::id::{SessionId, Slot};
use crate::metrics::Metrics;
use crate::store::{Fence, Incoming, Member, MemberState, View};

#[derive(Serialize, Deserialize)]
struct Double(u64);

impl Question for Double {
    const NAME: &'static str = "double";
    type Answer = u64;
}

/// All mailboxes, and of how many messages one is lost.
struct Network {
    mailboxes: HashMap<Fence, mpsc::UnboundedSender<Incoming>>,
    sent: AtomicUsize,
    lost_each: usize,
}

struct End {
    me: Fence,
    network: Arc<Network>,
}

impl Wire for End {
    fn send(&self, to: Fence, body: Bytes) -> bool {
        let sent = self.network.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let is_lost = self.network.lost_each > 0 && sent.is_multiple_of(self.network.lost_each);
        if let Some(mailbox) = self.network.mailboxes.get(&to).filter(|_| !is_lost) {
            let _ = mailbox.send(Incoming::Message { from: self.me, body });
        }
        true
    }

    fn broadcast(&self, body: Bytes) -> bool {
        self.network.mailboxes.keys().filter(|to| **to != self.me).all(|to| self.send(*to, body.clone()))
    }
}

/// Two members, what each has begun to answer, and who the second says is to answer.
struct Stage {
    fences: [Fence; 2],
    asks: Cluster,
    views: Vec<watch::Sender<Arc<View>>>,
    begun: Rc<RefCell<Vec<(usize, u64)>>>,
}

fn view(me: Fence, fences: &[Fence], owner: Option<Fence>) -> Arc<View> {
    let member = |fence: &Fence| Member {
        id: fence.to_string().into(),
        fence: *fence,
        advertise: "here".into(),
        format: 1,
        state: MemberState::Live,
        beat_age: Duration::ZERO,
        slots: 0,
    };
    let mut view = View::new(me);
    view.members = fences.iter().map(member).collect();
    view.owners = Box::new([owner; Slot::COUNT]);
    Arc::new(view)
}

impl Stage {
    /// All slots are owned by the member with this index.
    fn new(lost_each: usize, owner: Option<usize>) -> Self {
        let fences = [Fence::random(), Fence::random()];
        let (mut mailboxes, mut inboxes) = (HashMap::new(), Vec::new());
        for fence in fences {
            let (to, inbox) = mpsc::unbounded_channel();
            mailboxes.insert(fence, to);
            inboxes.push(inbox);
        }
        let network = Arc::new(Network { mailboxes, sent: AtomicUsize::new(0), lost_each });
        let metrics = Metrics::install(1).unwrap();
        let begun = Rc::<RefCell<Vec<(usize, u64)>>>::default();
        let (mut views, mut clusters) = (Vec::new(), Vec::new());
        for (index, inbox) in inboxes.into_iter().enumerate() {
            let (sees, seen) = watch::channel(view(fences[index], &fences, owner.map(|owner| fences[owner])));
            let wire: Arc<dyn Wire> = Arc::new(End { me: fences[index], network: Arc::clone(&network) });
            let (begins, mine) = (Rc::clone(&begun), seen.clone());
            let answering = Responders::default().on(move |_, Double(number): Double| {
                let is_mine = mine.borrow().is_mine(Slot::new(0));
                if is_mine {
                    begins.borrow_mut().push((index, number));
                }
                async move {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    if is_mine { Response::Answer(2 * number) } else { Response::NotHere }
                }
            });
            let incoming =
                stream::unfold(inbox, |mut inbox| async move { inbox.recv().await.map(|came| (came, inbox)) });
            let post =
                Post::new(Arc::clone(&wire), seen.clone(), incoming, answering, || {}, 100, metrics.cluster()).start();
            views.push(sees);
            clusters.push(Cluster::new(post, seen, wire));
        }
        Self { fences, asks: clusters.swap_remove(0), views, begun }
    }

    fn give_all_to(&self, owner: usize) {
        for (index, sees) in self.views.iter().enumerate() {
            sees.send_replace(view(self.fences[index], &self.fences, Some(self.fences[owner])));
        }
    }

    async fn ask(&self, number: u64) -> Result<u64, Unanswered> {
        self.asks.ask(To::Slot(Slot::new(7)), &Double(number)).await
    }
}

#[actix::test]
async fn a_question_is_answered_once_though_messages_are_lost() {
    tokio::time::pause();
    // Of an even number, always the same one of question and answer could be lost.
    for lost_each in [0, 3, 5, 7] {
        let stage = Stage::new(lost_each, Some(1));
        let answers = join_all((0..30).map(|number| stage.ask(number))).await;
        assert_eq!(answers, (0..30).map(|number| Ok(2 * number)).collect::<Vec<_>>());
        let mut begun = stage.begun.take();
        begun.sort_unstable();
        assert_eq!(begun, (0..30).map(|number| (1, number)).collect::<Vec<_>>(), "one of {lost_each} is lost");
    }
}

#[actix::test]
async fn a_question_waits_for_an_owner_and_goes_where_that_is() {
    tokio::time::pause();
    let stage = Stage::new(0, None);
    let asking = stage.ask(4);
    let deciding = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(stage.begun.borrow().is_empty());
        stage.give_all_to(1);
    };
    assert_eq!(futures::join!(asking, deciding).0, Ok(8));
    stage.give_all_to(0);
    assert_eq!((stage.ask(5).await, stage.begun.take()), (Ok(10), vec![(1, 4), (0, 5)]));
}

#[actix::test]
async fn an_owner_that_is_none_any_more_says_so_and_the_next_is_asked() {
    tokio::time::pause();
    let stage = Stage::new(0, Some(1));
    // The one that is asked knows already that it does not own anything.
    stage.views[1].send_replace(view(stage.fences[1], &stage.fences, Some(stage.fences[0])));
    let asking = stage.ask(1);
    let deciding = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stage.give_all_to(0);
    };
    assert_eq!(futures::join!(asking, deciding).0, Ok(2));
    assert_eq!(stage.begun.take(), [(0, 1)]);
}

#[actix::test]
async fn who_is_no_member_any_more_answers_nothing() {
    tokio::time::pause();
    let stage = Stage::new(0, Some(1));
    let gone = stage.asks.ask(To::Member(Fence::random()), &Double(1)).await;
    assert_eq!(gone, Err(Unanswered::Gone));
    let others = stage.asks.ask_others(&Double(3)).await;
    assert_eq!(others, [(stage.fences[1], 6)]);
}

#[actix::test]
async fn no_more_wait_than_may() {
    tokio::time::pause();
    let stage = Stage::new(0, None);
    let asking: Vec<_> = (0..101).map(|number| stage.asks.ask(To::Slot(Slot::new(0)), &Double(number))).collect();
    let answers = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stage.give_all_to(1);
    };
    let (answers, ()) = futures::join!(join_all(asking), answers);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(Unanswered::NotNow)).count(), 1);
}

#[actix::test]
async fn a_server_is_certain_of_its_sessions_only_while_nobody_can_have_taken_it_for_dead() {
    let stage = Stage::new(0, Some(0));
    let (session, now) = (SessionId::random(), std::time::Instant::now());
    let sees = |owner: usize, safe_until| {
        let mut view = View::clone(&view(stage.fences[0], &stage.fences, Some(stage.fences[owner])));
        view.safe_until = safe_until;
        stage.views[0].send_replace(Arc::new(view));
    };
    for until_then in [None, now.checked_sub(Duration::from_millis(1))] {
        for owner in [0, 1] {
            sees(0, until_then);
            let mut asking = Box::pin(stage.asks.certainly_owns(session));
            assert!(futures::poll!(&mut asking).is_pending());
            sees(owner, Some(now + Duration::from_secs(3600)));
            assert_eq!(asking.await, owner == 0);
        }
    }
}
