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
    principal.kind() == PrincipalKind::Operator || owner == principal.owner()
}

/// Whose things somebody is shown in lists and feeds: those of one owner, or all where it is none.
#[must_use]
pub(crate) fn sight(principal: &Principal) -> Option<&Owner> {
    if principal.kind() == PrincipalKind::Operator { None } else { Some(principal.owner()) }
}

/// The same of events.
#[must_use]
pub(crate) fn sight_of_events(principal: &Principal) -> Option<&Owner> {
    sight(principal)
}

/// What may be done by callers of whom nothing is known.
fn is_for_visitors(action: Action) -> bool {
    match action {
        // What says nothing about anybody.
        Action::ReadPage
        | Action::CheckHealth
        | Action::Ping
        | Action::FilterOwnSocket
        | Action::ReadDescription
        | Action::CountConnections
        | Action::ReadMetrics
        | Action::CheckWorkflow => true,
        // What they start, and what they know by its id: an id cannot be guessed.
        Action::StartSession
        | Action::ReadSession
        | Action::AnswerRequest
        | Action::CancelSession
        | Action::DeleteSession
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
        // What the page of a visitor shows and makes. It has no way yet to be let in as an operator on all its sockets;
        // once it has, these are refused, so that a server beyond loopback lists nothing to strangers.
        Action::ListSessions
        | Action::ListWorkflows
        | Action::CreateWorkflow
        | Action::ListEvents
        | Action::ListEventTypes
        | Action::ListCrews
        | Action::CreateCrew => true,
        Action::PublishEvent
        | Action::DeclareEventType
        | Action::ClearQueue
        | Action::ReadConnections
        | Action::CloseConnection
        | Action::Broadcast => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (Principal, Action)> {
        let kinds = PrincipalKind::ALL.into_iter();
        kinds.flat_map(|kind| Action::ALL.iter().map(move |action| (Principal::new(kind), *action)))
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
    fn what_belongs_to_another_does_not_exist_for_anybody_but_an_operator() {
        let ada: Owner = "ada".parse().unwrap();
        for (principal, action) in all() {
            let in_general = may(&principal, action, Resource::Unread);
            assert_eq!(may(&principal, action, Resource::OwnedBy(&Owner::SERVER)), in_general);
            let expected = match (in_general, principal.kind()) {
                (Decision::Allowed, PrincipalKind::Local | PrincipalKind::Visitor) => Decision::Hidden,
                (other, _) => other,
            };
            assert_eq!(may(&principal, action, Resource::OwnedBy(&ada)), expected, "{principal:?} {action:?}");
        }
    }
}
