//! Files become JSON: YAML whose aliases are counted, and JSON with comments.

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::Value;

use crate::File;
use crate::fault::Faults;

/// A file that was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) value: Value,
}

/// Most aliases of a YAML file, and most values that they stand for. No real project has more than a few.
const MOST_ALIASES: usize = 100;
const MOST_REPEATED: usize = 10_000;

/// Most bytes of a file.
const MOST_BYTES: usize = 1 << 20;

/// A path with `/` between folders, and nothing in front.
pub(crate) fn plain(path: &str) -> String {
    let path = path.replace('\\', "/");
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// The folder and the name of a path.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Reads a file by what its name ends with; nothing where it cannot be read.
pub(crate) fn read(file: &File<'_>, faults: &mut Faults) -> Option<Source> {
    let path = plain(file.path);
    let loc = [path.clone()];
    if file.text.len() > MOST_BYTES {
        faults.fault(&loc, format!("must have at most {MOST_BYTES} bytes"), "too_large");
        return None;
    }
    let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    let read = if is_yaml { yaml(file.text) } else { jsonc(file.text) };
    let value = read.map_err(|reason| faults.fault(&loc, reason, "unreadable")).ok()?;
    Some(Source { path, value })
}

fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: MOST_ALIASES,
            max_anchors: MOST_ALIASES,
            max_depth: 32,
            max_documents: 1,
            max_nodes: 100_000,
            max_total_scalar_bytes: 4 * MOST_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MOST_REPEATED,
            max_replay_stack_depth: 8,
            max_alias_expansions_per_anchor: MOST_ALIASES,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| format!("cannot be read as YAML: {}", first_line(&error)))
}

fn jsonc(text: &str) -> Result<Value, String> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let text = text.trim_start_matches('\u{feff}');
    parse_to_serde_value(text, &options).map_err(|error| format!("cannot be read as JSON: {}", first_line(&error)))
}

/// The first line of what a parser says: what follows quotes its input.
fn first_line(error: &impl ToString) -> String {
    error.to_string().lines().next().unwrap_or_default().chars().take(300).collect()
}
