//! Who may do what to whose: the one place that decides it, as a pure function.

use super::{Action, Principal, PrincipalKind, Scope};
use crate::domain::owner::Owner;

/// What somebody wants to do something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// It is not read yet, is about to be made, or is the server itself: only the action counts.
    Unread,
    /// It belongs to this owner.
    OwnedBy(&'a Owner),
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
        Resource::OwnedBy(owner) if owns(principal, owner) => Decision::Allowed,
        Resource::OwnedBy(_) => Decision::Hidden,
    }
}

/// Whether what belongs to this owner is there for somebody, as far as they may do anything to it at all.
#[must_use]
pub(crate) fn owns(principal: &Principal, owner: &Owner) -> bool {
    principal.is_operator() || owner == principal.owner()
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
        | Action::ReadCrew
        | Action::UpdateCrew
        | Action::DeleteCrew
        | Action::ListMemory
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
        | Action::PublishEvent
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
    use std::sync::Arc;

    use super::*;
    use crate::auth::{CredentialId, Grant};

    /// Everybody who needs no credential of their own, with every action.
    fn all() -> impl Iterator<Item = (Principal, Action)> {
        let kinds = PrincipalKind::ALL.into_iter().filter(|kind| *kind != PrincipalKind::Known);
        kinds.flat_map(|kind| Action::ALL.iter().map(move |action| (Principal::new(kind), *action)))
    }

    /// Ada, with a credential for these scopes.
    fn known(scopes: &[Scope]) -> Principal {
        Principal::known(Arc::new(Grant {
            owner: "ada".parse().unwrap(),
            scopes: scopes.iter().copied().collect(),
            groups: Vec::new(),
            expires_at: None,
            credential: CredentialId::Token,
        }))
    }

    #[test]
    fn a_credential_is_good_for_its_scopes_and_for_what_is_its_owners() {
        let (ada, bob): (Owner, Owner) = ("ada".parse().unwrap(), "bob".parse().unwrap());
        for action in Action::ALL.iter().copied() {
            let scope = action.scope();
            for granted in Scope::GRANTABLE.iter().copied() {
                let principal = known(&[granted]);
                let is_granted =
                    granted == scope || granted == Scope::Admin || matches!(scope, Scope::None | Scope::Login);
                let expected = if is_granted { Decision::Allowed } else { Decision::Refused };
                assert_eq!(may(&principal, action, Resource::Unread), expected, "{granted:?} {action:?}");
                assert_eq!(may(&principal, action, Resource::OwnedBy(&ada)), expected, "{granted:?} {action:?}");
                let is_hidden = expected == Decision::Allowed && granted != Scope::Admin;
                let of_bob = if is_hidden { Decision::Hidden } else { expected };
                assert_eq!(may(&principal, action, Resource::OwnedBy(&bob)), of_bob, "{granted:?} {action:?}");
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
                assert_eq!(decision, Decision::Allowed, "{action:?}");
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
            assert_eq!(may(&principal, action, Resource::OwnedBy(&Owner::SERVER)), in_general);
            let expected = match (in_general, principal.kind()) {
                (Decision::Allowed, PrincipalKind::Local | PrincipalKind::Visitor | PrincipalKind::Anonymous) => {
                    Decision::Hidden
                }
                (other, _) => other,
            };
            assert_eq!(may(&principal, action, Resource::OwnedBy(&ada)), expected, "{principal:?} {action:?}");
        }
    }
}
