//! How what is kept is laid out, and with which key it is sealed: servers that differ in either leave each other's data alone.

use super::link::Link;
use super::membership::newer;
use super::place::Place;
use super::{FORMAT, unusable};
use crate::Error;
use crate::seal::Sealer;

/// Looks whether what is there was written by a server like this one, with the same key; marks what is new.
///
/// # Errors
/// [`Error::Unusable`], with what to change.
pub(super) fn check(link: &mut Link, place: &Place, sealer: &Sealer) -> Result<(), Error> {
    let (meta, sealed) = (place.key("meta"), sealer.mark());
    let mut marking = |name: &str, value: &str| {
        link.call(|connection| redis::cmd("HSETNX").arg(&meta).arg(name).arg(value).exec(connection))
    };
    marking("format", &FORMAT.to_string())
        .and_then(|()| marking("seal", &sealed))
        .map_err(|failure| unusable(&failure))?;
    let (format, seal): (String, String) = link
        .call(|connection| redis::cmd("HMGET").arg(&meta).arg("format").arg("seal").query(connection))
        .map_err(|failure| unusable(&failure))?;
    let (name, address) = (place.name(), link.address());
    if format != FORMAT.to_string() {
        return Err(newer(link, place, &format));
    }
    if sealer.has_made(&seal) {
        return Ok(());
    }
    Err(Error::Unusable(format!(
        "the cluster {name:?} on {address} has another store.secret_key than this server: give all its servers the same, \
         or choose another cluster.name"
    )))
}
