//! Slips of the pen: a digit changed, swapped, dropped or added, or a sign lost.
//!
//! Among the ways in which a sum can miss its total these are few, so that a miss of this kind speaks for the reading
//! nearly as much as a match does.

/// Whether `printed` is what a slip makes of `right`; both in units of the last printed digit.
pub(super) fn is_slip(printed: i64, right: i64) -> bool {
    if printed == right {
        return false;
    }
    let (one, two) = (digits(printed), digits(right));
    if printed == -right {
        // A sign alone is lost too easily on purpose.
        return false;
    }
    if (printed < 0) != (right < 0) || one.len() < 3 || two.len() < 3 {
        return false;
    }
    match one.len().abs_diff(two.len()) {
        0 => {
            let differing: Vec<usize> =
                one.iter().zip(&two).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
            match differing.as_slice() {
                [_] => true,
                [first, second] => {
                    *second == first + 1 && one.get(*first) == two.get(*second) && one.get(*second) == two.get(*first)
                }
                _ => false,
            }
        }
        1 => {
            let (long, short) = if one.len() > two.len() { (&one, &two) } else { (&two, &one) };
            let same = long.iter().zip(short).take_while(|(a, b)| a == b).count();
            long.get(same + 1..) == short.get(same..)
        }
        _ => false,
    }
}

fn digits(value: i64) -> Vec<u8> {
    value.unsigned_abs().to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_few() {
        for (printed, right) in [(5698, 5598), (5958, 5598), (559, 5598), (55_598, 5598), (-1473, -1073)] {
            assert!(is_slip(printed, right), "{printed} {right}");
        }
        for (printed, right) in [(5598, 5598), (5600, 5598 + 50), (12, 13), (-5598, 5598), (9321, 5598)] {
            assert!(!is_slip(printed, right), "{printed} {right}");
        }
    }
}
