//! A 10 MB report, read and audited on one core: seconds, and memory as a multiple of the report.

use std::fmt::Write as _;
use std::time::Instant;

use callboard_audit::check::{Check, Options, findings};
use callboard_audit::{Document, Limits, MediaType};

const SIZE: usize = 10 << 20;

/// Prose and tables of thirty lines, which add up.
fn report(rows_to_paragraph: usize) -> String {
    let mut text = String::with_capacity(SIZE + 4_096);
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 40) % 90_000 + 1_000
    };
    let mut number = 0;
    while text.len() < SIZE {
        number += 1;
        let _ = write!(
            text,
            "## Note {number} – Revenue by line of business\n\n| (in millions) | 2020 | 2019 | 2018 |\n|---|---|---|---|\n"
        );
        let mut sums = [0; 3];
        for line in 0..rows_to_paragraph {
            let _ = write!(text, "| Line of business number {line} |");
            for sum in &mut sums {
                let value = next();
                *sum += value;
                let _ = write!(text, " {},{:03} |", value / 1_000, value % 1_000);
            }
            text.push('\n');
        }
        let _ = writeln!(text, "| Total | {} | {} | {} |\n", sums[0], sums[1], sums[2]);
        for year in 2015..2023 {
            let _ = writeln!(
                text,
                "The revenue of the year ended December 31, {year} increased by 5.6% to $503.6 million from $476.9 million, as described in \
                 Note {number}. The Company believes that the demand for its products depends on general economic conditions, which it cannot \
                 foresee, and that its competitors in the Asia Pacific Region (APR) have the same view of the following three markets.\n"
            );
        }
    }
    text
}

/// The most memory that the process has had, in bytes.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? * 1024)
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() {
    // The least memory first: the peak is that of the whole process.
    for rows in [10, 30, 300] {
        let text = report(rows);
        let begun = Instant::now();
        let Ok(document) = Document::read(text.as_bytes(), MediaType::Markdown, &Limits::default()) else { continue };
        let read = begun.elapsed();
        let mut proven = 0;
        for check in Check::ALL {
            proven += findings(&document, check, &Options::default()).1.proven;
        }
        let all = begun.elapsed();
        let times = peak().map(|peak| peak as f64 / text.len() as f64);
        println!(
            "{} MB, {rows} rows a table: read {read:.2?}, read and audited {all:.2?}, {proven} figures proven, memory {:.1} times the report",
            text.len() >> 20,
            times.unwrap_or(0.0)
        );
    }
}
