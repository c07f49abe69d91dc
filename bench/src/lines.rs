//! The command behind the task `lines`: prints a line for each byte that the harness sends it.
//!
//! So the harness decides how many messages are under way, though it is the server that streams them.

use std::env;
use std::io::{Read, Write, stdout};
use std::net::{SocketAddr, TcpStream};

use anyhow::Result;

/// Bytes of a line: with the fields around it, a message has about 256.
pub const BYTES: usize = 184;
/// Bytes of a line of the peer, whose messages have no `seq` and no `timestamp`.
pub const PEER_BYTES: usize = BYTES + 42;

/// The command line that prints lines when `from` asks for them.
pub fn command(from: SocketAddr) -> Result<Vec<String>> {
    Ok(vec![env::current_exe()?.to_string_lossy().into_owned(), "lines".into(), from.to_string()])
}

/// Prints lines until the connection ends.
pub fn run(from: SocketAddr) -> Result<()> {
    let mut control = TcpStream::connect(from)?;
    let mut asked = [0; 4096];
    let mut text = Vec::new();
    let mut number = 0_u64;
    loop {
        let count = control.read(&mut asked)?;
        if count == 0 {
            return Ok(());
        }
        text.clear();
        for _ in 0..count {
            number += 1;
            let label = format!("{number} ");
            writeln!(text, "{label:.<BYTES$}")?;
        }
        stdout().write_all(&text)?;
        stdout().flush()?;
    }
}
