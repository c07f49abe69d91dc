//! Files that only the server's own user may read: how they are written, and what is done where others can.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a line to a file beside its place and moves it there, so that a crash leaves no half of it.
///
/// # Errors
/// Those of the system.
pub fn write(path: &Path, line: &str) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    // One that a crash left may have other rights, which opening would not change.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    file.write_all(line.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// The folder that a file is in: a bare name is in the one where the program runs.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Takes a file's rights from all but its owner; one that is not there is left so.
pub fn restrict(path: &Path) {
    let Ok(facts) = fs::metadata(path) else { return };
    let mode = facts.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(mode & !0o077)) {
        Ok(()) => log::info!("{} could be used by others than its owner, and cannot any more", path.display()),
        Err(_) => warn_of_readers(path),
    }
}

/// Logs a warning where others than its owner can read the file.
pub fn warn_of_readers(path: &Path) {
    if let Ok(facts) = fs::metadata(path)
        && facts.permissions().mode() & 0o077 != 0
    {
        log::warn!("{} can be read by others than its owner: it should have mode 600", path.display());
    }
}
