//! The layer of the settings file, in TOML.

use std::path::Path;

use serde_json::Value;

use super::fault::Faults;
use super::known::Known;
use super::layer::Layer;

/// Reads the settings file at `path`; a fault where it cannot be read.
pub(super) fn read(path: &Path, shown: &str, known: &Known, faults: &mut Faults) -> Layer {
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => parse(&text, shown, known, faults),
            Err(error) => {
                let place = error.utf8_error().valid_up_to();
                faults.add(shown, "", format!("is not UTF-8 text, from byte {place} on"));
                Layer::default()
            }
        },
        Err(error) => {
            faults.add(shown, "", format!("cannot be read: {error}"));
            Layer::default()
        }
    }
}

/// The settings in `text`, which stands in the file `shown`.
pub(super) fn parse(text: &str, shown: &str, known: &Known, faults: &mut Faults) -> Layer {
    let mut layer = Layer::default();
    let table: toml::Table = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => {
            // The error's own text shows the line, and with it perhaps a secret.
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            faults.add(format!("{shown}:{line}:{column}"), "", error.message());
            return layer;
        }
    };
    for (name, value) in table {
        if let Some(value) = json(value, &name, shown, faults) {
            layer.set_section(known, &name, &value, shown, faults);
        }
    }
    layer
}

/// Line and column of a byte, both from 1.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
}

/// The value as JSON; a number that JSON does not know is a fault and left out.
fn json(value: toml::Value, key: &str, shown: &str, faults: &mut Faults) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        // A date is no setting's type, but may stand in a schema, where JSON has only text for it.
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Float(number) if number.is_finite() => Value::from(number),
        toml::Value::Float(number) => {
            faults.add(shown, key, format!("must be a finite number, not {number}"));
            return None;
        }
        toml::Value::Array(items) => {
            let items = items.into_iter().enumerate();
            items.filter_map(|(index, item)| json(item, &format!("{key}[{index}]"), shown, faults)).collect()
        }
        toml::Value::Table(entries) => {
            let entries = entries.into_iter();
            let entries = entries.filter_map(|(name, value)| {
                let value = json(value, &format!("{key}.{name}"), shown, faults)?;
                Some((name, value))
            });
            Value::Object(entries.collect())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        for (byte, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 2), (99, 2, 3)] {
            assert_eq!(place("ab\nüc", byte), (line, column), "{byte}");
        }
    }
}
