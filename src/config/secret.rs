//! All secrets among the settings.

use serde_json::Value;

use super::Settings;

/// What the name of a variable has in it whose value is a secret.
const TELLING: [&str; 7] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY"];

/// The same as a word between underscores, as it is part of other words.
const TELLING_WORDS: [&str; 4] = ["KEY", "PASS", "PWD", "AUTH"];

impl Settings {
    /// Every secret in the settings: to be hidden wherever text is kept or shown.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let own = [&self.server.admin_token, &self.store.secret_key];
        let mut secrets: Vec<String> = own.into_iter().flatten().map(|secret| secret.reveal().to_owned()).collect();
        secrets.extend(self.auth.secrets().map(|secret| secret.reveal().to_owned()));
        secrets.extend(passwords(&self.store.url));
        secrets.extend(self.callback.iter().filter_map(|callback| Some(callback.secret.as_ref()?.reveal().to_owned())));
        let tasks = self.task.iter().map(|task| (&task.env, &task.secrets));
        let handlers = self.event_handler.iter().map(|handler| (&handler.env, &handler.secrets));
        for (env, named) in tasks.chain(handlers) {
            for (name, value) in env {
                if named.contains(name) || is_telling(name) {
                    secrets.push(value.clone());
                }
                secrets.extend(passwords(value));
            }
        }
        secrets.extend(self.model.values().flat_map(callboard_model::Settings::secrets).map(str::to_owned));
        for agent in &self.agent {
            let entries = |key: &str| agent.config.get(key).and_then(Value::as_object).into_iter().flatten();
            let named: Vec<&str> = agent
                .config
                .get("secrets")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            for (name, value) in entries("env").filter_map(|(name, value)| Some((name, value.as_str()?))) {
                if named.contains(&name.as_str()) || is_telling(name) {
                    secrets.push(value.to_owned());
                }
                secrets.extend(passwords(value));
            }
            let headers = entries("headers").filter(|(name, _)| is_telling_header(name));
            secrets.extend(headers.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
        }
        secrets
    }
}

/// Whether a header's name says that its value is a secret.
fn is_telling_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "authorization" | "proxy-authorization" | "cookie") || is_telling(&name.replace('-', "_"))
}

/// Whether the name of a variable says that its value is a secret.
fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    TELLING.iter().any(|part| name.contains(part)) || name.split('_').any(|word| TELLING_WORDS.contains(&word))
}

/// The password in an address, as it is written there and as it is. An address may name several hosts, which a URL does not.
fn passwords(address: &str) -> Vec<String> {
    let Some((_, rest)) = address.split_once("://") else { return Vec::new() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let credentials = authority.rsplit_once('@').map(|(credentials, _)| credentials);
    let Some((_, written)) = credentials.and_then(|credentials| credentials.split_once(':')) else { return Vec::new() };
    if written.is_empty() {
        return Vec::new();
    }
    let pair = format!("p={}", written.replace('+', "%2B").replace('&', "%26"));
    let read = url::form_urlencoded::parse(pair.as_bytes()).map(|(_, password)| password.into_owned());
    [written.to_owned()].into_iter().chain(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::known::SECRETS;
    use super::*;
    use crate::config::handler::EventHandler;
    use crate::config::task::CommandTask;
    use crate::domain::secret::Secret;

    #[test]
    fn the_name_of_a_variable_says_whether_it_is_secret() {
        for name in
            ["DB_PASSWORD", "api_token", "AWS_SECRET_ACCESS_KEY", "CHILD_KEY", "KEY", "BASIC_AUTH", "GithubToken"]
        {
            assert!(is_telling(name), "{name}");
        }
        for name in ["STAGE", "KEYBOARD", "MONKEY", "AUTHOR", "COMPASS", "PASSENGERS", "OUT"] {
            assert!(!is_telling(name), "{name}");
        }
    }

    #[test]
    fn every_secret_of_the_settings_is_known() {
        let env =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let mut settings = Settings::default();
        settings.server.admin_token = Some(Secret::from("admin".to_owned()));
        settings.store.secret_key = Some(Secret::from("sealing".to_owned()));
        settings.store.url = "redis://u:p%2Bw@host/".into();
        settings.task.push(CommandTask {
            env: env(&[("API_KEY", "task"), ("STAGE", "test"), ("PIN", "1234"), ("DB", "postgres://u:pg@db/x")]),
            secrets: vec!["PIN".into()],
            ..CommandTask::default()
        });
        settings.event_handler.push(EventHandler { env: env(&[("HOOK_TOKEN", "hook")]), ..EventHandler::default() });
        let mut secrets = settings.secrets();
        assert_eq!(passwords("redis+sentinel://u:p%40w@one:1,two:2/main"), ["p%40w", "p@w"]);
        secrets.sort_unstable();
        secrets.dedup();
        assert_eq!(secrets, ["1234", "admin", "hook", "p%2Bw", "p+w", "pg", "sealing", "task"]);
        assert_eq!(SECRETS, ["server.admin_token", "store.secret_key"], "a new secret belongs into `secrets`, too");
    }
}
