//! Many sockets, of which each wants a little.

use futures::future::join_all;

use crate::event_sockets::socket::{Feed, saying};
use crate::support::{Setup, json};

const SOCKETS: usize = 1000;
const SESSIONS: usize = 10;

#[tokio::test]
async fn a_thousand_sockets_get_each_its_own() {
    let app = saying(Setup::memory()).start().await;
    let opening = (0..SOCKETS).map(async |number| {
        let mut feed = Feed::open(&app, "custom?subscriptions=custom.*").await;
        if number >= SESSIONS * 10 {
            let filter = json!({"execution_id": "00000000-0000-4000-8000-000000000000"});
            feed.ask(json!({"action": "set_filter", "filter": filter}), "filter_set").await;
        }
        feed
    });
    let mut feeds = join_all(opening).await;
    for _ in 0..SESSIONS {
        crate::event_sockets::socket::say(&app, 10, 20).await;
    }
    for (number, feed) in feeds.iter_mut().enumerate() {
        if number < SESSIONS * 10 {
            let mut seen = 0;
            for _ in 0..SESSIONS {
                seen += feed.all_until("custom.done").await.len();
            }
            assert_eq!(seen, SESSIONS * 11);
        } else {
            feed.ask(json!({"action": "ping"}), "pong").await;
            assert_eq!(feed.frames.len(), 3, "the first message and two answers");
        }
    }
}
