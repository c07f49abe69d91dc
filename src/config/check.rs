//! Checks of single settings that a range cannot say.

use env_filter::Builder;

type Checked = garde::Result;

/// An IP address, or `localhost`.
pub(super) fn address(host: &str, _: &()) -> Checked {
    if host == "localhost" || host.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    Err(garde::Error::new("must be an IP address or localhost"))
}

/// `sqlite:PATH` or `memory:`.
pub(super) fn store_target(url: &str, _: &()) -> Checked {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(()),
        Some(("sqlite", path)) if !path.is_empty() => Ok(()),
        _ => Err(garde::Error::new("must be sqlite:PATH or memory:")),
    }
}

/// The origin of a web page: scheme, host and port, nothing behind.
pub(super) fn origin(text: &str, _: &()) -> Checked {
    let url = url::Url::parse(text).map_err(|error| garde::Error::new(format!("must be an origin: {error}")))?;
    if matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text.trim_end_matches('/') {
        return Ok(());
    }
    Err(garde::Error::new("must be an origin such as https://board.example"))
}

/// Letters, digits, `_` and `-`.
pub(super) fn name(text: &str, _: &()) -> Checked {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(());
    }
    Err(garde::Error::new("must be 1 to 64 letters, digits, '_' or '-'"))
}

/// What `RUST_LOG` takes.
pub(super) fn log_filter(text: &str, _: &()) -> Checked {
    Builder::new().try_parse(text).map(|_| ()).map_err(|error| garde::Error::new(error.to_string()))
}
