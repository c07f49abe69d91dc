//! Arithmetic on values of which only a range is known.

use rust_decimal::Decimal;

/// All values between two, both included. Operations give `None` where a result leaves the range of decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The least value.
    pub low: Decimal,
    /// The greatest value.
    pub high: Decimal,
}

impl Interval {
    /// The values at most `margin` away from `value`.
    pub fn around(value: Decimal, margin: Decimal) -> Self {
        Self { low: value - margin, high: value + margin }
    }

    /// Wider by `margin` at both ends.
    pub fn widened(self, margin: Decimal) -> Self {
        Self { low: self.low - margin, high: self.high + margin }
    }

    /// Whether the two have a value in common.
    pub fn meets(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// Whether zero is one of the values.
    pub fn has_zero(self) -> bool {
        self.low <= Decimal::ZERO && self.high >= Decimal::ZERO
    }

    /// How far its ends are apart.
    pub fn width(self) -> Decimal {
        self.high - self.low
    }

    /// The differences.
    pub fn minus(self, other: Self) -> Option<Self> {
        Some(Self { low: self.low.checked_sub(other.high)?, high: self.high.checked_sub(other.low)? })
    }

    /// The quotients; `None` where the divisor may be zero.
    pub fn over(self, other: Self) -> Option<Self> {
        if other.has_zero() {
            return None;
        }
        let ends = [
            self.low.checked_div(other.low)?,
            self.low.checked_div(other.high)?,
            self.high.checked_div(other.low)?,
            self.high.checked_div(other.high)?,
        ];
        Some(Self { low: ends.into_iter().min()?, high: ends.into_iter().max()? })
    }

    /// Each value times `factor`.
    pub fn times(self, factor: Decimal) -> Option<Self> {
        let (one, two) = (self.low.checked_mul(factor)?, self.high.checked_mul(factor)?);
        Some(Self { low: one.min(two), high: one.max(two) })
    }

    /// Each value plus `addend`.
    pub fn plus(self, addend: Decimal) -> Option<Self> {
        Some(Self { low: self.low.checked_add(addend)?, high: self.high.checked_add(addend)? })
    }
}
