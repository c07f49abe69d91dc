//! Who may do what to whose: the one place that decides it, as a pure function.

use serde::{Deserialize, Serialize};

use super::{Action, Principal, PrincipalKind, Scope};
use crate::domain::answerers::{Answerers, Assignee};
use crate::domain::id::RequestId;
use crate::domain::owner::Owner;

/// What somebody wants to do something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// It is not read yet, is about to be made, or is the server itself: only the action counts.
    Unread,
    /// It belongs to this owner; it is a session one of whose open questions is put to whoever it is, or not.
    OwnedBy { owner: &'a Owner, is_asked: bool },
}

/// Whether somebody may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// They may.
    Allowed,
    /// It belongs to somebody else: the answer is the same as if it did not exist.
    Hidden,
    /// They may not do this to anything.
    Refused,
}

/// Whether a principal may do this.
#[must_use]
pub(crate) fn may(principal: &Principal, action: Action, resource: Resource<'_>) -> Decision {
    let is_within = match principal.kind() {
        PrincipalKind::Link => matches!(action.scope(), Scope::Link | Scope::None),
        _ if action.scope() == Scope::Link => false,
        PrincipalKind::Operator => true,
        PrincipalKind::Local => action.scope() != Scope::Admin,
        PrincipalKind::Visitor => is_for_visitors(action),
        PrincipalKind::Known => principal.holds(action.scope()),
        PrincipalKind::Anonymous => action.scope() == Scope::None,
    };
    if !is_within {
        return Decision::Refused;
    }
    match resource {
        Resource::Unread => Decision::Allowed,
        Resource::OwnedBy { owner, .. } if owns(principal, owner) => Decision::Allowed,
        Resource::OwnedBy { is_asked: true, .. } if is_for_asked(action) => Decision::Allowed,
        Resource::OwnedBy { is_asked: true, .. } => Decision::Refused,
        Resource::OwnedBy { is_asked: false, .. } => Decision::Hidden,
    }
}

/// What may be done to a session by whoever is asked one of its questions, while that is open.
fn is_for_asked(action: Action) -> bool {
    matches!(action, Action::ReadSession | Action::AnswerRequest | Action::ReadShared | Action::AnswerShared)
}

/// Why somebody may not answer a question of a session that is there for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum NotAsked {
    /// It is put to others.
    #[error("this question is not put to you")]
    PutToOthers,
    /// They have started the session, and the question is for others only.
    #[error("whoever started the session may not answer this question")]
    OwnSession,
    /// Nobody is known here, so that everybody may be who has started it.
    #[error("this question is not for whoever started the session, and without identity nobody can be told from them")]
    Unknowable,
}

/// Whether somebody may answer this question of a session.
///
/// # Errors
/// Why they may not.
pub(crate) fn may_answer(
    principal: &Principal,
    owner: &Owner,
    request: RequestId,
    answerers: &Answerers,
) -> Result<(), NotAsked> {
    if principal.kind() == PrincipalKind::Link {
        // Whoever made the link was allowed to answer.
        return if principal.is_invited_to(request) { Ok(()) } else { Err(NotAsked::PutToOthers) };
    }
    match (answerers.allow_own, principal.is_itself(owner)) {
        (false, true) if owner.is_server() && principal.kind() != PrincipalKind::Operator => Err(NotAsked::Unknowable),
        (false, true) => Err(NotAsked::OwnSession),
        _ if owns(principal, owner) || is_among(principal, &answerers.assignees) => Ok(()),
        _ => Err(NotAsked::PutToOthers),
    }
}

/// Whether a question that is put to these is put to somebody, by name or by a group.
#[must_use]
pub(crate) fn is_among(principal: &Principal, assignees: &[Assignee]) -> bool {
    let Some(grant) = principal.grant() else { return false };
    assignees.iter().any(|assignee| match assignee {
        Assignee::Owner(owner) => *owner == grant.owner,
        Assignee::Group(name) => grant.groups.contains(name),
    })
}

/// Whom questions are put to that are put to somebody.
#[must_use]
pub(crate) fn asked_as(principal: &Principal) -> Vec<Assignee> {
    let Some(grant) = principal.grant() else { return Vec::new() };
    let groups = grant.groups.iter().cloned().map(Assignee::Group);
    std::iter::once(Assignee::Owner(grant.owner.clone())).chain(groups).collect()
}

/// Whether what belongs to this owner is there for somebody, as far as they may do anything to it at all.
#[must_use]
pub(crate) fn owns(principal: &Principal, owner: &Owner) -> bool {
    principal.is_operator() || (owner == principal.owner() && principal.kind() != PrincipalKind::Link)
}

/// Whose things somebody is shown in lists and feeds: those of one owner, or all where it is none.
#[must_use]
pub(crate) fn sight(principal: &Principal) -> Option<&Owner> {
    if principal.is_operator() && !principal.names_owner() { None } else { Some(principal.owner()) }
}

/// The same of events.
#[must_use]
pub(crate) fn sight_of_events(principal: &Principal) -> Option<&Owner> {
    sight(principal).filter(|_| !principal.holds(Scope::EventsAll) || principal.names_owner())
}

/// What may be done by callers of whom nothing is known.
#[expect(clippy::too_many_lines, reason = "a table, one action a line")]
fn is_for_visitors(action: Action) -> bool {
    match action {
        // What says nothing about anybody.
        Action::ReadPage
        | Action::CheckHealth
        | Action::Ping
        | Action::FilterOwnSocket
        | Action::Authenticate
        | Action::ReadDescription
        | Action::CountConnections
        | Action::IssueTicket
        | Action::LogIn
        | Action::LogOut
        | Action::ReadOwnIdentity
        | Action::ReadMetrics
        | Action::CheckWorkflow => true,
        // What they start, and what they know by its id: an id cannot be guessed.
        Action::StartSession
        | Action::ReadSession
        | Action::AnswerRequest
        | Action::ShareRequest
        | Action::CancelSession
        | Action::DeleteSession
        | Action::SendCallback
        | Action::StartAudit
        | Action::ReadAudit
        | Action::ReadWorkflow
        | Action::UpdateWorkflow
        | Action::DeleteWorkflow
        | Action::RunWorkflow
        | Action::ControlWorkflow
        | Action::ReadEvents
        | Action::ReadEventType
        | Action::ReadCallbacks
        | Action::ReadCrew
        | Action::UpdateCrew
        | Action::DeleteCrew
        | Action::ReadMemory
        | Action::WriteMemory => true,
        // What shows the things of others, or what others would come across.
        Action::ListSessions
        | Action::ListWorkflows
        | Action::CreateWorkflow
        | Action::ListEvents
        | Action::ListEventTypes
        | Action::ListCrews
        | Action::CreateCrew
        | Action::ListMemory
        | Action::PublishEvent
        | Action::ReadShared
        | Action::AnswerShared
        | Action::DeclareEventType
        | Action::ReadKeys
        | Action::CreateKey
        | Action::RevokeKey
        | Action::ReadUsers
        | Action::AddUser
        | Action::ChangeUser
        | Action::RemoveUser
        | Action::ReadTrail
        | Action::ClearQueue
        | Action::ReadCluster
        | Action::ReadConnections
        | Action::CloseConnection
        | Action::Broadcast => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Invitation;
    use crate::auth::testing::somebody;

    /// Everybody who needs no credential of their own, with every action.
    fn all() -> impl Iterator<Item = (Principal, Action)> {
        let kinds = PrincipalKind::ALL.into_iter().filter(|kind| *kind != PrincipalKind::Known);
        kinds.flat_map(|kind| Action::ALL.iter().map(move |action| (Principal::new(kind), *action)))
    }

    fn of(owner: &Owner) -> Resource<'_> {
        Resource::OwnedBy { owner, is_asked: false }
    }

    /// Ada, with a credential for these scopes.
    fn known(scopes: &[Scope]) -> Principal {
        somebody("ada", &[], scopes)
    }

    #[test]
    fn a_credential_is_good_for_its_scopes_and_for_what_is_its_owners() {
        let (ada, bob): (Owner, Owner) = ("ada".parse().unwrap(), "bob".parse().unwrap());
        for action in Action::ALL.iter().copied() {
            let scope = action.scope();
            for granted in Scope::GRANTABLE.iter().copied() {
                let principal = known(&[granted]);
                let is_granted = scope != Scope::Link
                    && (granted == scope || granted == Scope::Admin || matches!(scope, Scope::None | Scope::Login));
                let expected = if is_granted { Decision::Allowed } else { Decision::Refused };
                assert_eq!(may(&principal, action, Resource::Unread), expected, "{granted:?} {action:?}");
                assert_eq!(may(&principal, action, of(&ada)), expected, "{granted:?} {action:?}");
                let is_hidden = expected == Decision::Allowed && granted != Scope::Admin;
                let of_bob = if is_hidden { Decision::Hidden } else { expected };
                assert_eq!(may(&principal, action, of(&bob)), of_bob, "{granted:?} {action:?}");
            }
        }
    }

    #[test]
    fn without_a_credential_only_what_needs_none_is_allowed_where_identity_is_configured() {
        let nobody = Principal::new(PrincipalKind::Anonymous);
        for action in Action::ALL.iter().copied() {
            let expected = if action.scope() == Scope::None { Decision::Allowed } else { Decision::Refused };
            assert_eq!(may(&nobody, action, Resource::Unread), expected, "{action:?}");
        }
    }

    #[test]
    fn an_operator_may_everything_and_nobody_else_what_needs_admin() {
        for (principal, action) in all() {
            let is_operator = principal.kind() == PrincipalKind::Operator;
            let decision = may(&principal, action, Resource::Unread);
            if is_operator {
                let expected = if action.scope() == Scope::Link { Decision::Refused } else { Decision::Allowed };
                assert_eq!(decision, expected, "{action:?}");
            } else if action.scope() == Scope::Admin {
                assert_eq!(decision, Decision::Refused, "{principal:?} {action:?}");
            }
        }
    }

    #[test]
    fn a_visitor_may_nothing_that_a_caller_on_this_machine_may_not() {
        let (local, visitor) = (Principal::new(PrincipalKind::Local), Principal::new(PrincipalKind::Visitor));
        for action in Action::ALL {
            if may(&visitor, *action, Resource::Unread) == Decision::Allowed {
                assert_eq!(may(&local, *action, Resource::Unread), Decision::Allowed, "{action:?}");
            }
        }
        assert_eq!(may(&local, Action::PublishEvent, Resource::Unread), Decision::Allowed);
        assert_eq!(may(&visitor, Action::PublishEvent, Resource::Unread), Decision::Refused);
    }

    #[test]
    fn nothing_is_listed_to_a_visitor_who_may_read_what_it_knows_by_its_id() {
        let visitor = Principal::new(PrincipalKind::Visitor);
        for list in
            [Action::ListSessions, Action::ListWorkflows, Action::ListEvents, Action::ListEventTypes, Action::ListCrews]
        {
            assert_eq!(may(&visitor, list, Resource::Unread), Decision::Refused, "{list:?}");
        }
        for by_id in [Action::StartSession, Action::ReadSession, Action::AnswerRequest, Action::ReadWorkflow] {
            assert_eq!(may(&visitor, by_id, Resource::Unread), Decision::Allowed, "{by_id:?}");
        }
    }

    #[test]
    fn what_belongs_to_another_does_not_exist_for_anybody_but_an_operator() {
        let ada: Owner = "ada".parse().unwrap();
        for (principal, action) in all() {
            let in_general = may(&principal, action, Resource::Unread);
            let of_server = match (in_general, principal.kind()) {
                (Decision::Allowed, PrincipalKind::Link) => Decision::Hidden,
                (other, _) => other,
            };
            assert_eq!(may(&principal, action, of(&Owner::SERVER)), of_server);
            let expected = match (in_general, principal.kind()) {
                (
                    Decision::Allowed,
                    PrincipalKind::Local | PrincipalKind::Visitor | PrincipalKind::Anonymous | PrincipalKind::Link,
                ) => Decision::Hidden,
                (other, _) => other,
            };
            assert_eq!(may(&principal, action, of(&ada)), expected, "{principal:?} {action:?}");
        }
    }

    #[test]
    fn a_link_reads_and_answers_the_question_that_it_is_for_and_nothing_else() {
        let link = Principal::invited(Invitation { request_id: RequestId::random(), name: "link:bo".into() });
        for action in Action::ALL.iter().copied() {
            let is_its = matches!(action.scope(), Scope::Link | Scope::None);
            let expected = if is_its { Decision::Allowed } else { Decision::Refused };
            assert_eq!(may(&link, action, Resource::Unread), expected, "{action:?}");
        }
        let answerers = Answerers { allow_own: false, ..Answerers::default() };
        let asked = link.invitation().unwrap().request_id;
        assert_eq!(may_answer(&link, &Owner::SERVER, asked, &answerers), Ok(()));
        let other = may_answer(&link, &Owner::SERVER, RequestId::random(), &answerers);
        assert_eq!(other, Err(NotAsked::PutToOthers));
    }

    #[test]
    fn whoever_is_asked_may_see_the_session_and_answer_and_no_more() {
        let (ada, everything) = ("ada".parse().unwrap(), Scope::GRANTABLE.iter().copied());
        let bo = somebody("bo", &[], &everything.filter(|scope| *scope != Scope::Admin).collect::<Vec<_>>());
        for action in Action::ALL.iter().copied() {
            let in_general = may(&bo, action, Resource::Unread);
            let asked = may(&bo, action, Resource::OwnedBy { owner: &ada, is_asked: true });
            let is_for_asked = matches!(action, Action::ReadSession | Action::AnswerRequest);
            assert_eq!(asked == Decision::Allowed, is_for_asked, "{action:?}");
            let not_asked = may(&bo, action, Resource::OwnedBy { owner: &ada, is_asked: false });
            let expected = if in_general == Decision::Allowed { Decision::Hidden } else { in_general };
            assert_eq!(not_asked, expected, "{action:?}");
        }
    }

    #[test]
    fn a_question_is_answered_by_the_owner_and_whom_it_is_put_to() {
        let (ada, request): (Owner, _) = ("ada".parse().unwrap(), RequestId::random());
        let to = |assignees: &[&str], allow_own| Answerers {
            assignees: assignees.iter().map(|assignee| assignee.parse().unwrap()).collect(),
            allow_own,
            ..Answerers::default()
        };
        let answers = |owner: &str, groups: &[&str], answerers: &Answerers| {
            may_answer(&somebody(owner, groups, &[Scope::SessionsAnswer]), &ada, request, answerers)
        };
        assert_eq!(answers("ada", &[], &to(&[], true)), Ok(()));
        assert_eq!(answers("ada", &[], &to(&["bo"], true)), Ok(()));
        assert_eq!(answers("ada", &[], &to(&["ada"], false)), Err(NotAsked::OwnSession));
        assert_eq!(answers("bo", &[], &to(&["bo"], false)), Ok(()));
        assert_eq!(answers("bo", &["ops"], &to(&["group:ops"], true)), Ok(()));
        assert_eq!(answers("bo", &["ops"], &to(&["ops"], true)), Err(NotAsked::PutToOthers));
        assert_eq!(answers("group:ops", &[], &to(&["group:ops"], true)), Err(NotAsked::PutToOthers));
        let operator = Principal::new(PrincipalKind::Operator);
        assert_eq!(may_answer(&operator, &ada, request, &to(&[], false)), Ok(()));
        let hers = operator.reaching(ada.clone()).unwrap();
        assert_eq!(may_answer(&hers, &ada, request, &to(&[], false)), Ok(()));
        // Nobody gets round it by naming an owner.
        let elsewhere = Principal::new(PrincipalKind::Operator).reaching("zoe".parse().unwrap()).unwrap();
        assert_eq!(may_answer(&elsewhere, &Owner::SERVER, request, &to(&[], false)), Err(NotAsked::OwnSession));
        let admin = somebody("ada", &[], &[Scope::Admin]).reaching(ada.clone()).unwrap();
        assert_eq!(may_answer(&admin, &ada, request, &to(&[], false)), Err(NotAsked::OwnSession));
        let local = Principal::new(PrincipalKind::Local);
        assert_eq!(may_answer(&local, &Owner::SERVER, request, &to(&[], false)), Err(NotAsked::Unknowable));
        assert_eq!(asked_as(&somebody("bo", &["ops"], &[])), ["bo".parse().unwrap(), "group:ops".parse().unwrap()]);
    }
}
