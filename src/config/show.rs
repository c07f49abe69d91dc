//! The settings as people read them: TOML, secrets masked, each value with its source where that is not the default.

use std::fmt;

use serde_json::Value;

use super::known::Known;
use super::load::Loaded;
use crate::domain::mask::MASK;

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(Value::Object(sections)) = serde_json::to_value(&self.settings) else { return Err(fmt::Error) };
        let known = Known::new();
        let mut first = true;
        for (section, value) in &sections {
            let Value::Object(keys) = value else { continue };
            if known.named(section).is_some() {
                continue;
            }
            writeln!(f, "{}[{section}]", if first { "" } else { "\n" })?;
            first = false;
            for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
                let name = format!("{section}.{key}");
                let source = self.sources.get(&name).filter(|_| known.default_of(&name) != Some(value));
                writeln!(f, "{key} = {}{}", toml_of(value), comment(source))?;
            }
        }
        for section in known.named_sections() {
            for (name, table) in sections.get(section).and_then(Value::as_object).into_iter().flatten() {
                writeln!(f, "\n[{section}.{name}]")?;
                for (key, value) in table.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
                    let source = self.sources.get(&format!("{section}.{name}.{key}"));
                    writeln!(f, "{key} = {}{}", toml_of(value), comment(source))?;
                }
            }
        }
        let of_list =
            |name| sections.get(name).and_then(Value::as_array).into_iter().flatten().map(move |it| (name, it));
        let tables = known.lists().flat_map(of_list);
        for (name, table) in tables.filter_map(|(name, table)| Some((name, table.as_object()?))) {
            writeln!(f, "\n[[{name}]]{}", comment(self.sources.get(name)))?;
            for (key, value) in table.iter().filter(|(_, value)| !value.is_null()) {
                let shown = match key.as_str() {
                    "env" => toml_of(&masked(value)),
                    "config" => toml_of(&masked_within(value)),
                    _ => toml_of(value),
                };
                writeln!(f, "{key} = {shown}")?;
            }
        }
        Ok(())
    }
}

fn comment(source: Option<&String>) -> String {
    source.map_or_else(String::new, |source| {
        // A file's name may hold a line break, which would end the comment.
        format!("  # {}", source.replace(char::is_control, "?"))
    })
}

/// Variables of a program: programs are given their secrets in them.
fn masked(variables: &Value) -> Value {
    variables.as_object().into_iter().flatten().map(|(name, _)| (name.clone(), Value::from(MASK))).collect()
}

/// On one line. TOML has no `null`: it is left out of tables and shown as text in lists.
/// An agent's settings, its variables and headers masked.
fn masked_within(config: &Value) -> Value {
    let entries = config.as_object().into_iter().flatten();
    let shown = |(name, value): (&String, &Value)| {
        let value = if matches!(name.as_str(), "env" | "headers") { masked(value) } else { value.clone() };
        (name.clone(), value)
    };
    entries.map(shown).collect()
}

fn toml_of(value: &Value) -> toml::Value {
    match value {
        Value::Null => toml::Value::String("null".into()),
        Value::Bool(flag) => toml::Value::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => toml::Value::Integer(number),
            None => toml::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Array(items) => toml::Value::Array(items.iter().map(toml_of).collect()),
        Value::Object(entries) => {
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            toml::Value::Table(entries.map(|(key, value)| (key.clone(), toml_of(value))).collect())
        }
    }
}
