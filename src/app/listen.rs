//! The HTTP server: what is served how, on a socket that is open already.

use std::fmt;
use std::net::TcpListener;

use actix_http::{HttpService, Protocol, Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Extensions, Server};
use actix_web::rt::net::TcpStream;

use crate::config;
use crate::config::seconds;
use crate::connection::socket;
use crate::http::Explained;

/// How long a client that has been answered may take to close, where it is the server that wants to.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(1);

/// A server with these settings, each of whose workers serves an application of its own.
///
/// It is what `actix_web::HttpServer` builds, but for the streams: those of actix-web's own server cannot be wrapped.
///
/// # Errors
/// Where the listener cannot be used.
pub(super) fn server<F, I, S, B>(
    listener: TcpListener,
    settings: &config::server::Server,
    app: F,
) -> std::io::Result<Server>
where
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
    let workers = settings.worker_threads();
    let (keep_alive, header_timeout) = (seconds(settings.keep_alive), seconds(settings.header_timeout));
    let serve = move || {
        let app = app().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .keep_alive(keep_alive)
            .client_request_timeout(header_timeout)
            .client_disconnect_timeout(FAREWELL)
            // Else nobody would see that the reader of an event stream has gone, until something is written.
            .h1_allow_half_closed(false)
            .local_addr(address)
            .on_connect_ext(|io: &Explained<TcpStream>, data: &mut Extensions| socket::on_connect(io.get_ref(), data))
            .finish(map_config(app, |()| AppConfig::default()));
        let accept = |io: TcpStream| async move {
            let peer = io.peer_addr().ok();
            Ok((Explained::new(io), Protocol::Http1, peer))
        };
        fn_service(accept).and_then(http)
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(settings.max_connections.div_ceil(workers))
        .backlog(4096)
        .shutdown_timeout(1)
        .disable_signals()
        .listen("http", listener, serve)?;
    Ok(server.run())
}
