//! Requests to servers: where the policy allows them, with bounded answers, and no other address than was checked.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};

use super::address::is_public;
use super::policy::{Addresses, Policy};
use crate::config;
use crate::workflow::node::{Fetch, Fetched, NodeError};

/// How often a server may send somewhere else.
const REDIRECTS: usize = 5;
/// Headers that say how a request travels: they are the client's own.
const OWN_HEADERS: [&str; 7] =
    ["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "proxy-authorization"];

/// Asks servers.
pub(super) struct Client {
    policy: Arc<Policy>,
    /// Or why there is none, such as a machine without certificates.
    http: Result<reqwest::Client, String>,
    max_bytes: usize,
}

impl Client {
    pub(super) fn new(settings: &config::workflows::Workflows, own: Option<SocketAddr>) -> Self {
        let policy = Arc::new(Policy::new(settings, own));
        let (redirects, names) = (Arc::clone(&policy), Checked(Arc::clone(&policy)));
        let http = reqwest::Client::builder()
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
            // A proxy would look up names itself, past the check.
            .no_proxy()
            .dns_resolver(Arc::new(names))
            .redirect(redirect::Policy::custom(move |attempt| {
                if attempt.previous().len() > REDIRECTS {
                    return attempt.error("it sends on and on");
                }
                match redirects.check(attempt.url()) {
                    Ok(_) => attempt.follow(),
                    Err(forbidden) => attempt.error(forbidden),
                }
            }))
            .build();
        Self { policy, http: http.map_err(|error| causes(&error)), max_bytes: settings.max_response_bytes }
    }

    pub(super) async fn fetch(&self, fetch: Fetch) -> Result<Fetched, NodeError> {
        let http = self.http.as_ref().map_err(|error| NodeError::new(format!("no server can be asked: {error}")))?;
        let target = self.policy.target(&fetch.method, &fetch.url).map_err(|forbidden| forbidden.to_string())?;
        let method = Method::from_bytes(fetch.method.as_bytes()).map_err(|_| "there is no such HTTP method")?;
        let mut request = http.request(method, target).headers(headers(&fetch)?);
        if let Some((_, body)) = fetch.body {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| causes(&error))?;
        let status = response.status().as_u16();
        let text = self.read(response).await?;
        Ok(Fetched { status, text })
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<String, NodeError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| causes(&error))? {
            if body.len() + piece.len() > self.max_bytes {
                return Err(format!("the answer is larger than {} bytes", self.max_bytes).into());
            }
            body.extend_from_slice(&piece);
        }
        Ok(String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// The headers, with that of the body's type where they do not say it.
fn headers(fetch: &Fetch) -> Result<HeaderMap, NodeError> {
    let mut headers = HeaderMap::new();
    if let Some((kind, _)) = &fetch.body {
        let kind = HeaderValue::from_str(kind).map_err(|_| "the body's content type is no header")?;
        headers.insert(reqwest::header::CONTENT_TYPE, kind);
    }
    for (name, value) in &fetch.headers {
        let wrong = || NodeError::new(format!("{name:?} is no header that can be sent"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        if OWN_HEADERS.contains(&key.as_str()) {
            return Err(wrong());
        }
        headers.insert(key, HeaderValue::from_str(value).map_err(|_| wrong())?);
    }
    Ok(headers)
}

/// What went wrong, with what was behind it, and without the address, which may hold secrets.
fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "the server cannot be reached".to_owned()
    } else if error.is_redirect() {
        "the server sends somewhere else".to_owned()
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

/// Looks names up, and keeps back addresses that may not be asked. What was checked is what is connected to.
struct Checked(Arc<Policy>);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.0);
        async move {
            let found = addresses(name.as_str()).await?;
            let may = policy.addresses_of(name.as_str());
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|address| may == Addresses::Any || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("{} has no address that may be asked", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// The addresses of a name. Names of this machine are nobody's to look up: RFC 6761 §6.3.
async fn addresses(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    let lower = name.trim_end_matches('.').to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
    }
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

#[cfg(test)]
mod tests;
