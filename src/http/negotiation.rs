//! Which of two media types a client would rather have, by its `Accept` header (RFC 9110, section 12.5.1).

use actix_web::http::header::{self, HeaderMap};

/// Whether the client says that it would rather have `wanted` than `usual`; both in lower case.
///
/// Where it makes no difference, it gets the usual one.
pub(super) fn prefers(headers: &HeaderMap, wanted: &str, usual: &str) -> bool {
    let mut best = (Rank::default(), Rank::default());
    for value in headers.get_all(header::ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        for range in text.split(',') {
            best.0 = best.0.or(rank(range, wanted));
            best.1 = best.1.or(rank(range, usual));
        }
    }
    let (wanted, usual) = best;
    wanted.quality > 0 && (wanted.quality, wanted.exact) > (usual.quality, usual.exact)
}

/// How well a media range fits: its quality in thousandths, and how exactly it names the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Rank {
    quality: u16,
    exact: u8,
}

impl Rank {
    /// The more exact range decides.
    fn or(self, other: Option<Rank>) -> Rank {
        other.filter(|other| other.exact > self.exact).unwrap_or(self)
    }
}

fn rank(range: &str, media_type: &str) -> Option<Rank> {
    let mut parts = range.split(';');
    let name = parts.next()?.trim();
    let exact = if name.eq_ignore_ascii_case(media_type) {
        3
    } else if name == "*/*" {
        1
    } else {
        let (group, _) = media_type.split_once('/')?;
        let (range_group, rest) = name.split_once('/')?;
        if rest != "*" || !range_group.eq_ignore_ascii_case(group) {
            return None;
        }
        2
    };
    let quality = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, value)| value.trim().parse::<f32>().unwrap_or(0.0));
    Some(Rank { quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16, exact })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn a_browser_gets_the_page_and_a_program_gets_json() {
        let cases = [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html, application/xhtml+xml, image/jxr, */*", true),
            ("TEXT/HTML", true),
            ("text/*", true),
            ("*/*", false),
            ("", false),
            ("application/json", false),
            ("application/json, text/html;q=0.9", false),
            ("text/html;q=0.5, application/json;q=0.4", true),
            ("text/html;q=0, */*", false),
            ("text/html;level=1;q=0.3, */*;q=0.2", true),
            ("text/html;q=nonsense", false),
            ("/,;;q=,,text", false),
        ];
        for (accept, page) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers(&headers, "text/html", "application/json"), page, "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), "text/html", "application/json"));
    }
}
