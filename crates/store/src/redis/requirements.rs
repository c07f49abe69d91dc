//! What the engine must be like, read from itself: without eviction, and with a log on disk that is synced at each commit.

use std::collections::HashMap;

use redis::{Connection, RedisResult};

use super::address::Address;
use crate::Error;

/// What the engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    version: Option<String>,
    is_valkey: bool,
    /// `standalone`, `sentinel` or `cluster`.
    mode: Option<String>,
    eviction: Option<String>,
    append_only: Option<String>,
    append_sync: Option<String>,
}

impl Report {
    /// Asks for it. What the user may not ask for is left out.
    pub(super) fn read(connection: &mut Connection) -> RedisResult<Self> {
        let info = allowed(redis::cmd("INFO").query::<String>(connection))?.unwrap_or_default();
        let mut facts = HashMap::new();
        for (name, value) in info.lines().filter_map(|line| line.split_once(':')) {
            facts.insert(name, value.to_owned());
        }
        let mut setting = |name: &str| -> RedisResult<Option<String>> {
            let found: Option<HashMap<String, String>> =
                allowed(redis::cmd("CONFIG").arg("GET").arg(name).query(connection))?;
            Ok(found.and_then(|mut found| found.remove(name)))
        };
        let eviction = setting("maxmemory-policy")?;
        let append_only = setting("appendonly")?;
        let append_sync = setting("appendfsync")?;
        let mut fact = |name: &str| facts.remove(name);
        let valkey = fact("valkey_version");
        Ok(Self {
            is_valkey: valkey.is_some(),
            version: valkey.or_else(|| fact("redis_version")),
            mode: fact("redis_mode").or_else(|| fact("server_mode")),
            eviction: eviction.or_else(|| fact("maxmemory_policy")),
            append_only,
            append_sync,
        })
    }

    /// What is promised with such an engine, in words for the log.
    ///
    /// # Errors
    /// [`Error::Unusable`], with what to change.
    pub(super) fn judge(&self, address: &Address, accepts_loss: bool, replicas: u32) -> Result<Promise, Error> {
        let unusable = |reason: String| Err(Error::Unusable(format!("the engine {address} {reason}")));
        if let Some(version) = &self.version
            && !self.is_valkey
            && version.split('.').next().and_then(|major| major.parse::<u32>().ok()).is_none_or(|major| major < 7)
        {
            return unusable(format!("is Redis {version}: use Redis 7.0 or newer, or Valkey"));
        }
        match self.mode.as_deref() {
            Some("cluster") => {
                return unusable(
                    "is a node of a Redis Cluster, which is not supported: use a single Redis, or one with Sentinel"
                        .into(),
                );
            }
            Some("sentinel") => {
                return unusable("is a Sentinel: write redis+sentinel://HOST:PORT/SERVICE in store.url".into());
            }
            Some(_) | None => {}
        }
        match self.eviction.as_deref() {
            Some("noeviction") => {}
            Some(policy) => {
                return unusable(format!(
                    "removes keys where its memory is full (maxmemory-policy is {policy}): set it to noeviction"
                ));
            }
            None if accepts_loss => {}
            None => {
                return unusable(
                    "does not show its configuration (CONFIG GET and INFO), so that nobody knows what it keeps: allow the \
                     user in store.url to read it, or set store.accept_loss = true"
                        .into(),
                );
            }
        }
        let copies = match replicas {
            0 => "a failover to a replica may lose the last of it (store.wait_replicas is 0)".to_owned(),
            1 => "a replica has it before it is acknowledged".to_owned(),
            many => format!("{many} replicas have it before it is acknowledged"),
        };
        let loss = match (self.append_only.as_deref(), self.append_sync.as_deref()) {
            (Some("yes"), Some("always")) => {
                return Ok(Promise::Kept(format!(
                    "what is acknowledged outlives a power cut of the engine (appendfsync is always); {copies}"
                )));
            }
            (Some("no"), _) => "the engine keeps no log on disk (appendonly is no)".to_owned(),
            (_, Some(sync)) => format!("the engine syncs its log to disk late (appendfsync is {sync})"),
            (_, None) => "the engine does not show how it keeps its data (CONFIG GET)".to_owned(),
        };
        if accepts_loss {
            return Ok(Promise::Partly(format!(
                "{loss}: its end may lose what was acknowledged, as store.accept_loss allows; {copies}"
            )));
        }
        Err(Error::Unusable(format!(
            "{address}: {loss}, so that its end would lose what was acknowledged: set appendonly to yes and appendfsync to \
             always, or set store.accept_loss = true"
        )))
    }
}

/// What is promised of acknowledged commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// They are kept.
    Kept(String),
    /// The last of them may be lost.
    Partly(String),
}

/// What is refused to this user, or is not there, is unknown, and no error.
fn allowed<T>(answer: RedisResult<T>) -> RedisResult<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.code(), Some("NOPERM")) => Ok(None),
        // Some who run it for others take the command away.
        Err(error) if error.to_string().contains("unknown command") => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(words: [Option<&str>; 5]) -> Report {
        let [version, mode, eviction, append_only, append_sync] = words.map(|word| word.map(str::to_owned));
        Report { version, is_valkey: false, mode, eviction, append_only, append_sync }
    }

    fn judge(report: &Report, accepts_loss: bool) -> Result<Promise, String> {
        let address = "redis://:secret@host".parse().unwrap();
        report.judge(&address, accepts_loss, 0).map_err(|error| error.to_string())
    }

    #[test]
    fn an_engine_that_may_lose_what_was_acknowledged_is_refused_unless_that_is_accepted() {
        let good = [Some("7.0.15"), Some("standalone"), Some("noeviction"), Some("yes"), Some("always")];
        assert!(matches!(judge(&report(good), false), Ok(Promise::Kept(_))));
        let with = |at: usize, word: Option<&'static str>| {
            let mut words = good;
            words[at] = word;
            report(words)
        };
        for (report, names) in [
            (with(3, Some("no")), "appendonly"),
            (with(4, Some("everysec")), "everysec"),
            (with(4, None), "CONFIG GET"),
            (with(2, None), "configuration"),
        ] {
            let refused = judge(&report, false).unwrap_err();
            assert!(refused.contains(names) && refused.contains("accept_loss"), "{refused}");
            assert!(refused.contains("redis://host:6379") && !refused.contains("secret"), "{refused}");
            assert!(judge(&report, true).is_ok(), "{report:?}");
        }
        assert!(matches!(judge(&with(4, Some("everysec")), true), Ok(Promise::Partly(_))));
        for (report, names) in [
            (with(2, Some("allkeys-lru")), "noeviction"),
            (with(0, Some("6.2.7")), "7.0"),
            (with(1, Some("cluster")), "Cluster"),
            (with(1, Some("sentinel")), "redis+sentinel://"),
        ] {
            for accepts_loss in [false, true] {
                let refused = judge(&report, accepts_loss).unwrap_err();
                assert!(refused.contains(names), "{refused}");
            }
        }
    }
}
