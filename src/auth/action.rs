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
    // They stand behind the two that are none.
    pub(crate) const GRANTABLE: &[Scope] = match Scope::ALL {
        [Scope::None, Scope::Login, grantable @ ..] => grantable,
        _ => &[],
    };
}

/// Declares the actions with their scopes.
macro_rules! actions {
    ($($name:ident $scope:ident $text:literal;)*) => {
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
        }
    };
}

actions! {
    ReadPage None "Get the page, its files, or the page of the documentation.";
    CheckHealth None "Ask whether the server works.";
    Ping None "Ask whether the other end of one's own socket is there.";
    Authenticate None "Say on a socket who one is.";
    FilterOwnSocket None "Leave out some of what one's own socket is sent.";
    ReadDescription Login "Read what can be asked of this server, and what can be started.";
    CountConnections Login "Read how many event sockets there are.";
    IssueTicket Login "Get a ticket for a socket.";
    LogIn None "Log in on the page.";
    LogOut Login "Log out again.";
    ReadOwnIdentity Login "Read who one is here.";
    ReadMetrics MetricsRead "Read the server's own numbers.";

    StartSession SessionsStart "Start a session.";
    ListSessions SessionsRead "List sessions.";
    ReadSession SessionsRead "Read or follow a session.";
    AnswerRequest SessionsAnswer "Answer an open question.";
    CancelSession SessionsCancel "Cancel a session.";
    DeleteSession SessionsDelete "Remove an ended session.";

    StartAudit AuditsStart "Start an audit.";
    ReadAudit SessionsRead "Read or follow an audit.";

    ListWorkflows WorkflowsRead "List workflows, or follow all that are live.";
    ReadWorkflow WorkflowsRead "Read or follow a workflow.";
    CheckWorkflow WorkflowsWrite "Check a graph.";
    CreateWorkflow WorkflowsWrite "Store a new workflow.";
    UpdateWorkflow WorkflowsWrite "Change a workflow.";
    DeleteWorkflow WorkflowsWrite "Remove a workflow.";
    RunWorkflow WorkflowsRun "Run a workflow once, as a session.";
    ControlWorkflow WorkflowsLive "Start, stop, step or feed a live workflow.";

    ReadEvents EventsRead "Follow the events of one execution or crew, or those of chosen topics.";
    ListEvents EventsRead "Read the event log, or follow all events.";
    ReadEventType EventsRead "Read what a type of events means.";
    ListEventTypes EventsRead "List the declared types of events.";
    PublishEvent EventsPublish "Publish an event of a type that users made up.";
    DeclareEventType Admin "Declare, change or remove a type of events.";

    ListCrews CrewsRead "List crews or agents.";
    ReadCrew CrewsRead "Read a crew or an agent.";
    CreateCrew CrewsWrite "Store a new crew or agent.";
    UpdateCrew CrewsWrite "Change a crew or an agent.";
    DeleteCrew CrewsWrite "Remove a crew or an agent.";

    ListMemory MemoryRead "List the keys that a client keeps.";
    ReadMemory MemoryRead "Read what is kept under a key.";
    WriteMemory MemoryWrite "Change or remove what is kept under a key.";

    ReadKeys Admin "List the API keys, without what they are.";
    CreateKey Admin "Make an API key.";
    RevokeKey Admin "Revoke an API key.";

    ClearQueue Admin "Cancel all sessions that wait for a permit to run.";
    ReadConnections Admin "Read about the connections of all.";
    CloseConnection Admin "Close connections of others.";
    Broadcast Admin "Send something to the event sockets of others.";
}
