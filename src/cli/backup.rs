//! `callboard backup FILE` and `callboard restore FILE`.

use std::path::Path;

use crate::config::Settings;
use crate::store::{Copied, backup, restore};

/// Copies the database to a file; gives what is said of it.
pub(super) fn back_up(settings: &Settings, file: &Path) -> anyhow::Result<String> {
    let Copied { sessions, bytes, key, .. } = backup(&settings.store, file)?;
    let mut text = format!("{}: {sessions} sessions, {bytes} bytes\n", file.display());
    if let Some(key) = key {
        text.push_str(&format!("{}: the key to its secrets; keep both, and keep both private\n", key.display()));
    }
    Ok(text)
}

/// Puts a copy in the place of the database; gives what is said of it.
pub(super) fn put_back(settings: &Settings, file: &Path) -> anyhow::Result<String> {
    let Copied { sessions, key, replaced, .. } = restore(&settings.store, file)?;
    let mut text = format!("{sessions} sessions are restored from {}\n", file.display());
    if key.is_none() {
        text.push_str("no key stands beside the copy: secrets in it can be read with the key of before only\n");
    }
    if let Some(replaced) = replaced {
        text.push_str(&format!("{}: what was there before\n", replaced.display()));
    }
    Ok(text)
}
