//! The key of a database: that of the settings, or else of the file beside it; marks in the database show whether it is one
//! that what is sealed there was sealed with.

use rusqlite::Connection;

use super::OpenError;
use super::place::Place;
use super::schema::Age;
use crate::Error;
use crate::seal::Sealer;

/// The key for the one who owns the database; a file is made where neither it nor a setting is there.
///
/// # Errors
/// Where the database was sealed with another key. A file that is gone is no error: a person who has lost the key goes on with
/// a new one, and one who finds it again goes back to it.
pub(super) fn open(writer: &Connection, place: &Place, setting: Option<&str>, age: Age) -> Result<Sealer, OpenError> {
    let path = place.beside(".key");
    let is_lost = setting.is_none() && age == Age::Old && !path.exists();
    if is_lost {
        log::warn!("{} is missing and made anew: older sealed values cannot be opened", path.display());
    }
    let sealer = match setting {
        Some(key) => Sealer::from_setting(key)?,
        None => Sealer::from_file(&path)?,
    };
    // Nothing is sealed where nothing is kept.
    if is_empty(writer)? {
        writer.execute("DELETE FROM seal", [])?;
    }
    let marks = marks(writer)?;
    if is_lost || marks.is_empty() {
        writer.execute("INSERT INTO seal (mark) VALUES (?1)", [sealer.mark()])?;
    } else {
        check(&sealer, &marks, place, setting)?;
    }
    Ok(sealer)
}

/// The key for somebody beside the owner, who makes and marks nothing: one that opens nothing where there is none.
///
/// # Errors
/// Where the database was sealed with another key.
pub(super) fn beside(connection: &Connection, place: &Place, setting: Option<&str>) -> Result<Sealer, OpenError> {
    let path = place.beside(".key");
    let sealer = match setting {
        Some(key) => Sealer::from_setting(key)?,
        None if path.exists() => Sealer::from_file(&path)?,
        None => return Ok(Sealer::random()?),
    };
    check(&sealer, &marks(connection)?, place, setting)?;
    Ok(sealer)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sessions) AND NOT EXISTS (SELECT 1 FROM documents)";
    connection.query_row(sql, [], |row| row.get(0))
}

fn marks(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare("SELECT mark FROM seal")?.query_map([], |row| row.get(0))?.collect()
}

fn check(sealer: &Sealer, marks: &[String], place: &Place, setting: Option<&str>) -> Result<(), OpenError> {
    if marks.is_empty() || marks.iter().any(|mark| sealer.has_made(mark)) {
        return Ok(());
    }
    let (database, file) = (place.path().display(), place.beside(".key"));
    let file = file.display();
    let why = match setting {
        Some(_) => format!(
            "the secrets in {database} were sealed with another key than store.secret_key: set it to the one they were sealed \
             with, which stands in {file} unless one was set before; or leave it out and move {file} away to have a new one \
             made, and those secrets are lost"
        ),
        None => format!(
            "the secrets in {database} were sealed with another key than that in {file}: restore that file, or set \
             store.secret_key if one was set before; or move the file away to have a new one made, and those secrets are lost"
        ),
    };
    Err(Error::Unusable(why).into())
}
