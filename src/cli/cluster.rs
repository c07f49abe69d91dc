//! `callboard cluster`: asks the server at the configured address which servers there are, and what each has.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::healthcheck::addresses;
use crate::config::Settings;

/// For the whole question and answer.
const LIMIT: Duration = Duration::from_secs(5);

/// What is printed of `GET /api/v1/cluster`.
#[derive(Debug, Deserialize)]
struct Cluster {
    members: Vec<Member>,
    slots: usize,
    unowned: usize,
    lag: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Member {
    id: String,
    advertise: String,
    slots: usize,
    beat_age: f64,
    state: String,
    is_this: bool,
}

/// Asks the server that these settings are of; gives what is to be printed.
///
/// # Errors
/// Where it does not answer, or does not let the admin token of the settings in.
pub(super) fn run(settings: &Settings) -> anyhow::Result<String> {
    let server = &settings.server;
    if server.port == 0 {
        bail!("the port is 0: which one the server took is not known here; give it with --port");
    }
    let address = addresses(&server.host, server.port)?.into_iter().next().context("the host has no address")?;
    let scheme = if settings.tls.files().is_some() { "https" } else { "http" };
    let asked = async {
        // It is the server of these settings, whatever its certificate says.
        let client =
            reqwest::Client::builder().no_proxy().timeout(LIMIT).tls_danger_accept_invalid_certs(true).build()?;
        let mut request = client.get(format!("{scheme}://{address}/api/v1/cluster"));
        if let Some(token) = &server.admin_token {
            request = request.bearer_auth(token.reveal());
        }
        request.send().await?.error_for_status()?.text().await
    };
    let answer = actix::System::new().block_on(asked).map_err(|error| error.without_url());
    let answer = answer.with_context(|| format!("the server at {address} does not say"))?;
    Ok(shown(&serde_json::from_str(&answer).context("it answers something else")?))
}

fn shown(cluster: &Cluster) -> String {
    if cluster.members.is_empty() {
        return "one server, with a store of its own\n".to_owned();
    }
    let width =
        |of: fn(&Member) -> &str| cluster.members.iter().map(|member| of(member).len()).max().unwrap_or_default();
    let (ids, places) = (width(|member| &member.id), width(|member| &member.advertise));
    let mut text = String::new();
    for Member { id, advertise, slots, beat_age, state, is_this } in &cluster.members {
        let mark = if *is_this { "*" } else { " " };
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "{mark} {id:ids$}  {advertise:places$}  {state:9}  {slots:3} of {} slots  seen {beat_age:.1} s ago",
            cluster.slots
        );
    }
    if cluster.unowned > 0 {
        let _ = writeln!(text, "{} slots have no owner at this moment", cluster.unowned);
    }
    if cluster.lag.is_none() {
        text.push_str("the engine does not answer; this is how it was before\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_line() {
        let text = r#"{"members":[
            {"id":"a1","incarnation":"x","advertise":"one:8000","slots":200,"beat_age":0.12,"state":"live","is_this":true},
            {"id":"b","incarnation":"y","advertise":"o:1","slots":6,"beat_age":2.0,"state":"suspected","is_this":false}
        ],"slots":256,"unowned":50,"lag":null}"#;
        let expected = "* a1  one:8000  live       200 of 256 slots  seen 0.1 s ago\n  \
                        b   o:1       suspected    6 of 256 slots  seen 2.0 s ago\n\
                        50 slots have no owner at this moment\nthe engine does not answer; this is how it was before\n";
        assert_eq!(shown(&serde_json::from_str(text).unwrap()), expected);
        let alone = Cluster { members: Vec::new(), slots: 256, unowned: 0, lag: None };
        assert_eq!(shown(&alone), "one server, with a store of its own\n");
    }
}
