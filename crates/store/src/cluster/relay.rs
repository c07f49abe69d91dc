//! The thread that puts the events of all members into one order and hands them on.
//!
//! **Hears** what this member's writer has committed, what others have published, and up to which number there are events.
//! **Publishes** each event once and in the order of their numbers: what comes too early waits, and where something does
//! not come at all, it is read. **Ends when** nobody can send to it any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::view::View;
use crate::batch::Publication;
use crate::events::{EventSubscriber, Published};
use crate::{EncodedEvent, Error, EventRow, Fence};

/// Most things that wait to be heard: who sends more waits.
const MAX_HEARD: usize = 1024;

/// How long a number is waited for that others are about to publish, where events of this member wait behind it.
const PATIENCE_FOR_OWN: Duration = Duration::from_millis(20);

/// How long events are waited for that are known to be there: they may be on their way.
const PATIENCE: Duration = Duration::from_millis(200);

/// Most bytes that are read at once.
const READ_BYTES: usize = 1 << 20;

/// Most events of others that are held back; beyond that they are read again once it is their turn.
const MAX_HELD_BACK: usize = 4096;

/// What the relay hears.
pub(crate) enum Heard {
    /// Who is handed the events after this number.
    Subscriber(u64, EventSubscriber),
    /// What this member's writer has committed.
    Own(Publication),
    /// What another has published, in the log of this generation.
    Elsewhere(u64, Vec<EventRow>),
    /// The last event that the engine has, and of which generation its log is.
    Last(Log),
}

/// Which log of events this is, and up to where it goes. After a loss the engine begins the next generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    /// Rises with each loss.
    pub(crate) generation: u64,
    /// The number of the last event.
    pub(crate) last_seq: u64,
}

/// An entry of the log, and who has written it.
pub(crate) type Entry = (Option<Fence>, EventRow);

/// Where events are read that were not heard.
pub(crate) trait Source: Send + 'static {
    /// Entries with events after this number, oldest first, of at least one entry and until they have `max_bytes`.
    fn entries(&mut self, after_seq: u64, max_bytes: usize) -> Result<Vec<Entry>, Error>;

    /// Has a new log begin, where this one is that of `known`'s generation and ends before what is known of it; gives the
    /// log as it is now, and its epoch's word.
    fn renew(&mut self, known: Log) -> Result<Renewed, Error>;
}

/// The log as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renewed {
    /// See [`Log`].
    pub(crate) generation: u64,
    /// The number of the last event before this generation.
    pub(crate) began: u64,
    /// That of the last event.
    pub(crate) last_seq: u64,
    /// Its epoch.
    pub(crate) epoch: String,
}

/// What the relay shows of itself: the log as far as it was handed on.
pub(crate) type Reached = watch::Receiver<Log>;

/// Starts the thread, which begins at the end of the log.
pub(crate) fn start(
    mut source: impl Source,
    me: watch::Receiver<Arc<View>>,
) -> Result<(SyncSender<Heard>, Reached), Error> {
    let (sender, heard) = sync_channel(MAX_HEARD);
    let Renewed { generation, last_seq, .. } = source.renew(Log::default())?;
    let log = Log { generation, last_seq };
    let (reached, reader) = watch::channel(log);
    let relay = Relay {
        source,
        me,
        reached,
        subscriber: None,
        log,
        own: VecDeque::new(),
        elsewhere: BTreeMap::new(),
        known: log.last_seq,
        not_handed_on: log.last_seq,
        waits_since: None,
    };
    std::thread::Builder::new()
        .name("store-relay".into())
        .spawn(move || relay.run(&heard))
        .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
    Ok((sender, reader))
}

struct Relay<S> {
    source: S,
    /// This member's present fence.
    me: watch::Receiver<Arc<View>>,
    reached: watch::Sender<Log>,
    subscriber: Option<EventSubscriber>,
    /// Up to where all was handed on.
    log: Log,
    /// What this member has written and is not handed on, in order.
    own: VecDeque<Publication>,
    /// What others have written and is not handed on, by the first number of each.
    elsewhere: BTreeMap<u64, EventRow>,
    /// The largest number that is known to be in the engine.
    known: u64,
    /// Up to this number, what this member has written came before anybody listened.
    not_handed_on: u64,
    /// Since when something waits for numbers that did not come.
    waits_since: Option<Instant>,
}

impl<S: Source> Relay<S> {
    fn run(mut self, heard: &Receiver<Heard>) {
        loop {
            let next = match self.patience() {
                Some(patience) => heard.recv_timeout(patience),
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(next) => self.hear(next),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.advance();
            if self.patience() == Some(Duration::ZERO) {
                self.heal();
                self.advance();
            }
        }
    }

    /// How long what is missing is waited for; nothing where nothing is.
    fn patience(&self) -> Option<Duration> {
        let since = self.waits_since?;
        let patience = if self.own.is_empty() { PATIENCE } else { PATIENCE_FOR_OWN };
        Some(patience.saturating_sub(since.elapsed()))
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Subscriber(after, subscriber) => {
                self.subscriber = Some(subscriber);
                self.log.last_seq = after;
            }
            Heard::Own(publication) => match first_seq(&publication) {
                // Its own are handed on by itself alone: where one has a number of before, the numbers began anew.
                Some(first) if first <= self.log.last_seq => {
                    self.own.push_back(publication);
                    self.renew();
                }
                _ => self.own.push_back(publication),
            },
            Heard::Elsewhere(generation, rows) => {
                if generation > self.log.generation {
                    self.renew();
                }
                if generation == self.log.generation {
                    for row in rows {
                        self.known = self.known.max(row.last_seq);
                        if self.elsewhere.len() < MAX_HELD_BACK {
                            self.elsewhere.insert(row.first_seq, row);
                        }
                    }
                }
            }
            Heard::Last(log) => {
                // Its answer may have been on its way for longer than what was heard since, or the engine is another one.
                if log.generation != self.log.generation || log.last_seq < self.log.last_seq {
                    self.renew();
                }
                if log.generation == self.log.generation {
                    self.known = self.known.max(log.last_seq);
                }
            }
        }
    }

    /// Hands on what comes next, as far as it is here.
    fn advance(&mut self) {
        if self.subscriber.is_none() {
            // Nobody listens: who wants to have one is answered, and what was missed is read once somebody does.
            for publication in std::mem::take(&mut self.own) {
                self.not_handed_on = last_seq(&publication).unwrap_or(0).max(self.not_handed_on);
                answer(publication);
            }
            self.elsewhere.clear();
            self.log.last_seq = self.not_handed_on.max(self.known);
            self.reached.send_replace(self.log);
            return;
        }
        let before = self.log;
        loop {
            let next = self.log.last_seq + 1;
            if let Some(publication) = self.own.pop_front_if(|own| first_seq(own).is_none_or(|first| first <= next)) {
                self.log.last_seq = last_seq(&publication).unwrap_or(0).max(self.log.last_seq);
                self.hand_on_own(publication);
                continue;
            }
            let Some(row) = self.elsewhere.first_entry().filter(|row| *row.key() <= next).map(|row| row.remove())
            else {
                break;
            };
            self.hand_on_row(row);
        }
        if self.log != before {
            self.reached.send_replace(self.log);
        }
        self.known = self.known.max(self.log.last_seq);
        let is_missing = !self.own.is_empty() || self.known > self.log.last_seq;
        if !is_missing || self.log != before {
            self.waits_since = None;
        }
        if is_missing {
            self.waits_since.get_or_insert_with(Instant::now);
        }
    }

    fn hand_on_own(&mut self, mut publication: Publication) {
        let events = std::mem::take(&mut publication.events);
        if !events.is_empty() {
            self.hand_on(Published::Own(events));
        }
        answer(publication);
    }

    /// Hands on what of another's row was not handed on yet.
    fn hand_on_row(&mut self, row: EventRow) {
        let after_seq = self.log.last_seq;
        if row.last_seq > after_seq {
            self.log.last_seq = row.last_seq;
            self.hand_on(Published::Elsewhere { row, after_seq });
        }
    }

    fn hand_on(&mut self, what: Published) {
        if let Some(subscriber) = &mut self.subscriber {
            subscriber(what);
        }
    }

    /// Reads what did not come, up to what this member has written itself: that comes from its writer.
    fn heal(&mut self) {
        self.waits_since = Some(Instant::now());
        let entries = match self.source.entries(self.log.last_seq, READ_BYTES) {
            Ok(entries) => entries,
            Err(error) => return log::warn!("events of other servers cannot be read: {error}"),
        };
        let me = self.me.borrow().me;
        let mut healed = 0;
        for (writer, row) in entries {
            let is_own = self.own.front().and_then(first_seq).is_some_and(|first| first <= row.last_seq);
            if is_own || (writer == Some(me) && row.last_seq > self.not_handed_on) {
                break;
            }
            healed += row.last_seq.saturating_sub(self.log.last_seq);
            self.hand_on_row(row);
        }
        if healed > 0 {
            log::debug!(events = healed; "events of other servers did not come and were read");
            self.reached.send_replace(self.log);
        }
    }

    /// Finds out whether the log began anew, and goes on in the new one.
    fn renew(&mut self) {
        // Of what the engine had and nobody was told, nothing is missed.
        let known = self.log;
        let Renewed { generation, began, last_seq, epoch } = match self.source.renew(known) {
            Ok(renewed) => renewed,
            // The engine's last number is looked at again soon.
            Err(error) => return log::warn!("the log of events cannot be read: {error}"),
        };
        if generation == self.log.generation {
            return;
        }
        log::error!(
            known = known.last_seq, last_seq = began;
            "the engine has lost events that were published: the log of events begins anew"
        );
        self.log = Log { generation, last_seq: began };
        self.known = last_seq;
        self.not_handed_on = 0;
        self.elsewhere.clear();
        self.reached.send_replace(self.log);
        self.hand_on(Published::NewEpoch { epoch: epoch.into(), last_seq: began });
    }
}

/// The number of the first event that is kept.
fn first_seq(publication: &Publication) -> Option<u64> {
    publication.events.iter().find_map(EncodedEvent::seq)
}

fn last_seq(publication: &Publication) -> Option<u64> {
    publication.events.iter().rev().find_map(EncodedEvent::seq)
}

/// Answers those who want to have one of the events.
fn answer(publication: Publication) {
    for (reply, answer) in publication.answers {
        // Whoever asked may be gone.
        let _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::events::UnnumberedEvent;
    use callboard_domain::event::{Kind, NewEvent};
    use callboard_domain::owner::Owner;
    use callboard_domain::time::Timestamp;

    /// What is handed on: the numbers, and whether this server has written them.
    type HandedOn = (bool, Vec<u64>);

    struct Written(Receiver<Vec<Entry>>, Vec<Entry>);

    impl Source for Written {
        fn entries(&mut self, after_seq: u64, _: usize) -> Result<Vec<Entry>, Error> {
            self.1.extend(self.0.try_iter().flatten());
            Ok(self.1.iter().filter(|(_, row)| row.last_seq > after_seq).cloned().collect())
        }

        fn renew(&mut self, known: Log) -> Result<Renewed, Error> {
            Ok(Renewed { generation: known.generation, began: 0, last_seq: 0, epoch: String::new() })
        }
    }

    fn event(seq: u64) -> EncodedEvent {
        let new =
            UnnumberedEvent::new(NewEvent::new(Kind::parse("custom.a").unwrap()), Owner::SERVER, Timestamp::now());
        let mut event = new.event().clone();
        event.seq = Some(seq);
        EncodedEvent::new(event)
    }

    fn row(first_seq: u64, last_seq: u64) -> EventRow {
        let lines = (first_seq..=last_seq).map(|seq| String::from_utf8(event(seq).json.to_vec()).unwrap() + "\n");
        EventRow { first_seq, last_seq, owner: Owner::SERVER, body: lines.collect::<String>().into() }
    }

    fn own(seqs: impl Iterator<Item = u64>) -> Heard {
        Heard::Own(Publication { events: seqs.map(event).collect(), answers: Vec::new() })
    }

    struct Bench {
        me: Fence,
        relay: SyncSender<Heard>,
        stored: std::sync::mpsc::Sender<Vec<Entry>>,
        handed_on: Receiver<HandedOn>,
        _view: watch::Sender<Arc<View>>,
    }

    impl Bench {
        fn new() -> Self {
            let (stored, log) = channel();
            let me = Fence::random();
            let (view, viewed) = watch::channel(Arc::new(View::new(me)));
            let (relay, _) = start(Written(log, Vec::new()), viewed).unwrap();
            let (hand_on, handed_on) = channel();
            let bench = Self { me, relay, stored, handed_on, _view: view };
            bench.hear(Heard::Subscriber(
                0,
                Box::new(move |what| {
                    let numbers = match what {
                        Published::Own(events) => (true, events.iter().filter_map(EncodedEvent::seq).collect()),
                        Published::Elsewhere { row, after_seq } => {
                            (false, row.after(after_seq).map(|(seq, _)| seq).collect())
                        }
                        Published::NewEpoch { .. } => return,
                    };
                    let _ = hand_on.send(numbers);
                }),
            ));
            bench
        }

        fn hear(&self, heard: Heard) {
            self.relay.send(heard).unwrap();
        }

        fn hands_on(&self, is_own: bool, seqs: impl Iterator<Item = u64>) {
            let next = self.handed_on.recv_timeout(Duration::from_secs(10)).unwrap();
            assert_eq!(next, (is_own, seqs.collect()));
        }

        fn hands_on_own(&self, seqs: impl Iterator<Item = u64>) {
            self.hands_on(true, seqs);
        }

        fn hands_on_others(&self, seqs: impl Iterator<Item = u64>) {
            self.hands_on(false, seqs);
        }
    }

    #[test]
    fn what_comes_too_early_waits_for_its_turn() {
        let bench = Bench::new();
        bench.hear(Heard::Elsewhere(0, vec![row(4, 6)]));
        bench.hear(own(2..=3));
        bench.hear(Heard::Elsewhere(0, vec![row(1, 1)]));
        bench.hands_on_others(1..=1);
        bench.hands_on_own(2..=3);
        bench.hands_on_others(4..=6);
    }

    #[test]
    fn what_does_not_come_is_read_once_it_is_missed() {
        let bench = Bench::new();
        bench.stored.send(vec![(Some(Fence::random()), row(1, 2)), (Some(bench.me), row(3, 3))]).unwrap();
        bench.hear(own(3..=3));
        bench.hands_on_others(1..=2);
        bench.hands_on_own(3..=3);
        // The last one nothing follows.
        bench.stored.send(vec![(None, row(4, 4))]).unwrap();
        bench.hear(Heard::Last(Log { generation: 0, last_seq: 4 }));
        bench.hands_on_others(4..=4);
        // What comes after all is not handed on twice.
        bench.hear(Heard::Elsewhere(0, vec![row(1, 2), row(4, 5)]));
        bench.hands_on_others(5..=5);
    }

    #[test]
    fn what_a_member_writes_itself_is_not_read_but_comes_from_its_writer() {
        let bench = Bench::new();
        bench.stored.send(vec![(Some(bench.me), row(1, 1)), (Some(Fence::random()), row(2, 2))]).unwrap();
        bench.hear(Heard::Last(Log { generation: 0, last_seq: 2 }));
        assert!(bench.handed_on.recv_timeout(PATIENCE * 3).is_err());
        bench.hear(own(1..=1));
        bench.hands_on_own(1..=1);
        bench.hands_on_others(2..=2);
    }
}
