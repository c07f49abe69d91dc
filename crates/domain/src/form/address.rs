//! Email addresses and URLs.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde_json::Value;
use url::Url;

use super::invisible::is_invisible;
use super::text;
use crate::pattern::Allowance;
use crate::request::Field;

/// The longest email address (RFC 5321, section 4.5.3.1, without the angle brackets), in bytes.
const MAX_EMAIL: usize = 254;

/// The longest part before the `@` (the same section), in bytes.
const MAX_LOCAL: usize = 64;

/// An email address that mail could be sent to over the internet, also one of another script (RFC 6531). Quoted local
/// parts and bare IP addresses, which nobody has, are refused: they are typing errors.
pub(super) fn email(field: &Field, text: Option<&str>, allowance: &Allowance) -> Result<Value, String> {
    let wrong = "must be an email address such as name@example.org";
    let text = text.ok_or(wrong)?;
    let (local, domain) = text.split_once('@').ok_or(wrong)?;
    if text.len() > MAX_EMAIL || !is_local_part(local) || !is_domain(domain) {
        return Err(wrong.to_owned());
    }
    text::limits(field, text, allowance)?;
    Ok(Value::from(text))
}

/// An absolute `http` or `https` URL, handed on as it was written.
pub(super) fn url(field: &Field, text: Option<&str>, allowance: &Allowance) -> Result<Value, String> {
    let wrong = "must be an absolute web address such as https://example.org/page";
    let text = text.ok_or(wrong)?;
    // The parser forgives more than a task can: it drops line ends and adds slashes.
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme)).and(text.get(scheme.len()..))
    });
    // A host with escapes may have characters in it that the parser maps away.
    let is_host = |rest: &str| {
        let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        !host.is_empty() && !host.contains('%')
    };
    let plain = |rest: &str| is_host(rest) && !rest.contains(is_invisible);
    if !rest.is_some_and(plain) || !Url::parse(text).is_ok_and(|url| url.has_host()) {
        return Err(wrong.to_owned());
    }
    text::limits(field, text, allowance)?;
    Ok(Value::from(text))
}

fn is_local_part(local: &str) -> bool {
    let odd = |char: char| is_invisible(char) || r#"()<>[]:;,\""#.contains(char);
    local.len() <= MAX_LOCAL && !local.contains(odd) && local.split('.').all(|atom| !atom.is_empty())
}

/// Whether the name of a host can be looked up (UTS 46): letters, digits and hyphens once it is written in ASCII.
fn is_domain(domain: &str) -> bool {
    // What shows nothing would be mapped away, and the name would be another one than it seems to be.
    if domain.contains(is_invisible) {
        return false;
    }
    let ascii =
        Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    let Ok(ascii) = ascii else { return false };
    ascii.rsplit_once('.').is_some_and(|(_, top)| !top.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use crate::form::fit::cases;
    use serde_json::{Value, json};

    fn all(kind: &str, good: &[&str], bad: &[String], message: &str) {
        let good: Vec<_> = good.iter().map(|text| (json!(text), Ok(json!(text.trim())))).collect();
        let bad: Vec<_> = bad
            .iter()
            .cloned()
            .map(Value::from)
            .chain([json!(5), json!([])])
            .map(|value| (value, Err(message)))
            .collect();
        cases(json!({"type": kind}), &good);
        cases(json!({"type": kind}), &bad);
    }

    #[test]
    fn emails() {
        let good = [
            "a@b.example",
            "first.last+tag@mail.example.org",
            " name@example.org ",
            "o'neil@example.ie",
            "用户@例子.广告",
            "x@xn--fsqu00a.xn--0zwm56d",
            "n_1@1-2.de",
            "a@हिन्दी.भारत",
            "उपयोगकर्ता@उदाहरण.भारत",
            "jörg@münchen.example",
            "δοκιμή@παράδειγμα.ελ",
            "a@r3---sn.example",
            "ana@მაგალითი.გე",
        ];
        let mut bad: Vec<String> = [
            "not an address",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a@@b.example",
            "a@b@c.example",
            "a b@c.example",
            "a@b .example",
            "a@b..example",
            "a@.example",
            "a@b.example.",
            "a@-b.example",
            "a@b-.example",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "a@b_c.example",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
            "a,b@c.example",
            "Name <a@b.example>",
            "\"a\"@b.example",
            "a@b.example\n.org",
            "a\u{0}@b.example",
            "ana\u{200B}@b.example",
            "ana@b\u{AD}.example",
            "\u{FEFF}ana@b.example",
            "ana\u{202E}@b.example",
            "ana\u{A0}x@b.example",
            "ana\u{3164}@b.example",
            "ana\u{FE0F}@b.example",
            "ana\u{E0061}@b.example",
            "ana@xn--a.example",
            "ana@b\u{301}\u{2024}example",
        ]
        .map(str::to_owned)
        .to_vec();
        bad.push(format!("{}@b.example", "a".repeat(65)));
        bad.push(format!("a@{}.example", "b".repeat(64)));
        bad.push(format!("a@{}example", "b.".repeat(124)));
        all("email", &good, &bad, "must be an email address such as name@example.org");
    }

    #[test]
    fn urls() {
        let good = [
            "http://example.org",
            "https://example.org/a?b=c#d",
            "HTTPS://Example.org:8443/",
            "http://127.0.0.1:8000",
            "http://[::1]/",
            " https://localhost/x ",
            "https://例子.广告/",
            "https://हिन्दी.भारत/पथ?a=ö",
            "https://me%40b:x@example.org/%E2%80%8B?a=%20",
        ];
        let bad = [
            "example.org",
            "//example.org",
            "/page",
            "ftp://example.org",
            "javascript:alert(1)",
            "http://",
            "http:///a",
            "http:example.org",
            "https://exa mple.org",
            "https://example.org/a b",
            "https://example.org/\nx",
            "http://:80",
            "http://a:99999",
            "https",
            "mailto:a@b.example",
            "http://?",
            "file:///etc/hosts",
            "http:/a",
            "https://exa\u{200B}mple.org",
            "https://exa%E2%80%8Bmple.org",
            "https://me@exa%C2%ADmple.org/",
            "https://example.org/\u{202E}gpj.exe",
            "https://example.org/a\u{FE0F}",
            "https://example.org/\u{2066}",
            "httpß://a",
        ]
        .map(str::to_owned);
        all("url", &good, &bad, "must be an absolute web address such as https://example.org/page");
    }

    #[test]
    fn a_pattern_and_a_length_hold_here_too() {
        let field = json!({"type": "email", "pattern": ".*@example[.]org", "max_length": 17});
        cases(
            field,
            &[
                (json!("a@example.org"), Ok(json!("a@example.org"))),
                (json!("a@example.net"), Err("must match the pattern .*@example[.]org")),
                (json!("abcdefg@example.org"), Err("must have at most 17 characters")),
            ],
        );
    }
}
