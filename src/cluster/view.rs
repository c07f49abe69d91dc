//! Who owns what, seen from this server.

use std::sync::Arc;

use crate::domain::id::Slot;
use crate::store::{Fence, Member, View};

/// Who owns a slot, as this server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This server.
    Here,
    /// Another member.
    Elsewhere(Fence),
    /// Nobody, for the moment.
    Nobody,
}

/// Who owns a slot in this view.
pub(crate) fn owner(view: &View, slot: Slot) -> Owner {
    match view.owner(slot) {
        Some(_) if view.is_mine(slot) => Owner::Here,
        Some(owner) if owner != view.me => Owner::Elsewhere(owner),
        // A member that is fenced owns nothing, though it may not have seen yet who does.
        Some(_) | None => Owner::Nobody,
    }
}

/// The members beside this one.
pub(crate) fn others(view: &View) -> impl Iterator<Item = &Member> {
    view.members.iter().filter(|member| member.fence != view.me)
}

/// The member that owns a slot, where there is one.
pub(crate) fn member_of(view: &View, slot: Slot) -> Option<&Member> {
    view.owner(slot).and_then(|owner| view.member(owner))
}

/// The slots whose owner is another one than before.
pub(crate) fn moved(before: &Arc<View>, now: &Arc<View>) -> Vec<Slot> {
    Slot::all().filter(|slot| before.owner(*slot) != now.owner(*slot)).collect()
}
