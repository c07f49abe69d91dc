//! The WebSocket of workflows: what a client says there, and what becomes of it.

use std::cell::Cell;
use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::accept::{Admission, Connections, Shared};
use super::catch_up::catch_up;
use super::dialect::session::{Inbound as ToSession, Misunderstood};
use super::dialect::socket::{Form, Kind, Socket};
use super::dialect::sse::SSE;
use super::dialect::workflow::{Inbound as Said, decode, names, subscribed, unsubscribed, with_session_id};
use super::entrance::Caller;
use super::event_stream::respond;
use super::inbound::{FORBIDDEN, InFlight, Inbound, NOBODY_IN_PARTICULAR, TOO_MANY_WAIT, Unheard, is_allowed, refusal};
use super::outcome::Outcome;
use super::presence::{Followed, Watched, Watching};
use super::{Error, close};
use crate::agent::pipeline;
use crate::auth::policy::sight;
use crate::auth::{Action, Principal};
use crate::domain::id::SessionId;
use crate::domain::record::Spec;
use crate::domain::status::Priority;
use crate::domain::time::Timestamp;
use crate::hub::close::CloseCode;
use crate::hub::{KindSet, Link};
use crate::memory::{BadName, is_name};
use crate::session::Sessions;
use crate::session::messages::{Greeting, Refused as SessionRefused};
use crate::workflow::client::{InputUpdate, Live};
use crate::workflow::key::{WorkflowKey, topic_of_all};
use crate::workflow::messages::{Message, Refusal, Status};
use crate::workflow::refused::Refused;

/// Most sessions that a connection follows because they were started there.
const MOST_FOLLOWED: usize = 16;

impl Connections {
    /// Answers the upgrade to `/ws`: how the workflow stands, or all live ones do, or what was missed of the workflow since
    /// a place; and then what happens.
    ///
    /// A workflow that is unknown gets an error on the socket, which is closed then. A place that is none gets one as well, and
    /// the socket goes on without it.
    ///
    /// # Errors
    /// [`Error::NotAWebSocket`] where the request is no WebSocket upgrade.
    pub(crate) async fn workflow_socket(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        asked: WorkflowsRequest,
        admission: Admission,
    ) -> Result<HttpResponse, Error> {
        let visit = self.shared.visit(request, payload, Socket::of(Kind::Workflows, asked.form), None)?;
        let (connections, link) = (self.clone(), Rc::clone(visit.link()));
        let watching = Rc::clone(visit.watching());
        let begin = async move |caller| connections.watch_workflows(link, caller, &watching, asked).await;
        Ok(visit.begin(admission, begin).await)
    }

    /// Lets a client watch what it asks for.
    async fn watch_workflows(
        self,
        link: Rc<Link>,
        caller: Rc<Caller>,
        watching: &Watching,
        asked: WorkflowsRequest,
    ) -> Box<dyn Inbound> {
        let WorkflowsRequest { workflow_id, since, faults, .. } = asked;
        let (shared, principal) = (&self.shared, caller.principal());
        let standing = match &workflow_id {
            Some(id) => match self.standing(&WorkflowKey::new(principal.owner(), id)).await {
                Ok(standing) => Some(standing),
                Err(refused) => {
                    send_refused(&link, &refused);
                    link.close(close::workflow_code(&refused));
                    return Box::new(Unheard);
                }
            },
            None => None,
        };
        let (live, followed) = (shared.live.clone(), Followed::default());
        watching.set(Watched::WorkflowsAndSessions(live.clone(), shared.sessions.clone(), Rc::clone(&followed)));
        let key = workflow_id.as_deref().map(|id| WorkflowKey::new(principal.owner(), id));
        let topic = key.as_ref().map_or_else(|| topic_of_all(sight(&principal)), WorkflowKey::topic);
        match (standing.zip(key), since) {
            (Some((standing, key)), Some(since)) => {
                live.watch_from(link.id(), shared.shard.clone(), (key, standing), since);
            }
            (_, since) => {
                if since.is_some() {
                    let message = "since is the seq of a message about the workflow that is named";
                    send_error(&link, "invalid_message", message);
                }
                // A visitor is shown the workflows that it names, and no others.
                if workflow_id.is_some() || caller.lacks(Action::ListWorkflows).is_none() {
                    live.watch(link.id(), shared.shard.clone(), topic, None);
                }
            }
        }
        for fault in faults {
            send_misunderstood(&link, &Misunderstood::Invalid(fault));
        }
        Box::new(WorkflowInbound { link, connections: self, workflow_id, caller, in_flight: Rc::default(), followed })
    }

    /// What happens to a workflow that stands like this, as server-sent events: the same as on the socket.
    ///
    /// # Errors
    /// [`Error::NotNow`] where there are too many connections or the server goes down; nothing was answered then.
    pub(crate) fn workflow_events(
        &self,
        request: &HttpRequest,
        (key, standing): (WorkflowKey, Status),
        since: Option<u64>,
    ) -> Result<HttpResponse, Error> {
        let shared = &self.shared;
        if let Some(code) = shared.links.refusal() {
            return Err(Error::NotNow(code));
        }
        let (live, shard) = (&shared.live, shared.shard.clone());
        let (presence, _) = shared.arrive(request, &SSE, None);
        if !presence.link.is_open() {
            return Err(Error::NotNow(CloseCode::TooManyMessages));
        }
        let presence = presence.watching_workflows(live.clone());
        let connection = presence.link.id();
        match since {
            Some(since) => live.watch_from(connection, shard, (key, standing), since),
            None => live.watch(connection, shard, key.topic(), None),
        }
        Ok(respond(presence))
    }

    /// How a workflow stands, also where it is not live.
    async fn standing(&self, key: &WorkflowKey) -> Result<Status, Refused> {
        let shared = &self.shared;
        if let Some(status) = shared.live.status(key).await? {
            return Ok(status);
        }
        let definition = shared.definitions.of(&key.owner).get(&key.id).await?;
        shared.definitions.standing(definition).await
    }
}

/// What a client asks of the WebSocket of workflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkflowsRequest {
    /// The workflow that it watches; all of them where it names none.
    pub workflow_id: Option<String>,
    /// The last place in what is sent of that workflow that the client has.
    pub since: Option<u64>,
    /// The form of the frames.
    pub form: Form,
    /// What is wrong with what it asks for, in words: said on the socket, which goes on without that.
    pub faults: Vec<String>,
}

/// What hears a client of the WebSocket of workflows.
struct WorkflowInbound {
    link: Rc<Link>,
    connections: Connections,
    /// The workflow that it watches; all of them where it is none.
    workflow_id: Option<String>,
    caller: Rc<Caller>,
    in_flight: Rc<Cell<u32>>,
    /// The sessions that it has started here.
    followed: Followed,
}

/// Says that an input was not changed, and which.
fn refuse_update(link: &Link, update: &InputUpdate, code: &'static str, message: &str) {
    let InputUpdate { workflow_id, node_id, input_name, .. } = update;
    let data = Some(Refusal { workflow_id: workflow_id.as_deref(), node_id, input_name });
    link.count_error(code);
    send(link, &Message::Error { timestamp: Timestamp::now(), code, message, data });
}

impl WorkflowInbound {
    fn live(&self) -> &Live {
        &self.connections.shared.live
    }

    /// Does something in a task of its own: the connection's own task stands still while the client does not read.
    fn spawn(&self, work: impl AsyncFnOnce(&Link) + 'static) {
        match InFlight::take(&self.in_flight) {
            Some(in_flight) => self.spawn_as(in_flight, work),
            None => send_error(&self.link, "rate_limited", TOO_MANY_WAIT),
        }
    }

    fn spawn_as(&self, in_flight: InFlight, work: impl AsyncFnOnce(&Link) + 'static) {
        let link = Rc::clone(&self.link);
        actix::spawn(async move {
            let _in_flight = in_flight;
            work(&link).await;
        });
    }

    fn choose(&self, kinds: KindSet) {
        self.link.set_kinds(kinds);
        send(&self.link, &Message::Subscribed { timestamp: Timestamp::now(), events: names(kinds) });
    }

    fn update(&self, update: InputUpdate) {
        // What is refused is not made.
        let Some(in_flight) = InFlight::take(&self.in_flight) else {
            return refuse_update(&self.link, &update, "rate_limited", TOO_MANY_WAIT);
        };
        // Sent here, so that changes are made in the order in which they came.
        let applied = self.live().apply(&self.caller.principal(), update.clone());
        let (caller, action) = (Rc::clone(&self.caller), Action::ControlWorkflow);
        self.spawn_as(in_flight, async move |link| {
            let applied = applied.await;
            let object = || format!("/workflows/{}", update.workflow_id.as_deref().unwrap_or_default());
            caller.record_outcome(action, object, Outcome::from(&applied));
            match applied {
                Ok(data) => send(link, &Message::InputApplied { timestamp: Timestamp::now(), data }),
                Err(refused) => {
                    refuse_update(link, &update, close::workflow_word(&refused), &close::workflow_text(&refused))
                }
            }
        });
    }

    fn send_status(&self, workflow_id: Option<String>) {
        let (connections, principal) = (self.connections.clone(), self.caller.principal());
        self.spawn(async move |link| {
            let keys = match workflow_id {
                Some(id) => vec![WorkflowKey::new(principal.owner(), &id)],
                None => match connections.shared.live.list(&principal).await {
                    Ok(keys) => keys,
                    Err(refused) => return send_refused(link, &refused),
                },
            };
            if keys.is_empty() {
                let data = Status::stopped(String::new(), 0, 0, 0);
                send(link, &Message::status(Timestamp::now(), data));
            }
            for key in keys {
                match connections.standing(&key).await {
                    Ok(data) => send(link, &Message::status(Timestamp::now(), data)),
                    Err(refused) => send_refused(link, &refused),
                }
            }
        });
    }

    fn start_task(&self, content: Value, config: Value, priority: Priority, client_id: Option<String>) {
        let (sessions, principal) = (self.connections.shared.sessions.clone(), self.caller.principal());
        // With identity, what is left out is its owner's.
        let own = principal.name().filter(|_| principal.owner().is_server());
        let client_id = client_id.or_else(|| own.map(str::to_owned));
        if !client_id.as_deref().is_none_or(is_name) {
            let message = format!("the client_id of this socket names no client with memory: it {BadName}");
            return send_misunderstood(&self.link, &Misunderstood::Invalid(message));
        }
        let (connections, followed) = (self.connections.clone(), Rc::clone(&self.followed));
        let (own, caller) = (Rc::clone(&self.link), Rc::clone(&self.caller));
        self.spawn(async move |link| {
            let storage = &connections.shared.gate.storage;
            if let Err(no_room) = storage.has_room(&principal, Action::StartSession).await {
                return send_error(link, "rate_limited", &no_room.to_string());
            }
            match start(&sessions, &principal, content, config, priority, client_id).await {
                Ok(session_id) => {
                    caller.record_outcome(Action::StartSession, || format!("/sessions/{session_id}"), Outcome::Done);
                    send(link, &Message::TaskAccepted { timestamp: Timestamp::now(), session_id });
                    if is_allowed(&principal, Action::ReadSession) {
                        follow(&connections.shared, &principal, &followed, &own, session_id).await;
                    }
                }
                Err(refused) => send_error(link, close::word(&refused), &close::text(&refused)),
            }
        });
    }

    /// Says something to a session that was started here: the one that is named, or the only one.
    fn tell_session(&self, session_id: Option<SessionId>, said: ToSession<'_>) {
        let only = match self.followed.borrow().as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let Some(session_id) = session_id.or(only) else {
            let message = "say which session it is for, with session_id".to_owned();
            return send_misunderstood(&self.link, &Misunderstood::Invalid(message));
        };
        let (sessions, caller) = (self.connections.shared.sessions.clone(), Rc::clone(&self.caller));
        let (principal, object) = (caller.principal(), move || format!("/sessions/{session_id}"));
        match said {
            ToSession::Ping { timestamp } => send(&self.link, &Message::Pong { timestamp }),
            ToSession::Cancel => self.spawn(async move |link| {
                let principal = principal.or_named("user");
                let reason = principal.name().map(|by| format!("cancelled by {by}"));
                let done = sessions.cancel(&principal, session_id, reason).await;
                caller.record_outcome(Action::CancelSession, object, Outcome::from(&done));
                if let Err(refused) = done {
                    send_of_session(link, session_id, &refused);
                }
            }),
            ToSession::Answer { request_id, answer } => self.spawn(async move |link| {
                let principal = principal.or_named(NOBODY_IN_PARTICULAR);
                let done = sessions.answer(&principal, session_id, request_id, answer, None).await;
                caller.record_outcome(Action::AnswerRequest, object, Outcome::from(&done));
                if let Err(refused) = done {
                    send_of_session(link, session_id, &refused);
                }
            }),
        }
    }
}

impl Inbound for WorkflowInbound {
    fn text(&mut self, text: &str) {
        match decode(text) {
            Ok((action, _)) if let Some(lacking) = self.caller.screen(action) => {
                send_error(&self.link, FORBIDDEN, &lacking);
            }
            Ok((_, Said::Ping { timestamp })) => send(&self.link, &Message::Pong { timestamp }),
            Ok((_, Said::Subscribe(chosen))) => self.choose(subscribed(self.link.kinds(), chosen)),
            Ok((_, Said::Unsubscribe(chosen))) => self.choose(unsubscribed(self.link.kinds(), chosen)),
            Ok((_, Said::InputUpdate { workflow_id, node_id, input_name, value })) => {
                let workflow_id = workflow_id.or_else(|| self.workflow_id.clone());
                self.update(InputUpdate {
                    workflow_id,
                    node_id,
                    input_name,
                    value,
                    author: self.caller.principal().name().map(str::to_owned),
                });
            }
            Ok((_, Said::GetStatus { workflow_id })) => {
                self.send_status(workflow_id.or_else(|| self.workflow_id.clone()))
            }
            Ok((_, Said::Task { content, config, priority, client_id })) => {
                self.start_task(content, config, priority, client_id);
            }
            Ok((_, Said::ToSession { session_id, said })) => self.tell_session(session_id, said),
            Err(fault) => send_misunderstood(&self.link, &fault),
        }
    }

    fn binary(&mut self) {
        send_misunderstood(&self.link, &Misunderstood::Invalid("messages are text frames".into()));
    }
}

/// Lets a connection follow a session that was started there, from its beginning.
async fn follow(
    shared: &Rc<Shared>,
    principal: &Principal,
    followed: &Followed,
    link: &Rc<Link>,
    session_id: SessionId,
) {
    {
        let mut followed = followed.borrow_mut();
        if followed.len() >= MOST_FOLLOWED {
            // Whoever starts so many has the rest on their own sockets.
            shared.sessions.detach(followed.remove(0), link.id());
        }
        followed.push(session_id);
    }
    let journal = shared.journal(principal.clone(), session_id, Rc::clone(link), Greeting::Silent);
    let caught_up = match journal.attach(Some(0)).await {
        Ok(true) => Ok(()),
        Ok(false) => catch_up(link, &journal, 0).await,
        Err(refused) => Err(refused),
    };
    if let Err(refused) = caught_up {
        send_of_session(link, session_id, &refused);
    }
}

/// Says why something was not done with a session.
fn send_of_session(link: &Link, session_id: SessionId, refused: &SessionRefused) {
    for message in refusal(link, refused) {
        link.answer(&with_session_id(&message, session_id));
    }
}

async fn start(
    sessions: &Sessions,
    principal: &Principal,
    content: Value,
    config: Value,
    priority: Priority,
    client_id: Option<String>,
) -> Result<SessionId, SessionRefused> {
    let spec = Spec { input: json!({"content": content}), config, priority, client_id, ..Spec::new(pipeline::KIND) };
    if sessions.kinds().get(&spec.task).is_none() {
        return Err(SessionRefused::UnknownTask(spec.task));
    }
    sessions.start(principal, spec, None).await.map(|started| started.session_id)
}

fn send(link: &Link, message: &Message<'_>) {
    // These types always can be written: their keys are strings.
    link.answer(&serde_json::to_vec(message).unwrap_or_default());
}

fn send_error(link: &Link, code: &'static str, message: &str) {
    link.count_error(code);
    send(link, &Message::Error { timestamp: Timestamp::now(), code, message, data: None });
}

fn send_misunderstood(link: &Link, fault: &Misunderstood) {
    send_error(link, fault.word(), &fault.to_string());
}

fn send_refused(link: &Link, refused: &Refused) {
    send_error(link, close::workflow_word(refused), &close::workflow_text(refused));
}
