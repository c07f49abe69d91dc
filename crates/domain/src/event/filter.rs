//! What a listener leaves out of what it asked for. Looking at an event takes no memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::id::ExecutionId;
use super::super::status::Priority;
use super::NewEvent;
use super::pattern::Pattern;

/// What a listener wants to hear of what it asked for: an event has to fit all that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// One of these types.
    pub types: Option<Vec<Pattern>>,
    /// At least as urgent as this.
    pub min_priority: Option<Priority>,
    /// Of this execution.
    pub execution_id: Option<ExecutionId>,
    /// Of this crew.
    pub crew_id: Option<Arc<str>>,
    /// Of this agent.
    pub agent_id: Option<Arc<str>>,
}

impl Filter {
    /// Whether an event fits.
    #[must_use]
    pub fn takes(&self, new_event: &NewEvent) -> bool {
        self.min_priority.is_none_or(|least| new_event.priority >= least)
            && self.types.as_ref().is_none_or(|types| types.iter().any(|pattern| pattern.takes(&new_event.kind)))
            && self.execution_id.as_ref().is_none_or(|id| new_event.execution_id.as_ref() == Some(id))
            && self.crew_id.as_ref().is_none_or(|id| new_event.crew_id.as_ref() == Some(id))
            && self.agent_id.as_ref().is_none_or(|id| new_event.agent_id.as_ref() == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use crate::id::SessionId;

    #[test]
    fn an_event_has_to_fit_all_that_is_set() {
        let id = SessionId::random();
        let new_event = NewEvent::new(Kind::ExecutionFailed).of_execution(id).of_crew("c");
        let base = Filter::default();
        assert!(base.takes(&new_event));
        let types = |text: &str| Filter { types: Some(vec![Pattern::parse(text).unwrap()]), ..base.clone() };
        assert!(types("execution.*").takes(&new_event) && !types("queue.*").takes(&new_event));
        assert!(!Filter { types: Some(Vec::new()), ..base.clone() }.takes(&new_event));
        let least = |priority| Filter { min_priority: Some(priority), ..base.clone() };
        assert!(least(Priority::High).takes(&new_event) && !least(Priority::Critical).takes(&new_event));
        assert!(Filter { execution_id: Some(id.into()), crew_id: Some("c".into()), ..base.clone() }.takes(&new_event));
        assert!(!Filter { execution_id: Some(SessionId::random().into()), ..base.clone() }.takes(&new_event));
        assert!(!Filter { crew_id: Some("d".into()), ..base.clone() }.takes(&new_event));
        assert!(!Filter { agent_id: Some("a".into()), ..base }.takes(&new_event));
    }
}
