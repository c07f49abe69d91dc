//! A report of any size: prose and tables that add up, as Markdown, HTML or CSV.

use std::fmt::Write;

/// Rows of a table above its total.
const ROWS: usize = 30;
const YEARS: [&str; 3] = ["2020", "2019", "2018"];

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// One table after the other, without prose.
    Csv,
}

impl Form {
    pub const ALL: [Form; 3] = [Form::Markdown, Form::Html, Form::Csv];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Form::Markdown => "Markdown",
            Form::Html => "HTML",
            Form::Csv => "CSV",
        }
    }

    /// What its files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Form::Markdown => "md",
            Form::Html => "html",
            Form::Csv => "csv",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Form::Markdown => "text/markdown",
            Form::Html => "text/html",
            Form::Csv => "text/csv",
        }
    }
}

/// A report of at least so many bytes.
pub fn report(form: Form, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16_384);
    let mut seed = 7_u64;
    let mut number = 0;
    if form == Form::Html {
        text.push_str("<!DOCTYPE html><html><head><title>Annual report</title></head><body>\n");
    }
    while text.len() < bytes {
        number += 1;
        section(&mut text, form, number, &mut seed);
    }
    if form == Form::Html {
        text.push_str("</body></html>\n");
    }
    text
}

fn section(text: &mut String, form: Form, number: usize, seed: &mut u64) {
    let title = format!("Note {number} – Revenue by line of business");
    match form {
        Form::Markdown => text.push_str(&format!("## {title}\n\n")),
        Form::Html => text.push_str(&format!("<h2>{title}</h2>\n<table>\n")),
        Form::Csv => {}
    }
    row(text, form, "(in millions)", YEARS.map(str::to_owned));
    if form == Form::Markdown {
        text.push_str("|---|---:|---:|---:|\n");
    }
    let mut sums = [0; YEARS.len()];
    for line in 0..ROWS {
        let values = sums.each_mut().map(|sum| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = (*seed >> 40) % 90_000 + 1_000;
            *sum += value;
            value
        });
        row(text, form, &format!("Line of business number {line}"), values.map(figure));
    }
    row(text, form, "Total", sums.map(figure));
    match form {
        Form::Markdown => text.push('\n'),
        Form::Html => text.push_str("</table>\n"),
        Form::Csv => return text.push('\n'),
    }
    for year in 2015..2023 {
        let prose = format!(
            "The revenue of the year ended December 31, {year} increased by 5.6% to $503.6 million from $476.9 million, as described in \
             Note {number}. The Company believes that the demand for its products depends on general economic conditions, which it cannot \
             foresee, and that its competitors in the Asia Pacific Region (APR) have the same view of the following three markets."
        );
        // Writing to a string does not fail.
        let _ = match form {
            Form::Html => writeln!(text, "<p>{prose}</p>"),
            Form::Markdown | Form::Csv => writeln!(text, "{prose}\n"),
        };
    }
}

fn row(text: &mut String, form: Form, label: &str, values: [String; YEARS.len()]) {
    let (open, between, close) = match form {
        Form::Markdown => ("| ", " | ", " |\n"),
        Form::Html => ("<tr><td>", "</td><td>", "</td></tr>\n"),
        Form::Csv => ("", ";", "\n"),
    };
    text.push_str(open);
    text.push_str(label);
    for value in values {
        text.push_str(between);
        text.push_str(&value);
    }
    text.push_str(close);
}

/// A figure with a comma at its thousands.
fn figure(value: u64) -> String {
    match value {
        0..1_000 => value.to_string(),
        1_000..1_000_000 => format!("{},{:03}", value / 1_000, value % 1_000),
        _ => format!("{},{:03},{:03}", value / 1_000_000, value / 1_000 % 1_000, value % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_bytes_that_are_wanted_and_its_tables_add_up() {
        for form in Form::ALL {
            let text = report(form, 100_000);
            assert!((100_000..120_000).contains(&text.len()), "{form:?}: {}", text.len());
        }
        let (text, mut sum) = (report(Form::Csv, 1), 0);
        let number = |line: &str| line.split(';').nth(1).unwrap().replace(',', "").parse::<u64>().unwrap();
        for line in text.lines().skip(1).take(ROWS) {
            sum += number(line);
        }
        assert_eq!(number(text.lines().nth(ROWS + 1).unwrap()), sum);
    }
}
