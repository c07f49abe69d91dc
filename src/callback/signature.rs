//! How a delivery is signed, after Standard Webhooks (specification 1.0.0): an HMAC of its id, its moment and its body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// How many bytes a secret may have.
const BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// What is signed with. It is not shown.
pub(crate) struct SigningKey(Vec<u8>);

impl SigningKey {
    /// Reads a secret as people pass it on: `whsec_` and base64; nothing where it is none.
    #[must_use]
    pub(crate) fn parse(secret: &str) -> Option<Self> {
        let bytes = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        BYTES.contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The value of `webhook-signature` for a delivery with this id, sent at this second.
    #[must_use]
    pub(crate) fn sign(&self, id: &str, second: i64, body: &str) -> String {
        // A key of any length is taken.
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        hmac.update(format!("{id}.{second}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the specification.
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_of_a_good_length_with_its_prefix() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (secret, is_good) in [
            (of(16), true),
            (of(128), true),
            (of(15), false),
            (of(129), false),
            ("whsec_???".into(), false),
            (STANDARD.encode([7; 24]), false),
            (String::new(), false),
        ] {
            assert_eq!(SigningKey::parse(&secret).is_some(), is_good, "{secret}");
        }
    }
}
