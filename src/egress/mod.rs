//! What this server may ask others, for whoever makes it ask: no address of a private network, none of its own, and no other
//! than was checked.

mod address;
pub(crate) mod clients;
mod names;
pub(crate) mod policy;
