//! Who acts, and what they may do: nothing outside of this module reads a credential or compares principals.

mod action;
mod authenticator;
pub(crate) mod policy;
mod principal;
mod token;

pub(crate) use action::{Action, Scope};
pub(crate) use authenticator::Authenticator;
pub(crate) use policy::{Decision, Resource, may};
pub(crate) use principal::{Principal, PrincipalKind};
pub(crate) use token::Error;
