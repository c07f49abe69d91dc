//! A definition as the store has it.

use serde_json::{Value, json};

use crate::store::Store;
use crate::workflow::definition::Definition;
use crate::workflow::refused::Refused;

/// The collection of the definitions.
pub const DEFINITIONS: &str = "workflows";

/// The definition with this id, where there is one.
///
/// # Errors
/// [`Refused::Unavailable`], also where what is stored is damaged.
pub async fn stored(store: &Store, id: &str) -> Result<Option<Definition>, Refused> {
    let Some(document) = store.document(DEFINITIONS, id).await? else { return Ok(None) };
    let damaged = |error: serde_json::Error| Refused::Unavailable(format!("the definition of {id:?}: {error}"));
    let mut body: Value = serde_json::from_str(&document.body).map_err(damaged)?;
    if let Value::Object(fields) = &mut body {
        // The document's own marks are the ones that count.
        fields.insert("id".into(), json!(document.id));
        fields.insert("version".into(), json!(document.version));
        fields.insert("created_at".into(), json!(document.created_at));
        fields.insert("updated_at".into(), json!(document.updated_at));
    }
    serde_json::from_value(body).map(Some).map_err(damaged)
}
