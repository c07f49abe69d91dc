//! `[model.NAME]`: where a model is served, and how hard it may be asked.

use std::collections::BTreeMap;

use callboard_domain::secret::Secret;
use garde::Validate;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::usage::Price;

/// Where a model is served, and how hard it may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What stands before `/chat/completions`, such as `https://api.example/v1`.
    #[garde(custom(usable_url))]
    pub base_url: String,
    /// Sent as `Authorization: Bearer`. It is in no message, log or error.
    #[garde(skip)]
    pub api_key: Option<Secret>,
    /// The model's name; left out, the first that `GET /models` lists.
    #[garde(inner(length(bytes, min = 1, max = 256)))]
    pub model: Option<String>,
    /// Most calls at once; others wait.
    #[garde(range(min = 1, max = 10_000))]
    pub max_concurrent: usize,
    /// Most calls a minute; others wait. 0 sets no limit.
    #[garde(range(max = 1_000_000))]
    pub requests_per_minute: u32,
    /// The longest silence in seconds, before the first byte and between two; a call as a whole may take longer.
    #[garde(range(min = 0.1, max = 3600.0))]
    pub timeout: f64,
    /// Most tries of one call.
    #[garde(range(min = 1, max = 100))]
    pub max_tries: u32,
    /// The longest time in seconds that a call waits because the server asks for it by `Retry-After`.
    #[garde(range(min = 0.0, max = 86_400.0))]
    pub max_retry_after: f64,
    /// Most bytes of a reply.
    #[garde(range(min = 1024, max = 1_073_741_824))]
    pub max_reply_bytes: usize,
    /// More headers for each request. Their values are handled as secrets.
    #[garde(custom(usable_headers))]
    pub headers: BTreeMap<String, Secret>,
    /// What tokens cost.
    #[garde(dive)]
    pub price: Option<Price>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            api_key: None,
            model: None,
            max_concurrent: 8,
            requests_per_minute: 0,
            timeout: 120.0,
            max_tries: 6,
            max_retry_after: 600.0,
            max_reply_bytes: 4_194_304,
            headers: BTreeMap::new(),
            price: None,
        }
    }
}

impl Settings {
    /// Every secret among them.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.api_key.iter().chain(self.headers.values()).map(Secret::reveal)
    }

    /// The address of a route below `base_url`.
    pub(crate) fn route(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url.trim_end_matches('/'))
    }
}

fn usable_url(text: &str, (): &()) -> garde::Result {
    let url = Url::parse(text).map_err(|error| garde::Error::new(format!("must be an http or https URL: {error}")))?;
    // The text is not shown: it may hold a password.
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(garde::Error::new("must be an http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(garde::Error::new("must not hold a name or password: use api_key or headers"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(garde::Error::new("must end with its path"));
    }
    Ok(())
}

fn usable_headers(headers: &BTreeMap<String, Secret>, (): &()) -> garde::Result {
    for (name, value) in headers {
        if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(garde::Error::new(format!("{name:?} is not the name of a header")));
        }
        if reqwest::header::HeaderValue::from_str(value.reveal()).is_err() {
            return Err(garde::Error::new(format!("the value of {name:?} cannot be sent in a header")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_and_holds_no_password() {
        for good in ["http://127.0.0.1:8080/v1", "https://api.example/v1/", "http://[::1]:9/"] {
            assert!(Settings { base_url: good.into(), ..Settings::default() }.validate().is_ok(), "{good}");
        }
        for bad in ["", "api.example", "ftp://a/", "http://u:hunter2@a/v1", "http://a/v1?x=1", "http://a/#x"] {
            let report = Settings { base_url: bad.into(), ..Settings::default() }.validate().unwrap_err().to_string();
            assert!(report.contains("base_url") && !report.contains("hunter2"), "{bad}: {report}");
        }
    }

    #[test]
    fn keys_are_never_shown() {
        let settings = Settings {
            api_key: Some(Secret::from("sk-hidden".to_owned())),
            headers: BTreeMap::from([("x-api-key".into(), Secret::from("also-hidden".to_owned()))]),
            ..Settings::default()
        };
        let shown = format!("{settings:?}{}", serde_json::to_string(&settings).unwrap());
        assert!(!shown.contains("hidden"), "{shown}");
        assert_eq!(settings.secrets().count(), 2);
    }
}
