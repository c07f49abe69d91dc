//! What is set on every accepted socket, and how its descriptor is found again later.

use std::any::Any;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use crate::config::connections::Connections;
use crate::config::seconds;

/// A duplicate of the descriptor of the socket that requests come from: the kernel's buffers are bounded, and a
/// writer that is stuck can be cut from outside.
struct Accepted(Rc<OwnedFd>);

/// Sets on a listener what every socket gets that is accepted from it: Linux hands these settings down, which spares
/// three system calls a connection.
///
/// # Errors
/// Where the system refuses one of them.
pub fn prepare(listener: &TcpListener, settings: &Connections) -> std::io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(settings.send_buffer_bytes)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(seconds(settings.tcp_user_timeout)))?;
    Ok(())
}

/// For `HttpServer::on_connect`: keeps a duplicate of the socket's descriptor, so that each connection costs two.
pub fn on_connect(io: &dyn Any, extensions: &mut Extensions) {
    let Some(tcp) = io.downcast_ref::<TcpStream>() else { return };
    match tcp.as_fd().try_clone_to_owned() {
        Ok(descriptor) => {
            extensions.insert(Accepted(Rc::new(descriptor)));
        }
        Err(error) => log::warn!(error:%; "a socket's descriptor could not be duplicated"),
    }
}

/// How long a client may go on sending what nobody reads any more.
const LINGER: Duration = Duration::from_secs(2);

/// Cuts the socket of a request a little later: its client goes on sending a body without an end, which the HTTP server
/// would read and forget for ever. The answer has time to arrive.
pub fn cut_later(request: &HttpRequest) -> impl FnOnce() + 'static {
    let socket = of(request);
    move || {
        let Some(socket) = socket else { return };
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(LINGER).await;
            // A client that went by itself was faster.
            let _ = SockRef::from(&*socket).shutdown(std::net::Shutdown::Both);
        });
    }
}

/// The duplicate that [`on_connect`] has kept for the connection of this request.
pub(super) fn of(request: &HttpRequest) -> Option<Rc<OwnedFd>> {
    request.conn_data::<Accepted>().map(|accepted| Rc::clone(&accepted.0))
}
