//! What is set on every accepted socket, and how the switch that shuts it is found again later.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::rc::Rc;
use std::time::Duration;

use actix_web::HttpRequest;
use socket2::{Domain, SockRef, Socket, Type};

use crate::config::connections::Connections;
use crate::config::seconds;
use crate::hub::line::Line;

/// Most connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Listens at the first of these addresses that can be used. Nobody can connect before [`prepare`] has been done: a socket that
/// waits to be accepted is not changed by it any more.
///
/// # Errors
/// Where none of them can be used.
pub(crate) fn listen(addresses: impl ToSocketAddrs, settings: &Connections) -> io::Result<TcpListener> {
    let mut error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses.to_socket_addrs()? {
        match listen_at(address, settings) {
            Ok(listener) => return Ok(listener),
            Err(refused) => error = refused,
        }
    }
    Err(error)
}

fn listen_at(address: SocketAddr, settings: &Connections) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    let listener = TcpListener::from(socket);
    prepare(&listener, settings)?;
    SockRef::from(&listener).listen(BACKLOG)?;
    Ok(listener)
}

/// Sets on a listener what every socket gets that is accepted from it: Linux hands these settings down, which spares
/// three system calls a connection.
///
/// # Errors
/// Where the system refuses one of them.
pub(crate) fn prepare(listener: &TcpListener, settings: &Connections) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_socket_that_waits_to_be_accepted_has_what_was_set() {
        let settings = Connections { send_buffer_bytes: 40_000, ..Connections::default() };
        let listener = listen("127.0.0.1:0", &settings).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        assert!(socket.tcp_nodelay().unwrap());
        // Linux doubles it, for what it needs beside.
        assert!((40_000..=80_000).contains(&socket.send_buffer_size().unwrap()));
        drop(client);
        let taken = listen(listener.local_addr().unwrap(), &settings).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
