//! The variants of journal entries that are of no type of their own: utoipa takes them for tagged ones.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{AllOf, AnyOf, Schema};
use utoipa::openapi::{Ref, RefOr};

const UNTAGGED: [&str; 2] = ["AgentEntry", "Custom"];

/// Lets an entry be what one of those variants is, or of one of the types that the others have.
pub(super) fn set_right(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let Some(entry) = schemas.get_mut("Entry") else { return };
    let RefOr::T(Schema::OneOf(one_of)) = entry else { return };
    let items = std::mem::take(&mut one_of.items);
    let mut any_of = AnyOf::new();
    any_of.description = one_of.description.take();
    any_of.items = items.into_iter().map(|item| untagged(&item).unwrap_or(item)).collect();
    *entry = RefOr::T(Schema::AnyOf(any_of));
}

/// What an untagged variant is; nothing for any other.
fn untagged(variant: &RefOr<Schema>) -> Option<RefOr<Schema>> {
    let RefOr::T(Schema::AllOf(AllOf { items, .. })) = variant else { return None };
    let mut references = UNTAGGED.map(Ref::from_schema_name).into_iter();
    let is_there = |named: &Ref| {
        items.iter().any(|item| matches!(item, RefOr::Ref(one) if one.ref_location == named.ref_location))
    };
    references.find(is_there).map(RefOr::Ref)
}
