//! XLSX workbooks: unpacked sizes are measured first, cells come one by one, so a declared size costs nothing.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write};

use calamine::{DataRef, Reader as _, Xlsx};

use super::csv::{Field, Sheet};
use crate::document::Builder;
use crate::{Error, Limits};

pub(super) fn read(bytes: &[u8], limits: &Limits, builder: &mut Builder<'_>) -> Result<(), Error> {
    measure(bytes, limits)?;
    let invalid = |error: calamine::XlsxError| Error::malformed("XLSX", error);
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(invalid)?;
    let names = workbook.sheet_names();
    if names.len() > limits.pages {
        return Err(Error::TooLarge { what: "sheets", limit: limits.pages as u64 });
    }
    for (page, name) in (1_u32..).zip(names) {
        builder.pages = page;
        // A chart has no cells.
        let Ok(mut cells) = workbook.worksheet_cells_reader(&name) else { continue };
        let mut sheet = Sheet::default();
        let mut row: Vec<(u32, Cow<'_, str>)> = Vec::new();
        let mut number: Option<u32> = None;
        let mut count = 0_usize;
        while let Some(cell) = cells.next_cell().map_err(invalid)? {
            let (at, column) = cell.get_position();
            count += 1;
            if count > limits.cells {
                return Err(Error::TooLarge { what: "cells", limit: limits.cells as u64 });
            }
            if number != Some(at) {
                end_row(&mut sheet, number, &mut row, page, builder)?;
                // A row that is left out is a blank one.
                if number.is_some_and(|number| at > number + 1) {
                    sheet.row(at, std::iter::empty(), page, builder)?;
                }
                number = Some(at);
            }
            if let Some(text) = text_of(cell.get_value()) {
                row.push((column, text));
            }
        }
        end_row(&mut sheet, number, &mut row, page, builder)?;
        sheet.end(builder)?;
    }
    Ok(())
}

fn end_row(
    sheet: &mut Sheet,
    number: Option<u32>,
    row: &mut Vec<(u32, Cow<'_, str>)>,
    page: u32,
    builder: &mut Builder<'_>,
) -> Result<(), Error> {
    let Some(number) = number else { return Ok(()) };
    let line = number.saturating_add(1);
    let fields = row.iter().map(|(cell, text)| Field { cell: *cell, line, column: 0, text });
    sheet.row(line, fields, page, builder)?;
    row.clear();
    Ok(())
}

/// From here on a number is larger than any figure, and in full it would take up to 309 digits.
const BEYOND_FIGURES: f64 = 1e19;

/// A stored value as it would be printed in full; floating point noise beyond nine decimals is dropped.
fn text_of<'t>(value: &DataRef<'t>) -> Option<Cow<'t, str>> {
    match value {
        DataRef::Empty => None,
        DataRef::String(text) => Some(Cow::Owned(text.clone())),
        DataRef::SharedString(text) => Some(Cow::Borrowed(text)),
        DataRef::Int(number) => Some(Cow::Owned(number.to_string())),
        DataRef::Float(number) if number.abs() >= BEYOND_FIGURES => Some(Cow::Owned(format!("{number:e}"))),
        DataRef::Float(number) => {
            let mut text = format!("{number:.9}");
            let trimmed = text.trim_end_matches('0').trim_end_matches('.').len();
            text.truncate(trimmed);
            Some(Cow::Owned(text))
        }
        DataRef::Bool(value) => Some(Cow::Borrowed(if *value { "TRUE" } else { "FALSE" })),
        DataRef::DateTime(moment) => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            Some(Cow::Owned(format!("{year:04}-{month:02}-{day:02}")))
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Some(Cow::Owned(text.clone())),
        DataRef::Error(_) => Some(Cow::Borrowed("#ERROR")),
    }
}

/// Unpacks every part into nothing and counts: what a header declares is not believed.
fn measure(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let invalid = |error: zip::result::ZipError| Error::malformed("XLSX", error);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(invalid)?;
    if archive.len() > 10_000 {
        return Err(Error::TooLarge { what: "parts in the workbook", limit: 10_000 });
    }
    let mut left = limits.unpacked_bytes;
    let mut strings = SharedStrings::new(limits);
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(invalid)?;
        let name = part.name().map_err(invalid)?.to_ascii_lowercase();
        let mut part = part.take(left + 1);
        let unpacked = if name.ends_with("sharedstrings.xml") {
            std::io::copy(&mut part, &mut strings)
        } else {
            std::io::copy(&mut part, &mut std::io::sink())
        };
        let unpacked = unpacked.map_err(|error| Error::malformed("XLSX", error))?;
        if strings.are_too_many() {
            return Err(Error::TooLarge { what: "shared strings", limit: limits.cells as u64 });
        }
        left = left
            .checked_sub(unpacked)
            .ok_or(Error::TooLarge { what: "unpacked bytes", limit: limits.unpacked_bytes })?;
    }
    Ok(())
}

/// What declares how many shared strings there are; the library reserves room for as many.
const DECLARED: &[u8] = b"uniqueCount";

/// Counts the shared strings of a workbook while their part is unpacked: each takes memory, even an empty one.
struct SharedStrings {
    most: u64,
    count: u64,
    /// How much of [`DECLARED`] the last bytes are.
    matched: usize,
    declared: Option<u64>,
    has_too_many: bool,
    /// The bytes before the one that is looked at.
    last: [u8; 3],
}

impl SharedStrings {
    fn new(limits: &Limits) -> Self {
        let most = limits.cells as u64;
        Self { most, count: 0, matched: 0, declared: None, has_too_many: false, last: [0; 3] }
    }

    fn are_too_many(&self) -> bool {
        self.has_too_many
    }

    fn look_at(&mut self, byte: u8) {
        // `<si>`, whatever its prefix and attributes.
        if let ([b'<' | b':', b's', b'i'], b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n') = (self.last, byte) {
            self.count += 1;
        }
        self.last = [self.last[1], self.last[2], byte];
        match (self.declared, byte) {
            (Some(number), b'0'..=b'9') => {
                self.declared = Some(number.saturating_mul(10).saturating_add(u64::from(byte - b'0')));
            }
            (Some(_), b'=' | b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n') => {}
            (Some(_) | None, _) => {
                self.declared = None;
                self.matched = match DECLARED.get(self.matched) {
                    Some(expected) if *expected == byte => self.matched + 1,
                    _ => usize::from(byte == b'u'),
                };
                if self.matched == DECLARED.len() {
                    (self.matched, self.declared) = (0, Some(0));
                }
            }
        }
        self.has_too_many |= self.count > self.most || self.declared.is_some_and(|declared| declared > self.most);
    }
}

impl Write for SharedStrings {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // In UTF-16 every other byte of these is 0.
        for byte in bytes.iter().copied().filter(|byte| *byte != 0) {
            self.look_at(byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
