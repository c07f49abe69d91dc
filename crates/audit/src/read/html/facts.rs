//! Figures tagged in inline XBRL (Inline XBRL 1.1, `ix:nonFraction`): scale, sign and decimals applied.

use rust_decimal::Decimal;

use super::{Attribute, Tag};
use crate::document::{Fact, Place, Span};
use crate::figure::{Content, NumberStyle, read_cell};

/// A tagged figure whose end tag has not come yet.
pub(super) struct OpenFact {
    pub(super) text: String,
    concept: String,
    context: String,
    unit: String,
    format: String,
    scale: i32,
    negative: bool,
    decimals: Option<i32>,
    nil: bool,
    place: Place,
}

impl OpenFact {
    pub(super) fn of(tag: &Tag, place: Place) -> Self {
        let text = |attribute| tag.get(attribute).unwrap_or_default().trim().to_owned();
        Self {
            text: String::new(),
            concept: text(Attribute::Name),
            context: text(Attribute::ContextRef),
            unit: text(Attribute::UnitRef),
            format: text(Attribute::Format).to_ascii_lowercase(),
            scale: text(Attribute::Scale).parse().unwrap_or(0),
            negative: text(Attribute::Sign) == "-",
            // "INF" is exact, and so is what cannot be read.
            decimals: text(Attribute::Decimals).parse().ok(),
            nil: text(Attribute::Nil) == "true",
            place,
        }
    }

    /// The fact, unless it is nil or no number.
    pub(super) fn close(self, text: Span) -> Option<Fact> {
        if self.nil || self.concept.is_empty() {
            return None;
        }
        let style = if self.format.contains("comma") { NumberStyle::CommaDecimal } else { NumberStyle::DotDecimal };
        let zero = self.format.contains("zero") || self.format.ends_with("dash");
        let printed = match read_cell(&self.text, style) {
            Content::Figure(figure) => figure.value(),
            Content::Empty | Content::Text | Content::NotAvailable | Content::Symbol(_) if zero => Decimal::ZERO,
            Content::Empty | Content::Text | Content::NotAvailable | Content::Symbol(_) => return None,
        };
        let value = printed.checked_mul(power_of_ten(self.scale)?)?;
        let margin = match self.decimals {
            Some(decimals) => power_of_ten(-decimals)?.checked_mul(Decimal::new(5, 1))?,
            None => Decimal::ZERO,
        };
        Some(Fact {
            concept: self.concept,
            context: self.context,
            unit: self.unit,
            value: if self.negative { -value } else { value },
            margin,
            text,
            place: self.place,
        })
    }
}

/// `10^power`, within what a decimal holds.
fn power_of_ten(power: i32) -> Option<Decimal> {
    match power {
        0..=18 => Some(Decimal::from(10_i64.checked_pow(power.unsigned_abs())?)),
        -18..=-1 => Some(Decimal::new(1, power.unsigned_abs())),
        _ => None,
    }
}
