//! Requests to servers: where the policy allows them, with bounded answers, and no other address than was checked.

mod charset;
mod coding;
mod redirect;

use std::net::SocketAddr;

use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use self::redirect::Request;
use crate::egress::clients::{Clients, causes};
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

/// Asks servers.
pub(super) struct Client {
    clients: Clients,
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
        Self { clients: Clients::new(Policy::new(rules, own), None), max_bytes: settings.max_response_bytes }
    }

    pub(super) async fn fetch(&self, fetch: Fetch) -> Result<Fetched, NodeError> {
        let policy = self.clients.policy();
        let url = policy.target(&fetch.url).map_err(|forbidden| forbidden.to_string())?;
        let method = Method::from_bytes(fetch.method.as_bytes()).map_err(|_| "there is no such HTTP method")?;
        let headers = headers(&fetch)?;
        let mut request = Request { method, url, headers, body: fetch.body.map(|(_, body)| body.into()) };
        for _ in 0..=REDIRECTS {
            let response = self.send(&request).await?;
            let Some(next) = request.redirected(response.status(), response.headers())? else {
                return self.read(response).await;
            };
            policy.check(&next.url).map_err(|forbidden| format!("the server redirects elsewhere: {forbidden}"))?;
            request = next;
        }
        Err(format!("the server redirects more than {REDIRECTS} times").into())
    }

    async fn send(&self, request: &Request) -> Result<reqwest::Response, NodeError> {
        let Request { method, url, headers, body } = request.clone();
        let mut request = self.clients.of(&url)?.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        Ok(request.send().await.map_err(|error| causes(&error))?)
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

#[cfg(test)]
mod tests;
