//! RESULTS.md: the part between two markers is written by the harness, the rest by people.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- compare: begin -->";
const END: &str = "<!-- compare: end -->";

/// Puts `text` between the markers of the file at `path`.
///
/// # Errors
/// The file cannot be read or written, or the markers are not in it, in that order.
pub fn put(path: &Path, text: &str) -> Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let new = replace(&old, text).with_context(|| format!("no markers in {}", path.display()))?;
    Ok(fs::write(path, new)?)
}

fn replace(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let old = format!("# A\n{BEGIN}\nold\n{END}\nkept\n");
        let new = replace(&old, "new\n").unwrap();
        assert_eq!(new, format!("# A\n{BEGIN}\nnew\n{END}\nkept\n"));
        assert_eq!(replace(&new, "new").unwrap(), new);
        assert!(replace("# A\n", "new").is_none());
    }
}
