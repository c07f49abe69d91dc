//! The same report in every format gives the same figures and the same fault.

use callboard_audit::{Document, Limits, MediaType, Severity, media_type_of, pdf};

use super::kit::{audit, markdown, pdf as pdf_file, read, xlsx};

fn rows(total: &str) -> Vec<Vec<String>> {
    let text = [
        ["(in millions)", "2021", "2020", "2019"],
        ["Retail", "4,211", "3,958", "3,604"],
        ["Wholesale", "1,877", "", "1,502"],
        ["Licences", "640", "655", "671"],
        ["Returns", "-312", "-298", "-277"],
        ["Total", "6,416", total, "5,500"],
    ];
    text.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
}

fn in_all_formats(rows: &[Vec<String>]) -> Vec<(MediaType, Vec<u8>)> {
    let csv: String = rows
        .iter()
        .map(|row| row.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",") + "\n")
        .collect();
    let html: String = rows
        .iter()
        .map(|row| format!("<tr>{}</tr>\n", row.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>()))
        .collect();
    let text: String =
        rows.iter().map(|row| format!("{:<24}{:>12}{:>12}{:>12}\n", row[0], row[1], row[2], row[3])).collect();
    let lines: Vec<Vec<(u32, String)>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .enumerate()
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(column, cell)| (50 + 110 * column as u32, cell.clone()))
                .collect()
        })
        .collect();
    vec![
        (MediaType::Markdown, markdown(rows).into_bytes()),
        (MediaType::Csv, csv.into_bytes()),
        (MediaType::Html, format!("<table>{html}</table>").into_bytes()),
        (MediaType::Text, text.into_bytes()),
        (MediaType::Pdf, pdf_file(&lines)),
        (MediaType::Xlsx, xlsx(rows)),
    ]
}

#[test]
fn the_same_fault_is_found_in_every_format() {
    for (media_type, bytes) in in_all_formats(&rows("4,513")) {
        assert!(media_type_of("report", &bytes).is_ok(), "{media_type:?}");
        let document = read(&bytes, media_type);
        let (found, summary) = audit(&document);
        let serious: Vec<_> = found.iter().filter(|finding| finding.severity > Severity::Info).collect();
        assert_eq!(serious.len(), 1, "{media_type:?}: {found:#?}");
        assert_eq!(
            (serious[0].expected.as_deref(), serious[0].actual.as_deref()),
            (Some("4315"), Some("4513")),
            "{media_type:?}"
        );
        // The cell left blank kept its column.
        assert!(summary.cells >= 14, "{media_type:?}: {summary:?}");
    }
}

#[test]
fn a_report_that_adds_up_is_clean_in_every_format() {
    for (media_type, bytes) in in_all_formats(&rows("4,315")) {
        let document = read(&bytes, media_type);
        let (found, summary) = audit(&document);
        assert!(found.iter().all(|finding| finding.severity == Severity::Info), "{media_type:?}: {found:#?}");
        assert_eq!(summary.proven, 3, "{media_type:?}");
    }
}

#[test]
fn a_pdf_read_by_a_child_is_the_same_document() {
    let (_, bytes) =
        in_all_formats(&rows("4,513")).into_iter().find(|(media_type, _)| *media_type == MediaType::Pdf).unwrap();
    let mut output = Vec::new();
    pdf::main_child(&bytes[..], &mut output, &Limits::default()).unwrap();
    let pages = serde_json::from_slice::<pdf::ChildResult>(&output).unwrap().into_pages().unwrap();
    let document = Document::from_pages(pages, &Limits::default()).unwrap();
    assert_eq!(audit(&document).0, audit(&read(&bytes, MediaType::Pdf)).0);

    let mut output = Vec::new();
    pdf::main_child(&b"%PDF-1.4 nothing"[..], &mut output, &Limits::default()).unwrap();
    let refused = serde_json::from_slice::<pdf::ChildResult>(&output).unwrap().into_pages();
    assert!(refused.unwrap_err().to_string().starts_with("not a valid PDF document"), "said by the child");
}

#[test]
fn a_windows_1252_table_is_read() {
    let text = b"Posten;2021;2020\nGeb\xfchren \x80;1.204,5;1.100,0\nZinsen;310,5;290,0\nSumme;1.515,0;1.390,0\n";
    let document = read(text, MediaType::Csv);
    assert_eq!(audit(&document).1.proven, 2);
    assert_eq!(document.text(document.tables()[0].rows[1].label), "Gebühren €");
}

#[test]
fn empty_elements_of_xhtml_swallow_nothing() {
    let text = "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title/><script src=\"a.js\"/><style/></head><body><div/><p>Kept.</p></body></html>";
    let document = read(text.as_bytes(), MediaType::Html);
    let kept: Vec<&str> = document.blocks().iter().map(|block| document.text(block.text)).collect();
    assert_eq!(kept, ["Kept."]);
}

#[test]
fn a_column_is_a_character_of_its_line_and_cells_are_counted_where_there_are_any() {
    for (media_type, bytes) in in_all_formats(&rows("4,513")) {
        let (found, _) = audit(&read(&bytes, media_type));
        let finding = found.iter().find(|finding| finding.actual.as_deref() == Some("4513")).unwrap();
        let location = finding.location;
        let is_counted = matches!(media_type, MediaType::Csv | MediaType::Xlsx);
        assert_eq!(location.cell, is_counted.then_some(3), "{media_type:?}");
        match location.column {
            None => assert!(matches!(media_type, MediaType::Xlsx | MediaType::Pdf), "{media_type:?}"),
            Some(column) => {
                let text = std::str::from_utf8(&bytes).unwrap();
                let line = text.lines().nth(location.line as usize - 1).unwrap();
                let rest: String = line.chars().skip(column as usize - 1).collect();
                let rest = rest.trim_start_matches(['"', '<', 't', 'd', '>', ' ']);
                assert!(rest.starts_with("4,513"), "{media_type:?}: {rest}");
            }
        }
    }
}

#[test]
fn an_empty_line_ends_a_table_of_a_csv_where_headings_follow() {
    let tables = |text: &str| read(text.as_bytes(), MediaType::Csv).tables().len();
    let rows = "a,1,2\nb,3,4\nTotal,4,6\n";
    assert_eq!(tables(&format!("x,2020,2019\n{rows}\nx,2020,2019\n{rows}")), 2);
    assert_eq!(tables(&format!("x,2020,2019\n{rows}\r\n\r\nx,2020,2019\n{rows}")), 2);
    assert_eq!(tables(&format!("x,2020,2019\n{rows}\n{rows}")), 1);
}

#[test]
fn a_cell_of_a_repaired_markdown_table_stands_at_its_character() {
    let (header, rest) = (rows("4,513")[0].join(" | "), rows("4,513").split_off(1));
    let rows: String = rest.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
    let place = |rows: &str| {
        let header = header.replace("2021", "2021 \n");
        let text = format!("| {header} |\n|---|---|---|---|\n{rows}");
        let (found, _) = audit(&read(text.as_bytes(), MediaType::Markdown));
        let finding = found.iter().find(|finding| finding.actual.as_deref() == Some("4513")).unwrap();
        (finding.location.line, finding.location.column)
    };
    assert_eq!(place(&rows), (8, Some(19)));
    assert_eq!(place(&rows.replace("| Total", "| Ümläut total")), (8, Some(26)));
    assert_eq!(place(&rows.replace("| 4,513", "|\n  4,513")), (9, Some(3)), "a cell that is broken over lines");
}

#[test]
fn text_at_fixed_places_is_found_at_its_source_line() {
    let rules: String = (0..9)
        .map(|at| format!(".x{at}{{left:{}px}}\n.y{at}{{bottom:{}px}}\n", 10 + at * 100, 700 - at * 20))
        .collect();
    // The source begins with what stands lowest on the page.
    let table: String = rows("4,513")
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(y, row)| {
            row.iter()
                .enumerate()
                .map(move |(x, cell)| format!("<div class=\"t x{x} y{y}\">\n {cell}</div>\n"))
                .collect::<Vec<_>>()
        })
        .collect();
    let prose = "<div class=\"t x0 y7\">This is a sentence that says nothing at all and has no figure, so that it is only long and then ends.</div>\n\
        <div class=\"t x0 y8\">Revenue increased by 12.0% to $110.0 million from $88.0 million. This is more of the same paragraph, to make it long.</div>\n";
    let text = format!(
        "<html><head><style>{rules}</style></head><body>\n<div class=\"page\">\n{table}{prose}</div></body></html>"
    );
    let (found, _) = audit(&read(text.as_bytes(), MediaType::Html));
    let place = |actual: &str| {
        let finding = found.iter().find(|finding| finding.actual.as_deref() == Some(actual));
        finding.map(|finding| (finding.location.line, finding.location.column))
    };
    let line = |what: &str| 1 + u32::try_from(text.split(what).next().unwrap().matches('\n').count()).unwrap();
    assert_eq!(place("4513"), Some((line("4,513</div>"), Some(2))), "{found:#?}");
    // Of a paragraph it is known where it begins.
    assert_eq!(place("12.0"), Some((line("This is a sentence"), None)), "{found:#?}");
}
