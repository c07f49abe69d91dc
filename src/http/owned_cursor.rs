//! Where a list goes on that has what belongs to all: an operator's cursor names an id and its owner.

use super::decode::fault;
use super::error::{Code, Problem};
use crate::domain::owner::Owner;

/// Stands between the two: no id has it in it.
const BETWEEN: char = '@';

/// The cursor behind what has this id and belongs to this owner.
pub(super) fn write_place(owner: &Owner, id: &str) -> String {
    format!("{id}{BETWEEN}{owner}")
}

/// Reads what [`write_place`] gave; an id alone is the server's.
///
/// # Errors
/// Where it is no such cursor.
pub(super) fn read_place(cursor: &str) -> Result<(Owner, String), Problem> {
    let Some((id, owner)) = cursor.split_once(BETWEEN) else { return Ok((Owner::SERVER, cursor.to_owned())) };
    let owner = owner.parse().map_err(|_| {
        let fault = fault(&["query", "cursor"], "is none that this server has given", "invalid_value");
        Problem::invalid(Code::InvalidQuery, vec![fault])
    })?;
    Ok((owner, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_names_an_id_and_its_owner() {
        for (owner, id) in [("server", "a"), ("ada@example.org", "a.b-c"), ("Ada Lovelace", "x")] {
            let owner: Owner = owner.parse().unwrap();
            assert_eq!(read_place(&write_place(&owner, id)), Ok((owner, id.to_owned())));
        }
        assert_eq!(read_place("a"), Ok((Owner::SERVER, "a".to_owned())));
        assert_eq!(read_place("a@").unwrap_err().code, Code::InvalidQuery);
    }
}
