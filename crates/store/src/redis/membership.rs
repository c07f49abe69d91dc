//! This server's place among those that use one engine: how it becomes a member, shows that it lives, and leaves.
//!
//! Until sessions can be reached at another member, there is one at a time: the next waits until the one before has left,
//! or is seen to be dead.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use callboard_domain::id::Slot;
use serde::{Deserialize, Serialize};

use super::link::{Failure, Link};
use super::observer::{BEAT_EVERY, Observer, Seen};
use super::place::Place;
use super::scripts::run;
use crate::keys::Lane;
use crate::{Error, Fence};

/// How often it is looked whether there is room for this member.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a member says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Says {
    /// How people find it.
    pub(super) advertise: String,
}

/// Whether a member is the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    /// It is, and has all slots.
    Alone,
    /// There may be others; it has no slot.
    Beside,
}

/// The others that keep a member from being alone.
type Others = Vec<(Fence, u64, Says)>;

/// Becomes a member, waiting for those before to leave where it must be alone; gives the lane of its keys.
///
/// # Errors
/// [`Error::Unusable`] where another is alive at that moment still, or the engine fails.
pub(super) fn join(
    link: &mut Link,
    place: &Place,
    fence: Fence,
    says: &Says,
    company: Company,
    until: Instant,
) -> Result<Lane, Error> {
    let mut observer = Observer::default();
    let mut has_waited = false;
    loop {
        let others = match admit(link, place, fence, says, company)? {
            Ok(lane) => {
                if company == Company::Alone {
                    assign(link, place, Slot::all(), fence).map_err(|failure| unusable(&failure))?;
                }
                return Ok(lane);
            }
            Err(others) => others,
        };
        let beats: Vec<_> = others.iter().map(|(fence, beat, _)| (*fence, *beat)).collect();
        let Seen { dead, alive } = observer.look(Instant::now(), &beats);
        for (fence, beat) in dead {
            log::info!(member:% = fence; "a member that does not show that it lives any more is taken for dead");
            bury(link, place, fence, Some(beat)).map_err(|failure| unusable(&failure))?;
        }
        let living = others.iter().find(|(fence, ..)| alive.contains(fence));
        if let Some((_, _, says)) = living
            && !std::mem::replace(&mut has_waited, true)
        {
            log::warn!("another Callboard, at {}, uses the same Redis: it is waited for to end", says.advertise);
        }
        if Instant::now() >= until {
            let at = living.or(others.first()).map(|(_, _, says)| says.advertise.as_str()).unwrap_or_default();
            return Err(Error::Unusable(format!(
                "another Callboard, at {at}, uses the cluster {:?} on {}: stop it first, or give this one another \
                 cluster.name; several at once are not supported yet",
                place.name(),
                link.address()
            )));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// One try to become a member: the lane, or who is in the way.
fn admit(
    link: &mut Link,
    place: &Place,
    fence: Fence,
    says: &Says,
    company: Company,
) -> Result<Result<Lane, Others>, Error> {
    let says = serde_json::to_string(says).unwrap_or_default();
    let how = match company {
        Company::Alone => "alone",
        Company::Beside => "beside",
    };
    let mut call = place.script(|scripts| &scripts.admit);
    call.arg(fence.to_string()).arg(says).arg(how);
    let answer: Vec<String> = link.call(|connection| run(&call, connection)).map_err(|failure| unusable(&failure))?;
    match answer.as_slice() {
        [word, lane] if word == "admitted" => Ok(Ok(Lane::of(lane.parse().unwrap_or_default()))),
        [_, others @ ..] => {
            let others = others.as_chunks::<3>().0.iter();
            Ok(Err(others.filter_map(|[fence, beat, says]| read(fence, beat, says)).collect()))
        }
        [] => Ok(Err(Vec::new())),
    }
}

fn read(fence: &str, beat: &str, says: &str) -> Option<(Fence, u64, Says)> {
    let says = serde_json::from_str(says).unwrap_or(Says { advertise: "an unknown address".into() });
    Some((Fence::parse(fence)?, beat.parse().ok()?, says))
}

/// Gives slots to a member; nobody else owns them then. Gives whether it is one.
pub(super) fn assign(
    link: &mut Link,
    place: &Place,
    slots: impl IntoIterator<Item = Slot>,
    member: Fence,
) -> Result<bool, Failure> {
    let mut call = place.script(|scripts| &scripts.assign);
    call.arg(member.to_string());
    for slot in slots {
        call.arg(slot.number());
    }
    link.call(|connection| run(&call, connection))
}

/// Ends a membership, where its beat is still this one: what it owned is nobody's then. Gives whether it did.
pub(super) fn bury(link: &mut Link, place: &Place, member: Fence, beat: Option<u64>) -> Result<bool, Failure> {
    let mut call = place.script(|scripts| &scripts.bury);
    call.arg(member.to_string()).arg(beat.map(|beat| beat.to_string()).unwrap_or_default());
    link.call(|connection| run(&call, connection))
}

/// Shows that a member lives; gives whether it is one still.
pub(super) fn show_life(link: &mut Link, place: &Place, member: Fence) -> Result<bool, Failure> {
    let mut call = place.script(|scripts| &scripts.beat);
    call.arg(member.to_string());
    let beat: u64 = link.call(|connection| run(&call, connection))?;
    Ok(beat > 0)
}

fn unusable(failure: &Failure) -> Error {
    Error::Unusable(failure.reason().to_owned())
}

/// The thread that shows that this member lives, whatever else it is busy with. Ends when it is dropped.
#[derive(Debug)]
pub(super) struct Heart {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heart {
    /// Starts it over a connection of its own.
    pub(super) fn start(link: Link, place: Arc<Place>, member: Fence) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("store-beat".into())
            .spawn(move || beat(link, &place, member, &stopped))
            .map_err(|error| Error::Unusable(format!("a thread for the store could not be started: {error}")))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// Beats until it is stopped, or is no member any more. What fails is tried again: the writer says why.
fn beat(mut link: Link, place: &Place, member: Fence, stopped: &Receiver<()>) {
    while stopped.recv_timeout(BEAT_EVERY) == Err(RecvTimeoutError::Timeout) {
        if show_life(&mut link, place, member) == Ok(false) {
            log::warn!(member:%; "this server was taken for dead by another");
            return;
        }
    }
}
