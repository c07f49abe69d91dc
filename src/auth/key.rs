//! API keys and share links: how they are made and how they look.
//!
//! `cbk_` or `cbs_`, 30 random letters and digits, and a check sum of these, so that a slip of the hand is seen before anything is
//! looked up, and scanners for leaked secrets know one from other text.

use flate2::Crc;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use super::Error;

/// What begins a key.
pub(super) const KEY: &str = "cbk_";
/// What begins the token of a share link.
pub(super) const LINK: &str = "cbs_";
const RANDOM: usize = 30;
const SUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// SHA-256 of a key: what is kept of it. A key has so many random bits that a slow hash would protect nothing.
pub(super) type KeyDigest = [u8; 32];

/// A new one that begins with this.
///
/// # Errors
/// Where the system gives no random bytes.
pub(super) fn make(prefix: &str) -> Result<String, Error> {
    let random = random_text(RANDOM)?;
    Ok(format!("{prefix}{random}{}", sum(&random)))
}

/// The digest of a text that has this form; none where it has not, or its check sum is wrong.
pub(super) fn digest(prefix: &str, text: &str) -> Option<KeyDigest> {
    let body = text.strip_prefix(prefix)?;
    let is_well = body.len() == RANDOM + SUM && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (random, shown) = body.split_at_checked(RANDOM).filter(|_| is_well)?;
    (sum(random) == shown).then(|| Sha256::digest(text).into())
}

/// That many random letters and digits, each as likely as the others.
///
/// # Errors
/// Where the system gives no random bytes.
pub(super) fn random_text(length: usize) -> Result<String, Error> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0; 64];
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
        // Of 64 values two are left over.
        let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

/// The CRC-32 (IEEE) of these letters in base 62, the highest digit first.
fn sum(random: &str) -> String {
    let mut crc = Crc::new();
    crc.update(random.as_bytes());
    let mut rest = crc.sum();
    let mut digits = [b'0'; SUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

/// As text: two digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest that [`hex`] gave this text for.
pub(super) fn unhex(text: &str) -> Option<KeyDigest> {
    let mut digest = KeyDigest::default();
    let pairs = text.as_bytes().as_chunks::<2>();
    if pairs.0.len() != digest.len() || !pairs.1.is_empty() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(pairs.0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_form_that_is_promised() {
        let key = make(KEY).unwrap();
        assert_eq!((key.len(), key.starts_with("cbk_")), (40, true));
        assert_eq!(digest(KEY, &key), Some(Sha256::digest(&key).into()));
        assert_ne!(make(KEY).unwrap(), key);
        // zlib.crc32(b"0" * 30) is 557694660.
        assert_eq!(sum(&"0".repeat(30)), sum_of(crc32(&"0".repeat(30))));
        assert_eq!(sum_of(0), "000000");
        assert_eq!(sum_of(61), "00000z");
        assert_eq!(sum_of(u32::MAX), "4gfFC3");
    }

    /// The same, bit by bit.
    fn crc32(text: &str) -> u32 {
        !text.bytes().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }

    fn sum_of(mut number: u32) -> String {
        let mut digits = Vec::new();
        for _ in 0..6 {
            digits.insert(0, char::from(ALPHABET[(number % 62) as usize]));
            number /= 62;
        }
        digits.into_iter().collect()
    }

    #[test]
    fn whatever_is_changed_in_a_key_is_seen_before_it_is_looked_up() {
        let key = make(KEY).unwrap();
        for at in 4..key.len() {
            let mut changed = key.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(digest(KEY, std::str::from_utf8(&changed).unwrap()), None, "{at}");
        }
        for wrong in ["", "cbk_", &key[4..], &key[..39], &format!("{key}0"), &format!(" {key}"), &key.replace('_', "-")]
        {
            assert_eq!(digest(KEY, wrong), None, "{wrong}");
        }
        assert_eq!(digest(LINK, &key), None);
        let umlauts = "ü".repeat(18);
        assert_eq!(digest(KEY, &format!("cbk_{umlauts}")), None);
    }

    #[test]
    fn every_letter_is_drawn_about_as_often() {
        let text = random_text(62_000).unwrap();
        let mut counts = std::collections::HashMap::<char, u32>::new();
        text.chars().for_each(|letter| *counts.entry(letter).or_default() += 1);
        assert_eq!(counts.len(), 62);
        assert!(counts.values().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
