//! Those who see a session that is not theirs because they are asked something: for as long as that is open.

use actix::{Context, Handler};

use crate::auth::policy::{Decision, Resource, may, may_answer, owns};
use crate::auth::{Action, Principal};
use crate::domain::entry::{Class, Stamped};
use crate::domain::id::RequestId;
use crate::domain::owner::Owner;
use crate::session::actor::Session;
use crate::session::actor::pending_rows::OnCommit;
use crate::session::messages::{Refused, SharedRequest, Winner};
use crate::session::protocol::ReadRequest;

/// Whether somebody may do this to a session of this owner, which asks them something or not.
///
/// # Errors
/// Why they may not.
pub(crate) fn check(by: &Principal, action: Action, owner: &Owner, is_asked: bool) -> Result<(), Refused> {
    match may(by, action, Resource::OwnedBy { owner, is_asked }) {
        Decision::Allowed => Ok(()),
        // What may not be done at all was refused where it was asked.
        Decision::Refused if is_asked => Err(Refused::NotOwned),
        Decision::Hidden | Decision::Refused => Err(Refused::UnknownSession),
    }
}

impl Session {
    /// Whether this session asks somebody something, so that it is there for them.
    pub(crate) fn asks(&self, principal: &Principal, action: Action) -> bool {
        // Whoever was asked may be late, and hears who was first.
        let is_late = || action == Action::AnswerRequest && self.state.has_asked(principal);
        principal.invitation().is_some() || self.state.asks(principal) || is_late()
    }

    /// What a refusal is for whoever answers: one who is asked nothing any more learns who was first, and nothing else.
    pub(crate) fn refusal_for(&self, principal: &Principal, refused: Refused) -> Refused {
        let is_there = owns(principal, &self.owner()) || principal.invitation().is_some() || self.state.asks(principal);
        if is_there || matches!(refused, Refused::AlreadyAnswered { .. }) { refused } else { Refused::UnknownSession }
    }

    /// Has those go who are asked nothing any more, behind the line that says so.
    pub(crate) fn dismiss_guests(&mut self) {
        let state = &self.state;
        let leaving = self.watchers.take_guests(|guest| !state.asks(guest));
        if !leaving.is_empty() {
            self.on_commit.push(OnCommit::GuestsLeave(leaving));
            self.flush();
        }
    }

    /// A question that is open, as somebody may see it who answers it by a link, or makes one.
    fn shared_request(&self, request_id: RequestId, by: &Principal) -> Result<SharedRequest, Refused> {
        if let Some(winner) = self.state.winner(request_id) {
            return Err(Refused::AlreadyAnswered { winner: Box::new(winner.clone()), open_request_id: None });
        }
        let open = self.state.open().iter().find(|open| open.id == request_id).ok_or(Refused::NoOpenRequest)?;
        may_answer(by, &self.owner(), request_id, &open.answerers)?;
        if let (Some(invitation), Some(given)) = (by.invitation(), open.given_by(by.recorded_name()))
            && invitation.request_id == request_id
        {
            let winner = Box::new(Winner::one_of_several(given));
            return Err(Refused::AlreadyAnswered { winner, open_request_id: None });
        }
        let entries = self.tail.snapshot().entries;
        let mut asked = entries.iter().chain(self.pending_rows.entries());
        let entry = asked.find(|entry| entry.class == Class::Request(request_id)).ok_or(Refused::NoOpenRequest)?;
        let Stamped { mut entry, timestamp, .. } =
            serde_json::from_slice(&entry.json).map_err(|error| Refused::Unavailable(error.to_string()))?;
        if let Some(answerers) = entry.answerers_mut() {
            answerers.assignees.clear();
        }
        let missing = open.answerers.required_answers.map(|_| open.missing());
        Ok(SharedRequest { entry, asked_at: timestamp, missing })
    }
}

impl Handler<ReadRequest> for Session {
    type Result = ();

    fn handle(&mut self, message: ReadRequest, _: &mut Context<Self>) {
        let ReadRequest { request_id, by, reply } = message;
        self.flush();
        match self.shared_request(request_id, &by) {
            Ok(request) => self.on_commit.push(OnCommit::RequestRead(reply, Box::new(request))),
            Err(refused) => drop(reply.send(Err(refused))),
        }
        self.settle();
    }
}
