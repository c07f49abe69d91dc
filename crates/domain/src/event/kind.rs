//! The types of events, as one table: the word on the wire, how urgent it usually is, and whether it is kept.

use std::sync::Arc;

use super::super::status::Priority;

/// Whether events of a type are kept, so that they can be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They are in the store before anybody is told.
    Kept,
    /// Only those hear of it who listen just then.
    Ephemeral,
}

macro_rules! kinds {
    ($($name:ident $group:ident $word:literal $priority:ident $keeping:ident;)*) => {
        /// The type of an event.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = concat!("`", $word, "`")] $name,)*
            /// One that users made up: `custom.` and more. [`Kind::parse`] makes it.
            Custom(Arc<str>),
        }

        impl Kind {
            /// Every type that the server knows.
            pub const KNOWN: &[Kind] = &[$(Kind::$name),*];

            /// The word on the wire.
            #[must_use]
            pub fn word(&self) -> &str {
                match self { $(Kind::$name => $word,)* Kind::Custom(word) => word }
            }

            /// Which family it is of.
            #[must_use]
            pub fn group(&self) -> Group {
                match self { $(Kind::$name => Group::$group,)* Kind::Custom(_) => Group::Custom }
            }

            /// How urgent it is where nothing else is said.
            #[must_use]
            pub fn usual_priority(&self) -> Priority {
                match self { $(Kind::$name => Priority::$priority,)* Kind::Custom(_) => Priority::Normal }
            }

            /// Whether it is kept.
            #[must_use]
            pub fn keeping(&self) -> Keeping {
                match self { $(Kind::$name => Keeping::$keeping,)* Kind::Custom(_) => Keeping::Kept }
            }
        }
    };
}

kinds! {
    ExecutionStarted Execution "execution.started" Normal Kept;
    ExecutionCompleted Execution "execution.completed" Normal Kept;
    ExecutionFailed Execution "execution.failed" High Kept;
    ExecutionProgress Execution "execution.progress" Low Ephemeral;
    TaskAssigned Task "task.assigned" Normal Kept;
    TaskCompleted Task "task.completed" Normal Kept;
    TaskFailed Task "task.failed" High Kept;
    TaskProgress Task "task.progress" Low Ephemeral;
    ManagerDelegationStarted Manager "manager.delegation_started" Normal Kept;
    ManagerCoordinationUpdate Manager "manager.coordination_update" Normal Kept;
    ManagerDecisionMade Manager "manager.decision_made" Normal Kept;
    QueueTaskAdded Queue "queue.task_added" Normal Kept;
    QueueTaskProcessed Queue "queue.task_processed" Normal Kept;
    QueueTaskFailed Queue "queue.task_failed" High Kept;
    QueueCleared Queue "queue.cleared" Normal Kept;
    RequestOpened Request "request.opened" Normal Kept;
    RequestClosed Request "request.closed" Normal Kept;
    MemoryStored Memory "memory.stored" Low Kept;
    MemoryRetrieved Memory "memory.retrieved" Low Ephemeral;
    MemoryUpdated Memory "memory.updated" Low Kept;
    MemoryCleared Memory "memory.cleared" Normal Kept;
    SystemStartup System "system.startup" Normal Kept;
    SystemShutdown System "system.shutdown" High Kept;
    SystemError System "system.error" Critical Kept;
    SystemHealthCheck System "system.health_check" Low Ephemeral;
    ConnectionEstablished Connection "connection.established" Low Ephemeral;
    ConnectionLost Connection "connection.lost" Low Ephemeral;
    ConnectionHeartbeat Connection "connection.heartbeat" Low Ephemeral;
    CrewCreated Crew "crew.created" Normal Kept;
    CrewUpdated Crew "crew.updated" Normal Kept;
    CrewDeleted Crew "crew.deleted" Normal Kept;
    AgentCreated Agent "agent.created" Normal Kept;
    AgentUpdated Agent "agent.updated" Normal Kept;
    AgentDeleted Agent "agent.deleted" Normal Kept;
}

/// A family of types: the part before the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Sessions, from start to end.
    Execution,
    /// The tasks of a crew.
    Task,
    /// Whoever leads a crew.
    Manager,
    /// The queue for permits.
    Queue,
    /// Open questions.
    Request,
    /// What agents keep.
    Memory,
    /// The server.
    System,
    /// Sockets.
    Connection,
    /// Crews.
    Crew,
    /// Agents.
    Agent,
    /// Made up by users.
    Custom,
}

impl Group {
    /// Every family.
    pub const ALL: &[Group] = &[
        Group::Execution,
        Group::Task,
        Group::Manager,
        Group::Queue,
        Group::Request,
        Group::Memory,
        Group::System,
        Group::Connection,
        Group::Crew,
        Group::Agent,
        Group::Custom,
    ];
}

/// The most bytes of a custom type's word.
const LONGEST: usize = 128;

impl Kind {
    /// The type with this word; `None` where there is none and it is no custom one either: `custom.` and then parts of
    /// letters, digits, `_` and `-`, separated by dots.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let Some(rest) = word.strip_prefix("custom.") else {
            return Self::KNOWN.iter().find(|kind| kind.word() == word).cloned();
        };
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        let is_word = word.len() <= LONGEST && rest.split('.').all(is_part);
        is_word.then(|| Kind::Custom(word.into()))
    }

    /// Its number among the known types; all custom ones have the number after those. Below 64.
    #[must_use]
    pub fn index(&self) -> usize {
        let known = || Self::KNOWN.iter().position(|kind| kind == self);
        if let Kind::Custom(_) = self { Self::KNOWN.len() } else { known().unwrap_or(Self::KNOWN.len()) }
    }

    /// The bit of its number.
    #[must_use]
    pub fn bit(&self) -> u64 {
        1 << self.index()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_it_is_written() {
        assert!(Kind::KNOWN.len() < 64);
        for kind in Kind::KNOWN {
            assert_eq!(Kind::parse(kind.word()).as_ref(), Some(kind));
        }
        for word in ["custom.a", "custom.orders.paid", "custom.A-1_b"] {
            assert_eq!(Kind::parse(word), Some(Kind::Custom(word.into())));
        }
        let long = format!("custom.{}", "x".repeat(200));
        for word in
            ["", "custom", "custom.", "custom..a", "custom.a.", "custom.é", "custom.*", "execution", "x.y", &long]
        {
            assert_eq!(Kind::parse(word), None, "{word}");
        }
    }
}
