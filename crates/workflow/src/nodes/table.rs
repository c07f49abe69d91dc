//! Data: tables as text, with commas or another separator between their cells (RFC 4180).

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::bounded::{Bounded, LARGEST_TEXT};
use super::statistics::shown;
use super::{Cx, NodeError, plain};
use crate::node::{NodeClass, Spec};
use crate::port::{Input, Output, Type};

/// The classes of this family.
pub(super) fn classes() -> Vec<Arc<dyn NodeClass>> {
    let class = |name, description| Spec::new(name, "data", description);
    let separator = || Input::new("separator", Type::Text, "The character between two cells.").or(",");
    vec![
        plain(
            class("ParseCsv", "Reads the rows of a table from a text; all cells are texts.")
                .input(Input::new("text", Type::Text, "The text.").multiline())
                .input(Input::new("header", Type::Boolean, "Whether the first row names the columns.").or(true))
                .input(separator())
                .output(Output::new(
                    "rows",
                    Type::List,
                    "Objects by the names of the columns; lists without a header.",
                )),
            parse,
        ),
        plain(
            class("ToCsv", "Writes a list of objects or of lists as a table.")
                .input(Input::new("rows", Type::List, "The rows: all objects, or all lists."))
                .input(
                    Input::new("header", Type::Boolean, "Whether the keys of objects become the first row.").or(true),
                )
                .input(separator())
                .output(Output::new("text", Type::Text, "The table.")),
            write,
        ),
    ]
}

fn delimiter(separator: &str) -> Result<u8, NodeError> {
    match separator.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(format!("the separator must be one character such as , or ; but not {separator:?}").into()),
    }
}

fn parse(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (text, has_header, delimiter) = (cx.text(0)?, cx.boolean(1)?, delimiter(cx.text(2)?)?);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(has_header).from_reader(text.as_bytes());
    let names: Vec<String> =
        if has_header { reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect() } else { Vec::new() };
    if let Some((_, twice)) = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|one| one == *name))
    {
        return Err(format!("two columns are called {twice:?}").into());
    }
    let row_size = names.iter().map(String::len).sum::<usize>();
    let (mut rows, mut size) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        // Each row repeats the names, so that a long header makes much of a short text.
        size += row_size + record.as_slice().len();
        if size > LARGEST_TEXT {
            return Err(format!("the rows become larger than {LARGEST_TEXT} bytes").into());
        }
        let cells = record.iter().map(Json::from);
        rows.push(if has_header {
            Json::Object(names.iter().cloned().zip(cells).collect::<Map<String, Json>>())
        } else {
            cells.collect()
        });
    }
    cx.set(0, Json::from(rows));
    Ok(())
}

fn unreadable(error: csv::Error) -> NodeError {
    let line = error.position().map_or(0, csv::Position::line);
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return format!("line {line} has {len} cells where the first has {expected_len}").into();
    }
    format!("the table cannot be read: {error}").into()
}

fn write(cx: &mut Cx<'_>) -> Result<(), NodeError> {
    let (rows, with_header, delimiter) = (cx.list(0)?, cx.boolean(1)?, delimiter(cx.text(2)?)?);
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Bounded::default());
    let columns = columns(rows);
    if with_header && !columns.is_empty() {
        writer.write_record(&columns).map_err(|_| too_large())?;
    }
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = match row {
            Json::Array(cells) if columns.is_empty() => cells.iter().map(cell).collect(),
            Json::Object(map) => columns.iter().map(|name| map.get(*name).map(cell).unwrap_or_default()).collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                return Err(format!("row {at} is not like the others: {}", shown(row)).into());
            }
        };
        writer.write_record(&cells).map_err(|_| too_large())?;
    }
    let text = writer.into_inner().map_err(|_| too_large())?.finish()?;
    cx.set(0, text);
    Ok(())
}

fn too_large() -> NodeError {
    NodeError::new(format!("the text becomes larger than {LARGEST_TEXT} bytes"))
}

/// The keys of all objects among the rows, in the order in which they appear.
fn columns(rows: &[Json]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    let keys = rows.iter().filter_map(Json::as_object).flat_map(Map::keys);
    keys.map(String::as_str).filter(|key| seen.insert(*key)).collect()
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::nodes::rig::Rig;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn tables_are_read_and_written() {
        let cases = [
            (
                "ParseCsv",
                json!({"text": "a,b\r\n1,\"x, \"\"y\"\"\"\n"}),
                json!({"rows": [{"a": "1", "b": "x, \"y\""}]}),
            ),
            (
                "ParseCsv",
                json!({"text": "\u{feff}a;b\n1;2", "separator": ";"}),
                json!({"rows": [{"a": "1", "b": "2"}]}),
            ),
            ("ParseCsv", json!({"text": "1,2\n3,4", "header": false}), json!({"rows": [["1", "2"], ["3", "4"]]})),
            ("ParseCsv", json!({"text": ""}), json!({"rows": []})),
            ("ToCsv", json!({"rows": [{"a": 1}, {"b": "x,y", "a": null}]}), json!({"text": "a,b\n1,\n,\"x,y\"\n"})),
            ("ToCsv", json!({"rows": [{"a": 1}], "header": false}), json!({"text": "1\n"})),
            ("ToCsv", json!({"rows": [[1, true], ["x"]], "separator": ";"}), json!({"text": "1;true\nx\n"})),
            ("ToCsv", json!({"rows": []}), json!({"text": ""})),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Ok(expected), "{class} {inputs}");
        }
    }

    #[test]
    fn what_is_no_table_says_why() {
        let separator = "the separator must be one character such as , or ; but not \"::\"";
        let cases = [
            ("ParseCsv", json!({"text": "a,b\n1"}), "line 2 has 1 cells where the first has 2"),
            ("ParseCsv", json!({"text": "a,a\n1,2"}), "two columns are called \"a\""),
            ("ParseCsv", json!({"text": "a", "separator": "::"}), separator),
            ("ToCsv", json!({"rows": [{"a": 1}, [2]]}), "row 1 is not like the others: a list"),
            ("ToCsv", json!({"rows": [5]}), "row 0 is not like the others: 5"),
        ];
        for (class, inputs, expected) in cases {
            assert_eq!(Rig::new(class, inputs.clone()).run(), Err(expected.to_owned()), "{class} {inputs}");
        }
        let text = format!("{}\n{}", "x".repeat(100_000), "1\n".repeat(1_000));
        let expected = "the rows become larger than 16777216 bytes".to_owned();
        assert_eq!(Rig::new("ParseCsv", json!({"text": text})).run(), Err(expected));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(rows in prop::collection::vec(prop::collection::vec("[a\",;\n\r é]{0,4}", 3), 0..5)) {
            let written = Rig::new("ToCsv", json!({"rows": rows})).run().unwrap();
            let inputs = json!({"text": written["text"], "header": false});
            prop_assert_eq!(Rig::new("ParseCsv", inputs).run(), Ok(json!({"rows": rows})));
        }
    }
}
