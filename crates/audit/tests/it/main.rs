//! The crate from outside: real and made documents, properties, hostile input, reports.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod formats;
mod hostile;
mod kit;
mod properties;
mod real;
mod reports;
mod running;
