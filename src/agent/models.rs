//! The models of the settings, each with its client, which is made when it is first needed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use callboard_model::{Client, Settings};

/// The model of an agent that names none.
pub(super) const DEFAULT: &str = "default";

/// The models of the settings.
pub(super) struct Models {
    by_name: BTreeMap<String, Model>,
}

struct Model {
    settings: Settings,
    client: OnceLock<Result<Client, String>>,
}

impl Models {
    pub(super) fn new(settings: &BTreeMap<String, Settings>) -> Self {
        let model = |settings: &Settings| Model { settings: settings.clone(), client: OnceLock::new() };
        Self { by_name: settings.iter().map(|(name, settings)| (name.clone(), model(settings))).collect() }
    }

    /// The client of a model, or of the default one.
    ///
    /// # Errors
    /// What to set where there is no such model; why there is no client.
    pub(super) fn get(&self, name: Option<&str>) -> Result<&Client, String> {
        let name = name.unwrap_or(DEFAULT);
        let model = self.by_name.get(name).ok_or_else(|| match name {
            DEFAULT => {
                "model: no model is configured: set OPENAI_BASE_URL and OPENAI_API_KEY, or [model.default] in the \
                        settings"
                    .to_owned()
            }
            _ => format!("model: there is no [model.{name}] in the settings"),
        })?;
        let client =
            model.client.get_or_init(|| Client::new(model.settings.clone()).map_err(|error| error.to_string()));
        client.as_ref().map_err(|error| format!("model: {error}"))
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}
