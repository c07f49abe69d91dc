//! The store's own key, and what is encrypted with it: XChaCha20-Poly1305 with a random nonce, written as base64.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::Aead;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::{RngCore, TryRngCore};

use super::{Error, private};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// What a store keeps sealed, to see later whether the key is still the same.
const KNOWN_WORD: &[u8] = b"callboard";

/// Encrypts and decrypts.
#[derive(Clone)]
pub(super) struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    /// With a key of the settings.
    pub(super) fn from_setting(text: &str) -> Result<Self, Error> {
        decode(text).ok_or_else(|| {
            Error::Unusable(
                "store.secret_key must be 32 bytes in base64, such as `openssl rand -base64 32` gives".into(),
            )
        })
    }

    /// With a key that is gone with the process.
    pub(super) fn random() -> Result<Self, Error> {
        Ok(Self::new(&random_key()?))
    }

    /// With the key in the file at `path`, which is made where it is missing, readable by its owner only.
    pub(super) fn from_file(path: &Path) -> Result<Self, Error> {
        match fs::read_to_string(path) {
            Ok(text) => {
                private::warn_of_readers(path);
                decode(&text).ok_or_else(|| {
                    Error::Unusable(format!(
                        "{} does not hold a key (32 bytes in base64): restore it, or move it away to have a new one made; \
                         secrets sealed with the old key are lost then",
                        path.display()
                    ))
                })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = random_key()?;
                private::write(path, &STANDARD.encode(key)).map_err(|error| unusable(path, "made", &error))?;
                Ok(Self::new(&key))
            }
            Err(error) => Err(unusable(path, "read", &error)),
        }
    }

    fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.into()) }
    }

    /// Encrypts.
    pub(super) fn seal(&self, plain: &[u8]) -> String {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        match self.cipher.encrypt(XNonce::from_slice(&nonce), plain) {
            Ok(sealed) => STANDARD.encode([nonce.as_slice(), &sealed].concat()),
            // Only a text of hundreds of gigabytes gets here; what is given then cannot be unsealed.
            Err(_) => String::new(),
        }
    }

    /// Decrypts.
    pub(super) fn unseal(&self, sealed: &str) -> Result<Vec<u8>, Error> {
        let bytes = STANDARD.decode(sealed).ok();
        let parts = bytes.as_deref().and_then(|bytes| bytes.split_at_checked(NONCE_BYTES));
        parts
            .and_then(|(nonce, sealed)| self.cipher.decrypt(XNonce::from_slice(nonce), sealed).ok())
            .ok_or_else(|| Error::Unusable("a sealed value was changed, or was sealed with another key".into()))
    }

    /// What shows later whether a key is this one: another text each time.
    pub(super) fn mark(&self) -> String {
        self.seal(KNOWN_WORD)
    }

    /// Whether a mark was made with this key.
    pub(super) fn has_made(&self, mark: &str) -> bool {
        self.unseal(mark).is_ok_and(|word| word == KNOWN_WORD)
    }
}

fn decode(text: &str) -> Option<Sealer> {
    let key: [u8; KEY_BYTES] = STANDARD.decode(text.trim()).ok()?.try_into().ok()?;
    Some(Sealer::new(&key))
}

fn random_key() -> Result<[u8; KEY_BYTES], Error> {
    let mut key = [0; KEY_BYTES];
    rand::rngs::OsRng
        .try_fill_bytes(&mut key)
        .map_err(|error| Error::Unusable(format!("the system gives no random bytes for the store's key: {error}")))?;
    Ok(key)
}

fn unusable(path: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::Unusable(format!("the store's key {} cannot be {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_can_be_unsealed_with_the_same_key_only(plain: Vec<u8>, bit in 0_usize..200) {
            let sealer = Sealer::random().unwrap();
            let sealed = sealer.seal(&plain);
            prop_assert_eq!(sealer.unseal(&sealed).unwrap(), plain.clone());
            prop_assert_ne!(sealer.seal(&plain), sealed.clone());
            prop_assert!(Sealer::random().unwrap().unseal(&sealed).is_err());
            let mut bytes = STANDARD.decode(&sealed).unwrap();
            let place = bit % bytes.len();
            bytes[place] ^= 1;
            prop_assert!(sealer.unseal(&STANDARD.encode(bytes)).is_err());
        }

        #[test]
        fn any_text_can_be_tried(text: String) {
            prop_assert!(Sealer::random().unwrap().unseal(&text).is_err());
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callboard.db.key");
        let sealed = Sealer::from_file(&path).unwrap().seal(b"word");
        assert_eq!(Sealer::from_file(&path).unwrap().unseal(&sealed).unwrap(), b"word");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(Sealer::from_setting(&text).unwrap().unseal(&sealed).unwrap(), b"word");
    }

    #[test]
    fn a_key_that_is_none_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("callboard.db.key");
        for text in ["", "short", "c2hvcnQ=", "not base64 at all!"] {
            fs::write(&path, text).unwrap();
            let refused = Sealer::from_file(&path).err().unwrap().to_string();
            assert!(refused.contains("callboard.db.key"), "{refused}");
            let refused = Sealer::from_setting(text).err().unwrap().to_string();
            assert!(refused.contains("secret_key"), "{refused}");
        }
    }
}
