//! The types on the wire as TypeScript: written to the client's source, and compared with what stands there.

use std::fs;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::connection::dialect::session::Outbound;
use crate::crew::{BudgetLimits, Guardrail, GuardrailRules};
use crate::domain::agent::OnDoubt;
use crate::domain::agent_entry::{AgentEntry, TurnWarning};
use crate::domain::answerers::{Answerers, GivenAnswer};
use crate::domain::context::{Context, Source};
use crate::domain::entry::{Entry, Stamped, Unsaved};
use crate::domain::id::{ExecutionId, RequestId, SessionId};
use crate::domain::listed_request::{Asked, ListedRequest};
use crate::domain::request::{Field, FieldError, FieldType};
use crate::domain::status::{OnDisconnect, Priority, Status};
use crate::domain::time::Timestamp;
use crate::metrics;
use crate::session::messages::{Fault, SharedRequest, Winner};
use crate::workflow;
use crate::workflow::definition::Definition;
use crate::workflow::fault::{GraphFault, GraphFaultKind, GraphFaults, NodeFaults};
use crate::workflow::graph::{Edge, Graph, GraphNode};
use crate::workflow::messages::{Event, LiveState, NodeDetail, NodeState};
use crate::workflow::node::Spec;
use crate::workflow::port::{Input, Output, Type, Widget};

const HEAD: &str = "// Written by `cargo test wire` from the types of the server. Do not edit.\n";

fn declare<T: TS>(config: &Config, text: &mut String) {
    text.push('\n');
    if let Some(docs) = T::docs() {
        text.push_str(&docs);
    }
    text.push_str("export ");
    text.push_str(&T::decl(config));
    text.push('\n');
}

macro_rules! declare_all {
    ($config:expr, $text:expr; $($name:ty),* $(,)?) => { $(declare::<$name>($config, $text);)* };
}

#[expect(clippy::too_many_lines, reason = "a list, one type a line")]
fn declarations() -> String {
    let config = Config::new().with_large_int("number");
    let mut text = HEAD.to_owned();
    declare_all!(&config, &mut text;
        SessionId,
        RequestId,
        ExecutionId,
        Timestamp,
        Status,
        Priority,
        OnDisconnect,
        FieldType,
        Field,
        FieldError,
        TurnWarning,
        AgentEntry,
        Context,
        Source,
        Answerers,
        GivenAnswer,
        Asked,
        ListedRequest,
        Entry,
        Stamped,
        Unsaved<'static>,
        Winner,
        Fault,
        Outbound<'static>,
    );
    declare_all!(&config, &mut text;
        super::page::Greeting,
        super::login::ShownPrincipal,
        super::login::OwnIdentity,
        super::tickets::IssuedTicket,
        super::tasks::TaskInfo<'static>,
        super::tasks::TaskList<'static>,
        super::requests::OpenQuestions,
        SharedRequest,
        super::sessions::share::CreatedLink,
        super::shared::SharedQuestion,
        super::shared::SharedAnswer,
        super::sessions::representation::Times,
        super::sessions::representation::SessionRow,
        super::sessions::representation::SessionDetail,
        super::sessions::list::SessionPage,
        super::sessions::list::SessionInfo,
        super::sessions::start::StartedSession,
        super::sessions::cancel::Stopped,
        super::sessions::answer::Accepted,
        super::sessions::callbacks::DeliveryList,
        super::sessions::callbacks::ShownDelivery,
        crate::callback::Standing,
        crate::callback::Attempt,
        super::api::agents::AgentPage,
        super::api::agents::StoredAgent,
        super::api::crews::CrewPage,
        super::api::crews::StoredCrew,
        super::api::import::ImportedCrew,
        super::api::executions::ExecutionPage,
        super::api::executions::ExecutionRow,
        super::api::executions::ExecutionDetail,
        super::api::executions::ExecutionState,
        super::api::executions::About,
        crate::event::types::EventType,
        super::api::event_types::DeclaredType,
        super::api::event_types::EventTypePage,
        super::api::queue::QueueCleared,
        super::memory::MemoryKey,
        super::memory::MemoryPage,
        super::memory::MemoryCleared,
        super::error::ProblemDetails,
        super::error::LogSpan<'static>,
    );
    of_crews(&config, &mut text);
    of_workflows(&config, &mut text);
    of_operators(&config, &mut text);
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn of_crews(config: &Config, text: &mut String) {
    declare_all!(config, text;
        crate::crew::Agent,
        crate::crew::AgentKind,
        crate::crew::Crew,
        crate::crew::CrewTask,
        Guardrail,
        GuardrailRules,
        BudgetLimits,
        OnDoubt,
        super::api::kickoff::KickedOff,
        crate::crew::Process,
        super::audits::start::StartedAudit,
        super::audits::show::AuditState,
        super::audits::document::Shown,
        super::audits::found::AgentState,
    );
}

fn of_workflows(config: &Config, text: &mut String) {
    declare_all!(config, text;
        Type,
        Widget,
        Input,
        Output,
        Spec,
        GraphNode,
        Edge,
        Graph,
        Definition,
        GraphFaultKind,
        GraphFault,
        NodeFaults,
        GraphFaults,
        NodeState,
        LiveState,
        NodeDetail,
        workflow::messages::Status,
        Event,
        super::workflows::nodes::TypeInfo,
        super::workflows::nodes::NodeList<'static>,
        super::workflows::show::WorkflowRow,
        super::workflows::show::WorkflowPage,
        super::workflows::check::Validated,
        super::workflows::check::ExampleList,
        super::workflows::run::StartedRun,
    );
}

fn of_operators(config: &Config, text: &mut String) {
    declare_all!(config, text;
        metrics::Snapshot,
        metrics::snapshot::Rates,
        metrics::snapshot::Latencies,
        metrics::snapshot::Quantiles,
        metrics::snapshot::KindCounts,
        metrics::snapshot::WorkflowPace,
        metrics::snapshot::SlowNode,
        metrics::snapshot::StorePace,
        metrics::snapshot::MemberNumbers,
        metrics::snapshot::ModelUse,
        super::admin::history::MetricsHistory,
        super::admin::trail::TrailPage,
        crate::trail::TrailEntry,
        super::admin::cluster::Cluster,
        super::admin::cluster::ClusterMember,
        super::admin::connections::ConnectionList,
        super::admin::connections::UptimeStatistics,
        super::admin::ShownConnection,
        super::admin::ShownFilter,
        super::admin::connections::DisconnectedClient,
        super::admin::connections::RemovedConnections,
        super::api::keys::ShownKey,
        super::api::keys::KeyList,
        super::api::keys::CreatedKey,
        super::api::users::ShownUser,
        super::api::users::UserList,
    );
}

#[test]
fn the_client_s_types_are_those_of_the_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/client/src/wire/wire.ts");
    let wanted = declarations();
    let found = fs::read_to_string(&path).unwrap_or_default();
    if found != wanted {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &wanted).unwrap();
    }
    assert!(found == wanted, "the types have changed: web/client/src/wire/wire.ts is written anew, commit it");
}
