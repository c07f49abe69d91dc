//! Which tokens are taken, and what forgers try.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;
use crate::auth::{Credentials, Scope};
use crate::config::auth::{self, Audience};
use crate::domain::secret::Secret;

const RSA: &str = include_str!("fixtures/rsa.pem");
const RSA_PUBLIC: &str = include_str!("fixtures/rsa.pub.pem");
const EC: &str = include_str!("fixtures/ec.pem");
const EC_PUBLIC: &str = include_str!("fixtures/ec.pub.pem");
const ED: &str = include_str!("fixtures/ed.pem");
const ED_PUBLIC: &str = include_str!("fixtures/ed.pub.pem");
const SECRET: &str = "correct-horse-battery-staple-0123";

fn public(kid: &str, algorithm: auth::Algorithm, key: &str) -> auth::Key {
    auth::Key { kid: kid.into(), algorithm: Some(algorithm), public_key: Some(key.into()), ..auth::Key::default() }
}

fn secret(kid: &str, text: &str) -> auth::Key {
    let secret = Some(Secret::from(text.to_owned()));
    auth::Key { kid: kid.into(), algorithm: Some(auth::Algorithm::HS256), secret, ..auth::Key::default() }
}

fn settings() -> Auth {
    let issuer = auth::Issuer {
        issuer: "https://id.example".into(),
        audience: Audience::Several(vec!["callboard".into(), "board".into()]),
        owner_prefix: "id:".into(),
        leeway: 5.0,
        keys: vec![
            public("rs", auth::Algorithm::RS256, RSA_PUBLIC),
            public("es", auth::Algorithm::ES256, EC_PUBLIC),
            public("ed", auth::Algorithm::EdDSA, ED_PUBLIC),
            secret("hs", SECRET),
        ],
        ..auth::Issuer::default()
    };
    Auth { jwt: vec![issuer], ..Auth::default() }
}

fn issuers() -> Arc<Issuers> {
    Arc::new(Issuers::read(&settings()).unwrap())
}

fn now() -> i64 {
    Timestamp::now().as_micros() / 1_000_000
}

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "callboard", "sub": "ada", "exp": now() + 600, "scope": "sessions:read openid"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn header(algorithm: Algorithm, kid: &str) -> Header {
    Header { kid: Some(kid.into()), ..Header::new(algorithm) }
}

fn hs256(claims: &Value) -> String {
    encode(&header(Algorithm::HS256, "hs"), claims, &EncodingKey::from_secret(SECRET.as_bytes()).unwrap()).unwrap()
}

fn owner_of(issuers: &Arc<Issuers>, token: &str) -> Option<String> {
    issuers.grant(token, Timestamp::now()).map(|grant| grant.owner.to_string())
}

#[test]
fn a_token_of_each_algorithm_is_taken_for_what_it_says() {
    let issuers = issuers();
    let ed = EncodingKey::from_ed_pem(ED.as_bytes()).unwrap();
    for (kid, algorithm, key) in [
        ("rs", Algorithm::RS256, EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap()),
        ("es", Algorithm::ES256, EncodingKey::from_ec_pem(EC.as_bytes()).unwrap()),
        ("ed", Algorithm::EdDSA, ed),
        ("hs", Algorithm::HS256, EncodingKey::from_secret(SECRET.as_bytes()).unwrap()),
    ] {
        let claims = with("groups", json!(["ops", "dev"]));
        let token = encode(&header(algorithm, kid), &claims, &key).unwrap();
        let grant = issuers.grant(&token, Timestamp::now()).unwrap();
        assert_eq!((grant.owner.as_str(), grant.scopes), ("id:ada", Scopes::from_iter([Scope::SessionsRead])), "{kid}");
        assert_eq!(grant.groups.iter().map(|group| &**group).collect::<Vec<_>>(), ["ops", "dev"]);
        assert_eq!(grant.expires_at.unwrap().as_micros() / 1_000_000, claims["exp"].as_i64().unwrap());
        let again = issuers.grant(&token, Timestamp::now()).unwrap();
        assert!(Arc::ptr_eq(&grant, &again), "it is checked once");
    }
}

#[test]
fn what_a_token_has_to_say_is_looked_at() {
    let issuers = issuers();
    for (claims, taken) in [
        (claims(), true),
        (with("aud", json!(["other", "board"])), true),
        (with("aud", json!("other")), false),
        (with("aud", json!([])), false),
        (with("aud", Value::Null), false),
        (with("iss", json!("https://id.example/")), false),
        (with("iss", json!(["https://id.example"])), false),
        (with("iss", Value::Null), false),
        (with("exp", Value::Null), false),
        (with("exp", json!("never")), false),
        (with("exp", json!(now() - 3)), true),
        (with("exp", json!(now() - 60)), false),
        (with("exp", json!(0)), false),
        (with("nbf", json!(now() + 60)), false),
        (with("nbf", json!(now() + 3)), true),
        (with("nbf", json!("soon")), false),
        (with("sub", Value::Null), false),
        (with("sub", json!("")), false),
        (with("sub", json!(7)), false),
        (with("sub", json!("a\u{1f}b")), false),
        (with("sub", json!("x".repeat(400))), false),
        (with("scope", json!(["sessions:read"])), true),
        (with("scope", json!(7)), true),
    ] {
        assert_eq!(owner_of(&issuers, &hs256(&claims)).is_some(), taken, "{claims}");
    }
    let scopes = |claims: &Value| issuers.grant(&hs256(claims), Timestamp::now()).unwrap().scopes;
    assert_eq!(scopes(&with("scope", json!(["sessions:read", "admin"]))).to_string(), "sessions:read, admin");
    assert!(scopes(&with("scope", json!(7))).is_empty());
}

#[test]
fn what_belongs_to_the_server_is_no_subjects() {
    let mut settings = settings();
    settings.jwt[0].owner_prefix = String::new();
    let issuers = Arc::new(Issuers::read(&settings).unwrap());
    assert_eq!(owner_of(&issuers, &hs256(&claims())).as_deref(), Some("ada"));
    assert_eq!(owner_of(&issuers, &hs256(&with("sub", json!("server")))), None);
}

/// A token whose header and claims are put together by hand.
fn by_hand(header: &Value, sign: impl FnOnce(&str) -> String) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(&claims()));
    let signature = sign(&message);
    format!("{message}.{signature}")
}

fn hmac(message: &str, secret: &[u8]) -> String {
    jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret).unwrap(), Algorithm::HS256)
        .unwrap()
}

#[test]
fn what_forgers_try_is_not_taken() {
    let issuers = issuers();
    let good = |message: &str| hmac(message, SECRET.as_bytes());
    assert!(owner_of(&issuers, &by_hand(&json!({"alg": "HS256", "kid": "hs"}), good)).is_some());
    let with_public_key = |message: &str| hmac(message, RSA_PUBLIC.as_bytes());
    let forged = [
        by_hand(&json!({"alg": "none", "kid": "hs"}), |_| String::new()),
        by_hand(&json!({"alg": "None"}), |_| String::new()),
        by_hand(&json!({"alg": "HS256", "kid": "rs"}), with_public_key),
        by_hand(&json!({"alg": "HS256"}), with_public_key),
        by_hand(&json!({"alg": "HS256", "kid": "hs"}), |_| String::new()),
        by_hand(&json!({"alg": "HS256", "kid": "other"}), good),
        by_hand(&json!({"alg": "HS256", "kid": "../hs"}), good),
        by_hand(&json!({"alg": "HS384", "kid": "hs"}), good),
        by_hand(&json!({"alg": "RS256", "kid": "hs"}), good),
        by_hand(&json!({"alg": "HS256", "kid": "hs", "crit": ["exp"]}), good),
        by_hand(&json!({"alg": "HS256", "kid": "hs", "crit": []}), good),
    ];
    for token in &forged {
        assert_eq!(owner_of(&issuers, token), None, "{token}");
    }
    let mine = b"a-secret-of-somebody-else-entirely";
    for name in ["jku", "x5u", "jwk", "x5c"] {
        let value = match name {
            "jwk" => json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(mine)}),
            "x5c" => json!([base64::engine::general_purpose::STANDARD.encode(mine)]),
            _ => json!("https://evil.example/keys"),
        };
        let header = json!({"alg": "HS256", "kid": "hs", name: value});
        assert_eq!(owner_of(&issuers, &by_hand(&header, |message| hmac(message, mine))), None, "{name}");
        assert!(owner_of(&issuers, &by_hand(&header, good)).is_some(), "{name} does not matter");
    }
    let token = hs256(&claims());
    for wrong in ["", ".", "..", "a.b.c", &token[..token.len() - 1], &format!("{token}."), &format!(" {token}")] {
        assert_eq!(owner_of(&issuers, wrong), None, "{wrong}");
    }
}

#[test]
fn a_token_without_a_key_s_id_is_tried_with_keys_of_its_algorithm() {
    let token = by_hand(&json!({"alg": "HS256"}), |message| hmac(message, SECRET.as_bytes()));
    assert_eq!(owner_of(&issuers(), &token).as_deref(), Some("id:ada"));
}

#[test]
fn keys_of_a_file_are_bound_to_their_algorithms_and_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    let key = |kid: &str, more: Value| {
        let mut key = json!({"kty": "oct", "kid": kid, "k": URL_SAFE_NO_PAD.encode(SECRET)});
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    let write = |keys: Value| fs::write(&file, json!({"keys": keys}).to_string()).unwrap();
    let mut settings = settings();
    settings.jwt[0].keys.clear();
    settings.jwt[0].jwks_file = Some(file.to_str().unwrap().to_owned());
    settings.jwt[0].algorithms = vec![auth::Algorithm::HS256];
    assert!(Issuers::read(&settings).unwrap_err().to_string().contains("jwks.json"));
    write(json!([
        key("hs", json!({"alg": "HS256"})),
        key("none", json!({})),
        key("other", json!({"alg": "HS512"})),
        key("enc", json!({"alg": "HS256", "use": "enc"})),
    ]));
    let (mut files, known) = KeyFiles::start(&settings).unwrap();
    let signed = |kid: &str| {
        let key = EncodingKey::from_secret(SECRET.as_bytes()).unwrap();
        encode(&header(Algorithm::HS256, kid), &claims(), &key).unwrap()
    };
    let taken = |kid: &str| owner_of(&known.borrow(), &signed(kid)).is_some();
    assert!(taken("hs"));
    let mut credentials = Credentials::none().with_issuers(known.clone());
    let grant = credentials.of_token(&signed("hs"), Timestamp::now()).unwrap();
    let mut still_holds = || (credentials.have_changed(), credentials.still_hold(&grant, Timestamp::now()));
    for kid in ["none", "other", "enc"] {
        assert!(!taken(kid), "{kid}");
    }
    fs::write(&file, "{").unwrap();
    files.refresh();
    assert!(taken("hs"), "a file that cannot be read changes nothing");
    write(json!([key("hs", json!({"alg": "HS256"})), key("new", json!({"alg": "HS256"}))]));
    files.refresh();
    assert_eq!(still_holds(), (true, true), "its key is still there");
    write(json!([key("new", json!({"alg": "HS256"}))]));
    files.refresh();
    assert!(taken("new") && !taken("hs"), "what is remembered of the old keys is forgotten");
    assert_eq!(still_holds(), (true, false), "what the key granted ends with it");
    write(json!([{"kty": "oct", "kid": "x", "alg": "HS256", "k": "c2hvcnQ"}]));
    assert!(Issuers::read(&settings).unwrap_err().to_string().contains("32 bytes"));
}

#[test]
fn a_key_that_is_none_for_its_algorithm_is_an_error_that_names_it() {
    for key in [public("k", auth::Algorithm::RS256, "nonsense"), public("k", auth::Algorithm::EdDSA, RSA_PUBLIC)] {
        let mut settings = settings();
        settings.jwt[0].keys = vec![key];
        let error = Issuers::read(&settings).unwrap_err().to_string();
        assert!(error.starts_with("the key k of the issuer https://id.example cannot be used: "), "{error}");
    }
}
