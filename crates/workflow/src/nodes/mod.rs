//! The node classes that come with Callboard, one file for each family.

mod bounded;
mod comparison;
mod convert;
mod data;
mod dotted;
mod fetch;
mod flow;
mod for_each;
mod functions;
mod growth;
#[cfg(test)]
mod hostile;
mod inputs;
mod json_path;
mod lists;
mod logic;
mod mapping;
mod maths;
mod order;
mod output;
mod pace;
mod pattern;
mod people;
mod random;
#[cfg(test)]
mod rig;
mod sandbox;
mod script;
mod state;
mod statistics;
mod table;
mod tasks;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod window;

use std::sync::Arc;

use super::catalogue::{Catalogue, Error};
use super::node::{Cx, Given, Next, Node, NodeClass, NodeError, Spec};
use super::value::Value;
use crate::settings::Settings;
use sandbox::Sandbox;

/// The classes that every server has, within the limits of the settings.
///
/// # Errors
/// Where two of them have one name.
pub fn built_in(settings: &Settings) -> Result<Catalogue, Error> {
    let sandbox = Arc::new(Sandbox::new(settings));
    let families = [
        inputs::classes(),
        maths::classes(),
        functions::classes(),
        statistics::classes(),
        comparison::classes(),
        logic::classes(),
        text::classes(),
        convert::classes(),
        pattern::classes(),
        data::classes(),
        lists::classes(),
        table::classes(),
        template::classes(),
        json_path::classes(),
        random::classes(),
        output::classes(),
        flow::classes(),
        for_each::classes(),
        state::classes(),
        window::classes(),
        time::classes(),
        pace::classes(),
        people::classes(),
        tasks::classes(),
        fetch::classes(),
        script::classes(&sandbox),
        mapping::classes(&sandbox),
    ];
    let mut catalogue = Catalogue::default();
    for class in families.into_iter().flatten() {
        catalogue.register(class)?;
    }
    Ok(catalogue)
}

/// A class whose nodes keep nothing between runs: a function over inputs and outputs.
struct Plain {
    spec: Spec,
    run: fn(&mut Cx<'_>) -> Result<(), NodeError>,
    faults: fn(&Given<'_>) -> Vec<(usize, String)>,
}

/// A class of nodes that keep nothing.
fn plain(spec: Spec, run: fn(&mut Cx<'_>) -> Result<(), NodeError>) -> Arc<dyn NodeClass> {
    checked(spec, |_| Vec::new(), run)
}

/// A class of nodes that keep nothing, with a check of its constants.
fn checked(
    spec: Spec,
    faults: fn(&Given<'_>) -> Vec<(usize, String)>,
    run: fn(&mut Cx<'_>) -> Result<(), NodeError>,
) -> Arc<dyn NodeClass> {
    Arc::new(Plain { spec, run, faults })
}

impl NodeClass for Plain {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn faults(&self, given: &Given<'_>) -> Vec<(usize, String)> {
        (self.faults)(given)
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(PlainNode(self.run))
    }
}

struct PlainNode(fn(&mut Cx<'_>) -> Result<(), NodeError>);

impl Node for PlainNode {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result<Next, NodeError> {
        (self.0)(cx).map(|()| Next::Done)
    }
}

/// A class whose nodes keep something: `N::default()` is a new one.
struct Stateful<N> {
    spec: Spec,
    faults: fn(&Given<'_>) -> Vec<(usize, String)>,
    node: std::marker::PhantomData<fn() -> N>,
}

/// A class of nodes that keep something between runs.
fn stateful<N: Node + Default + 'static>(spec: Spec) -> Arc<dyn NodeClass> {
    stateful_checked::<N>(spec, |_| Vec::new())
}

/// A class of nodes that keep something between runs, with a check of their constants.
fn stateful_checked<N: Node + Default + 'static>(
    spec: Spec,
    faults: fn(&Given<'_>) -> Vec<(usize, String)>,
) -> Arc<dyn NodeClass> {
    Arc::new(Stateful::<N> { spec, faults, node: std::marker::PhantomData })
}

impl<N: Node + Default + 'static> NodeClass for Stateful<N> {
    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn faults(&self, given: &Given<'_>) -> Vec<(usize, String)> {
        (self.faults)(given)
    }

    fn node(&self) -> Box<dyn Node> {
        Box::new(N::default())
    }
}
