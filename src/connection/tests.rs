//! Tests over real sockets, with an independent WebSocket client: what a hostile or broken peer can do.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler};
use actix_web::{App, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Sent;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::buffered::Buffered;
use super::dialect::socket::{Form, Kind, Socket};
use super::dialect::sse::SSE;
use super::guard::Guard;
use super::inbound::Inbound;
use super::listener::{self, Listening, Wrapping};
use super::presence::Presence;
use super::{event_stream, socket, upgrade};
use crate::config::connections::Connections;
use crate::domain::burst::{Burst, BurstBuilder};
use crate::domain::entry::Entry;
use crate::domain::id::SessionId;
use crate::domain::tail::Replay;
use crate::domain::time::Timestamp;
use crate::hub::links::Arrival;
use crate::hub::{
    Announced, CloseAll, ConnectionCounts, CountConnections, Dialect, Items, Join, Link, Links, Publish, Recipients,
    ReportConnections, Shard, Topic,
};
use crate::metrics::Metrics;

/// Says back what it hears.
struct Echo(Rc<Link>);

impl Inbound for Echo {
    fn text(&mut self, text: &str) {
        self.0.answer(text.as_bytes());
    }

    fn binary(&mut self) {
        self.0.answer(b"binary");
    }
}

/// Hears reports and does nothing.
struct Deaf;

impl Actor for Deaf {
    type Context = Context<Self>;
}

impl Handler<ReportConnections> for Deaf {
    type Result = ();

    fn handle(&mut self, _: ReportConnections, _: &mut Self::Context) {}
}

struct Server {
    port: u16,
    shard: Addr<Shard>,
    handle: actix_web::dev::ServerHandle,
}

/// What the handlers of the test's only worker share.
#[derive(Clone)]
struct Worker {
    links: Rc<Links>,
    settings: Connections,
}

impl Worker {
    fn arrive(&self, request: &HttpRequest, dialect: &'static dyn Dialect) -> Presence {
        let line = socket::of(request);
        assert!(line.is_some());
        let link = self.links.open(Arrival { dialect, address: None, topic: Some(topic()), line });
        let (connection, items) = (link.id(), Items::Replay(Arc::<Replay>::default()));
        self.links.join(&Join { connection, topic: topic(), items, position: 0, announced: Announced::No });
        Presence::new(link, Rc::clone(&self.links))
    }
}

async fn socket_route(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let worker = request.app_data::<Worker>().unwrap();
    let response = upgrade::accept(&request).unwrap();
    let presence = worker.arrive(&request, Socket::of(Kind::Session, Form::default()));
    let link = Rc::clone(&presence.link);
    let guard = Guard::new(payload, Rc::clone(&link), &worker.settings, &Buffered::default());
    upgrade::start(response, guard, Box::new(Echo(link)), presence, worker.settings.max_message_bytes)
}

async fn events_route(request: HttpRequest) -> HttpResponse {
    event_stream::respond(request.app_data::<Worker>().unwrap().arrive(&request, &SSE))
}

fn topic() -> Topic {
    Topic::Session(SessionId::from_bytes([7; 16]))
}

impl Server {
    async fn start(settings: &Connections) -> Self {
        let (shards, mut shard) = tokio::sync::mpsc::unbounded_channel();
        let hub = Deaf.start().recipient();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        socket::prepare(&listener, settings).unwrap();
        let settings = settings.clone();
        let metrics = Metrics::install(1).unwrap();
        let services = move || {
            let links =
                Links::new(0, &settings, ConnectionCounts::new(settings.max_connections), metrics.connections());
            shards.send(Shard::new(Rc::clone(&links), hub.clone()).start()).unwrap();
            App::new()
                .app_data(Worker { links, settings: settings.clone() })
                .route("/ws", web::get().to(socket_route))
                .route("/events", web::get().to(events_route))
        };
        let how = Listening {
            workers: 1,
            max_connections: 100,
            surplus: 10,
            turned_away: Bytes::new,
            header_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(5),
            // So long that a test which needs it fails: after a close from both sides nobody is to be waited for.
            disconnect_timeout: Duration::from_secs(60),
        };
        let port = listener.local_addr().unwrap().port();
        let server =
            listener::serve(listener, &how, None, services, Wrapping { wrap: |stream| stream, inner: |stream| stream })
                .unwrap();
        let handle = server.handle();
        actix::spawn(server);
        Self { port, shard: shard.recv().await.unwrap(), handle }
    }

    async fn connect(&self) -> tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>> {
        tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{}/ws", self.port)).await.unwrap().0
    }

    /// A socket of which the test itself decides what is sent and read.
    async fn connect_raw(&self) -> TcpStream {
        let mut tcp = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let request = "GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        tcp
    }

    fn publish(&self, burst: Burst) {
        let to = Recipients::Followers([topic()].into_iter().collect());
        self.shard.do_send(Publish { to, items: Items::Burst(Arc::new(burst)) });
    }

    /// Waits until so many connections are there; a test that waits for ever is ended by its runner's patience.
    async fn until_connections(&self, count: usize) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while self.shard.send(CountConnections).await.unwrap() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap();
    }

    async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// Settings under which a test that needs a time-out to end fails.
fn patient() -> Connections {
    Connections { close_timeout: 60.0, stall_timeout: 60.0, ..Connections::default() }
}

fn streams(first: u64, count: u64, content: &str) -> Burst {
    let mut builder = BurstBuilder::default();
    for seq in first..first + count {
        builder.append(&Entry::Stream { content: content.into() }, None, seq, Timestamp::from_micros(0));
    }
    builder.finish()
}

fn closed_with(message: Option<Result<Sent, tokio_tungstenite::tungstenite::Error>>) -> (u16, String) {
    let Some(Ok(Sent::Close(Some(close)))) = message else { panic!("no close: {message:?}") };
    (close.code.into(), close.reason.to_string())
}

/// The code of the close frame at the end of what was read.
fn last_code(read: &[u8]) -> Option<u16> {
    let at = read.iter().rposition(|byte| *byte == 0x88)?;
    read.get(at + 2..at + 4).map(|code| u16::from_be_bytes(code.try_into().unwrap()))
}

#[actix::test]
async fn entries_arrive_in_order_and_a_close_ends_it_at_once() {
    let server = Server::start(&patient()).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(server.connect().await);
    }
    server.publish(streams(1, 2, "a"));
    server.publish(streams(3, 1, "b"));
    for socket in &mut sockets {
        for seq in 1..=3 {
            let text = socket.next().await.unwrap().unwrap().into_text().unwrap();
            assert!(text.contains(&format!("\"seq\":{seq},")), "{text}");
        }
    }
    for mut socket in sockets {
        socket.close(None).await.unwrap();
        let rest = tokio::time::timeout(Duration::from_secs(20), socket.collect::<Vec<_>>()).await.unwrap();
        assert!(rest.iter().flatten().all(Sent::is_close), "{rest:?}");
    }
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn what_a_client_says_is_heard_whole_or_in_fragments() {
    let server = Server::start(&Connections::default()).await;
    let mut socket = server.connect().await;
    let part = |text: &'static str, data, fin| Sent::Frame(Frame::message(text, OpCode::Data(data), fin));
    socket.send(Sent::text("one")).await.unwrap();
    socket.send(part("two ", Data::Text, false)).await.unwrap();
    socket.send(Sent::Ping("mid".into())).await.unwrap();
    socket.send(part("three", Data::Continue, true)).await.unwrap();
    socket.send(Sent::binary(vec![0xff])).await.unwrap();
    let (mut texts, mut pongs) = (Vec::new(), 0);
    while texts.len() < 3 || pongs < 1 {
        let message = socket.next().await.unwrap().unwrap();
        if message.is_pong() {
            assert_eq!(&message.into_data()[..], b"mid");
            pongs += 1;
        } else {
            texts.push(message.into_text().unwrap().to_string());
        }
    }
    assert_eq!(texts, ["one", "two three", "binary"]);
    socket.send(part("x", Data::Continue, true)).await.unwrap();
    assert_eq!(closed_with(socket.next().await).0, 1002);
    server.stop().await;
}

#[actix::test]
async fn a_reader_that_stops_is_closed_and_cut() {
    let settings =
        Connections { outbox_bytes: 65_536, stall_timeout: 0.5, close_timeout: 0.1, ..Connections::default() };
    let server = Server::start(&settings).await;
    let stuck = server.connect_raw().await;
    let mut reader = server.connect().await;
    server.until_connections(2).await;
    let line = "x".repeat(60_000);
    for seq in 1..=300 {
        server.publish(streams(seq, 1, &line));
        let text = reader.next().await.unwrap().unwrap().into_text().unwrap();
        assert!(text.contains(&format!("\"seq\":{seq},")), "the other one is not held up");
    }
    server.until_connections(1).await;
    drop(stuck);
    server.stop().await;
}

#[actix::test]
async fn a_frame_that_announces_4_gib_is_refused_and_never_buffered() {
    let server = Server::start(&Connections { close_timeout: 0.2, ..Connections::default() }).await;
    let mut tcp = server.connect_raw().await;
    tcp.write_all(&[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
    let junk = vec![0u8; 1 << 20];
    // The server may cut it at any moment.
    for _ in 0..8 {
        if tcp.write_all(&junk).await.is_err() {
            break;
        }
    }
    let mut read = Vec::new();
    let _ = tcp.read_to_end(&mut read).await;
    assert_eq!(last_code(&read), Some(1009));
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn a_peer_that_never_answers_is_pinged_told_and_cut() {
    let settings =
        Connections { heartbeat_interval: 0.1, heartbeat_grace: 0.2, close_timeout: 0.1, ..Connections::default() };
    let server = Server::start(&settings).await;
    let mut tcp = server.connect_raw().await;
    let mut read = Vec::new();
    tcp.read_to_end(&mut read).await.unwrap();
    assert!(read.starts_with(&crate::hub::frame::ping()));
    assert_eq!(last_code(&read), Some(4408));
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn text_that_is_not_utf_8_and_frames_without_a_mask_are_refused() {
    let server = Server::start(&Connections { close_timeout: 0.1, ..Connections::default() }).await;
    let cases: [(&[u8], u16); 2] = [(&[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007), (&[0x81, 0x01, b'x'], 1002)];
    for (bytes, code) in cases {
        let mut tcp = server.connect_raw().await;
        tcp.write_all(bytes).await.unwrap();
        let mut read = Vec::new();
        tcp.read_to_end(&mut read).await.unwrap();
        assert_eq!(last_code(&read), Some(code));
    }
    server.stop().await;
}

/// A client's frame with a short text.
fn text_frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[actix::test]
async fn what_came_before_something_that_closes_is_heard() {
    let settings =
        Connections { messages_per_second: 0.001, message_burst: 4, max_message_bytes: 100, ..Connections::default() };
    let server = Server::start(&Connections { close_timeout: 0.1, ..settings }).await;
    let cases: [(&[u8], u16); 3] = [
        (&[text_frame("four"), text_frame("five")].concat(), 4429),
        (&[0x81, 0xfe, 0x01, 0x00, 0, 0, 0, 0], 1009),
        (&[0x81, 0x01, b'x'], 1002),
    ];
    for (closing, code) in cases {
        let mut tcp = server.connect_raw().await;
        let frames = [text_frame("one"), text_frame("two"), text_frame("three"), closing.to_vec()];
        tcp.write_all(&frames.concat()).await.unwrap();
        let mut read = Vec::new();
        tcp.read_to_end(&mut read).await.unwrap();
        for said in ["one", "two", "three"] {
            assert!(read.windows(said.len()).any(|window| window == said.as_bytes()), "{said} {code}");
        }
        assert!(!read.windows(4).any(|window| window == b"five"));
        assert_eq!(last_code(&read), Some(code));
    }
    server.stop().await;
}

#[actix::test]
async fn one_too_many_is_let_in_told_and_closed() {
    let server = Server::start(&Connections { max_connections: 1, ..patient() }).await;
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    assert_eq!(closed_with(second.next().await).0, 1013);
    first.send(Sent::text("still here")).await.unwrap();
    assert_eq!(first.next().await.unwrap().unwrap().into_text().unwrap().as_str(), "still here");
    assert!(tokio::time::timeout(Duration::from_secs(20), second.next()).await.unwrap().is_none());
    server.until_connections(1).await;
    server.stop().await;
}

#[actix::test]
async fn when_the_server_goes_down_sockets_are_told_to_come_back() {
    let server = Server::start(&patient()).await;
    let mut socket = server.connect().await;
    server.until_connections(1).await;
    server.shard.do_send(CloseAll { code: crate::hub::close::CloseCode::GoingAway });
    let (code, reason) = closed_with(socket.next().await);
    assert_eq!(code, 1001);
    assert!(reason.starts_with("going away; retry in "), "{reason}");
    assert!(tokio::time::timeout(Duration::from_secs(20), socket.next()).await.unwrap().is_none());
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn an_event_stream_ends_after_the_sessions_last_entry() {
    let server = Server::start(&Connections::default()).await;
    let response = reqwest::get(format!("http://127.0.0.1:{}/events", server.port)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    server.publish(streams(1, 1, "a"));
    let mut builder = BurstBuilder::default();
    builder.append(&Entry::TaskCancelled { reason: "r".into() }, None, 2, Timestamp::from_micros(0));
    server.publish(builder.finish());
    let text = response.text().await.unwrap();
    let types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(types, ["stream", "task_cancelled"]);
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn an_event_stream_whose_reader_goes_is_forgotten() {
    let server = Server::start(&Connections::default()).await;
    let response = reqwest::get(format!("http://127.0.0.1:{}/events", server.port)).await.unwrap();
    server.until_connections(1).await;
    drop(response);
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn connections_that_come_and_go_leave_nothing_behind() {
    let server = Server::start(&Connections::default()).await;
    for round in 0..20 {
        let mut sockets = Vec::new();
        for _ in 0..10 {
            sockets.push(server.connect().await);
        }
        for (at, mut socket) in sockets.into_iter().enumerate() {
            // Some say goodbye, the others just go.
            if (at + round) % 2 == 0 {
                socket.close(None).await.unwrap();
            }
        }
    }
    server.until_connections(0).await;
    server.stop().await;
}

#[actix::test]
async fn who_breaks_the_rules_is_told_so_and_not_waited_for() {
    let server = Server::start(&Connections { close_timeout: 60.0, ..patient() }).await;
    let mut tcp = server.connect_raw().await;
    let mut sent = vec![0x81, 2, b'{', b'}'];
    // It goes on sending, which must not cost it the last words.
    sent.resize(10_000, b'x');
    tcp.write_all(&sent).await.unwrap();
    let mut told = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), tcp.read_to_end(&mut told));
    read.await.expect("the server ends the stream by itself").expect("without a reset");
    let reason = b"protocol error";
    assert_eq!(told[..4], [0x88, 2 + reason.len() as u8, 0x03, 0xea]);
    assert_eq!(&told[4..], reason);
    server.until_connections(0).await;
    server.handle.stop(false).await;
}
