//! Who acts, and what they may do: nothing outside of this module reads a credential or compares principals.

mod action;
mod authenticator;
pub mod policy;
mod principal;
mod token;

pub use action::{Action, Scope};
pub use authenticator::Authenticator;
pub use policy::{Decision, Resource, may};
pub use principal::{Principal, PrincipalKind};
pub use token::{Error, NewToken};

/// Whose everything is while no identity is configured.
pub use crate::domain::owner::Owner;
