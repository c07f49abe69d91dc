//! The headers that agents of kind `http` send. They hold credentials: so they are kept sealed, and nobody is shown them.
//!
//! In an agent's `config`, a header is a text where a client or the settings say it, and `{"sealed": TEXT}` where it is kept.

use serde_json::{Map, Value, json};

use super::{Agent, AgentKind, Error, Kept, Thing};
use crate::domain::mask::MASK;
use crate::store::Store;

const HEADERS: &str = "headers";
const SEALED: &str = "sealed";

/// An agent whose headers are sealed.
pub(super) fn sealed(mut agent: Agent, store: &Store) -> Agent {
    for value in of_mut(&mut agent).into_iter().flat_map(Map::values_mut) {
        if let Value::String(text) = value {
            *value = json!({SEALED: store.seal(text.as_bytes())});
        }
    }
    agent
}

/// An agent in which a header that a client was shown masked, and sends back like that, is what it was before.
///
/// # Errors
/// [`Error::HiddenHeader`] where it was nothing.
pub(super) fn restored(mut agent: Agent, before: Option<&Agent>) -> Result<Agent, Error> {
    for (name, value) in of_mut(&mut agent).into_iter().flatten() {
        if value == MASK {
            let kept = before.and_then(of).and_then(|headers| headers.get(name));
            *value = kept.ok_or_else(|| Error::HiddenHeader(name.clone()))?.clone();
        }
    }
    Ok(agent)
}

/// An agent as it is shown.
pub(super) fn masked(mut agent: Agent) -> Agent {
    of_mut(&mut agent).into_iter().flat_map(Map::values_mut).for_each(|value| *value = MASK.into());
    agent
}

/// The headers that an agent sends.
///
/// # Errors
/// [`Error::Unavailable`] where they were sealed with another key.
pub(super) fn unsealed(agent: &Agent, store: &Store) -> Result<Vec<(String, String)>, Error> {
    let plain = |value: &Value| match value.get(SEALED).and_then(Value::as_str) {
        Some(sealed) => {
            let bytes = store.unseal(sealed)?;
            String::from_utf8(bytes).map_err(|error| Error::Unavailable(error.to_string()))
        }
        None => Ok(value.as_str().unwrap_or_default().to_owned()),
    };
    let headers = of(agent).into_iter().flatten();
    headers.map(|(name, value)| Ok((name.clone(), plain(value)?))).collect()
}

impl<T: Thing> Kept<T> {
    /// The same without what nobody is shown.
    #[must_use]
    pub(crate) fn shown(self) -> Self {
        Self { thing: self.thing.shown(), ..self }
    }
}

fn of(agent: &Agent) -> Option<&Map<String, Value>> {
    agent.config.get(HEADERS).filter(|_| agent.kind == AgentKind::Http)?.as_object()
}

fn of_mut(agent: &mut Agent) -> Option<&mut Map<String, Value>> {
    agent.config.get_mut(HEADERS).filter(|_| agent.kind == AgentKind::Http)?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(headers: Value) -> Agent {
        let config = json!({"url": "https://a.example/", "headers": headers});
        let config = config.as_object().unwrap().clone();
        Agent { kind: AgentKind::Http, config, ..Agent::default() }
    }

    #[actix_web::test]
    async fn headers_are_kept_sealed_shown_masked_and_sent_as_they_are() {
        let settings = crate::store::Settings { url: "memory:".into(), ..crate::store::Settings::default() };
        let store = Store::open(&settings, 1).unwrap();
        let given = agent(json!({"Authorization": "Bearer s3cret", "X-Team": "audit"}));
        let sent = vec![("Authorization".to_owned(), "Bearer s3cret".to_owned()), ("X-Team".into(), "audit".into())];
        assert_eq!(unsealed(&given, &store).unwrap(), sent);
        let kept = sealed(given, &store);
        assert!(!serde_json::to_string(&kept).unwrap().contains("s3cret"));
        assert_eq!(sealed(kept.clone(), &store), kept, "what is sealed is not sealed again");
        assert_eq!(unsealed(&kept, &store).unwrap(), sent);
        let shown = masked(kept.clone());
        assert_eq!(shown, agent(json!({"Authorization": "***", "X-Team": "***"})));
        assert_eq!(restored(shown.clone(), Some(&kept)), Ok(kept.clone()));
        assert_eq!(restored(shown, None), Err(Error::HiddenHeader("Authorization".into())));
        let changed = restored(agent(json!({"Authorization": "***", "X-New": "n"})), Some(&kept)).unwrap();
        let sent = unsealed(&changed, &store).unwrap();
        assert_eq!(sent, [("Authorization".to_owned(), "Bearer s3cret".to_owned()), ("X-New".into(), "n".into())]);
    }
}
