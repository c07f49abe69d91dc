//! The issuers' keys as they are in their files: read again when one of these changes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::Error;
use super::Issuers;
use crate::config::auth::Auth;
use crate::process::watched_files::WatchedFiles;

/// How often it is looked whether a file has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keeps the issuers as the files have them.
#[derive(Debug)]
pub(crate) struct KeyFiles {
    settings: Auth,
    files: WatchedFiles,
    issuers: watch::Sender<Arc<Issuers>>,
}

impl KeyFiles {
    /// Reads the keys that there are.
    ///
    /// # Errors
    /// Where one of them cannot be read.
    pub(crate) fn start(settings: &Auth) -> Result<(Self, watch::Receiver<Arc<Issuers>>), Error> {
        let files = WatchedFiles::new(settings.files().cloned().collect());
        let (issuers, known) = watch::channel(Arc::new(Issuers::read(settings)?));
        Ok((Self { settings: settings.clone(), files, issuers }, known))
    }

    /// Keeps them as the files have them, for ever. Where one cannot be read, those that were known hold.
    pub(crate) async fn run(mut self) {
        if self.files.is_empty() {
            return;
        }
        loop {
            actix::clock::sleep(LOOK_EVERY).await;
            self.refresh();
        }
    }

    /// Reads them again where a file has changed.
    pub(super) fn refresh(&mut self) {
        if !self.files.have_changed() {
            return;
        }
        match Issuers::read(&self.settings) {
            Ok(issuers) => {
                self.issuers.send_replace(Arc::new(issuers));
                log::info!("the keys of the issuers of tokens were read again");
            }
            Err(error) => log::warn!(error:%; "the keys of the issuers of tokens stay as they were"),
        }
    }
}
