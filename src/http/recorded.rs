//! What the audit trail says of a request: what changed something, and whatever was refused.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};

use super::State;
use super::middleware::RequestId;
use crate::auth::{Action, CallerAddress, Principal, PrincipalKind, Scope};
use crate::domain::id::SessionId;
use crate::trail::NewEntry;

/// What a handler knows of a request that stands neither in its address nor in its answer's headers.
#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    /// Who it is from, where nobody is known yet.
    principal: Option<String>,
    /// What it is about.
    object: Option<String>,
}

impl Noted {
    /// That a request is from somebody who says that this is their name.
    pub(super) fn from(request: &HttpRequest, name: &str) {
        request.extensions_mut().insert(Self { principal: Some(name.to_owned()), object: None });
    }

    /// That a request is about this, such as what it has made.
    pub(super) fn about(request: &HttpRequest, object: String) {
        request.extensions_mut().insert(Self { principal: None, object: Some(object) });
    }

    /// That a request is about this session.
    pub(super) fn session(request: &HttpRequest, id: SessionId) {
        Self::about(request, format!("/sessions/{id}"));
    }
}

/// Records a request once it is answered, where the trail has it. What is for operators is in the store before the answer
/// leaves.
pub(super) async fn record(request: &HttpRequest, action: Action, answer: &HttpResponse<BoxBody>) {
    let Some(state) = request.app_data::<web::Data<State>>() else { return };
    if !state.trail.is_recorded() {
        return;
    }
    let Some(allowed) = outcome(action, answer.status()) else { return };
    let noted = request.extensions().get::<Noted>().cloned().unwrap_or_default();
    let principal = request.extensions().get::<Principal>().map(|principal| principal.label().to_owned());
    let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let entry = NewEntry {
        principal: noted.principal.or(principal).unwrap_or_else(|| PrincipalKind::Anonymous.word().to_owned()),
        action: action.word(),
        object: noted.object.or(location.map(str::to_owned)).unwrap_or_else(|| request.path().to_owned()),
        address: CallerAddress::of(request),
        allowed,
        request_id: RequestId::of(request),
    };
    if action.scope() == Scope::Admin && allowed {
        state.trail.record_durably(entry).await;
    } else {
        state.trail.record(entry);
    }
}

/// Whether something was done or refused; nothing where it is neither a change nor a refusal. What does not exist for
/// somebody may be another's.
fn outcome(action: Action, status: StatusCode) -> Option<bool> {
    let is_open = action.scope() == Scope::None && !action.changes();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(false),
        StatusCode::NOT_FOUND if !is_open => Some(false),
        status if status.is_success() && action.changes() => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_refusals_are_recorded_and_nothing_else() {
        for (action, status, expected) in [
            (Action::StartSession, 200, Some(true)),
            (Action::StartSession, 422, None),
            (Action::StartSession, 503, None),
            (Action::CancelSession, 404, Some(false)),
            (Action::CancelSession, 403, Some(false)),
            (Action::ReadSession, 200, None),
            (Action::ReadSession, 404, Some(false)),
            (Action::ListSessions, 401, Some(false)),
            (Action::ReadPage, 404, None),
            (Action::LogIn, 401, Some(false)),
            (Action::LogIn, 200, Some(true)),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(outcome(action, status), expected, "{action:?} {status}");
        }
    }
}
