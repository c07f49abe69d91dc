//! Who acts.

use std::sync::Arc;

use actix_web::{HttpMessage, HttpRequest};
use serde::{Deserialize, Serialize};

use super::key::KeyDigest;
use super::{Scope, Scopes};
use crate::domain::id::RequestId;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;

/// Who gives a command. Goes with each of them, from the request or socket that it came by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Principal {
    kind: PrincipalKind,
    owner: Owner,
    name: Option<Arc<str>>,
    grant: Option<Arc<Grant>>,
    /// Whether an operator has named whose things are meant.
    names_owner: bool,
    link: Option<Arc<Link>>,
}

/// A share link, as whoever shows it stands there.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Link {
    /// It is not looked up yet.
    Shown(KeyDigest),
    /// It is good.
    Good(Invitation),
}

/// What a share link is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invitation {
    /// The question that can be answered with it.
    pub request_id: RequestId,
    /// Under which name: `link:NAME`.
    pub name: String,
}

/// What a credential grants to whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// Whose it is: whatever is made with it belongs to them.
    pub owner: Owner,
    /// What may be done with it.
    pub scopes: Scopes,
    /// The groups that its owner is in.
    pub groups: Vec<Arc<str>>,
    /// When it ends, where it does.
    pub expires_at: Option<Timestamp>,
    /// What it is, as far as it may be shown.
    pub credential: CredentialId,
}

impl Grant {
    /// Whether it has ended by then.
    #[must_use]
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// A credential, by what may be shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum CredentialId {
    /// An API key, by its id.
    Key(Arc<str>),
    /// A login of the page, by the id of the login.
    Login(Arc<str>),
    /// A token that somebody else has signed, by the id of the key that shows that.
    Token(Arc<str>),
}

/// What a principal is let in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PrincipalKind {
    /// Whoever shows the admin token, and callers on this machine where no token is set by hand.
    Operator,
    /// A caller on this machine.
    Local,
    /// Anybody else, while no identity is configured.
    Visitor,
    /// Somebody with a credential of their own.
    Known,
    /// Somebody without one, where identity is configured.
    Anonymous,
    /// Somebody with a share link.
    Link,
}

impl PrincipalKind {
    /// Every kind.
    #[cfg(test)]
    pub(crate) const ALL: [PrincipalKind; 6] = [
        PrincipalKind::Operator,
        PrincipalKind::Local,
        PrincipalKind::Visitor,
        PrincipalKind::Known,
        PrincipalKind::Anonymous,
        PrincipalKind::Link,
    ];

    /// The word for it.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            PrincipalKind::Operator => "operator",
            PrincipalKind::Local => "local",
            PrincipalKind::Visitor => "visitor",
            PrincipalKind::Known => "known",
            PrincipalKind::Anonymous => "anonymous",
            PrincipalKind::Link => "link",
        }
    }
}

impl Principal {
    /// Somebody of this kind of whom nothing else is known.
    #[must_use]
    pub(crate) fn new(kind: PrincipalKind) -> Self {
        Self { kind, owner: Owner::SERVER, name: None, grant: None, names_owner: false, link: None }
    }

    /// Whoever shows the credential that grants this.
    #[must_use]
    pub(crate) fn known(grant: Arc<Grant>) -> Self {
        let owner = grant.owner.clone();
        let (kind, name) = (PrincipalKind::Known, Some(owner.as_str().into()));
        Self { kind, name, owner, grant: Some(grant), names_owner: false, link: None }
    }

    /// Whoever shows a share link with this digest, which is not looked up yet.
    #[must_use]
    pub(super) fn with_link(digest: KeyDigest) -> Self {
        Self { link: Some(Arc::new(Link::Shown(digest))), ..Self::new(PrincipalKind::Link) }
    }

    /// Whoever shows a share link that is good for this.
    #[must_use]
    pub(crate) fn invited(invitation: Invitation) -> Self {
        let name = Some(invitation.name.as_str().into());
        Self { name, link: Some(Arc::new(Link::Good(invitation))), ..Self::new(PrincipalKind::Link) }
    }

    /// The digest of the share link that is shown and not looked up yet.
    #[must_use]
    pub(super) fn shown_link(&self) -> Option<&KeyDigest> {
        match self.link.as_deref()? {
            Link::Shown(digest) => Some(digest),
            Link::Good(_) => None,
        }
    }

    /// What its share link is good for.
    #[must_use]
    pub(crate) fn invitation(&self) -> Option<&Invitation> {
        match self.link.as_deref()? {
            Link::Shown(_) => None,
            Link::Good(invitation) => Some(invitation),
        }
    }

    /// Whether it shows a share link that is good for this question.
    #[must_use]
    pub(super) fn is_invited_to(&self, request_id: RequestId) -> bool {
        self.invitation().is_some_and(|invitation| invitation.request_id == request_id)
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

    /// The same, under a name that it gave itself: without identity, that is all that is known of it. Whoever is known keeps
    /// the name of the owner.
    #[must_use]
    pub(crate) fn named(self, name: &str) -> Self {
        if matches!(self.kind, PrincipalKind::Known | PrincipalKind::Link) {
            return self;
        }
        Self { name: Some(name.into()), ..self }
    }

    /// The same under this name, where it has none.
    #[must_use]
    pub(crate) fn or_named(self, name: &str) -> Self {
        if self.name.is_some() { self } else { self.named(name) }
    }

    /// The same, for what belongs to this owner: operators reach everybody's things, others their own. Nothing where they
    /// may not.
    #[must_use]
    pub(crate) fn reaching(self, owner: Owner) -> Option<Self> {
        if self.is_operator() {
            return Some(Self { owner, names_owner: true, ..self });
        }
        (self.owner == owner && self.kind != PrincipalKind::Link).then_some(self)
    }

    /// Whether it is the same one, for the same things, whatever credential was shown.
    #[must_use]
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let who = |it: &Self| it.grant.as_ref().map(|grant| grant.owner.clone());
        (self.kind, &self.owner) == (other.kind, &other.owner) && who(self) == who(other)
    }

    /// Whether it is itself whom things of this owner belong to, whomever it has named; whoever is not known is the server.
    #[must_use]
    pub(crate) fn is_itself(&self, owner: &Owner) -> bool {
        self.grant.as_ref().map_or(owner.is_server(), |grant| grant.owner == *owner)
    }

    /// Whether it is an operator who has named whose things are meant.
    #[must_use]
    pub(crate) fn names_owner(&self) -> bool {
        self.names_owner
    }

    /// What it is let in as.
    #[must_use]
    pub(crate) fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// Whether everything is theirs to see and do, whoever owns it.
    #[must_use]
    pub(crate) fn is_operator(&self) -> bool {
        self.kind == PrincipalKind::Operator || self.holds(Scope::Admin)
    }

    /// Whether a credential was shown that has this scope, or `admin`.
    #[must_use]
    pub(crate) fn holds(&self, scope: Scope) -> bool {
        self.grant.as_ref().is_some_and(|grant| grant.scopes.include(scope))
    }

    /// What the credential grants that was shown; none for the admin token.
    #[must_use]
    pub(crate) fn grant(&self) -> Option<&Arc<Grant>> {
        self.grant.as_ref()
    }

    /// Whom the things belong to that it makes, and whose it may see.
    #[must_use]
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Who it is in the audit trail: an owner, or what it is let in as.
    #[must_use]
    pub(crate) fn label(&self) -> &str {
        match (&self.grant, &self.kind) {
            (Some(grant), PrincipalKind::Known) => grant.owner.as_str(),
            (_, PrincipalKind::Link) => self.recorded_name(),
            (_, kind) => kind.word(),
        }
    }

    /// The name under which it is recorded: its own, or what it is let in as.
    #[must_use]
    pub(crate) fn recorded_name(&self) -> &str {
        self.name().unwrap_or_else(|| self.kind.word())
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
    fn whoever_is_known_acts_under_the_name_of_the_owner() {
        let grant = |scopes| Grant {
            owner: "ada".parse().unwrap(),
            scopes,
            groups: Vec::new(),
            expires_at: None,
            credential: CredentialId::Token("key".into()),
        };
        let ada = Principal::known(Arc::new(grant(Scopes::from_iter([Scope::SessionsRead]))));
        assert_eq!(ada.clone().named("bob").or_named("http").name(), Some("ada"));
        assert!(ada.holds(Scope::SessionsRead) && !ada.holds(Scope::SessionsStart) && !ada.is_operator());
        let boss = Principal::known(Arc::new(grant(Scopes::from_iter([Scope::Admin]))));
        assert!(boss.holds(Scope::SessionsStart) && boss.is_operator());
        assert!(!Principal::new(PrincipalKind::Local).is_operator());
        assert!(Principal::server().is_operator());
    }

    #[test]
    fn a_request_that_nobody_has_looked_at_is_a_visitor_s() {
        let request = TestRequest::get().to_http_request();
        assert_eq!(Principal::of(&request).kind(), PrincipalKind::Visitor);
        request.extensions_mut().insert(Principal::new(PrincipalKind::Operator));
        assert_eq!(Principal::of(&request).kind(), PrincipalKind::Operator);
    }
}
