//! Whom requests are found to come from.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use actix_web::http::header::{self, HeaderValue};
use actix_web::test::TestRequest;
use proptest::prelude::*;

use super::*;
use crate::auth::keys::{Keys, NewKey};
use crate::auth::logins::Logins;
use crate::auth::users::Users;
use crate::auth::{Refresher, Scope, Scopes};
use crate::config::switch::Switch;
use crate::domain::secret::Secret;
use PrincipalKind::{Local, Operator, Visitor};

const HERE: &str = "127.0.0.1";
const ELSEWHERE: &str = "192.0.2.7";
const DIRECT: &str = "x-request-id";
const FORWARDED: &str = "x-forwarded-for";

fn settings(token: Option<&str>, store: &str) -> Settings {
    let mut settings = Settings::default();
    settings.server.admin_token = token.map(|token| Secret::from(token.to_owned()));
    settings.store.url = store.into();
    settings
}

fn open(token: Option<&str>, listens_on: &str) -> (Authenticator, Option<NewToken>) {
    open_with(&settings(token, "memory:"), listens_on)
}

fn open_with(settings: &Settings, listens_on: &str) -> (Authenticator, Option<NewToken>) {
    let opened = Authenticator::open(settings, listens_on.parse().unwrap(), Credentials::none());
    let (authenticator, made, _) = opened.unwrap();
    (authenticator, made)
}

/// What a caller from `peer` is that sends this header and shows this `authorization`.
fn kind(authenticator: &Authenticator, peer: &str, header: &str, authorization: &str) -> PrincipalKind {
    let mut request = TestRequest::get().insert_header((header, "x"));
    request = request.peer_addr((peer.parse::<IpAddr>().unwrap(), 9).into());
    if !authorization.is_empty() {
        request = request.insert_header((header::AUTHORIZATION, authorization));
    }
    authenticator.identify(request.to_http_request().head()).unwrap().kind()
}

#[test]
fn without_a_token_callers_on_this_machine_are_operators() {
    let (authenticator, made) = open(None, HERE);
    assert_eq!(made, None);
    for here in [HERE, "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(kind(&authenticator, here, DIRECT, ""), Operator, "{here}");
        assert_eq!(kind(&authenticator, here, FORWARDED, ""), Visitor, "{here}");
        assert_eq!(kind(&authenticator, here, FORWARDED, "Bearer x"), Visitor, "{here}");
    }
    assert_eq!(kind(&authenticator, ELSEWHERE, DIRECT, ""), Visitor);
    assert_eq!(authenticator.identify(TestRequest::get().to_http_request().head()).unwrap().kind(), Visitor);
}

#[test]
fn a_token_that_is_set_makes_operators_and_leaves_callers_on_this_machine_local() {
    for (listens_on, here) in [("0.0.0.0", Visitor), (HERE, Local)] {
        let (authenticator, made) = open(Some("correct-horse-battery"), listens_on);
        assert_eq!(made, None);
        for (shown, passes) in [
            ("Bearer correct-horse-battery", true),
            ("bearer correct-horse-battery ", true),
            ("Bearer correct-horse", false),
            ("Bearer correct-horse-batterz", false),
            ("Basic correct-horse-battery", false),
            ("Bearer", false),
            ("Bearer ", false),
            ("correct-horse-battery", false),
            ("", false),
        ] {
            for (peer, header, otherwise) in
                [(HERE, DIRECT, here), (ELSEWHERE, DIRECT, Visitor), (HERE, FORWARDED, Visitor)]
            {
                let expected = if passes { Operator } else { otherwise };
                assert_eq!(kind(&authenticator, peer, header, shown), expected, "{peer} {shown:?}");
            }
        }
    }
}

#[test]
fn a_server_that_others_can_reach_makes_a_token_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("board.db");
    fs::write(&database, "").unwrap();
    let settings = settings(None, &format!("sqlite:{}", database.display()));
    let (first, made) = open_with(&settings, "0.0.0.0");
    let NewToken { token, path } = made.unwrap();
    let path = path.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (second, made) = open_with(&settings, "::");
    assert_eq!(made, None);
    for authenticator in [first, second] {
        assert_eq!(kind(&authenticator, ELSEWHERE, DIRECT, &format!("Bearer {token}")), Operator);
        assert_eq!(kind(&authenticator, ELSEWHERE, DIRECT, ""), Visitor);
        let gateway = kind(&authenticator, HERE, DIRECT, "");
        assert_eq!(gateway, Visitor, "a container's gateway may look like this machine");
    }
    fs::write(&path, "short\n").unwrap();
    let refused =
        Authenticator::open(&settings, "0.0.0.0".parse().unwrap(), Credentials::none()).unwrap_err().to_string();
    assert!(refused.contains("board.db.admin-token") && !refused.contains("short"), "{refused}");
}

#[test]
fn a_setting_says_whether_this_machine_is_trusted() {
    for (trust_loopback, listens_on, expected, makes_token) in [
        (Switch::Auto, HERE, Operator, false),
        (Switch::Auto, "0.0.0.0", Visitor, true),
        (Switch::On, "0.0.0.0", Operator, true),
        (Switch::Off, HERE, Visitor, true),
    ] {
        let mut settings = settings(None, "memory:");
        settings.server.trust_loopback = trust_loopback;
        let (authenticator, made) = open_with(&settings, listens_on);
        assert_eq!(kind(&authenticator, HERE, DIRECT, ""), expected, "{trust_loopback:?} {listens_on}");
        assert_eq!(kind(&authenticator, HERE, FORWARDED, ""), Visitor);
        assert_eq!(kind(&authenticator, ELSEWHERE, DIRECT, ""), Visitor);
        assert_eq!(made.is_some(), makes_token, "{trust_loopback:?} {listens_on}");
    }
}

#[test]
fn every_way_in_which_proxies_pass_a_request_on_is_seen() {
    let (authenticator, _) = open(None, HERE);
    for (name, is_forwarded) in [
        ("Forwarded", true),
        ("X-Forwarded-For", true),
        ("x-forwarded-proto", true),
        ("X-Real-IP", true),
        ("Via", true),
        ("X-Forwarded", true),
        ("X-ForwardedFor", true),
        ("X-Original-Forwarded-For", true),
        ("CF-Connecting-IP", true),
        ("True-Client-IP", true),
        ("X-Azure-ClientIP", true),
        ("CloudFront-Viewer-Address", true),
        ("X-Request-ID", false),
        ("X-Client-Id", false),
        ("Origin", false),
    ] {
        let expected = if is_forwarded { Visitor } else { Operator };
        assert_eq!(kind(&authenticator, HERE, name, ""), expected, "{name}");
    }
}

#[test]
fn where_identity_is_configured_everybody_has_to_show_a_credential() {
    for (token, listens_on) in [(None, HERE), (None, "0.0.0.0"), (Some("correct-horse-battery"), HERE)] {
        let mut settings = settings(token, "memory:");
        settings.auth.api_keys = true;
        settings.server.trust_loopback = Switch::On;
        let (authenticator, made) = open_with(&settings, listens_on);
        assert_eq!(made, None, "keys are made by the command line");
        let identify = |name: &'static str, value: &str| {
            let request = TestRequest::get().peer_addr((HERE.parse::<IpAddr>().unwrap(), 9).into());
            let request = request.insert_header((name, value)).to_http_request();
            authenticator.identify(request.head()).map(|principal| principal.kind())
        };
        assert_eq!(identify(DIRECT, "x"), Ok(PrincipalKind::Anonymous));
        let of_token = if token.is_some() { Ok(Operator) } else { Err(Refusal::Bad) };
        assert_eq!(identify("authorization", "Bearer correct-horse-battery"), of_token);
        assert_eq!(identify("authorization", "Bearer x"), Err(Refusal::Bad));
        assert_eq!(identify("authorization", "Basic x"), Err(Refusal::Bad));
        assert_eq!(identify("x-api-key", "x"), Err(Refusal::Bad));
    }
}

#[actix_web::test]
async fn a_key_is_good_until_it_is_revoked_or_expires() {
    let settings = crate::store::Settings { url: "memory:".into(), ..crate::store::Settings::default() };
    let store = crate::store::Store::open(&settings, 1).unwrap();
    let keys = Keys::new(store.clone(), 10);
    let new = |expires_at| NewKey {
        name: "ci".into(),
        owner: "ada".parse().unwrap(),
        scopes: Scopes::from_iter([Scope::SessionsRead]),
        expires_at,
    };
    let (good, made) = keys.create(new(None)).await.unwrap();
    let (expired, _) = keys.create(new(Some(Timestamp::from_micros(1)))).await.unwrap();
    let logins = Logins::new(store.clone(), Users::new(store), std::time::Duration::from_secs(60));
    let (mut refresher, credentials) = Refresher::start(keys.clone(), logins.clone(), false).await.unwrap();
    let mut settings = Settings::default();
    settings.auth.api_keys = true;
    let authenticator = Authenticator::open(&settings, HERE.parse().unwrap(), credentials).unwrap().0;
    let identify = |key: &str| {
        let request = TestRequest::get().insert_header(("x-api-key", key)).to_http_request();
        authenticator.identify(request.head())
    };
    let ada = identify(&good).unwrap();
    assert_eq!((ada.kind(), ada.owner().as_str()), (PrincipalKind::Known, "ada"));
    assert_eq!(identify(&expired), Err(Refusal::Bad));
    let (later, _) = keys.create(new(None)).await.unwrap();
    assert_eq!(identify(&later), Err(Refusal::Bad), "nobody has looked yet");
    keys.revoke(&made.id).await.unwrap();
    refresher.look().await.unwrap();
    assert!(identify(&later).is_ok());
    assert_eq!(identify(&good), Err(Refusal::Bad));
    assert!(!authenticator.credentials().still_hold(ada.grant().unwrap(), Timestamp::now()));
}

#[test]
fn a_token_is_never_shown_by_accident() {
    let made = open(None, "0.0.0.0").1.unwrap();
    assert!(made.path.is_none() && !format!("{made:?}").contains(&made.token));
}

proptest! {
    #[test]
    fn nothing_but_the_token_passes(header: Vec<u8>, token in "[!-~]{16,40}") {
        let (authenticator, _) = open(Some(&token), HERE);
        let right = [b"Bearer ".as_slice(), token.as_bytes()].concat();
        let is_operator = |shown: &[u8]| {
            let Ok(value) = HeaderValue::from_bytes(shown) else { return false };
            let request = TestRequest::get().insert_header((header::AUTHORIZATION, value)).to_http_request();
            authenticator.identify(request.head()).unwrap().kind() == Operator
        };
        prop_assert!(is_operator(&right));
        prop_assert!(header == right || !is_operator(&header));
        let shorter = right.split_last().map(|(_, rest)| rest).unwrap_or_default();
        prop_assert!(!is_operator(shorter));
    }
}
