//! Hostile, cut and random input: a clear error or a document, never a panic, and never for long.

use callboard_audit::{Document, Error, Limits, MediaType};
use proptest::prelude::*;

use super::kit::{audit, pdf_of, workbook, workbook_with, zipped};

const ALL: [MediaType; 6] =
    [MediaType::Markdown, MediaType::Text, MediaType::Csv, MediaType::Html, MediaType::Pdf, MediaType::Xlsx];

fn try_all(bytes: &[u8]) {
    for media_type in ALL {
        if let Ok(document) = Document::read(bytes, media_type, &Limits::default()) {
            audit(&document);
        }
    }
}

fn refused(bytes: &[u8], media_type: MediaType) -> Error {
    Document::read(bytes, media_type, &Limits::default()).unwrap_err()
}

#[test]
fn a_workbook_that_unpacks_to_gigabytes_is_refused() {
    let zeros = vec![b' '; 300 << 20];
    let bomb = zipped(&[("xl/worksheets/sheet1.xml", zeros)]);
    assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
    assert_eq!(refused(&bomb, MediaType::Xlsx), Error::TooLarge { what: "unpacked bytes", limit: 256 << 20 });
}

#[test]
fn a_sheet_that_declares_a_billion_cells_costs_what_it_has() {
    let sheet = "<dimension ref=\"A1:AMJ1048576\"/><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"AMJ1048576\"><v>2</v></c></row></sheetData>";
    let document = Document::read(&workbook(sheet), MediaType::Xlsx, &Limits::default()).unwrap();
    assert!(document.tables().iter().map(|table| table.cell_count()).sum::<usize>() < 100);
}

#[test]
fn a_hundred_thousand_nested_tags_are_read_without_a_stack() {
    for tag in ["div", "table><tr><td", "ul><li", "ix:nonFraction", "b"] {
        let deep = format!("<{tag}>").repeat(100_000) + "1,204";
        let document = Document::read(deep.as_bytes(), MediaType::Html, &Limits::default()).unwrap();
        audit(&document);
    }
}

#[test]
fn deep_markdown_is_read() {
    for piece in ["> ", "- ", "*a ", "[", "![", "`", "| ", "<b>", "1. "] {
        let document =
            Document::read(piece.repeat(20_000).as_bytes(), MediaType::Markdown, &Limits::default()).unwrap();
        audit(&document);
    }
}

#[test]
fn a_table_of_more_cells_than_allowed_is_refused() {
    let row = "1,".repeat(1_000) + "\n";
    assert_eq!(
        refused(row.repeat(2_100).as_bytes(), MediaType::Csv),
        Error::TooLarge { what: "cells", limit: 2_000_000 }
    );
    let wide = "1,".repeat(5_000) + "\n";
    assert_eq!(
        refused(wide.repeat(3).as_bytes(), MediaType::Csv),
        Error::TooLarge { what: "columns in a table", limit: 1_024 }
    );
    let html = "<tr><td colspan=1000>1</td></tr>".repeat(10);
    assert!(Document::read(format!("<table>{html}").as_bytes(), MediaType::Html, &Limits::default()).is_ok());
}

#[test]
fn a_table_of_a_million_cells_is_audited() {
    let row: String = (0..10).map(|column| format!("{},", column * 977 + 1_204)).collect::<String>() + "\n";
    let text = format!("label,{row}").repeat(90_000);
    let document = Document::read(text.as_bytes(), MediaType::Csv, &Limits::default()).unwrap();
    assert!(document.tables()[0].cell_count() > 900_000);
    audit(&document);
}

#[test]
fn a_workbook_whose_cells_all_show_one_long_text_is_refused() {
    let book = repeated("t=\"s\"", "0", 4_000);
    assert!(book.len() < 1 << 20, "{} bytes", book.len());
    assert_eq!(refused(&book, MediaType::Xlsx), Error::TooLarge { what: "bytes of text", limit: 64 << 20 });
}

#[test]
fn more_shared_strings_than_cells_are_refused() {
    let cell = "<sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row></sheetData>";
    let limits = Limits { cells: 100, ..Limits::default() };
    let read = |strings: &str| Document::read(&workbook_with(cell, Some(strings)), MediaType::Xlsx, &limits);
    assert!(read(&"<si><t/></si>".repeat(100)).is_ok());
    for strings in ["<si><t/></si>".repeat(101), "<x:si xmlns:x=\"x\" ><t/></x:si>".repeat(101)] {
        assert_eq!(read(&strings).unwrap_err(), Error::TooLarge { what: "shared strings", limit: 100 });
    }
}

#[test]
fn a_workbook_that_declares_a_trillion_shared_strings_is_refused() {
    let sheet = "<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData>";
    for declared in ["uniqueCount=\"1000000000000\"", "uniqueCount = '1000000000000'", "uuniqueCount=\"2000001\""] {
        let book = workbook_with(sheet, Some(&format!("<sst {declared}/>")));
        let expected = Error::TooLarge { what: "shared strings", limit: 2_000_000 };
        assert_eq!(refused(&book, MediaType::Xlsx), expected, "{declared}");
    }
}

#[test]
fn numbers_larger_than_any_figure_are_not_written_in_full() {
    let limits = Limits { text_bytes: 26 * 1_000 * 10, ..Limits::default() };
    let document = Document::read(&repeated("", "1.5E+308", 1_000), MediaType::Xlsx, &limits).unwrap();
    audit(&document);
    let cell = document.tables()[0].cell(0, 0).unwrap();
    assert_eq!((document.text(cell.text), cell.figure().is_some()), ("1.5e308", false));
}

#[test]
fn numbers_that_are_figures_keep_all_their_digits() {
    for (stored, shown, is_figure) in [
        ("9007199254740993", "9007199254740992", true),
        ("2251799813685248.5", "2251799813685248.5", true),
        ("9.2E+18", "9200000000000000000", true),
        ("-1E+18", "-1000000000000000000", true),
        ("9.9E+18", "9900000000000000000", false),
    ] {
        let document = Document::read(&repeated("", stored, 3), MediaType::Xlsx, &Limits::default()).unwrap();
        let cell = document.tables()[0].cell(1, 1).unwrap();
        assert_eq!((document.text(cell.text), cell.figure().is_some()), (shown, is_figure), "{stored}");
    }
}

/// A workbook of 26 columns whose cells all have this type and value; its only shared string is a long one.
fn repeated(kind: &str, value: &str, rows: usize) -> Vec<u8> {
    let row = |row: usize| {
        let cells = ('A'..='Z').map(|column| format!("<c r=\"{column}{row}\" {kind}><v>{value}</v></c>"));
        format!("<row r=\"{row}\">{}</row>", cells.collect::<String>())
    };
    let sheet = (1..=rows).map(row).collect::<String>();
    workbook_with(&format!("<sheetData>{sheet}</sheetData>"), Some(&format!("<si><t>{}</t></si>", "x".repeat(30_000))))
}

#[test]
fn text_that_many_columns_are_headed_by_counts_for_each() {
    let head = format!("<tr><td>a</td><td colspan=900>{}</td></tr>", "x".repeat(200_000));
    let row = format!("<tr><td>b</td>{}</tr>", "<td>1204</td>".repeat(900));
    let html = format!("<table>{head}{}</table>", row.repeat(3));
    let error = refused(html.as_bytes(), MediaType::Html);
    assert_eq!(error, Error::TooLarge { what: "bytes of text", limit: 64 << 20 });
}

#[test]
fn the_text_of_every_format_is_limited() {
    let limits = Limits { text_bytes: 1_000, ..Limits::default() };
    let text = "word ".repeat(300);
    let pdf = super::kit::pdf(&vec![vec![(50, "a line of text that is long enough".to_owned())]; 40]);
    let book = workbook(&format!(
        "<sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{text}</t></is></c></row></sheetData>"
    ));
    for media_type in ALL {
        let bytes = match media_type {
            MediaType::Pdf => pdf.as_slice(),
            MediaType::Xlsx => book.as_slice(),
            MediaType::Markdown | MediaType::Text | MediaType::Csv | MediaType::Html => text.as_bytes(),
        };
        let error = Document::read(bytes, media_type, &limits).unwrap_err();
        assert_eq!(error, Error::TooLarge { what: "bytes of text", limit: 1_000 }, "{media_type:?}");
    }
}

#[test]
fn a_long_list_of_references_is_audited() {
    let html = format!("<p>As shown, see notes {}1.</p>", "1, ".repeat(1_000_000));
    audit(&Document::read(html.as_bytes(), MediaType::Html, &Limits::default()).unwrap());
}

#[test]
fn no_text_of_a_finding_is_as_long_as_its_document() {
    let noun = "x".repeat(50_000);
    let text = format!("The following three {noun}:\n\n- one\n- two\n");
    let (found, _) = audit(&Document::read(text.as_bytes(), MediaType::Markdown, &Limits::default()).unwrap());
    let counted = found.iter().find(|finding| finding.rule == "logic.count_mismatch").unwrap();
    assert_eq!(counted.message.chars().count(), 1_001);
}

#[test]
fn a_file_larger_than_allowed_is_refused() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(
        Document::read(b"0123456789a", MediaType::Text, &limits).unwrap_err(),
        Error::TooLarge { what: "bytes", limit: 10 }
    );
}

#[test]
fn nul_bytes_and_stray_quotes_in_csv_are_text() {
    let document =
        Document::read(b"a\0b,2020,2019\n\"x\ny\",1,2\n\"open,3,4\n", MediaType::Csv, &Limits::default()).unwrap();
    audit(&document);
}

#[test]
fn a_pdf_whose_pages_go_in_a_circle_ends() {
    let catalogue = "<</Type/Catalog/Pages 2 0 R>>".to_owned();
    for pages in [
        "<</Type/Pages/Count 1/Kids[2 0 R]>>",
        "<</Type/Pages/Count 1/Kids[3 0 R]/Parent 3 0 R>>",
        "<</Type/Pages/Count 99999999/Kids[3 0 R 3 0 R]>>",
    ] {
        let page = "<</Type/Page/Parent 2 0 R/Resources 3 0 R/Contents 3 0 R>>".to_owned();
        let file = pdf_of(&[catalogue.clone(), pages.to_owned(), page]);
        let _ = Document::read(&file, MediaType::Pdf, &Limits::default());
    }
}

#[test]
fn a_pdf_whose_form_draws_itself_is_refused() {
    let form = "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>/Length 5>>stream\n/X Do\nendstream";
    let file = pdf_of(&[
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>/Contents 5 0 R>>".to_owned(),
        form.to_owned(),
        "<</Length 5>>stream\n/X Do\nendstream".to_owned(),
    ]);
    assert!(refused(&file, MediaType::Pdf).to_string().contains("draws itself"));
}

#[test]
fn what_is_no_pdf_or_workbook_is_called_so() {
    assert_eq!(
        refused(b"%PDF-1.7\ngarbage", MediaType::Pdf).to_string().split(':').next(),
        Some("not a valid PDF document")
    );
    assert_eq!(
        refused(b"PK\x03\x04garbage", MediaType::Xlsx).to_string().split(':').next(),
        Some("not a valid XLSX document")
    );
}

#[test]
fn files_cut_at_any_place_do_not_panic() {
    let sheet = "<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\" t=\"s\"><v>9</v></c></row></sheetData>";
    let book = workbook(sheet);
    let pdf = super::kit::pdf(&[
        vec![(50, "Retail".to_owned()), (200, "4,211".to_owned())],
        vec![(50, "Total".to_owned()), (200, "4,211".to_owned())],
    ]);
    for at in (0..book.len()).step_by(7) {
        let _ = Document::read(&book[..at], MediaType::Xlsx, &Limits::default());
    }
    for at in (0..pdf.len()).step_by(5) {
        let _ = Document::read(&pdf[..at], MediaType::Pdf, &Limits::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        try_all(&bytes);
    }

    #[test]
    fn random_text_of_what_reports_are_made_of_does_not_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "|", "\n", "---|", " ", "  ", "1,204", "(31", ")", "%", "$", "—", "2019", "Total", "of which", "Note 3", "see Note 99",
                "\n\n", "<table>", "<tr>", "<td colspan=9 rowspan=3>", "</td>", "</table>", "<ix:nonFraction scale=9 name=a contextRef=b>", "</ix:nonFraction>",
                ";", ",", "\"", "31 December 2019", " to ", "increased by", "5.6% to $1 from $2", "the following three things:", "- ", "(a)", "é", "\u{a0}", "💶",
                "99999999999999999", "0.000000000000000001", "-", "# ", "<div class='x1 y1'>", "<style>.x1{left:1px}.y1{bottom:2px}</style>", "|---|---|\n", "(ROCE)",
            ]),
            0..120,
        )
    ) {
        try_all(pieces.concat().as_bytes());
    }
}
