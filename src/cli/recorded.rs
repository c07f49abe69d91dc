//! What the audit trail says of the command line.

use crate::auth::Action;
use crate::store::Store;
use crate::trail::{self, NewEntry};

/// Who it is that uses the command line.
const PRINCIPAL: &str = "cli";

/// Records what was done to something; whether a server records what its callers do does not matter.
///
/// # Errors
/// Where the trail cannot be written.
pub(super) async fn record(store: &Store, action: Action, object: String) -> Result<(), trail::Error> {
    let entry = NewEntry {
        principal: PRINCIPAL.to_owned(),
        action: action.word(),
        object,
        address: None,
        allowed: true,
        request_id: None,
    };
    trail::append(store, entry).await
}
