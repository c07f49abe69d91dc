//! What posts a delivery: only to addresses that the policy allows, signed, without following where it is sent on to.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::delivery::{Attempt, Delivery};
use super::signature::SigningKey;
use crate::config::callbacks::Callbacks as Settings;
use crate::config::seconds;
use crate::domain::time::Timestamp;
use crate::egress::clients::{Clients, causes};
use crate::egress::policy::{Forbidden, Policy, Rules};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The most characters of an address.
pub(crate) const LONGEST_URL: usize = 2048;

/// Posts deliveries. Cloning shares it.
#[derive(Clone)]
pub(super) struct Sender {
    clients: Arc<Clients>,
}

impl Sender {
    /// By these settings; `own` is the address that this server listens on.
    pub(super) fn new(settings: &Settings, own: Option<SocketAddr>) -> Self {
        let rules = Rules {
            allow_private: false,
            hosts: settings.allowed_hosts.clone(),
            only_these: false,
            section: "callbacks",
            allowing: "callbacks.allowed_hosts",
        };
        Self { clients: Arc::new(Clients::new(Policy::new(rules, own), Some(seconds(settings.timeout)))) }
    }

    /// Whether news may be sent to this address, as far as its text says.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self, url: &str) -> Result<(), Forbidden> {
        self.clients.policy().target(url).map(|_| ())
    }

    /// Posts it once.
    pub(super) async fn post(&self, delivery: &Delivery, key: Option<&SigningKey>) -> Attempt {
        let at = Timestamp::now();
        match self.try_post(delivery, key, at).await {
            Ok(status) => Attempt { status: Some(status), at, error: None },
            Err(error) => Attempt { status: None, at, error: Some(error) },
        }
    }

    async fn try_post(&self, delivery: &Delivery, key: Option<&SigningKey>, at: Timestamp) -> Result<u16, String> {
        let url = self.clients.policy().target(&delivery.url).map_err(|forbidden| forbidden.to_string())?;
        let request =
            self.clients.of(&url)?.clone().post(url).headers(headers(delivery, key, at)).body(delivery.body.clone());
        let response = request.send().await.map_err(|error| words(&error))?;
        // What it says does not matter.
        Ok(response.status().as_u16())
    }
}

fn headers(delivery: &Delivery, key: Option<&SigningKey>, at: Timestamp) -> HeaderMap {
    let second = at.as_micros().div_euclid(1_000_000);
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let mut add = |name, text: String| headers.extend(HeaderValue::try_from(text).ok().map(|value| (name, value)));
    add(ID, delivery.id.clone());
    add(TIMESTAMP, second.to_string());
    if let Some(key) = key {
        add(SIGNATURE, key.sign(&delivery.id, second, &delivery.body));
    }
    headers
}

/// What went wrong.
fn words(error: &reqwest::Error) -> String {
    if error.is_timeout() { "there was no answer in time".to_owned() } else { causes(error) }
}

/// What may be said of an address in the log: its host alone, as the rest may hold secrets.
pub(super) fn host(url: &str) -> String {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "nowhere".to_owned())
}
