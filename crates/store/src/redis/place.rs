//! Where a cluster's data is within the engine: its keys, and the scripts that work on them.

use redis::ScriptInvocation;

use super::scripts::{Script, Scripts};

/// See the module.
pub(super) struct Place {
    name: String,
    /// What all its keys begin with. What is in the {} decides which node of the engine has a key: all are in one place.
    prefix: String,
    scripts: Scripts,
}

impl Place {
    /// That of the cluster with this name.
    pub(super) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), prefix: format!("{{{name}}}:"), scripts: Scripts::new() }
    }

    /// The cluster's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A call of a script.
    pub(super) fn script<'a>(&'a self, of: impl FnOnce(&'a Scripts) -> &'a Script) -> ScriptInvocation<'a> {
        of(&self.scripts).of(&self.prefix)
    }

    /// The channel on which the member with this id receives what others send to it.
    pub(super) fn mailbox(&self, id: &str) -> String {
        format!("{}to:{id}", self.prefix)
    }

    /// A key, or a channel.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}
