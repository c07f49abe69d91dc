//! Clients for servers that the policy allows, made when they are first needed.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Client;
use url::Url;

use super::names::Checked;
use super::policy::Policy;

/// A client, or why there is none, such as a machine without certificates.
type Made = OnceLock<Result<Client, String>>;

/// Clients that connect to no other address than the policy has checked, and follow nothing by themselves.
#[derive(Debug)]
pub(crate) struct Clients {
    policy: Arc<Policy>,
    /// How long a server has for its whole answer, where there is a limit.
    timeout: Option<Duration>,
    /// For every port but the one that this server listens on.
    others: Made,
    /// For that port, at other machines.
    own_port: Made,
}

impl Clients {
    /// Those of this policy.
    #[must_use]
    pub(crate) fn new(policy: Policy, timeout: Option<Duration>) -> Self {
        Self { policy: Arc::new(policy), timeout, others: Made::new(), own_port: Made::new() }
    }

    /// Which servers they may ask.
    #[must_use]
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The one for this URL, which the policy allows.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn of(&self, url: &Url) -> Result<&Client, String> {
        let is_own_port = self.policy.is_own_port(url);
        let made = if is_own_port { &self.own_port } else { &self.others };
        let client = made.get_or_init(|| self.build(is_own_port).map_err(|error| causes(&error)));
        client.as_ref().map_err(|error| format!("no server can be asked: {error}"))
    }

    fn build(&self, is_own_port: bool) -> reqwest::Result<Client> {
        let names = Checked { policy: Arc::clone(&self.policy), is_own_port };
        let builder = Client::builder()
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
            // A proxy would look up names itself, past the check.
            .no_proxy()
            .dns_resolver(Arc::new(names))
            // Each step is checked before it is followed.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        match self.timeout {
            Some(timeout) => builder.timeout(timeout).build(),
            None => builder.build(),
        }
    }
}

/// What went wrong, with what was behind it, and without the address, which may hold secrets.
#[must_use]
pub(crate) fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "the server cannot be reached".to_owned()
    } else {
        "the server did not answer as it should".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        // Only the last cause says what is wrong.
        cause = error.source();
        if cause.is_none() {
            text.push_str(&format!(": {error}"));
        }
    }
    text
}
