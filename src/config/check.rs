//! Checks of single settings that a range cannot say.

use std::collections::BTreeMap;

use env_filter::Builder;

use crate::domain::schema::{BadSchema, Schema};
use crate::domain::secret::Secret;

type Checked = garde::Result;

/// An IP address, or `localhost`.
pub(super) fn address(host: &str, _: &()) -> Checked {
    if host == "localhost" || host.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    Err(garde::Error::new("must be an IP address or localhost"))
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

/// The names of `[model.NAME]`: a variable has to be able to name them.
pub(super) fn model_names(models: &BTreeMap<String, callboard_model::Settings>, _: &()) -> Checked {
    match models.keys().find(|model| name(model, &()).is_err()) {
        Some(wrong) => Err(garde::Error::new(format!("{wrong:?} must be 1 to 64 letters, digits, '_' or '-'"))),
        None => Ok(()),
    }
}

/// What `RUST_LOG` takes.
pub(super) fn log_filter(text: &str, _: &()) -> Checked {
    Builder::new().try_parse(text).map(|_| ()).map_err(|error| garde::Error::new(error.to_string()))
}

/// A program, and arguments that the system can pass on.
pub(super) fn command(argv: &[String], _: &()) -> Checked {
    if argv.first().is_none_or(String::is_empty) {
        return Err(garde::Error::new("must name a program, such as [\"sh\", \"greet.sh\"]"));
    }
    if argv.iter().any(|word| word.contains('\0')) {
        return Err(garde::Error::new("must not contain a zero character"));
    }
    Ok(())
}

/// A JSON Schema. A pattern that this server does not have is no reason not to start: the task says so.
pub(super) fn schema(schema: &serde_json::Value, _: &()) -> Checked {
    match Schema::compile(schema.clone()) {
        // Its tasks cannot be started, which is logged, and is no reason not to serve the others.
        Ok(_) | Err(BadSchema::Pattern(_)) => Ok(()),
        Err(bad) => Err(garde::Error::new(bad.to_string())),
    }
}

/// 16 to 512 visible ASCII characters: fewer could be guessed. The reason never shows what was given.
pub(super) fn admin_token(token: &Secret, _: &()) -> Checked {
    let text = token.reveal();
    if (16..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(garde::Error::new("must be 16 to 512 visible ASCII characters"))
}

/// At least one type of events, or beginning of some.
pub(super) fn event_types(types: &[String], _: &()) -> Checked {
    if types.is_empty() {
        return Err(garde::Error::new("must name a type of events, such as execution.failed"));
    }
    match types.iter().find(|text| crate::domain::event::Pattern::parse(text).is_none()) {
        Some(unknown) => Err(garde::Error::new(format!("{unknown:?} is no type of events"))),
        None => Ok(()),
    }
}
