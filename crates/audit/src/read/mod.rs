//! Reads bytes into a [`Document`], one file per format; every reader works within [`Limits`].

mod csv;
mod html;
mod layout;
mod lines;
mod markdown;
pub mod pdf;
mod positioned;
mod text;
mod xlsx;

use std::borrow::Cow;

use crate::document::{Builder, Document};
use crate::{Error, Limits, MediaType};

impl Document {
    /// Reads a document. A PDF is read in this process; one from strangers should go through [`pdf::main_child`] in a process of its own, and then [`Document::from_pages`].
    pub fn read(bytes: &[u8], media_type: MediaType, limits: &Limits) -> Result<Self, Error> {
        if bytes.len() > limits.bytes {
            return Err(Error::TooLarge { what: "bytes", limit: limits.bytes as u64 });
        }
        let mut builder = Builder::new(limits);
        match media_type {
            MediaType::Markdown => markdown::read(&decode(bytes), &mut builder)?,
            MediaType::Text => text::read(&decode(bytes), &mut builder)?,
            MediaType::Csv => csv::read(&decode(bytes), &mut builder)?,
            MediaType::Html => html::read(&decode(bytes), 1, &mut builder)?,
            MediaType::Xlsx => xlsx::read(bytes, limits, &mut builder)?,
            MediaType::Pdf => return Self::from_pages(pdf::read_pdf(bytes, limits)?, limits),
        }
        builder.finish(media_type)
    }

    /// A document from the pages of a PDF that another process has read.
    pub fn from_pages(pages: pdf::Pages, limits: &Limits) -> Result<Self, Error> {
        let mut builder = Builder::new(limits);
        pdf::layout_pages(pages, &mut builder)?;
        builder.finish(MediaType::Pdf)
    }
}

/// UTF-8, else UTF-16 by its mark, else Windows-1252, which every byte string is.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default()).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}
