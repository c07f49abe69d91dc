//! Tokens that others have signed (JWT, RFC 7519), taken as RFC 8725 says.
//!
//! Invariants: a key is used with the one algorithm that it was configured for, whatever a token's header says; and no key
//! comes from a token, so what its header says of `jku`, `x5u`, `x5c` and `jwk` does not matter.

mod cache;
mod file;
mod keys;

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::file::KeyFiles;
use self::keys::Key;
use super::{CredentialId, Error, Grant, Scopes};
use crate::config::auth::{Auth, Issuer as Settings};
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;

/// Most groups of one subject that count.
const MOST_GROUPS: usize = 256;
/// Most keys that a token is tried with which does not say by which one it is signed.
const MOST_TRIES: usize = 4;

/// Those whose tokens are taken, with their keys as they were at one moment.
#[derive(Debug, Default)]
pub(crate) struct Issuers(Vec<Issuer>);

#[derive(Debug)]
struct Issuer {
    owner_prefix: String,
    scope_claim: String,
    groups_claim: String,
    leeway: std::time::Duration,
    keys: Vec<Key>,
}

/// What a token says that has to be there. Others than texts and numbers are refused here: an `iss` that is a list is none.
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
    exp: f64,
    #[serde(flatten)]
    others: HashMap<String, Value>,
}

/// A token that was found to be good.
#[derive(Clone, Debug)]
struct Taken {
    grant: Arc<Grant>,
    /// Until when it is taken: its end, and how much clocks may differ.
    until: Timestamp,
}

impl Issuers {
    /// Those of the settings.
    ///
    /// # Errors
    /// Where one of their keys cannot be read.
    pub(super) fn read(settings: &Auth) -> Result<Self, Error> {
        settings.jwt.iter().map(Issuer::read).collect::<Result<_, _>>().map(Self)
    }

    /// Those of whom nothing is known but that a key is good.
    #[cfg(test)]
    pub(super) fn of_signing_key(id: &str) -> Self {
        let keys = vec![Key::for_tests(id)];
        let (owner_prefix, scope_claim, groups_claim) = Default::default();
        Self(vec![Issuer { owner_prefix, scope_claim, groups_claim, leeway: std::time::Duration::ZERO, keys }])
    }

    /// Whether the key with this id is one of theirs.
    pub(super) fn have_key(&self, id: &str) -> bool {
        self.0.iter().any(|issuer| issuer.keys.iter().any(|key| *key.id == *id))
    }

    /// What a token grants; none where it is not good here and now.
    pub(super) fn grant(self: &Arc<Self>, token: &str, now: Timestamp) -> Option<Arc<Grant>> {
        if self.0.is_empty() {
            return None;
        }
        cache::find_or(self, token, now, || self.verify(token))
    }

    /// Looks at a token's signature, and at what it says.
    fn verify(&self, token: &str) -> Option<Taken> {
        let header = decode_header(token).ok()?;
        // What has to be understood (RFC 7515, section 4.1.11) is not.
        if header.crit.is_some() {
            return None;
        }
        let with_keys = self.0.iter().flat_map(|issuer| issuer.keys.iter().map(move |key| (issuer, key)));
        let fits = |key: &Key| {
            let is_meant = header.kid.as_deref().is_none_or(|kid| key.kid.as_deref() == Some(kid));
            is_meant && key.algorithm() == header.alg
        };
        with_keys.filter(|(_, key)| fits(key)).take(MOST_TRIES).find_map(|(issuer, key)| issuer.verify(token, key))
    }
}

impl Issuer {
    fn read(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            owner_prefix: settings.owner_prefix.clone(),
            scope_claim: settings.scope_claim.clone(),
            groups_claim: settings.groups_claim.clone(),
            leeway: crate::config::seconds(settings.leeway),
            keys: keys::of(settings)?,
        })
    }

    fn verify(&self, token: &str, key: &Key) -> Option<Taken> {
        let claims = decode::<Claims>(token, &key.key, &key.validation).ok()?.claims;
        let owner = format!("{}{}", self.owner_prefix, claims.sub).parse::<Owner>().ok()?;
        // What belongs to the server is nobody's whom others vouch for.
        if owner == Owner::SERVER || claims.sub.is_empty() {
            return None;
        }
        let end = Timestamp::from_micros((claims.exp * 1e6) as i64);
        let grant = Grant {
            owner,
            scopes: Scopes::known(words(claims.others.get(&self.scope_claim))),
            groups: words(claims.others.get(&self.groups_claim)).take(MOST_GROUPS).map(Arc::from).collect(),
            expires_at: Some(end),
            credential: CredentialId::Token(Arc::clone(&key.id)),
        };
        Some(Taken { grant: Arc::new(grant), until: end.plus(self.leeway) })
    }
}

/// The words of a claim that is a text with spaces between them, or a list.
fn words(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let text = claim.and_then(Value::as_str).into_iter().flat_map(str::split_whitespace);
    let list = claim.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    text.chain(list)
}

/// How tokens of an issuer are to be checked that are signed in this way.
fn validation(settings: &Settings, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = settings.leeway as u64;
    validation.validate_nbf = true;
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(settings.audience.all());
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}

#[cfg(test)]
mod tests;
