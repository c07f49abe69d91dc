//! What is set on every accepted socket, and how the switch that shuts it is found again later.

use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use socket2::SockRef;

use crate::config::connections::Connections;
use crate::config::seconds;
use crate::hub::line::Line;

/// Sets on a listener what every socket gets that is accepted from it: Linux hands these settings down, which spares
/// three system calls a connection.
///
/// # Errors
/// Where the system refuses one of them.
pub(crate) fn prepare(listener: &TcpListener, settings: &Connections) -> std::io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(settings.send_buffer_bytes)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(seconds(settings.tcp_user_timeout)))?;
    Ok(())
}

/// How long a client may go on sending what nobody reads any more.
const LINGER: Duration = Duration::from_secs(2);

/// Cuts the socket of a request a little later: its client goes on sending a body without an end, which the HTTP server
/// would read and forget for ever. The answer has time to arrive.
pub(crate) fn cut_later(request: &HttpRequest) -> impl FnOnce() + 'static {
    let line = of(request);
    move || {
        let Some(line) = line else { return };
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(LINGER).await;
            line.cut();
        });
    }
}

/// The switch that shuts the socket of this request, where it came over one.
pub(super) fn of(request: &HttpRequest) -> Option<Rc<Line>> {
    request.conn_data::<Rc<Line>>().cloned()
}
