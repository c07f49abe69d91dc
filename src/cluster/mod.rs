//! Several servers that are one: who is there, who owns which slot, and how one asks another.
//!
//! The store decides who is a member and who owns what; `view` says it to everybody here. `post` carries questions to the
//! member that can answer them, over the store's mailboxes, which may lose a message: so it repeats them until they are
//! answered, and answers a repeated one as it did the first time. What is asked is known to the modules that ask:
//! each question is a type with its answer (`question`), and `responders` has who answers it here.

pub(crate) mod answered;
pub(crate) mod attention;
pub(crate) mod envelope;
pub(crate) mod handle;
pub(crate) mod post;
pub(crate) mod question;
pub(crate) mod responders;
pub(crate) mod view;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

pub(crate) use attention::{Attention, Wanted};
pub(crate) use handle::Cluster;
pub(crate) use post::Post;
pub(crate) use question::{Notice, Question, Unanswered};
pub(crate) use responders::{Responders, Response};
#[cfg(test)]
pub(crate) use wire::Wire;
