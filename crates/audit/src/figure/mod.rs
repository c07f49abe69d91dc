//! A figure as it is printed: exact digits, unit, sign, and how far rounding may have moved it.

mod interval;
mod read;

pub use interval::Interval;
pub(crate) use read::{Content, Symbol, read_cell, vote};
use rust_decimal::Decimal;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Nothing is printed beside it.
    Plain,
    /// Percent.
    Percent,
    /// Per mille, basis points or percentage points: a difference of rates.
    Points,
    /// A multiple, as in `3.2x`.
    Times,
}

/// Which currency a figure names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Currency {
    /// None is printed beside it.
    None,
    /// Any dollar.
    Dollar,
    /// Euro.
    Euro,
    /// Pound.
    Pound,
    /// Yen or renminbi.
    Yen,
    /// Another one.
    Other,
}

/// Which character stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NumberStyle {
    /// Not known: `1,234` is read as thousands and `1.234` as decimals.
    #[default]
    Unknown,
    /// `1,234.5`
    DotDecimal,
    /// `1.234,5`
    CommaDecimal,
}

/// A figure as it is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    mantissa: i64,
    scale: u8,
    /// What it counts.
    pub unit: Unit,
    /// Which currency it names.
    pub currency: Currency,
    /// Whether thousands are grouped, as in `2,000`.
    pub grouped: bool,
    /// Whether it is a mark for zero, such as a dash.
    pub mark: bool,
}

impl Figure {
    /// A figure with `scale` decimals.
    pub fn new(mantissa: i64, scale: u8) -> Self {
        Self {
            mantissa,
            scale: scale.min(18),
            unit: Unit::Plain,
            currency: Currency::None,
            grouped: false,
            mark: false,
        }
    }

    /// The printed value, without the table's "in millions".
    pub fn value(&self) -> Decimal {
        Decimal::new(self.mantissa, u32::from(self.scale))
    }

    /// How many decimals are printed.
    pub fn decimals(&self) -> u8 {
        self.scale
    }

    /// All digits as one integer; `value() = mantissa / 10^decimals`.
    pub fn mantissa(&self) -> i64 {
        self.mantissa
    }

    /// Half of the last printed digit: how far rounding may have moved the value.
    pub fn half_unit(&self) -> Decimal {
        Decimal::new(5, u32::from(self.scale) + 1)
    }

    /// What the value may have been before it was rounded.
    pub fn interval(&self) -> Interval {
        Interval::around(self.value(), self.half_unit())
    }

    /// Whether this is a plain integer that reads as a year.
    pub fn looks_like_year(&self) -> bool {
        self.scale == 0
            && !self.grouped
            && !self.mark
            && self.unit == Unit::Plain
            && self.currency == Currency::None
            && (1900..=2100).contains(&self.mantissa)
    }
}

impl std::fmt::Debug for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.value(), if self.unit == Unit::Percent { "%" } else { "" })
    }
}
