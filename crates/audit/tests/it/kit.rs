//! What tests share: reading, checking, and writing small documents of every format.

use std::io::{Cursor, Write};

use callboard_audit::check::{Check, Options, Summary, findings};
use callboard_audit::{Document, Finding, Limits, MediaType, Severity};

pub(crate) fn read(bytes: &[u8], media_type: MediaType) -> Document {
    Document::read(bytes, media_type, &Limits::default()).unwrap()
}

/// What the two checks that need no checklist find.
pub(crate) fn audit(document: &Document) -> (Vec<Finding>, Summary) {
    let (mut all, summary) = findings(document, Check::NumericValidation, &Options::default());
    all.extend(findings(document, Check::LogicConsistency, &Options::default()).0);
    (all, summary)
}

/// Findings above info, as `severity rule line`.
pub(crate) fn serious(document: &Document) -> Vec<String> {
    let (found, _) = audit(document);
    let mut lines: Vec<String> = found
        .iter()
        .filter(|finding| finding.severity > Severity::Info)
        .map(|finding| format!("{} {} {}", finding.severity.as_str(), finding.rule, finding.location.line))
        .collect();
    lines.sort();
    lines
}

/// A table as Markdown.
pub(crate) fn markdown(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
    let mut text = rows.first().map(line).unwrap_or_default();
    let width = rows.first().map_or(0, Vec::len);
    text.push_str(&format!("|{}\n", "---|".repeat(width)));
    text.extend(rows.iter().skip(1).map(line));
    text
}

/// A workbook of one sheet: what parses as a number is stored as one.
pub(crate) fn xlsx(rows: &[Vec<String>]) -> Vec<u8> {
    let mut sheet = String::new();
    for (row, cells) in (1..).zip(rows) {
        sheet.push_str(&format!("<row r=\"{row}\">"));
        for (column, text) in ('A'..='Z').zip(cells) {
            let plain = text.replace(',', "");
            if text.is_empty() {
            } else if plain.parse::<f64>().is_ok() {
                sheet.push_str(&format!("<c r=\"{column}{row}\"><v>{plain}</v></c>"));
            } else {
                sheet.push_str(&format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"));
            }
        }
        sheet.push_str("</row>");
    }
    workbook(&format!("<sheetData>{sheet}</sheetData>"))
}

/// A workbook whose only sheet has this inside.
pub(crate) fn workbook(sheet: &str) -> Vec<u8> {
    workbook_with(sheet, None)
}

/// The same, with these shared strings.
pub(crate) fn workbook_with(sheet: &str, strings: Option<&str>) -> Vec<u8> {
    const N: &str = "http://schemas.openxmlformats.org";
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{N}/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{N}/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{N}/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{N}/spreadsheetml/2006/main\" xmlns:r=\"{N}/officeDocument/2006/relationships\"><sheets><sheet name=\"Report\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{N}/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{N}/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{N}/spreadsheetml/2006/main\">{sheet}</worksheet>")),
    ];
    let strings = strings
        .map(|strings| ("xl/sharedStrings.xml", format!("<sst xmlns=\"{N}/spreadsheetml/2006/main\">{strings}</sst>")));
    let parts: Vec<(&str, Vec<u8>)> =
        parts.into_iter().chain(strings).map(|(name, text)| (name, text.into_bytes())).collect();
    zipped(&parts)
}

pub(crate) fn zipped(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A PDF of one page: lines from the top, each a list of places in points and texts.
pub(crate) fn pdf(lines: &[Vec<(u32, String)>]) -> Vec<u8> {
    let mut drawn = String::from("BT /F1 9 Tf\n");
    for (number, line) in (0..).zip(lines) {
        for (x, text) in line {
            let text = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
            drawn.push_str(&format!("1 0 0 1 {x} {} Tm ({text}) Tj\n", 800 - 14 * number));
        }
    }
    drawn.push_str("ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[4 0 R]>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>".to_owned(),
        format!("<</Length {}>>stream\n{drawn}\nendstream", drawn.len()),
    ];
    pdf_of(&objects)
}

/// A PDF of these objects, the first of them the catalogue.
pub(crate) fn pdf_of(objects: &[String]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.4\n");
    let mut at = Vec::new();
    for (number, object) in (1..).zip(objects) {
        at.push(out.len());
        out.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let table = out.len();
    out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", at.len() + 1));
    for offset in &at {
        out.push_str(&format!("{offset:010} 00000 n \n"));
    }
    out.push_str(&format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF", at.len() + 1));
    out.into_bytes()
}
