//! Content codings of answers, RFC 9110 §8.4: undone in memory, and no further than the bound.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::workflow::node::NodeError;

/// What is said to be understood.
pub(super) const ACCEPTED: &str = "gzip, deflate, br";
/// Most codings of one answer: nobody means more, and each of them costs.
const MOST: usize = 3;
/// What brotli reads at once.
const PIECE: usize = 4096;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    fn of(word: &str) -> Option<Self> {
        match word {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            "br" => Some(Coding::Brotli),
            _ => None,
        }
    }

    fn reader(self, body: &[u8]) -> Box<dyn Read + '_> {
        match self {
            Coding::Gzip => Box::new(MultiGzDecoder::new(body)),
            Coding::Deflate if is_zlib(body) => Box::new(ZlibDecoder::new(body)),
            Coding::Deflate => Box::new(DeflateDecoder::new(body)),
            Coding::Brotli => Box::new(brotli_decompressor::Decompressor::new(body, PIECE)),
        }
    }
}

/// Whether there is a zlib header (RFC 1950), which "deflate" means; some servers send without it.
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..] if first & 0x8f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

/// The codings of an answer, in the order in which they were applied.
pub(super) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, NodeError> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        for word in value.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "identity") {
            let unknown = || {
                let word: String = word.chars().take(40).collect();
                NodeError::new(format!("the answer has the content coding {word:?}, which is not known"))
            };
            codings.push(Coding::of(word).ok_or_else(unknown)?);
        }
    }
    if codings.len() > MOST { Err("the answer has too many content codings".into()) } else { Ok(codings) }
}

/// The body without these codings; never holds more than `max` bytes of what one of them gives.
pub(super) fn decode(codings: &[Coding], mut body: Vec<u8>, max: usize) -> Result<Vec<u8>, NodeError> {
    for coding in codings.iter().rev() {
        let mut decoded = Vec::new();
        let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        let read = coding.reader(&body).take(most).read_to_end(&mut decoded);
        read.map_err(|_| NodeError::new("the answer's content coding is damaged"))?;
        if decoded.len() > max {
            return Err(too_large(max));
        }
        body = decoded;
    }
    Ok(body)
}

/// The answer is larger than may be.
pub(super) fn too_large(max: usize) -> NodeError {
    format!("the answer is larger than {max} bytes").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    /// "hello" as the tool `brotli` writes it.
    const HELLO_BR: &[u8] = b"\x0b\x02\x80hello\x03";

    fn encoded(word: &str, body: &[u8]) -> Vec<u8> {
        match word {
            "zlib" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            _ => gzip(body),
        }
    }

    fn header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_ENCODING, value.parse().unwrap())])
    }

    fn decoded(value: &str, body: Vec<u8>) -> Result<Vec<u8>, String> {
        codings(&header(value)).and_then(|codings| decode(&codings, body, 1000)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_coding_is_undone_last_one_first() {
        for (value, body) in [
            ("", b"hello".to_vec()),
            ("identity", b"hello".to_vec()),
            ("GZip", gzip(b"hello")),
            ("x-gzip", gzip(b"hello")),
            ("gzip", [gzip(b"he"), gzip(b"llo")].concat()),
            ("deflate", encoded("zlib", b"hello")),
            ("deflate", encoded("deflate", b"hello")),
            ("br", HELLO_BR.to_vec()),
            ("deflate, gzip", gzip(&encoded("deflate", b"hello"))),
        ] {
            assert_eq!(decoded(value, body), Ok(b"hello".to_vec()), "{value}");
        }
        let mut two = header("deflate");
        two.append(CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(codings(&two), Ok(vec![Coding::Deflate, Coding::Gzip]));
    }

    #[test]
    fn a_small_body_does_not_become_a_large_one() {
        let zeros = vec![0; 4_000_000];
        for (value, word) in [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "deflate")] {
            assert_eq!(
                decoded(value, encoded(word, &zeros)).unwrap_err(),
                "the answer is larger than 1000 bytes",
                "{word}"
            );
        }
        // Nor by the way.
        assert_eq!(decoded("gzip, gzip", gzip(&gzip(&zeros))).unwrap_err(), "the answer is larger than 1000 bytes");
    }

    #[test]
    fn what_is_damaged_or_unknown_is_an_error() {
        for (value, whole) in [
            ("gzip", gzip(b"hello")),
            ("deflate", encoded("zlib", b"hello")),
            ("deflate", encoded("deflate", b"hello")),
            ("br", HELLO_BR.to_vec()),
        ] {
            let cut = whole[..whole.len() - 1].to_vec();
            assert_eq!(decoded(value, cut).unwrap_err(), "the answer's content coding is damaged", "{value}");
        }
        assert_eq!(decoded("gzip", b"hello".to_vec()).unwrap_err(), "the answer's content coding is damaged");
        assert!(decoded("compress", Vec::new()).unwrap_err().contains("\"compress\", which is not known"));
        assert!(decoded("gzip,gzip,gzip,gzip", Vec::new()).unwrap_err().contains("too many"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_decoded_or_refused(
            value in "(gzip|deflate|br|identity)(, ?(gzip|deflate|br)){0,2}",
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Ok(body) = decoded(&value, body) {
                prop_assert!(body.len() <= 1000);
            }
        }
    }
}
