//! Several members on one engine, for tests of what they may do to each other's sessions.

use callboard_domain::id::Slot;

use super::link::Link;
use super::membership::{self, Company};
use super::{Opening, Reader, Redis};
use crate::handle::Parts;
use crate::{ClusterSettings, Error, Fence, Settings};

/// See the module.
pub(crate) struct Several {
    settings: Settings,
    cluster: ClusterSettings,
}

impl Several {
    pub(crate) fn new(settings: Settings, cluster: ClusterSettings) -> Self {
        Self { settings, cluster }
    }

    fn opening(&self) -> Opening {
        Opening::new(&self.settings, &self.cluster).unwrap()
    }

    /// A member beside the others, without slots.
    pub(crate) fn member(&self, readers: usize) -> Parts<Redis, Reader> {
        self.opening().open_as(readers, Company::Beside).unwrap()
    }

    pub(crate) fn assign(&self, slots: impl IntoIterator<Item = Slot>, member: Fence) -> Result<(), Error> {
        let opening = self.opening();
        let mut link = Link::new(opening.address.clone(), opening.timeout);
        let is_member = membership::assign(&mut link, &opening.place, slots, member)?;
        if is_member { Ok(()) } else { Err(Error::NotFound) }
    }

    pub(crate) fn expel(&self, member: Fence) {
        let opening = self.opening();
        let mut link = Link::new(opening.address.clone(), opening.timeout);
        membership::bury(&mut link, &opening.place, member, None).unwrap();
    }
}
