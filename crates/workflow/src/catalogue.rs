//! All node classes of a server, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::node::NodeClass;

/// All node classes of a server.
#[derive(Clone, Default)]
pub struct Catalogue {
    by_name: BTreeMap<&'static str, Arc<dyn NodeClass>>,
}

/// A class that cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is one of this name.
    #[error("there are two node classes called {0:?}")]
    Duplicate(&'static str),
    /// Two of its ports have one name.
    #[error("the node class {class:?} has two ports called {port:?}")]
    DuplicatePort {
        /// The class's name.
        class: &'static str,
        /// The port's name.
        port: &'static str,
    },
}

impl Catalogue {
    /// Adds a class.
    ///
    /// # Errors
    /// Where its name is taken, or two of its inputs or outputs have one name.
    pub fn register(&mut self, class: Arc<dyn NodeClass>) -> Result<(), Error> {
        let spec = class.spec();
        let name = spec.class;
        let inputs: Vec<&'static str> = spec.inputs.iter().map(|input| input.name).collect();
        let outputs: Vec<&'static str> = spec.outputs.iter().map(|output| output.name).collect();
        if let Some(port) = twice(&inputs).or_else(|| twice(&outputs)) {
            return Err(Error::DuplicatePort { class: name, port });
        }
        if self.by_name.contains_key(name) {
            return Err(Error::Duplicate(name));
        }
        self.by_name.insert(name, class);
        Ok(())
    }

    /// A class.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn NodeClass>> {
        self.by_name.get(name)
    }

    /// All classes, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn NodeClass>> {
        self.by_name.values()
    }

    /// The name that is most like `name`, for whoever has mistyped it.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        let score = |known: &&'static str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
        let known = self.by_name.keys().copied();
        let best = known.max_by(|one, other| score(one).total_cmp(&score(other)));
        best.filter(|known| score(known) > 0.85)
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

fn twice(names: &[&'static str]) -> Option<&'static str> {
    names
        .iter()
        .enumerate()
        .find(|(at, name)| names.iter().take(*at).any(|other| other == *name))
        .map(|(_, name)| *name)
}
