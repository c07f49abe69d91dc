//! RESULTS.md: what is between two markers is written by the harness, the rest by people.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::{Context, Result};

/// What becomes of a table.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "where")]
pub struct Options {
    /// The file with markers that the table is put into
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md"), hide_default_value = true)]
    results: PathBuf,
    /// Print the table only
    #[arg(long)]
    dry_run: bool,
}

impl Options {
    /// Prints `text`, and puts it between the markers called `name`, unless it is to be printed only.
    ///
    /// # Errors
    /// The file cannot be read or written, or the markers are not in it, in that order.
    pub fn put(&self, name: &str, text: &str) -> Result<()> {
        println!("{text}");
        if self.dry_run { Ok(()) } else { put(&self.results, name, text) }
    }
}

fn put(path: &Path, name: &str, text: &str) -> Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let new = replace(&old, name, text).with_context(|| format!("no markers {name:?} in {}", path.display()))?;
    Ok(fs::write(path, new)?)
}

fn replace(old: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = old.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", text.trim_end()))
}

/// When, and on what machine.
pub fn machine() -> String {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    let date = date.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("processor", |(_, name)| name);
    let cores = available_parallelism().map_or(0, usize::from);
    format!("{date}, {cores} cores of {cpu}, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_of_that_name_changes() {
        let around = "<!-- b: begin -->\nb\n<!-- b: end -->\nkept\n";
        let old = format!("# A\n<!-- a: begin -->\nold\n<!-- a: end -->\n{around}");
        let new = replace(&old, "a", "new\n").unwrap();
        assert_eq!(new, format!("# A\n<!-- a: begin -->\nnew\n<!-- a: end -->\n{around}"));
        assert_eq!(replace(&new, "a", "new").unwrap(), new);
        assert!(replace(&new, "c", "new").is_none());
    }
}
