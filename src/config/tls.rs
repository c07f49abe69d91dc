//! `[tls]`: the certificate of the server, where it speaks TLS itself.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// The certificate of the server, where it speaks TLS itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// A file with the certificate and those that vouch for it, in PEM; read again when it changes.
    #[garde(custom(both(&self.key)))]
    pub certificate: Option<String>,
    /// A file with the certificate's private key, in PEM.
    #[garde(skip)]
    pub key: Option<String>,
}

impl Tls {
    /// The files of the certificate and its key, where TLS is on.
    #[must_use]
    pub fn files(&self) -> Option<(&str, &str)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }

    /// The same, to be changed.
    pub(super) fn files_mut(&mut self) -> impl Iterator<Item = &mut String> {
        [&mut self.certificate, &mut self.key].into_iter().flatten()
    }
}

fn both(key: &Option<String>) -> impl FnOnce(&Option<String>, &()) -> garde::Result + '_ {
    move |certificate, ()| {
        if certificate.is_some() == key.is_some() {
            return Ok(());
        }
        Err(garde::Error::new("tls.certificate and tls.key are set together, or neither of them"))
    }
}
