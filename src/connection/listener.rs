//! How TCP connections are accepted: as many as there are descriptors for, each with a switch to shut it.
//!
//! One too many is answered and let go at once, so that the listener never waits for somebody to leave.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Protocol, Request};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, Server, Service};
use actix_web::rt::net::TcpStream;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) use super::stream::Stream;
use super::stream::Transport;
use super::tls;
use crate::limits::LogLimit;

/// How long one who is turned away has to take the answer.
const TURNED_AWAY_WITHIN: Duration = Duration::from_millis(100);

/// How connections are accepted.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    /// Threads that serve them.
    pub workers: usize,
    /// Most connections at once.
    pub max_connections: usize,
    /// So many more may be there while they are turned away.
    pub surplus: usize,
    /// Makes the whole HTTP response for one who is turned away.
    pub turned_away: fn() -> Bytes,
    /// How long a client may take to send a request's head.
    pub header_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long a client has to close after the server has.
    pub disconnect_timeout: Duration,
}

/// What services see of a stream.
pub(crate) struct Wrapping<T> {
    /// Wraps a stream that is new.
    pub wrap: fn(Stream) -> T,
    /// Finds it again.
    pub inner: fn(&T) -> &Stream,
}

/// Counts the connections of all workers. An atomic, as metrics are: a limit that is off by the few that arrive in the
/// same microsecond is good enough.
#[derive(Clone, Debug)]
struct Door {
    open: Arc<AtomicUsize>,
    limit: usize,
}

/// One connection that counts, for as long as this is kept.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Door {
    fn new(limit: usize) -> Self {
        Self { open: Arc::default(), limit }
    }

    fn enter(&self) -> Option<Place> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.open));
        (before < self.limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A server on `listener`, for the services that `factory` makes on each worker.
///
/// It is what `actix_web::HttpServer` builds, but for the streams: those of actix-web's own server cannot be wrapped.
///
/// # Errors
/// Where the listener cannot be used.
pub(crate) fn serve<F, I, S, B, T>(
    listener: TcpListener,
    how: &Listening,
    tls: Option<tls::Current>,
    factory: F,
    Wrapping { wrap, inner }: Wrapping<T>,
) -> io::Result<Server>
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr()?;
    let door = Door::new(how.max_connections);
    let settings = how.clone();
    let services = move || {
        let app = factory().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .keep_alive(KeepAlive::from(settings.keep_alive))
            .client_request_timeout(settings.header_timeout)
            .client_disconnect_timeout(settings.disconnect_timeout)
            // Else nobody would see that the reader of an event stream has gone, until something is written.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .on_connect_ext(move |stream: &T, extensions| {
                extensions.insert(Rc::clone(inner(stream).line()));
            })
            .finish(map_config(app, |()| AppConfig::default()));
        accepting(&door, &settings, tls.as_ref(), wrap).and_then(http)
    };
    let server = Server::build()
        .workers(how.workers)
        .max_concurrent_connections((how.max_connections + how.surplus).div_ceil(how.workers))
        .shutdown_timeout(1)
        .disable_signals()
        .listen("http", listener, services)?;
    Ok(server.run())
}

/// What makes a stream of a connection, or turns it away.
fn accepting<T: 'static>(
    door: &Door,
    how: &Listening,
    tls: Option<&tls::Current>,
    wrap: fn(Stream) -> T,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (T, Protocol, Option<SocketAddr>),
    Error = DispatchError,
    InitError = (),
> + use<T> {
    let (door, answer, tls, patience) = (door.clone(), how.turned_away, tls.cloned(), how.header_timeout);
    let log = Rc::new(LogLimit::a_line_in(Duration::from_secs(10)));
    fn_service(move |tcp: TcpStream| {
        let (place, log) = (door.enter(), Rc::clone(&log));
        let acceptor = tls.as_ref().map(|config| TlsAcceptor::from(Arc::clone(&config.borrow())));
        async move {
            let Some(place) = place else {
                if let Some(more) = log.take() {
                    log::warn!(more; "there are too many connections, and one more was turned away");
                }
                // Who wants TLS could read no answer.
                if acceptor.is_none() {
                    Box::pin(turn_away(tcp, &answer())).await;
                }
                return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
            };
            let peer = tcp.peer_addr().ok();
            // What is rare is boxed, here and above: its state would take room in the task of every connection.
            let transport = match acceptor {
                None => Transport::Plain(tcp),
                Some(acceptor) => Transport::Encrypted(Box::new(Box::pin(encrypt(&acceptor, tcp, patience)).await?)),
            };
            Ok((wrap(Stream::new(transport, place)), Protocol::Http1, peer))
        }
    })
}

/// Agrees with a client on TLS, who has as long for it as for the head of a request.
async fn encrypt(
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
    patience: Duration,
) -> Result<TlsStream<TcpStream>, DispatchError> {
    let agreed = match tokio::time::timeout(patience, acceptor.accept(tcp)).await {
        Ok(agreed) => agreed,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    agreed.inspect_err(tls::failed).map_err(DispatchError::Io)
}

/// Answers a connection that there is no room for, and lets it go. What it has sent is read before: closing over unread
/// bytes would reset the connection, and the answer be lost.
async fn turn_away(mut tcp: TcpStream, answer: &[u8]) {
    let talk = async {
        let mut unread = [0; 4096];
        // However much of it there is: what more comes is read below.
        let _ = tcp.read(&mut unread).await?;
        tcp.write_all(answer).await?;
        tcp.shutdown().await?;
        while tcp.read(&mut unread).await? > 0 {}
        io::Result::Ok(())
    };
    // A client that has gone, or does not read, is not waited for.
    let _ = tokio::time::timeout(TURNED_AWAY_WITHIN, talk).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that what a service does with a request takes in the task of its connection.
    fn future_size<R, F: ServiceFactory<R>>(_: &F) -> usize {
        size_of::<<F::Service as Service<R>>::Future>()
    }

    #[test]
    fn accepting_takes_no_room_in_the_tasks_of_connections() {
        let how = Listening {
            workers: 1,
            max_connections: 1,
            surplus: 1,
            turned_away: Bytes::new,
            header_timeout: Duration::ZERO,
            keep_alive: Duration::ZERO,
            disconnect_timeout: Duration::ZERO,
        };
        let size = future_size(&accepting(&Door::new(1), &how, None, |stream| stream));
        assert!(size <= 256, "{size}");
    }

    #[test]
    fn a_place_is_free_again_once_its_connection_has_gone() {
        let door = Door::new(2);
        let mut places: Vec<Place> = std::iter::from_fn(|| door.enter()).collect();
        assert_eq!(places.len(), 2);
        assert!(door.enter().is_none());
        places.pop();
        assert!(door.enter().is_some());
    }
}
