//! Reads a body of several parts (RFC 7578), within the limits.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use futures::StreamExt;

use super::error::{Code, Problem};
use crate::connection::socket;

/// How long a body may take to come, so that slow senders do not hold connections for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// A part of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The name of its field.
    pub(super) name: String,
    /// The name of its file, where it is one.
    pub(super) filename: Option<String>,
    /// Its media type, where that is said.
    pub(super) media_type: Option<String>,
    /// What it holds.
    pub(super) bytes: Vec<u8>,
}

/// How much a body may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of all parts together.
    pub(super) bytes: usize,
    /// Parts.
    pub(super) parts: usize,
}

impl Part {
    /// What it holds as text.
    ///
    /// # Errors
    /// Where it is not UTF-8.
    pub(super) fn text(&self) -> Result<&str, &'static str> {
        std::str::from_utf8(&self.bytes).map_err(|_| "must be text in UTF-8")
    }
}

/// Whether a body says that it has several parts.
#[must_use]
pub(super) fn is_multipart(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes).unwrap_or_default();
    media_type.get(..19).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/form-data"))
}

/// Reads all parts of a body.
///
/// # Errors
/// Where it has too much, is no such body, or does not come in time.
pub(super) async fn read(request: &HttpRequest, payload: Payload, limits: Limits) -> Result<Vec<Part>, Problem> {
    let cut_later = socket::cut_later(request);
    let body = Multipart::new(request.headers(), payload);
    let read = actix_web::rt::time::timeout(PATIENCE, parts(body, limits)).await;
    read.map_err(|_| Problem::from(Code::RequestTimeout)).flatten().inspect_err(|_| cut_later())
}

async fn parts(mut body: Multipart, limits: Limits) -> Result<Vec<Part>, Problem> {
    let (mut parts, mut left) = (Vec::new(), limits.bytes);
    while let Some(field) = body.next().await {
        let field = field.map_err(|error| malformed(&error))?;
        if parts.len() >= limits.parts {
            return Err(Problem::new(Code::PayloadTooLarge, format!("The body has more than {} parts.", limits.parts)));
        }
        let part = part(field, left).await?.ok_or_else(|| {
            Problem::new(Code::PayloadTooLarge, format!("The body is larger than {} bytes.", limits.bytes))
        })?;
        left = left.saturating_sub(part.bytes.len());
        parts.push(part);
    }
    Ok(parts)
}

/// Reads a part; nothing where it has more than `most` bytes.
async fn part(mut field: Field, most: usize) -> Result<Option<Part>, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let filename = field.content_disposition().and_then(|said| said.get_filename()).map(str::to_owned);
    let media_type = field.content_type().map(ToString::to_string);
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| malformed(&error))?;
        if bytes.len() + chunk.len() > most {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(Part { name, filename, media_type, bytes }))
}

fn malformed(error: &MultipartError) -> Problem {
    Problem::new(Code::BadRequest, format!("The body is not what multipart/form-data is: {error}."))
}
