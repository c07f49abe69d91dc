//! This server's place among those that use one engine: how it becomes a member, owns slots and leaves.

use std::time::{Duration, Instant};

use callboard_domain::id::Slot;
use serde::{Deserialize, Serialize};

use super::FORMAT;
use super::link::{Failure, Link};
use super::observer::{Observer, Seen};
use super::place::Place;
use super::scripts::run;
use crate::cluster::relay::Log;
use crate::keys::Lane;
use crate::{Error, Fence};

/// How often it is looked whether there is room for a member that must be alone.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a member says of itself. One that only changes documents says nothing of what it is about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Says {
    /// How people find it.
    pub(super) advertise: String,
    /// Drawn for its process.
    #[serde(default)]
    pub(super) id: String,
    /// The newest layout that it can write.
    #[serde(default)]
    pub(super) format: u32,
    /// Nothing for one that is no server.
    #[serde(default)]
    pub(super) intent: Option<Intent>,
}

/// What a member is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Intent {
    Join,
    Serve,
    Leave,
}

/// Whether a member is the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    /// It is, and has all slots.
    Alone,
    /// There may be others.
    Beside,
}

/// The others that keep a member from being alone.
type Others = Vec<(Fence, u64, Says)>;

/// Becomes a member, waiting for those before to leave where it must be alone; gives the lane of its keys, which is `wanted`
/// where that is free.
///
/// # Errors
/// [`Error::Unusable`] where another is alive at that moment still, or the engine fails.
pub(super) fn join(
    link: &mut Link,
    place: &Place,
    fence: Fence,
    says: &Says,
    company: Company,
    wanted: Option<Lane>,
    until: Instant,
) -> Result<Lane, Error> {
    let mut observer = Observer::default();
    let mut has_waited = false;
    loop {
        let others = match admit(link, place, fence, says, company, wanted)? {
            Ok(lane) => {
                if company == Company::Alone {
                    assign(link, place, Slot::all(), fence).map_err(|failure| unusable(&failure))?;
                }
                return Ok(lane);
            }
            Err(others) => others,
        };
        let beats: Vec<_> = others.iter().map(|(fence, beat, _)| (*fence, *beat)).collect();
        let Seen { dead, alive } = observer.look(Instant::now(), &beats, None);
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
                 cluster.name",
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
    wanted: Option<Lane>,
) -> Result<Result<Lane, Others>, Error> {
    let how = match company {
        Company::Alone => "alone",
        Company::Beside => "beside",
    };
    let mut call = place.script(|scripts| &scripts.admit);
    call.arg(fence.to_string()).arg(says.text()).arg(how).arg(FORMAT);
    call.arg(wanted.map(|lane| lane.number().to_string()).unwrap_or_default());
    let answer: Vec<String> = link.call(|connection| run(&call, connection)).map_err(|failure| unusable(&failure))?;
    match answer.as_slice() {
        [word, lane] if word == "admitted" => Ok(Ok(Lane::of(lane.parse().unwrap_or_default()))),
        [word, written] if word == "newer" => Err(newer(link, place, written)),
        [word, _] if word == "full" => Err(Error::Unusable(format!(
            "the cluster {:?} on {} has as many servers as there can be: stop one first",
            place.name(),
            link.address()
        ))),
        [_, others @ ..] => {
            let others = others.as_chunks::<3>().0.iter();
            Ok(Err(others.filter_map(|[fence, beat, says]| read(fence, beat, says)).collect()))
        }
        [] => Ok(Err(Vec::new())),
    }
}

/// Why this server cannot use what a later one has written.
pub(super) fn newer(link: &Link, place: &Place, written: &str) -> Error {
    Error::Unusable(format!(
        "the cluster {:?} on {} was written by a newer Callboard (its layout is {written}, this one knows {FORMAT}): use that \
         one, or choose another cluster.name",
        place.name(),
        link.address()
    ))
}

fn read(fence: &str, beat: &str, says: &str) -> Option<(Fence, u64, Says)> {
    Some((Fence::parse(fence)?, beat.parse().ok()?, Says::read(says)))
}

impl Says {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn read(text: &str) -> Self {
        let unknown =
            || Says { advertise: "an unknown address".into(), id: String::new(), format: FORMAT, intent: None };
        serde_json::from_str(text).unwrap_or_else(|_| unknown())
    }
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

/// Makes a member the owner of those of some slots that nobody owns: gives which, or nothing where it is no member.
pub(super) fn take(
    link: &mut Link,
    place: &Place,
    slots: &[Slot],
    member: Fence,
) -> Result<Option<Vec<Slot>>, Failure> {
    let mut call = place.script(|scripts| &scripts.take);
    call.arg(member.to_string());
    for slot in slots {
        call.arg(slot.number());
    }
    let answer: Vec<String> = link.call(|connection| run(&call, connection))?;
    match answer.as_slice() {
        [word, taken @ ..] if word == "taken" => {
            // A call whose answer was lost has taken them, and this one finds that they have an owner: the next look shows it.
            Ok(Some(taken.iter().filter_map(|slot| slot.parse().ok().map(Slot::new)).collect()))
        }
        _ => Ok(None),
    }
}

/// Makes another the owner of slots that a member owns; gives whether that is one.
pub(super) fn give(link: &mut Link, place: &Place, slots: &[Slot], member: Fence, to: Fence) -> Result<bool, Failure> {
    let mut call = place.script(|scripts| &scripts.give);
    call.arg(member.to_string()).arg(to.to_string());
    for slot in slots {
        call.arg(slot.number());
    }
    link.call(|connection| run(&call, connection))
}

/// Has a member say this of itself; gives whether it is one.
pub(super) fn say(link: &mut Link, place: &Place, member: Fence, says: &Says) -> Result<bool, Failure> {
    let mut call = place.script(|scripts| &scripts.say);
    call.arg(member.to_string()).arg(says.text());
    link.call(|connection| run(&call, connection))
}

/// What is seen of all members at a moment.
pub(super) struct Sight {
    /// Another one after each change of what follows.
    pub(super) turn: String,
    /// What the engine's clock shows, in microseconds.
    pub(super) clock: i64,
    pub(super) log: Log,
    pub(super) beats: Vec<(Fence, u64)>,
    /// Nothing where the turn was known.
    pub(super) changed: Option<Registry>,
}

/// Who is a member, and who owns what.
pub(super) struct Registry {
    pub(super) members: Vec<(Fence, Says)>,
    pub(super) owners: Vec<(Slot, Fence)>,
}

/// Looks at all members, and at what has changed since `turn`.
pub(super) fn look(link: &mut Link, place: &Place, turn: &str) -> Result<Sight, Failure> {
    type Pairs = Vec<(String, String)>;
    let mut call = place.script(|scripts| &scripts.look);
    call.arg(turn);
    let (now, last_seq, generation, clock, beats, members, slots): (String, u64, u64, i64, Pairs, Pairs, Pairs) =
        link.call(|connection| run(&call, connection))?;
    let beats = beats.iter().filter_map(|(fence, beat)| Some((Fence::parse(fence)?, beat.parse().ok()?))).collect();
    let changed = (now != turn).then(|| Registry {
        members: members.iter().filter_map(|(fence, says)| Some((Fence::parse(fence)?, Says::read(says)))).collect(),
        owners: slots
            .iter()
            .filter_map(|(slot, fence)| Some((Slot::new(slot.parse().ok()?), Fence::parse(fence)?)))
            .collect(),
    });
    Ok(Sight { turn: now, clock, log: Log { generation, last_seq }, beats, changed })
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
