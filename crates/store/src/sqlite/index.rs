//! The head of a database's `-shm` file, as <https://www.sqlite.org/walformat.html> lays it out: what SQLite knows of the
//! log, and how much of that is in the database file. Numbers in it are in the machine's own byte order.

use std::fs::File;
use std::io::Result;
use std::os::unix::fs::FileExt;

/// How long one of the two copies of the index's header is.
const COPY_BYTES: usize = 48;

/// As much as is read: both copies, and where checkpoints stand.
const HEAD_BYTES: usize = 132;

/// The log's own header, and that of each of its frames.
const LOG_HEADER_BYTES: u64 = 32;
const FRAME_HEADER_BYTES: u64 = 24;

/// What SQLite knows of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// How many of the log's frames are committed.
    frames: u32,
    page_bytes: u64,
    /// How many pages the database has.
    pages: u32,
    /// Changes each time that the log begins anew; as the log has it.
    salt: [u8; 8],
    /// The checksum up to the last frame.
    checksum: [u32; 2],
    /// How many frames are in the database file, and how many a checkpoint has set out to move there.
    moved: u32,
    attempted: u32,
}

/// How far checkpoints have come: the database file changes only while this does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    salt: [u8; 8],
    frames: u32,
}

impl Index {
    /// Reads it; nothing while it is being written.
    pub(super) fn read(shm: &File) -> Result<Option<Self>> {
        let mut head = [0; HEAD_BYTES];
        shm.read_exact_at(&mut head, 0)?;
        Ok(Self::parse(&head))
    }

    fn parse(head: &[u8; HEAD_BYTES]) -> Option<Self> {
        let (first, rest) = head.split_at(COPY_BYTES);
        let is_set_up = head[12] != 0;
        if !is_set_up || !rest.starts_with(first) {
            return None;
        }
        let number = |at: usize| Some(u32::from_ne_bytes(*head.get(at..)?.first_chunk()?));
        let page_bytes = u16::from_ne_bytes([head[14], head[15]]);
        Some(Self {
            frames: number(16)?,
            // The one power of two that sixteen bits do not hold is written as 1.
            page_bytes: if page_bytes == 1 { 65_536 } else { page_bytes.into() },
            pages: number(20)?,
            salt: *head.get(32..)?.first_chunk()?,
            checksum: [number(24)?, number(28)?],
            moved: number(96)?,
            attempted: number(128)?,
        })
    }

    /// How far checkpoints have come; nothing while one is under way, or was broken off.
    pub(super) fn moved(&self) -> Option<Moved> {
        (self.moved == self.attempted).then_some(Moved { salt: self.salt, frames: self.moved })
    }

    /// How long the database file is once all of the log is in it.
    pub(super) fn database_bytes(&self) -> u64 {
        u64::from(self.pages) * self.page_bytes
    }

    /// Whether the log begins and ends as SQLite wrote it.
    pub(super) fn fits(&self, log: &File) -> Result<bool> {
        let Some(before) = self.frames.checked_sub(1) else { return Ok(true) };
        let last = LOG_HEADER_BYTES + u64::from(before) * (FRAME_HEADER_BYTES + self.page_bytes);
        let (mut header, mut frame) = ([0; LOG_HEADER_BYTES as usize], [0; FRAME_HEADER_BYTES as usize]);
        if log.metadata()?.len() < last + FRAME_HEADER_BYTES + self.page_bytes {
            return Ok(false);
        }
        log.read_exact_at(&mut header, 0)?;
        log.read_exact_at(&mut frame, last)?;
        let [high, low] = self.checksum.map(u32::to_be_bytes);
        Ok(header[16..24] == self.salt && frame[8..16] == self.salt && frame[16..20] == high && frame[20..] == low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_is_being_written_is_not_read() {
        let mut head = [0; HEAD_BYTES];
        assert_eq!(Index::parse(&head), None, "it is not set up");
        head[12] = 1;
        head[COPY_BYTES + 12] = 1;
        head[14..16].copy_from_slice(&4096_u16.to_ne_bytes());
        assert_eq!(Index::parse(&head), None, "the copies differ");
        head[COPY_BYTES + 14..COPY_BYTES + 16].copy_from_slice(&4096_u16.to_ne_bytes());
        let index = Index::parse(&head).unwrap();
        assert_eq!((index.page_bytes, index.frames), (4096, 0));
        assert!(index.moved().is_some());
        head[128] = 7;
        assert_eq!(Index::parse(&head).unwrap().moved(), None, "a checkpoint is under way");
    }
}
