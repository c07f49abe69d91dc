//! Who acts.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};

use crate::domain::owner::Owner;

/// Who gives a command. Goes with each of them, from the request or socket that it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    kind: PrincipalKind,
    owner: Owner,
    name: Option<Arc<str>>,
}

/// What a principal is let in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    /// Whoever shows the admin token, and callers on this machine where no token is set by hand.
    Operator,
    /// A caller on this machine.
    Local,
    /// Anybody else, while no identity is configured.
    Visitor,
}

impl PrincipalKind {
    /// Every kind.
    #[cfg(test)]
    pub(crate) const ALL: [PrincipalKind; 3] = [PrincipalKind::Operator, PrincipalKind::Local, PrincipalKind::Visitor];

    /// The word for it.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            PrincipalKind::Operator => "operator",
            PrincipalKind::Local => "local",
            PrincipalKind::Visitor => "visitor",
        }
    }
}

impl Principal {
    /// Somebody of this kind.
    #[must_use]
    pub(crate) fn new(kind: PrincipalKind) -> Self {
        Self { kind, owner: Owner::SERVER, name: None }
    }

    /// The server, where it acts by itself.
    #[must_use]
    pub(crate) fn server() -> Self {
        Self::new(PrincipalKind::Operator)
    }

    /// Whom a request was found to come from; a visitor where nobody has asked.
    #[must_use]
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let found = request.extensions().get::<Principal>().cloned();
        found.unwrap_or_else(|| Self::new(PrincipalKind::Visitor))
    }

    /// The same, under a name that it gave itself: without identity, that is all that is known of it.
    #[must_use]
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same under this name, where it has none.
    #[must_use]
    pub(crate) fn or_named(self, name: &str) -> Self {
        if self.name.is_some() { self } else { self.named(name) }
    }

    /// What it is let in as.
    #[must_use]
    pub(crate) fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// Whom the things belong to that it makes, and whose it may see.
    #[must_use]
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The name under which it is recorded, where it has one.
    #[must_use]
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_name_of_its_own_comes_before_a_usual_one() {
        let principal = Principal::new(PrincipalKind::Local);
        assert_eq!(principal.name(), None);
        assert_eq!(principal.clone().or_named("http").name(), Some("http"));
        assert_eq!(principal.named("ada").or_named("http").name(), Some("ada"));
    }

    #[test]
    fn a_request_that_nobody_has_looked_at_is_a_visitor_s() {
        let request = TestRequest::get().to_http_request();
        assert_eq!(Principal::of(&request).kind(), PrincipalKind::Visitor);
        request.extensions_mut().insert(Principal::new(PrincipalKind::Operator));
        assert_eq!(Principal::of(&request).kind(), PrincipalKind::Operator);
    }
}
