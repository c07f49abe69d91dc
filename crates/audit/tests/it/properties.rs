//! Random tables that add up give nothing above info; one changed proven figure is found.

use callboard_audit::MediaType;
use proptest::prelude::*;

use super::kit::{audit, markdown, read, serious};

/// A table of sections with subtotals and a grand total; amounts as whole numbers of a hundredth.
#[derive(Debug, Clone)]
struct Made {
    /// Label and one amount per column; `None` is a heading.
    rows: Vec<(String, Option<Vec<i64>>)>,
    totals: Vec<usize>,
    columns: usize,
    style: usize,
}

fn made(zeros: u32) -> impl Strategy<Value = Made> {
    (2_usize..5, 1_usize..4, 0_usize..4).prop_flat_map(move |(columns, sections, style)| {
        let amount = prop_oneof![8 => 100_037_i64..90_000_000, 1 => -20_000_000_i64..-100_011, zeros => Just(0)];
        let line = prop::collection::vec(amount, columns);
        let section = prop::collection::vec(line, 2..7);
        prop::collection::vec(section, sections).prop_map(move |sections| build(&sections, columns, style))
    })
}

fn build(sections: &[Vec<Vec<i64>>], columns: usize, style: usize) -> Made {
    let mut rows = Vec::new();
    let mut totals = Vec::new();
    let mut grand = vec![0; columns];
    for (number, lines) in sections.iter().enumerate() {
        rows.push((format!("Division {}", (b'A' + number as u8) as char), None));
        let mut sum = vec![0; columns];
        for (index, line) in lines.iter().enumerate() {
            for (sum, value) in sum.iter_mut().zip(line) {
                *sum += value;
            }
            rows.push((
                format!("Line {}", ["north", "south", "east", "west", "centre", "abroad", "other"][index]),
                Some(line.clone()),
            ));
        }
        for (grand, sum) in grand.iter_mut().zip(&sum) {
            *grand += sum;
        }
        totals.push(rows.len());
        rows.push((format!("Total division {}", (b'A' + number as u8) as char), Some(sum)));
    }
    if sections.len() > 1 {
        totals.push(rows.len());
        rows.push(("Total".to_owned(), Some(grand)));
    }
    Made { rows, totals, columns, style }
}

/// Prints hundredths in one of four styles, rounded to whole numbers in two of them.
fn print(value: i64, style: usize) -> String {
    let rounded = |value: i64| (value + value.signum() * 50) / 100;
    let group = |digits: i64, separator: &str| {
        let text = digits.abs().to_string();
        let mut grouped = String::new();
        for (at, c) in text.chars().enumerate() {
            if at > 0 && (text.len() - at).is_multiple_of(3) {
                grouped.push_str(separator);
            }
            grouped.push(c);
        }
        grouped
    };
    if value == 0 {
        return ["—", "-", "0", "..."][style].to_owned();
    }
    let minus = value < 0;
    match style {
        0 => {
            let text = group(rounded(value), ",");
            if minus { format!("({text})") } else { text }
        }
        1 => format!("{}{},{:02}", if minus { "-" } else { "" }, group(value / 100, "."), (value % 100).abs()),
        2 => format!("{}{}", if minus { "-" } else { "" }, group(rounded(value), " ")),
        _ => {
            let text = format!("{}.{:02}", group(value / 100, ","), (value % 100).abs());
            if minus { format!("$ ({text})") } else { format!("$ {text}") }
        }
    }
}

fn table(made: &Made) -> Vec<Vec<String>> {
    let mut rows = vec![
        std::iter::once(String::new())
            .chain((0..made.columns).map(|column| (2020 - column).to_string()))
            .collect::<Vec<_>>(),
    ];
    for (label, values) in &made.rows {
        let cells = match values {
            Some(values) => values.iter().map(|value| print(*value, made.style)).collect(),
            None => vec![String::new(); made.columns],
        };
        rows.push(std::iter::once(label.clone()).chain(cells).collect());
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_that_adds_up_gives_nothing_above_info(made in made(1)) {
        let text = markdown(&table(&made));
        let document = read(text.as_bytes(), MediaType::Markdown);
        let found = serious(&document);
        prop_assert!(found.is_empty(), "{text}\n{:#?}", audit(&document).0);
    }

    #[test]
    fn a_changed_proven_total_is_found_where_it_stands(made in made(0), pick in any::<prop::sample::Index>(), column in any::<prop::sample::Index>(), by in 30_i64..60) {
        let row = made.totals[pick.index(made.totals.len())];
        let column = column.index(made.columns);
        let mut changed = made.clone();
        if let Some(values) = &mut changed.rows[row].1 {
            // Far beyond rounding, and not by a slip of one digit alone.
            values[column] += values[column].abs() / 1_000 * by + 12_345;
        }
        let text = markdown(&table(&changed));
        let document = read(text.as_bytes(), MediaType::Markdown);
        let found = serious(&document);
        let line = format!(" {}", row + 3);
        prop_assert!(found.iter().any(|found| found.ends_with(&line)), "line{line} of\n{text}\n{:#?}", audit(&document).0);
    }
}
