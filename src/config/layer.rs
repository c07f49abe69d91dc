//! One layer of settings: values of known keys and right types, each with the place that said it.

use config::{ConfigError, Map, Source, Value as Located, ValueKind};
use serde_json::Value;

use super::fault::Faults;
use super::known::{self, Known};

/// One layer of settings. Only what was checked gets in, so that layering cannot fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    sections: Map<String, Map<String, Located>>,
    /// Lists of tables.
    lists: Map<String, Located>,
    /// Tables with names of one's own, by section and name.
    named: Map<String, Map<String, Map<String, Located>>>,
}

impl Layer {
    /// Sets a whole section, key by key.
    pub(super) fn set_section(&mut self, known: &Known, name: &str, value: &Value, source: &str, faults: &mut Faults) {
        if known.list(name).is_some() {
            return self.set_list(known, name, value, source, faults);
        }
        if known.named(name).is_some() {
            return self.set_named_tables(known, name, value, source, faults);
        }
        if known.section(name).is_none() {
            return faults.add(source, name, known.unknown_section(name));
        }
        let Value::Object(keys) = value else {
            return faults.add(source, name, format!("must be a table; write [{name}]"));
        };
        for (key, value) in keys {
            self.set(known, (name, key), value, source, faults);
        }
    }

    /// Sets one key of a section; a later call for the same key wins.
    pub(super) fn set(
        &mut self,
        known: &Known,
        (section, key): (&str, &str),
        value: &Value,
        source: &str,
        faults: &mut Faults,
    ) {
        let name = format!("{section}.{key}");
        if known.default_of(&name).is_none() {
            return faults.add(source, name, known.unknown(section, key));
        }
        if let Err(reason) = known::fits(section, key, value) {
            return faults.add(source, name, reason);
        }
        self.sections.entry(section.into()).or_default().insert(key.into(), located(value, source));
    }

    /// Sets tables with names of one's own, key by key.
    fn set_named_tables(&mut self, known: &Known, section: &str, value: &Value, source: &str, faults: &mut Faults) {
        let Value::Object(tables) = value else {
            return faults.add(source, section, format!("must be tables; write [{section}.NAME]"));
        };
        for (name, table) in tables {
            let Value::Object(keys) = table else {
                faults.add(source, format!("{section}.{name}"), format!("must be a table; write [{section}.{name}]"));
                continue;
            };
            self.named.entry(section.into()).or_default().entry(name.clone()).or_default();
            for (key, value) in keys {
                self.set_named(known, (section, name, key), value, source, faults);
            }
        }
    }

    /// Sets one key of a table with a name of one's own.
    pub(super) fn set_named(
        &mut self,
        known: &Known,
        (section, name, key): (&str, &str, &str),
        value: &Value,
        source: &str,
        faults: &mut Faults,
    ) {
        let checked = match known.named(section).is_some_and(|keys| keys.contains_key(key)) {
            true => known::fits_named(section, name, key, value),
            false => Err(known.unknown_in_named(section, name, key)),
        };
        if let Err(reason) = checked {
            return faults.add(source, format!("{section}.{name}.{key}"), reason);
        }
        let tables = self.named.entry(section.into()).or_default();
        tables.entry(name.into()).or_default().insert(key.into(), located(value, source));
    }

    /// Sets a list of tables.
    pub(super) fn set_list(&mut self, known: &Known, name: &str, value: &Value, source: &str, faults: &mut Faults) {
        let Value::Array(tables) = value else {
            return faults.add(source, name, format!("must be a list; write [[{name}]]"));
        };
        let mut kept = Vec::with_capacity(tables.len());
        for (index, table) in tables.iter().enumerate() {
            let Value::Object(keys) = table else {
                faults.add(source, format!("{name}[{index}]"), format!("must be a table; write [[{name}]]"));
                continue;
            };
            let mut fitting = serde_json::Map::new();
            for (key, value) in keys {
                let checked = match known.list(name).is_some_and(|keys| keys.contains_key(key)) {
                    true => known::fits_list(name, key, value),
                    false => Err(known.unknown_in_list(name, key)),
                };
                match checked {
                    Ok(()) => drop(fitting.insert(key.clone(), value.clone())),
                    Err(reason) => faults.add(source, format!("{name}[{index}].{key}"), reason),
                }
            }
            kept.push(Value::Object(fitting));
        }
        self.lists.insert(name.to_owned(), located(&Value::Array(kept), source));
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Located>, ConfigError> {
        let sections = self.sections.iter().map(|(name, keys)| (name.clone(), Located::new(None, keys.clone())));
        let table = |(name, keys): (&String, &Map<String, Located>)| (name.clone(), Located::new(None, keys.clone()));
        let named = self.named.iter().map(|(section, tables)| {
            (section.clone(), Located::new(None, tables.iter().map(table).collect::<Map<String, Located>>()))
        });
        let lists = self.lists.iter().map(|(name, list)| (name.clone(), list.clone()));
        Ok(sections.chain(named).chain(lists).collect())
    }
}

fn located(value: &Value, source: &str) -> Located {
    let kind = match value {
        Value::Null => ValueKind::Nil,
        Value::Bool(flag) => ValueKind::Boolean(*flag),
        Value::Number(number) => number
            .as_i64()
            .map(ValueKind::I64)
            .or_else(|| number.as_u64().map(ValueKind::U64))
            .or_else(|| number.as_f64().map(ValueKind::Float))
            .unwrap_or_default(),
        Value::String(text) => ValueKind::String(text.clone()),
        Value::Array(items) => ValueKind::Array(items.iter().map(|item| located(item, source)).collect()),
        Value::Object(entries) => {
            ValueKind::Table(entries.iter().map(|(key, value)| (key.clone(), located(value, source))).collect())
        }
    };
    Located::new(Some(&source.to_owned()), kind)
}
