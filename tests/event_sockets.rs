//! The event sockets of a whole server, in all their forms.

mod every;
mod forms;
mod many;
mod replay;
mod said;
pub(crate) mod socket;
mod tells;
mod transcript;
