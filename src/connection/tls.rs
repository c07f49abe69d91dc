//! TLS: the certificate of the server, read again when its files change.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;

use crate::config::tls::Tls;
use crate::process::watched_files::WatchedFiles;

/// How often it is looked whether a file has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file cannot be read, or does not hold what it should.
    #[error("{file} cannot be used: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The certificate and the key do not fit, or are of a kind that is not known.
    #[error("the certificate {certificate} cannot be used with the key {key}: {reason}")]
    Pair {
        /// The file of the certificate.
        certificate: String,
        /// That of the key.
        key: String,
        /// What is wrong.
        reason: rustls::Error,
    },
}

/// What new connections are encrypted with.
pub(crate) type Current = watch::Receiver<Arc<ServerConfig>>;

/// Keeps the certificate as its files have it.
pub(crate) struct Certificate {
    certificate: String,
    key: String,
    files: WatchedFiles,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Certificate {
    /// The certificate of the settings, where they name one, kept as its files have it.
    ///
    /// # Errors
    /// Where it cannot be used.
    pub(crate) fn keep(settings: &Tls) -> Result<Option<Current>, Error> {
        let opened = Self::open(settings)?;
        Ok(opened.map(|(certificate, current)| {
            actix::spawn(certificate.run());
            current
        }))
    }

    /// Reads the certificate of the settings, where they name one.
    ///
    /// # Errors
    /// Where it cannot be used.
    fn open(settings: &Tls) -> Result<Option<(Self, Current)>, Error> {
        let Some((certificate, key)) = settings.files() else { return Ok(None) };
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let files = WatchedFiles::new(vec![certificate.clone(), key.clone()]);
        let (sender, current) = watch::channel(Arc::new(read(&certificate, &key)?));
        Ok(Some((Self { certificate, key, files, current: sender }, current)))
    }

    /// Keeps it as the files have it, for ever: connections that are open keep theirs. Where it cannot be used, the one
    /// before holds.
    async fn run(mut self) {
        loop {
            actix::clock::sleep(LOOK_EVERY).await;
            self.refresh();
        }
    }

    fn refresh(&mut self) {
        if !self.files.have_changed() {
            return;
        }
        match read(&self.certificate, &self.key) {
            Ok(config) => {
                self.current.send_replace(Arc::new(config));
                log::info!("the certificate {} was read again", self.certificate);
            }
            Err(error) => log::warn!(error:%; "the certificate stays as it was"),
        }
    }
}

fn read(certificate: &str, key: &str) -> Result<ServerConfig, Error> {
    let bad = |file: &str, reason: String| Error::File { file: file.to_owned(), reason };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| bad(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(bad(certificate, "it has no certificate".into()));
    }
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, error.to_string()))?;
    let pair = |reason| Error::Pair { certificate: certificate.to_owned(), key: key.to_owned(), reason };
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(pair)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, private_key).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A failed handshake, as it is logged.
pub(super) fn failed(error: &io::Error) {
    log::debug!(error:%; "a client could not agree on TLS");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const CERTIFICATE: &str = include_str!("fixtures/cert.pem");
    const KEY: &str = include_str!("fixtures/key.pem");
    const OTHER_KEY: &str = include_str!("fixtures/other-key.pem");

    #[test]
    fn a_certificate_is_read_again_and_one_that_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let settings = Tls { certificate: Some(file("cert.pem")), key: Some(file("key.pem")) };
        assert!(Certificate::open(&settings).err().unwrap().to_string().contains("cert.pem"));
        fs::write(file("cert.pem"), CERTIFICATE).unwrap();
        fs::write(file("key.pem"), OTHER_KEY).unwrap();
        assert!(Certificate::open(&settings).err().unwrap().to_string().contains("key.pem"));
        fs::write(file("key.pem"), KEY).unwrap();
        let (mut certificate, current) = Certificate::open(&settings).unwrap().unwrap();
        let first = Arc::clone(&current.borrow());
        certificate.refresh();
        assert!(Arc::ptr_eq(&first, &current.borrow()));
        fs::write(file("cert.pem"), "nonsense").unwrap();
        certificate.refresh();
        assert!(Arc::ptr_eq(&first, &current.borrow()));
        fs::write(file("cert.pem"), format!("{CERTIFICATE}\n")).unwrap();
        certificate.refresh();
        assert!(!Arc::ptr_eq(&first, &current.borrow()));
        assert!(Certificate::open(&Tls::default()).unwrap().is_none());
    }
}
