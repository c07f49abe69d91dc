//! A batch as it is encoded in every dialect that somebody wants it in: once each, in one piece that is shared.

use std::collections::HashMap;

use bytes::Bytes;
use smallvec::SmallVec;

use super::super::dialect::{About, Dialect};
use super::super::link::Link;
use super::{Batch, each};

/// A batch as it is encoded.
pub(super) struct Encoded<'a> {
    batch: &'a Batch<'a>,
    /// The items that anybody wants: nothing else is encoded.
    wanted: u64,
    dialects: SmallVec<[InDialect; 1]>,
}

/// A batch in one dialect.
struct InDialect {
    about: &'static About,
    /// By the place of the item.
    payloads: SmallVec<[Bytes; 4]>,
    /// The frames of all that is wanted.
    whole: Bytes,
    /// Where the frame of each item ends in that; one that is not wanted has an empty one.
    ends: SmallVec<[usize; 4]>,
    /// Frames that do not stand next to each other, by their mask.
    pieces: HashMap<u64, Bytes>,
}

impl<'a> Encoded<'a> {
    pub(super) fn new(batch: &'a Batch<'a>, wanted: u64) -> Self {
        Self { batch, wanted, dialects: SmallVec::new() }
    }

    /// The frames of these items in one piece.
    pub(super) fn frames(&mut self, link: &Link, mask: u64) -> Bytes {
        let wanted = self.wanted;
        let Some(encoded) = self.of(link) else { return Bytes::new() };
        if mask == wanted {
            return encoded.whole.clone();
        }
        let (low, high) = (mask.trailing_zeros(), 63 - mask.leading_zeros());
        let between = (u64::MAX << low) & (u64::MAX >> (63 - high));
        if wanted & between == mask {
            return encoded.slice(low as usize, high as usize);
        }
        if let Some(piece) = encoded.pieces.get(&mask) {
            return piece.clone();
        }
        let mut out = Vec::new();
        each(mask, |at| out.extend_from_slice(&encoded.slice(at, at)));
        let piece = Bytes::from(out);
        encoded.pieces.insert(mask, piece.clone());
        piece
    }

    /// The payload of one item.
    pub(super) fn payload(&mut self, link: &Link, at: usize) -> Bytes {
        self.of(link).and_then(|encoded| encoded.payloads.get(at).cloned()).unwrap_or_default()
    }

    fn of(&mut self, link: &Link) -> Option<&mut InDialect> {
        let about = link.about();
        let known = self.dialects.iter().position(|encoded| std::ptr::eq(encoded.about, about));
        let at = known.unwrap_or_else(|| {
            self.dialects.push(InDialect::new(about, link.dialect(), self.batch, self.wanted));
            self.dialects.len() - 1
        });
        self.dialects.get_mut(at)
    }
}

impl InDialect {
    fn new(about: &'static About, dialect: &'static dyn Dialect, batch: &Batch<'_>, wanted: u64) -> Self {
        const FRAME: usize = 40;
        let room = batch.items.iter().map(|item| item.json.len() + FRAME).sum();
        let (mut out, mut payloads, mut ends) = (Vec::with_capacity(room), SmallVec::new(), SmallVec::new());
        for (at, item) in batch.items.iter().enumerate() {
            let payload = if wanted & (1 << at) == 0 { Bytes::new() } else { dialect.payload(item) };
            if !payload.is_empty() {
                dialect.frame(std::slice::from_ref(&payload), &mut out);
            }
            payloads.push(payload);
            ends.push(out.len());
        }
        Self { about, payloads, whole: out.into(), ends, pieces: HashMap::new() }
    }

    /// The frames from one item to another, with both.
    fn slice(&self, from: usize, to: usize) -> Bytes {
        let end = |at: usize| self.ends.get(at).copied().unwrap_or(self.whole.len());
        let start = from.checked_sub(1).map_or(0, end);
        self.whole.slice(start..end(to))
    }
}
