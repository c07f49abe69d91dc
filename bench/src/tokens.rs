//! Signed tokens (JWT) of an issuer whose keys are made when it is: what an identity provider would give.

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use ring::{hmac, signature};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "callboard";
/// When tokens end: in 2096.
const END: u64 = 4_000_000_000;
const SECRET_BYTES: usize = 32;
/// No key of this kind can be made here: it is the one that the tests sign with.
const RSA: &str = include_str!("../../src/auth/jwt/fixtures/rsa.pem");

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
    Hs256,
}

impl Algorithm {
    pub const ALL: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256];

    /// As a token's header has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

/// Signs tokens.
pub struct Issuer {
    random: SystemRandom,
    rs256: RsaKeyPair,
    es256: EcdsaKeyPair,
    eddsa: Ed25519KeyPair,
    secret: String,
}

impl Issuer {
    /// One with keys of its own.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Self> {
        let random = SystemRandom::new();
        let unspecified = |_| anyhow!("no key could be made");
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(unspecified)?;
        let es256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        let es256 = es256.map_err(|_| anyhow!("no key could be made"))?;
        let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(unspecified)?;
        let eddsa = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| anyhow!("no key could be made"))?;
        let lines: String = RSA.lines().filter(|line| !line.starts_with("-----")).collect();
        let rs256 = RsaKeyPair::from_der(&STANDARD.decode(lines)?).map_err(|_| anyhow!("no key could be read"))?;
        let mut secret = [0; SECRET_BYTES];
        random.fill(&mut secret).map_err(unspecified)?;
        Ok(Self { random, rs256, es256, eddsa, secret: URL_SAFE_NO_PAD.encode(secret) })
    }

    /// Its public keys, as a file of them has them (RFC 7517).
    pub fn jwks(&self) -> Value {
        // Uncompressed: a byte that says so, then both coordinates.
        let (x, y) = self.es256.public_key().as_ref().get(1..).unwrap_or_default().split_at(32);
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let PublicKeyComponents::<Vec<u8>> { n, e } = self.rs256.public_key().into();
        json!({"keys": [
            {"kty": "RSA", "kid": "RS256", "alg": "RS256", "use": "sig", "n": text(&n), "e": text(&e)},
            {"kty": "EC", "crv": "P-256", "kid": "ES256", "alg": "ES256", "use": "sig", "x": text(x), "y": text(y)},
            {"kty": "OKP", "crv": "Ed25519", "kid": "EdDSA", "alg": "EdDSA", "use": "sig",
             "x": text(self.eddsa.public_key().as_ref())},
        ]})
    }

    /// The line of Callboard's configuration that has it take these tokens, with its public keys in this file.
    pub fn setting(&self, jwks_file: &str) -> String {
        let secret = &self.secret;
        format!(
            "auth.jwt = [{{ issuer = \"{ISSUER}\", audience = \"{AUDIENCE}\", jwks_file = {jwks_file:?}, algorithms = [\"RS256\", \"ES256\", \
             \"EdDSA\"], keys = [{{ kid = \"HS256\", algorithm = \"HS256\", secret = \"{secret}\" }}] }}]"
        )
    }

    /// A token of this number; no two numbers have the same.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn token(&self, algorithm: Algorithm, number: usize) -> Result<String> {
        let header = json!({"alg": algorithm.name(), "kid": algorithm.name(), "typ": "JWT"});
        let scope = "sessions:start sessions:read sessions:answer events:read events:publish";
        let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": END, "jti": number.to_string(), "scope": scope});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let bytes = signed.as_bytes();
        let signature = match algorithm {
            Algorithm::Rs256 => {
                let mut signature = vec![0; self.rs256.public_key().modulus_len()];
                let signed = self.rs256.sign(&RSA_PKCS1_SHA256, &self.random, bytes, &mut signature);
                signed.map_err(|_| anyhow!("a token cannot be signed"))?;
                URL_SAFE_NO_PAD.encode(signature)
            }
            Algorithm::Es256 => {
                let signature: signature::Signature =
                    self.es256.sign(&self.random, bytes).map_err(|_| anyhow!("a token cannot be signed"))?;
                URL_SAFE_NO_PAD.encode(signature)
            }
            Algorithm::EdDsa => URL_SAFE_NO_PAD.encode(self.eddsa.sign(bytes)),
            Algorithm::Hs256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
                URL_SAFE_NO_PAD.encode(hmac::sign(&key, bytes))
            }
        };
        Ok(format!("{signed}.{signature}"))
    }
}
