//! People who listen to all events, and come back at another server with the position that they have reached.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use rand::rngs::StdRng;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::history::Listened;
use super::load::{PAUSE, SITS, Scene};
use crate::support::Value;
use crate::support::api::Api;

impl Listened {
    /// The number of the last event that was heard.
    pub fn last_seq(&self) -> u64 {
        self.events.last().and_then(|event| event["seq"].as_u64()).unwrap_or(self.after)
    }
}

impl Api {
    /// The events after this number, where the server answers.
    pub async fn log_after(&self, position: &str) -> Option<Value> {
        let path = format!("/api/v1/events?limit=10000{position}");
        let answer = self.request(reqwest::Method::GET, &path).send().await.ok()?;
        if answer.status() == 200 { answer.json().await.ok() } else { None }
    }
}

impl Scene {
    /// What some server has of events.
    async fn log(&self) -> Value {
        loop {
            for member in &*self.members {
                if let Some(log) = member.log_after("").await {
                    return log;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The number of the last event.
    pub(super) async fn last_event(&self) -> u64 {
        self.log().await["last_seq"].as_u64().unwrap()
    }
}

/// Listens from now on, first at this server.
pub(super) async fn listen(scene: Scene, home: usize, mut random: StdRng) {
    let log = scene.log().await;
    let (epoch, after) = (log["epoch"].as_str().unwrap().to_owned(), log["last_seq"].as_u64().unwrap());
    let place = scene.write(|history| {
        history.listened.push(Listened { epoch: epoch.clone(), after, ..Listened::default() });
        history.listened.len() - 1
    });
    let (mut at, mut last) = (home, after);
    loop {
        let (address, opened) = (scene.members[at].address, scene.moment());
        let url = format!("ws://{address}/api/v1/websocket/ws/global?since={epoch}:{last}");
        let mut ended = "not opened".to_owned();
        if let Ok(Ok((mut socket, _))) = tokio::time::timeout(Duration::from_secs(5), connect_async(url)).await {
            ended = loop {
                match tokio::time::timeout(SITS, socket.next()).await {
                    Ok(Some(Ok(Message::Text(text)))) => {
                        for message in messages(&text) {
                            if let Some(number) = message["seq"].as_u64() {
                                last = number;
                                scene.write(|history| history.listened[place].events.push(message));
                            } else if message["type"] == "error" {
                                // It ought not to be.
                                scene.write(|history| history.listened[place].sockets.push(message.to_string()));
                            }
                        }
                    }
                    Ok(Some(Ok(Message::Close(close)))) => break format!("{:?}", close.map(|close| close.code)),
                    Ok(Some(Ok(_))) => {}
                    Ok(Some(Err(error))) => break error.to_string(),
                    Ok(None) => break "cut".to_owned(),
                    Err(_) if scene.is_over.load(Ordering::Relaxed) => return,
                    Err(_) => break "silent".to_owned(),
                }
            };
        }
        let from = format!("{opened} at {at}, to {}: {ended}", scene.moment());
        scene.write(|history| history.listened[place].sockets.push(from));
        at = scene.another(Some(at), &mut random);
        tokio::time::sleep(PAUSE).await;
    }
}

fn messages(text: &str) -> Vec<Value> {
    let message: Value = serde_json::from_str(text).unwrap();
    message.as_array().cloned().unwrap_or_else(|| vec![message])
}
