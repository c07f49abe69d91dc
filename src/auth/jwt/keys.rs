//! The keys that tokens are checked with, as the settings name them.

use std::fs;
use std::sync::Arc;

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sha2::{Digest as _, Sha256};

use super::super::Error;
use super::super::key::hex;
use super::validation;
use crate::config::auth::{self, Issuer, SHORTEST_SECRET};

/// A key, and how tokens that are signed with it are checked.
pub(super) struct Key {
    /// Tells it apart from all others: the same wherever it is read, and not after any change.
    pub(super) id: Arc<str>,
    pub(super) kid: Option<String>,
    pub(super) key: DecodingKey,
    pub(super) validation: Validation,
    algorithm: Algorithm,
}

impl Key {
    /// The only algorithm that it is for.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn new(issuer: &Issuer, kid: Option<String>, algorithm: Algorithm, (key, material): (DecodingKey, &[u8])) -> Self {
        let about = (&issuer.issuer, &kid, algorithm);
        let id = Sha256::new_with_prefix(format!("{about:?}")).chain_update(material).finalize();
        Self { id: hex(&id).into(), kid, key, validation: validation(issuer, algorithm), algorithm }
    }

    #[cfg(test)]
    pub(super) fn for_tests(id: &str) -> Self {
        let issuer = Issuer::default();
        let key = DecodingKey::from_secret(&[7; SHORTEST_SECRET]).unwrap();
        Self { id: id.into(), ..Self::new(&issuer, None, Algorithm::HS256, (key, &[])) }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// All keys of an issuer.
///
/// # Errors
/// Where one of them cannot be read.
pub(super) fn of(issuer: &Issuer) -> Result<Vec<Key>, Error> {
    let mut keys = issuer.keys.iter().map(|key| configured(issuer, key)).collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &issuer.jwks_file {
        keys.extend(of_file(issuer, file)?);
    }
    Ok(keys)
}

fn configured(issuer: &Issuer, settings: &auth::Key) -> Result<Key, Error> {
    let bad = |reason: String| Error::Key { issuer: issuer.issuer.clone(), kid: settings.kid.clone(), reason };
    let algorithm = settings.algorithm.ok_or_else(|| bad("it has no algorithm".into()))?;
    let material = match (&settings.secret, &settings.secret_file, &settings.public_key, &settings.public_key_file) {
        (Some(secret), ..) => secret.reveal().as_bytes().to_vec(),
        (None, Some(file), ..) => read(file).map_err(bad)?.trim_ascii().to_vec(),
        (None, None, Some(text), _) => text.as_bytes().to_vec(),
        (None, None, None, Some(file)) => read(file).map_err(bad)?,
        (None, None, None, None) => return Err(bad("it has neither a secret nor a public key".into())),
    };
    let key = match algorithm {
        auth::Algorithm::RS256 => DecodingKey::from_rsa_pem(&material),
        auth::Algorithm::ES256 => DecodingKey::from_ec_pem(&material),
        auth::Algorithm::EdDSA => DecodingKey::from_ed_pem(&material),
        auth::Algorithm::HS256 if material.len() < SHORTEST_SECRET => {
            return Err(bad(format!("its secret must have {SHORTEST_SECRET} bytes or more")));
        }
        auth::Algorithm::HS256 => DecodingKey::from_secret(&material),
    };
    let key = key.map_err(|error| bad(format!("it is no key for {algorithm:?} ({error})")))?;
    Ok(Key::new(issuer, Some(settings.kid.clone()), as_algorithm(algorithm), (key, &material)))
}

/// The keys of a file (RFC 7517) that are for signatures in one of the issuer's algorithms; others are left out.
fn of_file(issuer: &Issuer, file: &str) -> Result<Vec<Key>, Error> {
    let bad = |reason: String| Error::Key { issuer: issuer.issuer.clone(), kid: file.to_owned(), reason };
    let bytes = read(file).map_err(bad)?;
    let set: JwkSet = serde_json::from_slice(&bytes).map_err(|error| bad(format!("it is no JWKS: {error}")))?;
    let mut keys = Vec::new();
    for jwk in &set.keys {
        let kid = jwk.common.key_id.clone();
        let Some(algorithm) =
            bound(jwk).filter(|algorithm| issuer.algorithms.iter().any(|it| as_algorithm(*it) == *algorithm))
        else {
            log::debug!(kid; "a key of {file} is for nothing that is taken of {}", issuer.issuer);
            continue;
        };
        let key =
            DecodingKey::from_jwk(jwk).map_err(|error| bad(format!("its key {kid:?} cannot be used ({error})")))?;
        let is_short =
            algorithm == Algorithm::HS256 && key.try_get_as_bytes().is_ok_and(|it| it.len() < SHORTEST_SECRET);
        if is_short {
            return Err(bad(format!("the secret of its key {kid:?} must have {SHORTEST_SECRET} bytes or more")));
        }
        let material =
            serde_json::to_vec(jwk).map_err(|error| bad(format!("its key {kid:?} cannot be used ({error})")))?;
        keys.push(Key::new(issuer, kid, algorithm, (key, &material)));
    }
    Ok(keys)
}

/// The algorithm that a key says it is for; none where it is not for signatures, or does not say.
fn bound(jwk: &Jwk) -> Option<Algorithm> {
    let is_for_others = jwk.common.public_key_use.as_ref().is_some_and(|it| *it != PublicKeyUse::Signature);
    let cannot_verify =
        jwk.common.key_operations.as_ref().is_some_and(|operations| !operations.contains(&KeyOperations::Verify));
    match jwk.common.key_algorithm {
        _ if is_for_others || cannot_verify => None,
        Some(KeyAlgorithm::HS256) => Some(Algorithm::HS256),
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(KeyAlgorithm::EdDSA) => Some(Algorithm::EdDSA),
        Some(_) | None => None,
    }
}

fn as_algorithm(algorithm: auth::Algorithm) -> Algorithm {
    match algorithm {
        auth::Algorithm::HS256 => Algorithm::HS256,
        auth::Algorithm::RS256 => Algorithm::RS256,
        auth::Algorithm::ES256 => Algorithm::ES256,
        auth::Algorithm::EdDSA => Algorithm::EdDSA,
    }
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{file} cannot be read: {error}"))
}
