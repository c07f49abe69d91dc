//! A socket as its HTTP connection sees it: its own bytes, and the [`Line`] by which others can shut it.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::listener::Place;
use crate::hub::line::{Line, Use};

/// How the bytes of a socket go over the wire.
#[derive(Debug)]
pub(super) enum Transport {
    /// As they are.
    Plain(TcpStream),
    /// By TLS.
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Transport {
    fn tcp(&self) -> &TcpStream {
        match self {
            Transport::Plain(tcp) => tcp,
            Transport::Encrypted(tls) => tls.get_ref().0,
        }
    }
}

/// Does the same with whatever transport it is.
macro_rules! with {
    ($transport:expr, $io:ident => $done:expr) => {
        match $transport {
            Transport::Plain(tcp) => {
                let $io = Pin::new(tcp);
                $done
            }
            Transport::Encrypted(tls) => {
                let $io = Pin::new(&mut **tls);
                $done
            }
        }
    };
}

/// A socket that can be shut from outside its own task.
#[derive(Debug)]
pub(crate) struct Stream {
    transport: Transport,
    line: Rc<Line>,
    /// Whether the peer has been sent the end of the stream.
    is_finished: bool,
    /// Counts the socket for as long as it is there.
    _place: Place,
}

impl Stream {
    pub(super) fn new(transport: Transport, place: Place) -> Self {
        Self { transport, line: Rc::default(), is_finished: false, _place: place }
    }

    /// The switch that shuts it.
    pub(super) fn line(&self) -> &Rc<Line> {
        &self.line
    }

    /// Does what the switch says; gives how far the socket may still be used.
    fn obey(&mut self) -> Use {
        let state = self.line.state();
        if state == Use::Finished && !self.is_finished {
            self.is_finished = true;
            // A peer that has gone already need not know.
            let _ = SockRef::from(self.transport.tcp()).shutdown(Shutdown::Write);
        }
        state
    }

    /// Writes, where the switch allows it.
    fn write(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(&mut Transport, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.obey() != Use::Open {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = write(&mut self.transport, context);
        if written.is_pending() {
            self.line.wait(context);
        }
        written
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.obey() == Use::Cut {
            // As where the peer has closed.
            return Poll::Ready(Ok(()));
        }
        let read = with!(&mut this.transport, io => io.poll_read(context, buffer));
        if read.is_pending() {
            this.line.wait(context);
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().write(context, |transport, context| with!(transport, io => io.poll_write(context, bytes)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .write(context, |transport, context| with!(transport, io => io.poll_write_vectored(context, bytes)))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(tcp) => tcp.is_write_vectored(),
            Transport::Encrypted(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(&mut self.get_mut().transport, io => io.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(&mut self.get_mut().transport, io => io.poll_shutdown(context))
    }
}
