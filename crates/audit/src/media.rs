//! The kinds of documents that can be read, and how one is recognised.

use serde::{Deserialize, Serialize};

use crate::Error;

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaType {
    /// `text/markdown`
    Markdown,
    /// `text/plain`
    Text,
    /// `text/csv`
    Csv,
    /// `text/html` and `application/xhtml+xml`, with or without inline XBRL
    Html,
    /// `application/pdf`
    Pdf,
    /// `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`
    Xlsx,
}

impl MediaType {
    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            MediaType::Markdown => "text/markdown",
            MediaType::Text => "text/plain",
            MediaType::Csv => "text/csv",
            MediaType::Html => "text/html",
            MediaType::Pdf => "application/pdf",
            MediaType::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// From a media type as a client sends it, parameters and case aside.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let essence = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Ok(match essence.as_str() {
            "text/markdown" | "text/x-markdown" => MediaType::Markdown,
            "text/plain" => MediaType::Text,
            "text/csv" | "text/tab-separated-values" | "application/csv" => MediaType::Csv,
            "text/html" | "application/xhtml+xml" => MediaType::Html,
            "application/pdf" | "application/x-pdf" => MediaType::Pdf,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => MediaType::Xlsx,
            _ => return Err(Error::UnsupportedMediaType(name.chars().take(100).collect())),
        })
    }

    fn of_extension(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
        Some(match extension.as_str() {
            "md" | "markdown" | "mdown" => MediaType::Markdown,
            "txt" | "text" | "asc" => MediaType::Text,
            "csv" | "tsv" => MediaType::Csv,
            "html" | "htm" | "xhtml" | "xht" => MediaType::Html,
            "pdf" => MediaType::Pdf,
            "xlsx" => MediaType::Xlsx,
            _ => return None,
        })
    }
}

/// What kind of document this is, by its first bytes, then by its name; text that nothing tells apart is plain text.
pub fn media_type_of(name: &str, bytes: &[u8]) -> Result<MediaType, Error> {
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(MediaType::Pdf);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Ok(MediaType::Xlsx);
    }
    if let Some(known) = MediaType::of_extension(name) {
        return Ok(known);
    }
    let text = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<?xml") {
        return Ok(MediaType::Html);
    }
    if head.contains(&0) {
        return Err(Error::UnsupportedMediaType(name.chars().take(100).collect()));
    }
    let marked = text.lines().any(|line| line.starts_with("# ") || line.starts_with("## ") || line.starts_with("|--"));
    Ok(if marked || text.contains("\n|") { MediaType::Markdown } else { MediaType::Text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_come_before_the_name() {
        assert_eq!(media_type_of("report.txt", b"%PDF-1.4"), Ok(MediaType::Pdf));
        assert_eq!(media_type_of("a.bin", b"PK\x03\x04.."), Ok(MediaType::Xlsx));
        assert_eq!(media_type_of("report", b"<!DOCTYPE html><p>"), Ok(MediaType::Html));
        assert_eq!(media_type_of("report", b"# Report\n"), Ok(MediaType::Markdown));
        assert_eq!(media_type_of("report", b"Report\n"), Ok(MediaType::Text));
        assert_eq!(media_type_of("a.CSV", b"a,b\n"), Ok(MediaType::Csv));
        assert!(media_type_of("a.bin", b"\x00\x01").is_err());
    }

    #[test]
    fn parameters_and_case_of_a_media_type_do_not_matter() {
        assert_eq!(MediaType::parse("Text/HTML; charset=utf-8"), Ok(MediaType::Html));
        assert_eq!(MediaType::parse("image/png"), Err(Error::UnsupportedMediaType("image/png".into())));
    }
}
