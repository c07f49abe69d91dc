//! What a member sees of all members and their slots.

use std::sync::Arc;
use std::time::{Duration, Instant};

use callboard_domain::id::Slot;

use crate::Fence;
use crate::engine::Standing;

/// Who owns each slot, by its number.
pub type Owners = [Option<Fence>; Slot::COUNT];

/// All members and slots, as one of the members sees them at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The member that sees this; the last fence that it had, where it is fenced.
    pub me: Fence,
    /// Whether it may write.
    pub standing: Standing,
    /// All members, by their ids.
    pub members: Vec<Member>,
    /// How long the engine took to answer; nothing where it does not, and all this is of before.
    pub lag: Option<Duration>,
    /// Who owns each slot.
    pub owners: Box<Owners>,
    /// Until then, no other member takes this one for dead; nothing where that is not known.
    pub safe_until: Option<Instant>,
}

/// One of the servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Drawn when its process started.
    pub id: Arc<str>,
    /// Its present membership: another one each time that it joins.
    pub fence: Fence,
    /// How people find it.
    pub advertise: Arc<str>,
    /// The newest layout of the data that it can write.
    pub format: u32,
    /// What it is about to do.
    pub state: MemberState,
    /// For how long it has not been seen to live.
    pub beat_age: Duration,
    /// How many slots it owns.
    pub slots: usize,
}

/// What a member is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// It has just come, and owns nothing yet.
    Joining,
    /// It owns slots.
    Live,
    /// It hands over what it has.
    Leaving,
    /// It has not been seen to live for longer than usual.
    Suspected,
}

impl MemberState {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            MemberState::Joining => "joining",
            MemberState::Live => "live",
            MemberState::Leaving => "leaving",
            MemberState::Suspected => "suspected",
        }
    }
}

impl View {
    /// That of a member that has seen nobody yet.
    #[must_use]
    pub fn new(me: Fence) -> Self {
        Self {
            me,
            standing: Standing::Member,
            members: Vec::new(),
            lag: None,
            owners: Box::new([None; Slot::COUNT]),
            safe_until: None,
        }
    }

    /// Who owns a slot.
    #[must_use]
    pub fn owner(&self, slot: Slot) -> Option<Fence> {
        self.owners.get(usize::from(slot.number())).copied().flatten()
    }

    /// Whether the member that sees this owns a slot, and may write its sessions.
    #[must_use]
    pub fn is_mine(&self, slot: Slot) -> bool {
        self.standing == Standing::Member && self.owner(slot) == Some(self.me)
    }

    /// Whether what this member owns is surely its own at this moment: it may have been taken for dead without seeing it yet.
    #[must_use]
    pub fn is_certain(&self, now: Instant) -> bool {
        self.standing == Standing::Member && self.safe_until.is_some_and(|until| now < until)
    }

    /// The slots that a member owns, in their order.
    pub fn slots_of(&self, member: Fence) -> impl Iterator<Item = Slot> + '_ {
        Slot::all().filter(move |slot| self.owner(*slot) == Some(member))
    }

    /// A member.
    #[must_use]
    pub fn member(&self, fence: Fence) -> Option<&Member> {
        self.members.iter().find(|member| member.fence == fence)
    }

    /// A member by its id.
    #[must_use]
    pub fn member_called(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| &*member.id == id)
    }

    /// The layout in which data is written: the newest that all members know.
    #[must_use]
    pub fn format(&self) -> Option<u32> {
        self.members.iter().map(|member| member.format).min()
    }
}
