//! `[auth]`: whose credentials are taken. Without any of these there is no identity, and callers are told apart by where
//! they are and by the admin token.

use std::collections::BTreeSet;

use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::domain::secret::Secret;

/// The fewest bytes of a secret that signs tokens: as many as the signature has (RFC 7518, section 3.2).
pub(crate) const SHORTEST_SECRET: usize = 32;

/// Whose credentials are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// Take API keys, which `callboard keys` makes.
    #[garde(skip)]
    pub api_keys: bool,
    /// Let people log in on the page with a name and a password, which `callboard users` sets.
    #[garde(skip)]
    pub users: bool,
    /// Most API keys that may exist.
    #[garde(range(min = 1, max = 1_000_000))]
    pub max_keys: usize,
    /// Seconds that the client of a socket has to say who it is.
    #[garde(range(min = 0.1, max = 60.0))]
    pub first_message_timeout: f64,
    /// Seconds that a login on the page lasts.
    #[garde(range(min = 60.0, max = 31_536_000.0))]
    pub login_lifetime: f64,
    /// The most seconds that a link is good by which a question is shared. As long after that, it is still told from one
    /// that never was.
    #[garde(range(min = 1.0, max = 31_536_000.0))]
    pub link_lifetime: f64,
    /// How often somebody may try to log in, a minute and address.
    #[garde(range(min = 1, max = 10_000))]
    pub login_attempts_per_minute: u32,
    /// `[[auth.jwt]]`: whose tokens are taken.
    #[garde(custom(tell_apart), dive)]
    pub jwt: Vec<Issuer>,
}

impl Auth {
    /// Whether identity is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.api_keys || self.users || !self.jwt.is_empty()
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            api_keys: false,
            users: false,
            max_keys: 10_000,
            first_message_timeout: 5.0,
            login_lifetime: 604_800.0,
            link_lifetime: 2_592_000.0,
            login_attempts_per_minute: 10,
            jwt: Vec::new(),
        }
    }
}

/// Somebody who signs tokens (JWT) that are taken here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Issuer {
    /// What its tokens have as `iss`.
    #[garde(length(min = 1, max = 1024))]
    pub issuer: String,
    /// For whom its tokens are: one of these has to be in their `aud`.
    #[garde(custom(some_audience))]
    pub audience: Audience,
    /// What stands before the `sub` of its tokens in the names of owners.
    #[garde(length(max = 64), custom(one_line))]
    pub owner_prefix: String,
    /// Seconds by which its clock may differ.
    #[garde(range(min = 0.0, max = 3600.0))]
    pub leeway: f64,
    /// The claim that has the scopes: a text with spaces between them, or a list.
    #[garde(length(min = 1, max = 256))]
    pub scope_claim: String,
    /// The claim that has the groups of its subject, in the same way.
    #[garde(length(min = 1, max = 256))]
    pub groups_claim: String,
    /// Its keys.
    #[garde(dive)]
    pub keys: Vec<Key>,
    /// A file with more of its keys (JWKS, RFC 7517), which is read again when it changes.
    #[garde(skip)]
    pub jwks_file: Option<String>,
    /// Which of the file's keys count.
    #[garde(skip)]
    pub algorithms: Vec<Algorithm>,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: Audience::Several(Vec::new()),
            owner_prefix: String::new(),
            leeway: 60.0,
            scope_claim: "scope".into(),
            groups_claim: "groups".into(),
            keys: Vec::new(),
            jwks_file: None,
            algorithms: vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
        }
    }
}

/// One audience, or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Each of these.
    Several(Vec<String>),
}

impl Audience {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[String] {
        match self {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Several(all) => all,
        }
    }
}

/// How a token can be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256: whoever can check it can sign, too.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

/// A key of an issuer, and the only algorithm that it is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Key {
    /// What tokens that are signed with it have as `kid`.
    #[garde(length(min = 1, max = 256))]
    pub kid: String,
    /// The algorithm.
    #[garde(required)]
    pub algorithm: Option<Algorithm>,
    /// The secret of `HS256`: 32 bytes or more.
    #[garde(inner(custom(long_secret)))]
    pub secret: Option<Secret>,
    /// A file with the secret.
    #[garde(skip)]
    pub secret_file: Option<String>,
    /// The public key of all others, in PEM.
    #[garde(skip)]
    pub public_key: Option<String>,
    /// A file with the public key, which is read again when it changes.
    #[garde(custom(one_source(self)))]
    pub public_key_file: Option<String>,
}

impl Auth {
    /// The files that keys are read from.
    pub(crate) fn files(&self) -> impl Iterator<Item = &String> {
        self.jwt.iter().flat_map(|issuer| {
            let of_keys = issuer.keys.iter().flat_map(|key| [&key.secret_file, &key.public_key_file]);
            of_keys.chain([&issuer.jwks_file]).flatten()
        })
    }

    /// The same, to be changed.
    pub(super) fn files_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.jwt.iter_mut().flat_map(|issuer| {
            let of_keys = issuer.keys.iter_mut().flat_map(|key| [&mut key.secret_file, &mut key.public_key_file]);
            of_keys.chain([&mut issuer.jwks_file]).flatten()
        })
    }

    /// The secrets that sign tokens.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.jwt.iter().flat_map(|issuer| &issuer.keys).filter_map(|key| key.secret.as_ref())
    }
}

/// Issuers that could name the same subjects have to be told apart.
fn tell_apart(issuers: &[Issuer], _: &()) -> garde::Result {
    let (mut names, mut prefixes) = (BTreeSet::new(), BTreeSet::new());
    for issuer in issuers {
        if !names.insert(&issuer.issuer) {
            return Err(garde::Error::new(format!(
                "{:?} stands there twice: give it all its keys once",
                issuer.issuer
            )));
        }
        if issuers.len() > 1 && issuer.owner_prefix.is_empty() {
            return Err(garde::Error::new("each of several issuers needs an owner_prefix, such as \"id:\""));
        }
        if !prefixes.insert(&issuer.owner_prefix) {
            return Err(garde::Error::new(format!("two issuers have the owner_prefix {:?}", issuer.owner_prefix)));
        }
        if issuer.keys.is_empty() && issuer.jwks_file.is_none() {
            return Err(garde::Error::new(format!("{:?} has neither keys nor a jwks_file", issuer.issuer)));
        }
    }
    Ok(())
}

fn some_audience(audience: &Audience, _: &()) -> garde::Result {
    if audience.all().is_empty() || audience.all().iter().any(String::is_empty) {
        return Err(garde::Error::new("must say for whom its tokens are, such as \"callboard\""));
    }
    Ok(())
}

fn one_line(text: &str, _: &()) -> garde::Result {
    if text.contains(char::is_control) || text.trim_start() != text {
        return Err(garde::Error::new("must begin with no space and have no control characters"));
    }
    Ok(())
}

/// The reason never shows what was given.
fn long_secret(secret: &Secret, _: &()) -> garde::Result {
    if secret.reveal().len() < SHORTEST_SECRET {
        return Err(garde::Error::new(format!("must have {SHORTEST_SECRET} bytes or more")));
    }
    Ok(())
}

fn one_source(key: &Key) -> impl FnOnce(&Option<String>, &()) -> garde::Result + '_ {
    move |_, ()| {
        let secrets = usize::from(key.secret.is_some()) + usize::from(key.secret_file.is_some());
        let public_keys = usize::from(key.public_key.is_some()) + usize::from(key.public_key_file.is_some());
        match (key.algorithm, secrets, public_keys) {
            (Some(Algorithm::HS256), 1, 0) | (None, ..) => Ok(()),
            (Some(Algorithm::HS256), ..) => {
                Err(garde::Error::new("a key for HS256 needs one of secret and secret_file"))
            }
            (Some(_), 0, 1) => Ok(()),
            (Some(_), ..) => Err(garde::Error::new("a key needs one of public_key and public_key_file, and no secret")),
        }
    }
}
