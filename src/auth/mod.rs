//! Who acts, and what they may do: nothing outside of this module reads a credential or compares principals.

mod action;
mod address;
pub(crate) mod attempts;
mod authenticator;
mod credentials;
mod error;
mod jwt;
mod kept;
mod key;
mod keyed_limit;
pub(crate) mod keys;
pub(crate) mod links;
pub(crate) mod logins;
pub(crate) mod policy;
mod principal;
pub(crate) mod quotas;
pub(crate) mod rates;
mod refusal;
mod scopes;
mod shown;
pub(crate) mod storage;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod tickets;
mod token;
pub(crate) mod users;

pub(crate) use action::{Action, Scope};
pub(crate) use address::CallerAddress;
pub(crate) use authenticator::Authenticator;
pub(crate) use credentials::{Credentials, Refresher};
pub(crate) use error::Error;
pub(crate) use policy::{Decision, Resource, may};
pub(crate) use principal::{CredentialId, Grant, Invitation, Principal, PrincipalKind};
pub(crate) use refusal::{Refusal, lacking};
pub(crate) use scopes::Scopes;
pub(crate) use shown::COOKIE;
