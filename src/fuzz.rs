//! What reads whatever others send, given any bytes: for the targets in `fuzz/`, and for the tests below.
//!
//! Each function says what must hold whatever the bytes are; it panics where that does not.

use std::net::IpAddr;

use actix_web::http::header::{self, HeaderValue};
use actix_web::test::TestRequest;
use bytes::Bytes;
use callboard_audit::{Document, Limits, MediaType};

use crate::auth::{Authenticator, Credentials, Principal, PrincipalKind, Refusal};
use crate::config::Settings;
use crate::config::connections::Connections;
use crate::connection::dialect::{audit, event_socket, session, workflow};
use crate::domain::event::{EncodedEvent, Event, Filter, Kind, NewEvent};
use crate::domain::secret::Secret;
use crate::domain::{json, pattern, schema};
use crate::hub::event_filter::EventFilter;
use crate::hub::frame::read_all;
use crate::store::{self, Store};

/// The secret that signs the tokens of the only issuer. No fuzzer finds a signature.
const SIGNED_WITH: &str = "a secret of thirty-two bytes, and more";
/// The admin token.
const ADMIN: &str = "an admin token of thirty-two bytes";
/// The longest message that the guard lets through.
const LONGEST_MESSAGE: usize = 1000;

/// The inbound guard: what goes on to the decoder is what came, up to where it is cut off.
pub fn guard(bytes: &[u8]) {
    let settings = Connections { max_message_bytes: LONGEST_MESSAGE, ..Connections::default() };
    let Some((size, bytes)) = bytes.split_first() else { return };
    let pieces = bytes.chunks(usize::from(*size).max(1)).map(<[u8]>::to_vec).collect();
    let (passed, _) = crate::connection::guarded(pieces, &settings);
    assert!(bytes.starts_with(&passed));
}

/// The heads of frames: they are the same however the bytes are cut.
pub fn frames(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let whole = read_all(std::iter::once(bytes));
    assert_eq!(read_all(bytes.chunks(usize::from(*size).max(1))), whole);
}

/// Everything that decodes a message of a socket, a body or a query.
pub fn messages(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = session::decode(text);
    let _ = audit::decode(text);
    let _ = workflow::decode(text);
    let _ = event_socket::decode(text);
    crate::http::read_input(text);
    if let Ok(value) = json::read(bytes) {
        assert_eq!(Some(&value), serde_json::from_slice(bytes).ok().as_ref(), "a value is read as it is written");
    }
}

/// Credentials in headers: nobody is let in by one that nobody gave out.
pub fn credentials(bytes: &[u8]) {
    let (Some((which, bytes)), Some(authenticator)) = (bytes.split_first(), authenticator()) else { return };
    let shown = match which % 4 {
        0 => (header::AUTHORIZATION, bytes.to_vec()),
        1 => (header::AUTHORIZATION, [b"Bearer ", bytes].concat()),
        2 => (header::HeaderName::from_static("x-api-key"), bytes.to_vec()),
        _ => (header::COOKIE, [b"__Host-callboard=", bytes].concat()),
    };
    if let Ok(principal) = shown_by(&authenticator, shown) {
        assert!(matches!(principal.kind(), PrincipalKind::Anonymous | PrincipalKind::Link), "{principal:?}");
        assert_eq!(principal.grant(), None);
    }
}

/// The token of a share link: what is looked up has its form, and is nobody before it was found.
pub fn share_tokens(bytes: &[u8]) {
    let Some(authenticator) = authenticator() else { return };
    let token = [b"Bearer cbs_", bytes].concat();
    if let Ok(principal) = shown_by(&authenticator, (header::AUTHORIZATION, token)) {
        assert_eq!(principal.kind(), PrincipalKind::Link);
        assert!(principal.invitation().is_none() && bytes.trim_ascii_end().len() == 36);
    }
}

/// Filters of event sockets, patterns and schemas: whatever is taken can be used.
pub fn filters(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let event = EncodedEvent::new(Event::now(NewEvent::new(Kind::SystemStartup).with("version", "1")));
    match event_socket::decode(text) {
        Ok((_, event_socket::Inbound::Subscribe(asked) | event_socket::Inbound::Unsubscribe(asked))) => {
            let filter = EventFilter::new(asked, Filter::default());
            assert!(!filter.takes(&event) || !filter.topics().is_empty(), "what is taken is found in the index");
        }
        Ok((_, event_socket::Inbound::SetFilter(filter))) => {
            let _ = EventFilter::new(Vec::new(), filter).passes(&event);
        }
        Ok(_) | Err(_) => {}
    }
    if let Ok(regex) = pattern::compile(text) {
        let _ = regex.is_match("2026-11-30 aaaaaaaaaaaaaaaa");
    }
    if let Ok(value) = json::read(bytes)
        && let Ok(schema) = schema::Schema::compile(value.clone())
    {
        let _ = schema.faults("value", &value);
    }
}

/// Documents of audits, but for PDFs, which a process of its own reads because its reader panics; and CrewAI's projects.
pub fn documents(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let kinds = [MediaType::Markdown, MediaType::Text, MediaType::Csv, MediaType::Html, MediaType::Xlsx];
    if let Some(media_type) = kinds.get(usize::from(*which)) {
        let _ = Document::read(bytes, *media_type, &Limits::default());
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = if which % 2 == 0 { "agents.yaml" } else { "crew.jsonc" };
    let files = [callboard_crewai::File { path, text }];
    let _ = callboard_crewai::read(&files, &callboard_crewai::Names { tools: &[], models: &[] });
}

/// The rows of a journal, separated by zeros: a session is read from them, or they are damaged.
pub fn journal(bytes: &[u8]) {
    let Some(store) = store() else { return };
    let rows = bytes.split(|byte| *byte == 0).map(Bytes::copy_from_slice);
    let _ = crate::session::load::read_rows(&store, rows);
}

fn shown_by(authenticator: &Authenticator, shown: (header::HeaderName, Vec<u8>)) -> Result<Principal, Refusal> {
    let Ok(value) = HeaderValue::from_bytes(&shown.1) else { return Err(Refusal::Bad) };
    authenticator.identify(TestRequest::get().insert_header((shown.0, value)).to_http_request().head())
}

thread_local! {
    static STORE: Option<Store> = {
        let settings = store::Settings { url: "memory:".into(), ..store::Settings::default() };
        Store::open(&settings, 1).ok()
    };
    static AUTHENTICATOR: Option<Authenticator> = {
        let mut settings = Settings::default();
        settings.server.admin_token = Some(Secret::from(ADMIN.to_owned()));
        settings.auth.api_keys = true;
        settings.auth.users = true;
        settings.auth.jwt = serde_json::from_value(serde_json::json!([{
            "issuer": "https://id.example", "audience": "callboard",
            "keys": [{"kid": "k1", "algorithm": "HS256", "secret": SIGNED_WITH}],
        }]))
        .unwrap_or_default();
        let here = IpAddr::from([127, 0, 0, 1]);
        Authenticator::open(&settings, here, Credentials::none()).ok().map(|(authenticator, ..)| authenticator)
    };
}

/// One store for all cases of a thread: opening one starts threads.
fn store() -> Option<Store> {
    STORE.with(Clone::clone)
}

/// One authenticator for all cases of a thread.
fn authenticator() -> Option<Authenticator> {
    AUTHENTICATOR.with(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGETS: [fn(&[u8]); 8] = [guard, frames, messages, credentials, share_tokens, filters, documents, journal];

    /// Bytes, and texts of what clients, journals and documents are made of.
    fn inputs() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\0",
            "\n",
            "1",
            "-1",
            "1e999",
            "true",
            "null",
            " ",
            "é",
            "cbk_",
            "cbs_",
            "eyJhbGciOiJub25lIn0",
            ".",
            "Bearer ",
            "\"type\"",
            "\"action\"",
            "\"subscribe\"",
            "\"set_filter\"",
            "\"subscriptions\"",
            "\"filter\"",
            "\"types\"",
            "\"*\"",
            "\"task.*\"",
            "\"confirm\"",
            "\"value\"",
            "\"values\"",
            "\"request_id\"",
            "\"nodes\"",
            "\"edges\"",
            "\"id\"",
            "\"inputs\"",
            "\"$ref\"",
            "\"#\"",
            "\"properties\"",
            "(a+)+$",
            "{\"record\":\"created\"",
            "{\"type\":\"stream\",\"text\":\"a\",\"seq\":1,\"timestamp\":1.0}",
            "| a |",
            "---|",
            "&a *a",
            "- ",
            "<td>",
            "\x01",
            "\x05",
            "\u{7f}",
        ]);
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat().into_bytes()),
        ]
    }

    #[test]
    fn whoever_has_a_credential_would_be_let_in() {
        let claims = serde_json::json!({"iss": "https://id.example", "aud": "callboard", "sub": "ada", "exp": 4e9});
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some("k1".into());
        let key = jsonwebtoken::EncodingKey::from_secret(SIGNED_WITH.as_bytes()).unwrap();
        let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        for (token, kind) in [(token.as_str(), PrincipalKind::Known), (ADMIN, PrincipalKind::Operator)] {
            let shown = (header::AUTHORIZATION, format!("Bearer {token}").into_bytes());
            assert_eq!(shown_by(&authenticator().unwrap(), shown).unwrap().kind(), kind);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_let_anybody_in(bytes in inputs()) {
            for target in TARGETS {
                target(&bytes);
            }
        }

        #[test]
        fn a_share_token_is_looked_up_only_in_its_form(random in "[0-9A-Za-z]{34,38}") {
            share_tokens(random.as_bytes());
        }
    }
}
