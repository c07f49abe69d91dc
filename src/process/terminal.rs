//! A terminal for a program: it writes line by line, and shows what it shows people.
//!
//! The program has it as its standard input and output. It passes everything on as it is: what is written to the program
//! does not come back, line ends stay what they are, and lines may be of any length.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::fs::{Mode, OFlags};
use rustix::io::{ioctl_fionbio, read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The size that programs wrap their lines to.
const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// What ends the input of a program that reads from a terminal.
const END_OF_INPUT: u8 = 4;

/// What the program prints.
#[derive(Debug)]
pub struct Screen(Arc<AsyncFd<OwnedFd>>);

/// What the program reads. Dropped, it says that nothing more comes.
#[derive(Debug)]
pub struct Keyboard(Arc<AsyncFd<OwnedFd>>);

/// A new terminal: the server's ends of it, and the program's.
///
/// # Errors
/// Where the system has no more of them, or of descriptors.
pub fn terminal() -> io::Result<(Keyboard, Screen, OwnedFd)> {
    let server = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&server)?;
    unlockpt(&server)?;
    let name = ptsname(&server, Vec::new())?;
    // It must not become the terminal of the server.
    let program = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut modes = tcgetattr(&program)?;
    modes.make_raw();
    tcsetattr(&program, OptionalActions::Now, &modes)?;
    tcsetwinsize(&program, SIZE)?;
    ioctl_fionbio(&server, true)?;
    let server = Arc::new(AsyncFd::register(server)?);
    Ok((Keyboard(server.clone()), Screen(server), program))
}

impl AsyncRead for Screen {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.0.poll_read_ready(context))?;
            let unfilled = buffer.initialize_unfilled();
            // The system says that nobody has the other end any more by an error.
            if let Ok(read) = ready.try_io(|server| Ok(read(server, &mut *unfilled)?)) {
                return Poll::Ready(read.map(|bytes| buffer.advance(bytes)));
            }
        }
    }
}

impl AsyncWrite for Keyboard {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.0.poll_write_ready(context))?;
            if let Ok(written) = ready.try_io(|server| Ok(write(server, text)?)) {
                return Poll::Ready(written);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // Only a terminal that reads line by line knows an end of the input. A program that has gone needs none.
        let end = || -> rustix::io::Result<()> {
            let mut modes = tcgetattr(&*self.0)?;
            modes.local_modes |= LocalModes::ICANON;
            modes.special_codes[SpecialCodeIndex::VEOF] = END_OF_INPUT;
            tcsetattr(&*self.0, OptionalActions::Now, &modes)?;
            write(&*self.0, &[END_OF_INPUT]).map(|_| ())
        };
        let _ = end();
    }
}
