//! A terminal for a program: it writes line by line, and shows what it shows people.
//!
//! The program has it as its standard input and output. It passes everything on as it is: what is written to the program
//! does not come back, line ends stay what they are, and lines may be of any length.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::fs::{Mode, OFlags};
use rustix::io::{ioctl_fionbio, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use tokio::io::AsyncWrite;
use tokio::net::unix::pipe::{Receiver, Sender};

/// The size that programs wrap their lines to.
const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// What ends the input of a program that reads from a terminal.
const END_OF_INPUT: u8 = 4;

/// What the program prints. Its end is an error of the system: nobody has the other end any more.
pub(crate) type Screen = Receiver;

/// What the program reads. Dropped, it says that nothing more comes.
#[derive(Debug)]
pub(crate) struct Keyboard(Sender);

/// A new terminal: the server's ends of it, and the program's.
///
/// # Errors
/// Where the system has no more of them, or of descriptors.
pub(crate) fn terminal() -> io::Result<(Keyboard, Screen, OwnedFd)> {
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
    // A terminal is read and written as a pipe is.
    let keyboard = Keyboard(Sender::from_owned_fd_unchecked(server.try_clone()?)?);
    Ok((keyboard, Receiver::from_owned_fd_unchecked(server)?, program))
}

impl AsyncWrite for Keyboard {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, text)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // Only a terminal that reads line by line knows an end of the input. A program that has gone needs none.
        let end = || -> rustix::io::Result<()> {
            let mut modes = tcgetattr(&self.0)?;
            modes.local_modes |= LocalModes::ICANON;
            modes.special_codes[SpecialCodeIndex::VEOF] = END_OF_INPUT;
            tcsetattr(&self.0, OptionalActions::Now, &modes)?;
            write(&self.0, &[END_OF_INPUT]).map(|_| ())
        };
        let _ = end();
    }
}
