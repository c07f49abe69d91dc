//! Whose things are, and that nobody else sees or changes them: over every route and message, in lists, and on feeds.

pub(crate) mod board;
mod feeds;
mod ids;
mod limits;
mod links;
mod lists;
mod matrix;
mod people;
mod sockets;
