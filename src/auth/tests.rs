//! Who passes the gate.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::config::trust::TrustLoopback;
use crate::domain::secret::Secret;

const HERE: &str = "127.0.0.1";
const ELSEWHERE: &str = "192.0.2.7";

fn settings(token: Option<&str>, store: &str) -> Settings {
    let mut settings = Settings::default();
    settings.server.admin_token = token.map(|token| Secret::from(token.to_owned()));
    settings.store.url = store.into();
    settings
}

fn gate(token: Option<&str>, listens_on: &str) -> (Gate, Option<NewToken>) {
    Gate::open(&settings(token, "memory:"), listens_on.parse().unwrap()).unwrap()
}

fn caller<'a>(peer: &str, is_forwarded: bool, authorization: &'a str) -> Caller<'a> {
    let authorization = Some(authorization.as_bytes()).filter(|text| !text.is_empty());
    Caller { peer: Some(peer.parse().unwrap()), is_forwarded, authorization }
}

#[test]
fn without_a_token_only_this_machine_passes() {
    let (gate, made) = gate(None, HERE);
    assert_eq!(made, None);
    for here in [HERE, "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
        assert!(gate.admits(caller(here, false, "")), "{here}");
        assert!(!gate.admits(caller(here, true, "")), "{here}");
        assert!(!gate.admits(caller(here, true, "Bearer x")), "{here}");
    }
    assert!(!gate.admits(caller(ELSEWHERE, false, "")));
    assert!(!gate.admits(Caller::default()));
}

#[test]
fn a_token_that_is_set_is_asked_of_everybody() {
    let (gate, made) = gate(Some("correct-horse-battery"), "0.0.0.0");
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
        for (peer, is_forwarded) in [(HERE, false), (ELSEWHERE, false), (HERE, true)] {
            assert_eq!(gate.admits(caller(peer, is_forwarded, shown)), passes, "{peer} {shown:?}");
        }
    }
}

#[test]
fn a_server_that_others_can_reach_makes_a_token_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("board.db");
    fs::write(&database, "").unwrap();
    let settings = settings(None, &format!("sqlite:{}", database.display()));
    let (first, made) = Gate::open(&settings, "0.0.0.0".parse().unwrap()).unwrap();
    let NewToken { token, path } = made.unwrap();
    let path = path.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (second, made) = Gate::open(&settings, "::".parse().unwrap()).unwrap();
    assert_eq!(made, None);
    for gate in [first, second] {
        assert!(gate.admits(caller(ELSEWHERE, false, &format!("Bearer {token}"))));
        assert!(!gate.admits(caller(ELSEWHERE, false, "")));
        assert!(!gate.admits(caller(HERE, false, "")), "a container's gateway may look like this machine");
    }
    fs::write(&path, "short\n").unwrap();
    let refused = Gate::open(&settings, "0.0.0.0".parse().unwrap()).unwrap_err().to_string();
    assert!(refused.contains("board.db.admin-token") && !refused.contains("short"), "{refused}");
}

#[test]
fn a_setting_says_whether_this_machine_is_trusted() {
    for (trust_loopback, listens_on, is_trusted, makes_token) in [
        (TrustLoopback::Auto, HERE, true, false),
        (TrustLoopback::Auto, "0.0.0.0", false, true),
        (TrustLoopback::Always, "0.0.0.0", true, true),
        (TrustLoopback::Never, HERE, false, true),
    ] {
        let mut settings = settings(None, "memory:");
        settings.server.trust_loopback = trust_loopback;
        let (gate, made) = Gate::open(&settings, listens_on.parse().unwrap()).unwrap();
        assert_eq!(gate.admits(caller(HERE, false, "")), is_trusted, "{trust_loopback:?} {listens_on}");
        assert!(!gate.admits(caller(HERE, true, "")) && !gate.admits(caller(ELSEWHERE, false, "")));
        assert_eq!(made.is_some(), makes_token, "{trust_loopback:?} {listens_on}");
    }
}

#[test]
fn a_token_is_never_shown_by_accident() {
    let made = gate(None, "0.0.0.0").1.unwrap();
    assert!(made.path.is_none() && !format!("{made:?}").contains(&made.token));
}

proptest! {
    #[test]
    fn nothing_but_the_token_passes(header: Vec<u8>, token in "[!-~]{16,40}") {
        let (gate, _) = gate(Some(&token), HERE);
        let right = [b"Bearer ".as_slice(), token.as_bytes()].concat();
        let shown = |header| Caller { peer: HERE.parse().ok(), is_forwarded: false, authorization: Some(header) };
        prop_assert!(gate.admits(shown(&right)));
        prop_assert!(header == right || !gate.admits(shown(&header)));
        let shorter = right.split_last().map(|(_, rest)| rest).unwrap_or_default();
        prop_assert!(!gate.admits(shown(shorter)));
    }
}
