//! What can be done to this server, one action for each row of the access table, each with the scope that it needs.

/// Declares the scopes with their words.
macro_rules! scopes {
    ($($name:ident $word:literal;)*) => {
        /// What a credential may be limited to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Scope {
            $(#[doc = concat!("`", $word, "`")] $name,)*
        }

        impl Scope {
            const ALL: &[Scope] = &[$(Scope::$name),*];

            /// The word for it.
            #[must_use]
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Scope::$name => $word),* }
            }
        }
    };
}

scopes! {
    // Not a scope: nobody needs to be known for it.
    None "none";
    // Not a scope: everybody may who is known.
    Login "login";
    // Not a scope: only whoever shows a share link may.
    Link "link";
    SessionsStart "sessions:start";
    SessionsRead "sessions:read";
    SessionsAnswer "sessions:answer";
    SessionsCancel "sessions:cancel";
    SessionsDelete "sessions:delete";
    WorkflowsRead "workflows:read";
    WorkflowsWrite "workflows:write";
    WorkflowsRun "workflows:run";
    WorkflowsLive "workflows:live";
    EventsRead "events:read";
    EventsPublish "events:publish";
    // Those of every owner, beside one's own.
    EventsAll "events:all";
    CrewsRead "crews:read";
    CrewsWrite "crews:write";
    MemoryRead "memory:read";
    MemoryWrite "memory:write";
    AuditsStart "audits:start";
    MetricsRead "metrics:read";
    Admin "admin";
}

impl Scope {
    /// Those that a credential can be given.
    // They stand behind those that are none.
    pub(crate) const GRANTABLE: &[Scope] = match Scope::ALL {
        [Scope::None, Scope::Login, Scope::Link, grantable @ ..] => grantable,
        _ => &[],
    };
}

macro_rules! effect {
    (reads) => {
        false
    };
    (changes) => {
        true
    };
}

/// Declares the actions: whether one changes anything, the scope that it needs, and the word for it in the audit trail.
macro_rules! actions {
    ($($name:ident $effect:ident $scope:ident $word:literal $text:literal;)*) => {
        /// What somebody wants to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Action {
            $(#[doc = $text] $name,)*
        }

        impl Action {
            /// Every action.
            #[cfg(test)]
            pub(crate) const ALL: &[Action] = &[$(Action::$name),*];

            /// The scope that it needs.
            #[must_use]
            pub(crate) const fn scope(self) -> Scope {
                match self { $(Action::$name => Scope::$scope),* }
            }

            /// The word for it.
            #[must_use]
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Action::$name => $word),* }
            }

            /// Whether it changes anything.
            #[must_use]
            pub(crate) const fn changes(self) -> bool {
                match self { $(Action::$name => effect!($effect)),* }
            }
        }
    };
}

impl Action {
    /// Whether more is kept once it is done.
    #[must_use]
    pub(crate) const fn keeps_something(self) -> bool {
        matches!(
            self,
            Action::StartSession
                | Action::StartAudit
                | Action::RunWorkflow
                | Action::CreateWorkflow
                | Action::UpdateWorkflow
                | Action::CreateCrew
                | Action::UpdateCrew
                | Action::WriteMemory
                | Action::PublishEvent
        )
    }
}

actions! {
    ReadPage reads None "page:read" "Get the page, its files, or the page of the documentation.";
    CheckHealth reads None "health:read" "Ask whether the server works.";
    Ping reads None "socket:ping" "Ask whether the other end of one's own socket is there.";
    Authenticate reads None "socket:authenticate" "Say on a socket who one is.";
    FilterOwnSocket reads None "socket:filter" "Leave out some of what one's own socket is sent.";
    ReadDescription reads Login "description:read" "Read what can be asked of this server, and what can be started.";
    CountConnections reads Login "connections:count" "Read how many event sockets there are.";
    IssueTicket reads Login "tickets:issue" "Get a ticket for a socket.";
    LogIn changes None "login:create" "Log in on the page.";
    LogOut changes Login "login:end" "Log out again.";
    ReadOwnIdentity reads Login "identity:read" "Read who one is here.";
    ReadMetrics reads MetricsRead "metrics:read" "Read the server's own numbers.";

    StartSession changes SessionsStart "sessions:start" "Start a session.";
    ListSessions reads SessionsRead "sessions:list" "List sessions.";
    ReadSession reads SessionsRead "sessions:read" "Read or follow a session.";
    AnswerRequest changes SessionsAnswer "sessions:answer" "Answer an open question.";
    ShareRequest changes SessionsAnswer "sessions:share" "Make a link by which somebody else can answer an open question.";
    ReadShared reads Link "shared:read" "Read the question that a share link is for.";
    AnswerShared changes Link "shared:answer" "Answer the question that a share link is for.";
    CancelSession changes SessionsCancel "sessions:cancel" "Cancel a session.";
    ReadCallbacks reads SessionsRead "callbacks:read" "Read what news of a session was sent, and where to.";
    SendCallback changes SessionsStart "callbacks:send" "Send the news of a session again.";
    DeleteSession changes SessionsDelete "sessions:delete" "Remove an ended session.";

    StartAudit changes AuditsStart "audits:start" "Start an audit.";
    ReadAudit reads SessionsRead "audits:read" "Read or follow an audit.";

    ListWorkflows reads WorkflowsRead "workflows:list" "List workflows, or follow all that are live.";
    ReadWorkflow reads WorkflowsRead "workflows:read" "Read or follow a workflow.";
    CheckWorkflow reads WorkflowsWrite "workflows:check" "Check a graph.";
    CreateWorkflow changes WorkflowsWrite "workflows:create" "Store a new workflow.";
    UpdateWorkflow changes WorkflowsWrite "workflows:update" "Change a workflow.";
    DeleteWorkflow changes WorkflowsWrite "workflows:delete" "Remove a workflow.";
    RunWorkflow changes WorkflowsRun "workflows:run" "Run a workflow once, as a session.";
    ControlWorkflow changes WorkflowsLive "workflows:live" "Start, stop, step or feed a live workflow.";

    ReadEvents reads EventsRead "events:read" "Follow the events of one execution or crew.";
    ListEvents reads EventsRead "events:list" "Read the event log, or follow the events of all sessions.";
    ReadEventType reads EventsRead "event_types:read" "Read what a type of events means.";
    ListEventTypes reads EventsRead "event_types:list" "List the declared types of events.";
    PublishEvent changes EventsPublish "events:publish" "Publish an event of a type that users made up.";
    DeclareEventType changes Admin "event_types:declare" "Declare, change or remove a type of events.";

    ListCrews reads CrewsRead "crews:list" "List crews or agents.";
    ReadCrew reads CrewsRead "crews:read" "Read a crew or an agent.";
    CreateCrew changes CrewsWrite "crews:create" "Store a new crew or agent.";
    UpdateCrew changes CrewsWrite "crews:update" "Change a crew or an agent.";
    DeleteCrew changes CrewsWrite "crews:delete" "Remove a crew or an agent.";

    ListMemory reads MemoryRead "memory:list" "List the keys that a client keeps.";
    ReadMemory reads MemoryRead "memory:read" "Read what is kept under a key.";
    WriteMemory changes MemoryWrite "memory:write" "Change or remove what is kept under a key.";

    ReadUsers reads Admin "users:read" "List the users of the page, without their passwords.";
    AddUser changes Admin "users:add" "Add a user of the page.";
    ChangeUser changes Admin "users:change" "Change a user's password, or what the user may do.";
    RemoveUser changes Admin "users:remove" "Remove a user.";
    ReadTrail reads Admin "trail:read" "Read the audit trail.";
    ReadKeys reads Admin "keys:read" "List the API keys, without what they are.";
    CreateKey changes Admin "keys:create" "Make an API key.";
    RevokeKey changes Admin "keys:revoke" "Revoke an API key.";

    ClearQueue changes Admin "queue:clear" "Cancel all sessions that wait for a permit to run.";
    ReadCluster reads Admin "cluster:read" "Read which servers there are, and what each has.";
    ReadConnections reads Admin "connections:read" "Read about the connections of all.";
    CloseConnection changes Admin "connections:close" "Close connections of others.";
    Broadcast changes Admin "connections:broadcast" "Send something to the event sockets of others.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_a_word_of_its_own() {
        let mut words: Vec<&str> = Action::ALL.iter().map(|action| action.word()).collect();
        words.sort_unstable();
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]), "{words:?}");
        assert!(words.iter().all(|word| word.split_once(':').is_some()), "{words:?}");
    }
}
