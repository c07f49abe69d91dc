//! Why somebody may not do what they ask for, in words for them.

use std::borrow::Cow;

use super::{Action, Principal, PrincipalKind};

/// Why a request is not taken for anybody's. What is wrong with a credential is not said: that would help to guess one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It shows several credentials, so that nobody can know whose it is.
    Several,
    /// The cookie of a login shows who it is, but not the page that sends it: it may be another site's.
    CrossSite,
    /// What it shows is no credential that is good here and now.
    Bad,
}

/// What somebody lacks to do this to anything; only for whoever is refused it.
#[must_use]
pub(crate) fn lacking(principal: &Principal, action: Action) -> Cow<'static, str> {
    match principal.kind() {
        PrincipalKind::Known => format!("this needs a credential with the scope {}", action.scope().word()).into(),
        PrincipalKind::Anonymous => "this needs a credential".into(),
        PrincipalKind::Link => "a share link is good for its question only".into(),
        // An operator lacks nothing.
        PrincipalKind::Operator | PrincipalKind::Local | PrincipalKind::Visitor => "this needs the admin token".into(),
    }
}
