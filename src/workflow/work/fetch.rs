//! Requests to servers: where the policy allows them, with bounded answers, and no other address than was checked.

mod charset;
mod coding;
mod redirect;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use self::redirect::Request;
use crate::egress::names::Checked;
use crate::egress::policy::{Policy, Rules};
use crate::workflow::node::{Fetch, Fetched, NodeError};

/// How often a server may send somewhere else.
const REDIRECTS: usize = 5;
/// Headers that say how a request travels: they are the client's own.
const OWN_HEADERS: [&str; 13] = [
    "host",
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// A client, made when it is first needed; or why there is none, such as a machine without certificates.
type Http = OnceLock<Result<reqwest::Client, String>>;

/// Asks servers.
pub(super) struct Client {
    policy: Arc<Policy>,
    /// For every port but the one that this server listens on.
    others: Http,
    /// For that port, at other machines.
    own_port: Http,
    max_bytes: usize,
}

impl Client {
    pub(super) fn new(settings: &crate::workflow::Settings, own: Option<SocketAddr>) -> Self {
        let rules = Rules {
            allow_private: settings.allow_private_addresses,
            hosts: settings.allowed_hosts.clone(),
            only_these: true,
            section: "workflows",
            allowing: "workflows.allow_private_addresses",
        };
        let policy = Arc::new(Policy::new(rules, own));
        Self { policy, others: Http::new(), own_port: Http::new(), max_bytes: settings.max_response_bytes }
    }

    pub(super) async fn fetch(&self, fetch: Fetch) -> Result<Fetched, NodeError> {
        let url = self.policy.target(&fetch.url).map_err(|forbidden| forbidden.to_string())?;
        let method = Method::from_bytes(fetch.method.as_bytes()).map_err(|_| "there is no such HTTP method")?;
        let headers = headers(&fetch)?;
        let mut request = Request { method, url, headers, body: fetch.body.map(|(_, body)| body.into()) };
        for _ in 0..=REDIRECTS {
            let response = self.send(&request).await?;
            let Some(next) = request.redirected(response.status(), response.headers())? else {
                return self.read(response).await;
            };
            self.policy.check(&next.url).map_err(|forbidden| format!("the server redirects elsewhere: {forbidden}"))?;
            request = next;
        }
        Err(format!("the server redirects more than {REDIRECTS} times").into())
    }

    async fn send(&self, request: &Request) -> Result<reqwest::Response, NodeError> {
        let Request { method, url, headers, body } = request.clone();
        let mut request = self.http(&url)?.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        Ok(request.send().await.map_err(|error| causes(&error))?)
    }

    fn http(&self, url: &Url) -> Result<&reqwest::Client, NodeError> {
        let is_own_port = self.policy.is_own_port(url);
        let http = if is_own_port { &self.own_port } else { &self.others };
        let build = || build(Checked { policy: Arc::clone(&self.policy), is_own_port });
        let http = http.get_or_init(|| build().map_err(|error| causes(&error)));
        http.as_ref().map_err(|error| NodeError::new(format!("no server can be asked: {error}")))
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Fetched, NodeError> {
        let max = self.max_bytes;
        let codings = coding::codings(response.headers())?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| causes(&error))? {
            if body.len() + piece.len() > max {
                return Err(coding::too_large(max));
            }
            body.extend_from_slice(&piece);
        }
        // An answer without a body, as to HEAD, may name the codings that it would have.
        if !body.is_empty() && !codings.is_empty() {
            let decoded = tokio::task::spawn_blocking(move || coding::decode(&codings, body, max)).await;
            body = decoded.map_err(|_| "the answer could not be read")??;
        }
        let text = charset::text(response.headers().get(CONTENT_TYPE), body)?;
        Ok(Fetched { status: response.status().as_u16(), text })
    }
}

fn build(names: Checked) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
        // A proxy would look up names itself, past the check.
        .no_proxy()
        .dns_resolver(Arc::new(names))
        // Each step is checked before it is followed.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .build()
}

/// The headers, with that of the body's type where they do not say it.
fn headers(fetch: &Fetch) -> Result<HeaderMap, NodeError> {
    let mut headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPTED))]);
    if let Some((kind, _)) = &fetch.body {
        let kind = HeaderValue::from_str(kind).map_err(|_| "the body's content type is no header")?;
        headers.insert(CONTENT_TYPE, kind);
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

#[cfg(test)]
mod tests;
