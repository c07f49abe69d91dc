//! What a WebSocket client may send, checked before any of it is buffered: the inbound guard.
//!
//! Reads frame heads as the bytes come. Invariant: what it lets through to the decoder is at most one message of the
//! allowed size, in frames that the decoder takes. Once the connection is being closed it swallows everything and
//! only looks for the peer's own close.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix::clock::Instant;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures::Stream;

use super::backlog::Backlog;
use super::buffered::{Buffered, Share};
use crate::config::connections::Connections;
use crate::hub::Link;
use crate::hub::close::CloseCode;
use crate::hub::frame::{Head, HeadReader, Opcode};
use crate::limits::TokenBucket;

/// A fragment counts as this many bytes at least, so that empty ones come to an end as well.
const FRAGMENT_BYTES: u64 = 16;
/// Bytes of a frame's mask.
const MASK: u64 = 4;
/// So many small fragments of a message are free.
const FREE_FRAGMENTS: u64 = 64;

/// What frames may announce.
#[derive(Debug)]
struct Rules {
    max_message: u64,
    bucket: Option<TokenBucket>,
    /// The bytes and fragments of the message that is being sent.
    message: u64,
    fragments: u64,
}

impl Rules {
    fn new(settings: &Connections, now: Instant) -> Self {
        let rate = settings.messages_per_second;
        let bucket = (rate > 0.0).then(|| TokenBucket::new(rate, settings.message_burst, now));
        Self { max_message: settings.max_message_bytes as u64, bucket, message: 0, fragments: 0 }
    }

    /// Judges a frame by its head.
    fn judge(&mut self, head: Head) -> Result<(), CloseCode> {
        if head.opcode != Opcode::Continuation
            && let Some(bucket) = &mut self.bucket
            && !bucket.take(Instant::now())
        {
            return Err(CloseCode::TooManyMessages);
        }
        if head.opcode.is_control() {
            return Ok(());
        }
        if head.opcode != Opcode::Continuation {
            (self.message, self.fragments) = (0, 0);
        }
        self.message = self.message.saturating_add(head.len);
        self.fragments += 1;
        let is_crumbled = self.fragments > FREE_FRAGMENTS + self.max_message / FRAGMENT_BYTES;
        if self.message > self.max_message || is_crumbled { Err(CloseCode::TooBig) } else { Ok(()) }
    }
}

/// The bytes of a request, as far as the guard lets them through.
pub(super) struct Guard<P> {
    payload: P,
    link: Rc<Link>,
    backlog: Rc<Backlog>,
    rules: Rules,
    /// `None` once the client has sent what cannot be read.
    heads: Option<HeadReader>,
    /// The frame that is being sent.
    frame: Frame,
    /// What is held of the message that is being sent.
    share: Share,
}

/// A frame, as far as it has come.
#[derive(Debug, Default)]
struct Frame {
    /// Bytes that are still to come, with its mask.
    left: u64,
    is_control: bool,
    /// Whether its message ends with it.
    is_last: bool,
    /// Whether it goes on to the decoder.
    is_admitted: bool,
}

impl<P> Guard<P> {
    /// Guards `payload`, which is what the peer of `link` sends.
    pub(super) fn new(payload: P, link: Rc<Link>, settings: &Connections, buffered: &Buffered) -> Self {
        let (rules, share) = (Rules::new(settings, Instant::now()), buffered.share(settings));
        let (backlog, heads) = (Backlog::of(Rc::clone(&link)), Some(HeadReader::default()));
        Self { payload, link, backlog, rules, heads, frame: Frame::default(), share }
    }

    /// What it has let through, for whoever hears it.
    pub(super) fn backlog(&self) -> Rc<Backlog> {
        Rc::clone(&self.backlog)
    }

    /// How many bytes of the chunk, from its start, may go on. All of it is read in any case: a client that is being
    /// closed may have closed, too.
    fn check(&mut self, chunk: &[u8]) -> usize {
        let mut passed = if self.backlog.is_open() { None } else { Some(0) };
        let mut at = 0;
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(heads) = &mut self.heads else { return passed.unwrap_or(0) };
            match heads.read(rest) {
                Ok((taken, head)) => {
                    match head {
                        Some(head) if self.begin(head) => {}
                        Some(_) => passed = passed.or(Some(at)),
                        None => self.progress(taken),
                    }
                    at += taken;
                }
                Err(fault) => {
                    log::debug!(connection:% = self.link.id(), fault:%; "a client's frame is not valid");
                    self.heads = None;
                    self.backlog.refuse(CloseCode::ProtocolError);
                    return passed.unwrap_or(at);
                }
            }
        }
        if self.share.is_beyond() {
            self.backlog.drop_all(CloseCode::Overloaded);
            return 0;
        }
        passed.unwrap_or(chunk.len())
    }

    /// Begins with the next frame; gives whether it goes on.
    fn begin(&mut self, head: Head) -> bool {
        let Head { fin, opcode, len } = head;
        let is_admitted = self.admit(head);
        let left = len.saturating_add(MASK);
        self.frame = Frame { left, is_control: opcode.is_control(), is_last: fin, is_admitted };
        is_admitted
    }

    /// Notes that so much of the current frame has come, or of the head of the next.
    fn progress(&mut self, taken: usize) {
        if self.frame.left == 0 {
            return;
        }
        self.frame.left = self.frame.left.saturating_sub(taken as u64);
        let is_whole = self.frame.left == 0;
        if is_whole && self.frame.is_admitted {
            self.backlog.pass();
        }
        if self.frame.is_control || !self.backlog.is_open() {
            return;
        }
        self.share.add(taken);
        if is_whole && self.frame.is_last {
            self.share.clear();
        }
    }

    /// Whether a frame may go on to the decoder.
    fn admit(&mut self, head: Head) -> bool {
        if !self.backlog.is_open() {
            if head.opcode == Opcode::Close {
                self.backlog.peer_closed();
            }
            return false;
        }
        match self.rules.judge(head) {
            Ok(()) => {
                if !head.opcode.is_control() {
                    self.link.receive(head.opcode != Opcode::Continuation, head.len);
                }
                true
            }
            Err(code) => {
                self.backlog.refuse(code);
                false
            }
        }
    }
}

impl<P: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Guard<P> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match Pin::new(&mut this.payload).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(mut chunk))) => {
                    this.link.hear();
                    let passed = this.check(&chunk);
                    chunk.truncate(passed);
                    if !chunk.is_empty() {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
                // An error here is a peer that went without closing: there is nobody to send the reason to.
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(None),
            }
        }
    }
}

/// The link of a connection that nobody has opened.
#[cfg(any(test, fuzzing))]
fn unused_link() -> Rc<Link> {
    use super::dialect::socket::{Form, Kind, Socket};
    use crate::domain::id::ConnectionId;

    let dialect = Socket::of(Kind::Session, Form::default());
    Rc::new(Link::new(ConnectionId::new(0, 0), dialect, 1 << 20, None, Instant::now(), Rc::default()))
}

/// What goes on of these pieces, and the link after them.
#[cfg(any(test, fuzzing))]
pub(crate) fn guarded(pieces: Vec<Vec<u8>>, settings: &Connections) -> (Vec<u8>, Rc<Link>) {
    use futures::StreamExt as _;

    let link = unused_link();
    let pieces = futures::stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece))));
    // A payload without end, as that of an open socket: the end would count as the peer's going.
    let payload = pieces.chain(futures::stream::pending());
    let mut guard = Guard::new(Box::pin(payload), Rc::clone(&link), settings, &Buffered::default());
    let mut passed = Vec::new();
    let mut context = Context::from_waker(std::task::Waker::noop());
    while let Poll::Ready(Some(Ok(chunk))) = guard.poll_next_unpin(&mut context) {
        passed.extend_from_slice(&chunk);
    }
    passed.iter().for_each(|_| guard.backlog.hear());
    (passed, link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::frame::write_head;
    use futures::StreamExt;
    use proptest::prelude::*;

    const MAX: usize = 1000;

    fn frame(fin: bool, opcode: Opcode, len: usize) -> Vec<u8> {
        let mut frame = Vec::new();
        write_head(&mut frame, opcode, len);
        if !fin {
            frame[0] &= 0x7f;
        }
        frame[1] |= 0x80;
        frame.resize(frame.len() + 4 + len, b'x');
        frame
    }

    fn settings() -> Connections {
        Connections { max_message_bytes: MAX, ..Connections::default() }
    }

    fn closed_with(link: &Link) -> Option<u16> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut code = None;
        while let Poll::Ready(Some(frame)) = link.poll_next(&mut context) {
            if frame.first() == Some(&0x88) {
                code = frame.get(2..4).map(|code| u16::from_be_bytes(code.try_into().unwrap()));
            }
        }
        code
    }

    proptest! {
        #[test]
        fn what_fits_goes_on_untouched(
            frames in prop::collection::vec((0..4usize, 0..126usize), 0..8), size in 1..300usize,
        ) {
            let opcodes = [Opcode::Text, Opcode::Binary, Opcode::Ping, Opcode::Pong];
            let bytes: Vec<u8> = frames.into_iter().flat_map(|(at, len)| frame(true, opcodes[at], len)).collect();
            let (passed, link) = guarded(bytes.chunks(size).map(<[u8]>::to_vec).collect(), &settings());
            prop_assert_eq!(passed, bytes);
            prop_assert!(link.is_open());
        }

        #[test]
        fn a_message_over_the_limit_is_cut_off_before_its_data(len in MAX + 1..100_000usize, size in 1..3000usize) {
            let mut bytes = frame(true, Opcode::Text, 5);
            let good = bytes.len();
            bytes.extend(frame(true, Opcode::Text, len));
            let (passed, link) = guarded(bytes.chunks(size).map(<[u8]>::to_vec).collect(), &settings());
            prop_assert!(passed.len() >= good && passed.len() < good + 10, "at most a part of the head goes on");
            prop_assert_eq!(closed_with(&link), Some(1009));
        }
    }

    #[test]
    fn a_frame_that_announces_4_gib_is_refused_by_its_head() {
        let head = vec![0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0];
        let (passed, link) = guarded(vec![head, vec![0; 5000]], &settings());
        assert!(passed.is_empty());
        assert_eq!(closed_with(&link), Some(1009));
    }

    #[test]
    fn fragments_count_together_and_do_not_go_on_for_ever() {
        let mut fragments = vec![frame(false, Opcode::Text, 600)];
        fragments.push(frame(true, Opcode::Continuation, 400));
        assert!(guarded(fragments.clone(), &settings()).1.is_open());
        fragments.push(frame(false, Opcode::Binary, 600));
        fragments.push(frame(false, Opcode::Continuation, 401));
        assert_eq!(closed_with(&guarded(fragments, &settings()).1), Some(1009));
        let mut empty = vec![frame(false, Opcode::Text, 0)];
        empty.resize(200, frame(false, Opcode::Continuation, 0));
        assert_eq!(closed_with(&guarded(empty, &settings()).1), Some(1009));
    }

    #[test]
    fn too_many_messages_close_the_connection() {
        let settings = Connections { messages_per_second: 0.001, message_burst: 3, ..settings() };
        let message = frame(true, Opcode::Text, 1);
        assert!(guarded(vec![message.clone(); 3], &settings).1.is_open());
        let (passed, link) = guarded(vec![message.clone(); 5], &settings);
        assert_eq!(passed.len(), 3 * message.len());
        assert_eq!(closed_with(&link), Some(4429));
    }

    #[test]
    fn while_closing_only_the_peers_close_matters() {
        let (passed, link) = guarded(
            vec![frame(true, Opcode::Text, MAX + 1), frame(true, Opcode::Text, 5), frame(true, Opcode::Close, 2)],
            &settings(),
        );
        assert!(passed.is_empty());
        let mut context = Context::from_waker(std::task::Waker::noop());
        for _why_and_close in 0..2 {
            assert!(matches!(link.poll_next(&mut context), Poll::Ready(Some(_))), "its last words are still written");
        }
        assert!(matches!(link.poll_next(&mut context), Poll::Ready(None)));
    }

    #[test]
    fn frames_that_are_not_masked_are_a_protocol_error() {
        let (passed, link) = guarded(vec![frame(true, Opcode::Text, 2), vec![0x81, 0x01, b'x']], &settings());
        assert_eq!(passed, frame(true, Opcode::Text, 2));
        assert_eq!(closed_with(&link), Some(1002));
    }

    #[test]
    fn messages_that_are_not_whole_are_bounded_over_all_connections() {
        let settings = Connections { max_message_bytes: 1 << 20, inbound_bytes: 1 << 20, ..Connections::default() };
        let buffered = Buffered::default();
        let mut context = Context::from_waker(std::task::Waker::noop());
        // A message that is whole, and is held no more, and the beginning of another.
        let unfinished = || {
            vec![frame(true, Opcode::Text, 300_000), frame(false, Opcode::Text, 300_000), frame(true, Opcode::Ping, 5)]
        };
        let mut guards: Vec<_> = (0..4)
            .map(|_| {
                let pieces = unfinished().into_iter().map(|piece| Ok(Bytes::from(piece)));
                let payload = Box::pin(futures::stream::iter(pieces).chain(futures::stream::pending()));
                Guard::new(payload, unused_link(), &settings, &buffered)
            })
            .collect();
        let mut hear = |guard: &mut Guard<_>| while guard.poll_next_unpin(&mut context).is_ready() {};
        guards.iter_mut().for_each(&mut hear);
        let closed: Vec<_> = guards.iter().map(|guard| closed_with(&guard.link)).collect();
        assert_eq!(closed, [None, None, None, Some(1013)]);
        guards.clear();
        let link = unused_link();
        let pieces = unfinished().into_iter().map(|piece| Ok(Bytes::from(piece)));
        let payload = Box::pin(futures::stream::iter(pieces).chain(futures::stream::pending()));
        let mut later = Guard::new(payload, Rc::clone(&link), &settings, &buffered);
        while later.poll_next_unpin(&mut context).is_ready() {}
        assert_eq!(closed_with(&link), None, "what closed connections held is given back");
    }
}
