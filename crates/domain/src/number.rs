//! JSON numbers compared as what they are: no whole number is rounded to a double for it.

use std::cmp::Ordering;

use serde_json::Number;

/// Which of two numbers is larger. It is a total order; `2` and `2.0` are one number.
#[must_use]
pub fn compare(a: &Number, b: &Number) -> Ordering {
    match (Exact::of(a), Exact::of(b)) {
        (Exact::Whole(a), Exact::Whole(b)) => a.cmp(&b),
        // Both are finite, so that only the two zeros could come out unequal: their sum with 0.0 is 0.0.
        (Exact::Double(a), Exact::Double(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        (Exact::Whole(a), Exact::Double(b)) => against(a, b),
        (Exact::Double(a), Exact::Whole(b)) => against(b, a).reverse(),
    }
}

/// A number as a whole number, where it is one and below 2^100 where it is a double, so that nothing is lost.
#[must_use]
pub fn whole(number: &Number) -> Option<i128> {
    match Exact::of(number) {
        Exact::Whole(whole) => Some(whole),
        Exact::Double(double) => (double.fract() == 0.0 && double.abs() < 1e30).then_some(double as i128),
    }
}

enum Exact {
    Whole(i128),
    Double(f64),
}

impl Exact {
    fn of(number: &Number) -> Self {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.map_or_else(|| Self::Double(number.as_f64().unwrap_or_default()), Self::Whole)
    }
}

/// Compares without rounding the whole number: 2^53 + 1 is not 2^53 as a double.
fn against(whole: i128, double: f64) -> Ordering {
    // Casting saturates, which is right for whatever is beyond all whole numbers of JSON.
    let floor = double.floor();
    whole.cmp(&(floor as i128)).then(if double > floor { Ordering::Less } else { Ordering::Equal })
}
