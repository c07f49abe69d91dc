//! What a schema consists of: the schemas in it, and what each of them is applied to.

use serde_json::{Map, Value};

use super::BadSchema;

/// What a schema inside another is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach<'a> {
    /// The same value.
    Here,
    /// The member with this name.
    Member(&'a str),
    /// The members whose names match a pattern.
    Matching,
    /// Any member.
    Members,
    /// The name of any member.
    Names,
    /// The item at this place.
    Item(usize),
    /// Any item.
    Items,
}

/// A schema inside another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// What it is applied to.
    pub(super) reach: Reach<'a>,
    /// The schema.
    pub(super) schema: &'a Value,
}

/// The schemas in a schema, in no particular order, without what it refers to.
pub(super) fn parts(schema: &Map<String, Value>) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (keyword, value) in schema {
        let mut add = |reach, schema| parts.push(Part { reach, schema });
        match (keyword.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => list.iter().for_each(|one| add(Reach::Here, one)),
            ("not" | "if" | "then" | "else", one) => add(Reach::Here, one),
            ("dependentSchemas" | "dependencies", Value::Object(map)) => {
                map.values().filter(|one| !one.is_array()).for_each(|one| add(Reach::Here, one));
            }
            ("properties", Value::Object(map)) => {
                map.iter().for_each(|(name, one)| add(Reach::Member(name), one));
            }
            ("patternProperties", Value::Object(map)) => map.values().for_each(|one| add(Reach::Matching, one)),
            ("additionalProperties" | "unevaluatedProperties", one) => add(Reach::Members, one),
            ("propertyNames", one) => add(Reach::Names, one),
            ("prefixItems" | "items", Value::Array(list)) => {
                list.iter().enumerate().for_each(|(at, one)| add(Reach::Item(at), one));
            }
            ("items" | "additionalItems" | "contains" | "unevaluatedItems", one) => add(Reach::Items, one),
            _ => {}
        }
    }
    parts
}

/// What else a schema says, as far as a check looks at it: words that only people or other schemas read are left out.
pub(super) fn words(schema: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    const UNREAD: &[&str] =
        &["$defs", "definitions", "$schema", "$comment", "title", "description", "default", "examples"];
    const SCHEMAS: &[&str] = &[
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "dependentSchemas",
        "properties",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
        "prefixItems",
        "items",
        "additionalItems",
        "contains",
        "unevaluatedItems",
    ];
    let is_read = |keyword: &str| !UNREAD.contains(&keyword) && !SCHEMAS.contains(&keyword);
    schema.iter().map(|(keyword, value)| (keyword.as_str(), value)).filter(move |(keyword, _)| is_read(keyword))
}

/// What a schema refers to, where it does.
///
/// # Errors
/// Where that is no part of `root`.
pub(super) fn referred<'a>(
    root: &'a Value,
    schema: &'a Map<String, Value>,
) -> Result<Option<(&'a str, &'a Value)>, BadSchema> {
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return Ok(None) };
    let unknown = || BadSchema::Reference(reference.chars().take(100).collect());
    let pointer = reference.strip_prefix('#').ok_or_else(unknown)?;
    let pointer = decoded(pointer).ok_or_else(unknown)?;
    let target = root.pointer(&pointer).ok_or_else(unknown)?;
    Ok(Some((reference, target)))
}

/// A fragment without its percent-encoding (RFC 6901, section 6).
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(bytes).ok()
}
