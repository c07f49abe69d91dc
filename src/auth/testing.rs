//! Principals for tests.

use std::sync::Arc;

use super::{CredentialId, Grant, Principal, Scope};

/// Somebody who is in these groups, and shows a credential for these scopes.
pub(crate) fn somebody(owner: &str, groups: &[&str], scopes: &[Scope]) -> Principal {
    Principal::known(Arc::new(Grant {
        owner: owner.parse().unwrap(),
        scopes: scopes.iter().copied().collect(),
        groups: groups.iter().map(|group| Arc::from(*group)).collect(),
        expires_at: None,
        credential: CredentialId::Token("key".into()),
    }))
}

/// Somebody who shows a credential for this scope.
pub(super) fn known(owner: &str, scope: Scope) -> Principal {
    somebody(owner, &[], &[scope])
}
