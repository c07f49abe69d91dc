//! The years that a text names.

/// The years that a text names, in its order.
pub(super) fn years(text: &str) -> Vec<i32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| word.len() == 4)
        .filter_map(|word| word.parse().ok())
        .filter(|year| (1990..=2100).contains(year))
        .collect()
}
