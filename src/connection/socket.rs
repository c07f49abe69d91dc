//! What is set on a socket when it is accepted, and how its descriptor is found again later.

use std::any::Any;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::SockRef;

use crate::config::connections::Connections;
use crate::hub::watchdog::seconds;

/// A duplicate of the descriptor of the socket that requests come from: the kernel's buffers are bounded, and a
/// writer that is stuck can be cut from outside.
struct Accepted(Rc<OwnedFd>);

/// For `HttpServer::on_connect`: sets what every socket gets, and keeps a duplicate of its descriptor, so that each
/// connection costs two descriptors.
pub fn on_connect(settings: &Connections) -> impl Fn(&dyn Any, &mut Extensions) + Clone + Send + Sync + 'static {
    let send_buffer = settings.send_buffer_bytes;
    let user_timeout = seconds(settings.tcp_user_timeout);
    move |io, extensions| {
        let Some(tcp) = io.downcast_ref::<TcpStream>() else { return };
        if let Err(error) = prepare(&SockRef::from(tcp), send_buffer, user_timeout) {
            // A peer that has gone already is no fault; the connection works without these settings, too.
            log::debug!(error:%; "a socket could not be prepared");
        }
        match tcp.as_fd().try_clone_to_owned() {
            Ok(descriptor) => {
                extensions.insert(Accepted(Rc::new(descriptor)));
            }
            Err(error) => log::warn!(error:%; "a socket's descriptor could not be duplicated"),
        }
    }
}

fn prepare(socket: &SockRef<'_>, send_buffer: usize, user_timeout: Duration) -> std::io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(send_buffer)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(user_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _ = user_timeout;
    Ok(())
}

/// The duplicate that [`on_connect`] has kept for the connection of this request.
pub(super) fn of(request: &HttpRequest) -> Option<Rc<OwnedFd>> {
    request.conn_data::<Accepted>().map(|accepted| Rc::clone(&accepted.0))
}
