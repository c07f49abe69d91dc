//! What rows and columns hold, by their labels, headings and figures.

use std::sync::LazyLock;

use super::words::{Words, has_any};
use super::{ColumnKind, RowKind, Table};
use crate::document::{Span, span_text};
use crate::figure::{Content, Unit};

/// What a row was read as.
pub(super) struct Reading {
    pub(super) kind: RowKind,
    pub(super) label: Span,
}

const CHANGE: &[&str] = &[
    "change",
    "changes",
    "growth",
    "variance",
    "increase",
    "decrease",
    "increase/(decrease)",
    "inc",
    "dec",
    "var",
    "yoy",
    "y/y",
    "y-o-y",
    "variation",
    "δ",
    "diff",
    "difference",
    "fav",
    "favorable",
    "favourable",
    "veränderung",
    "évolution",
    "ændring",
    "abweichung",
    "+/-",
    "+/–",
    "vs",
    "chg",
    "delta",
];
const RATE: &[&str] = &[
    "average",
    "avg",
    "price",
    "rate",
    "rates",
    "yield",
    "ratio",
    "multiple",
    "life",
    "lives",
    "days",
    "age",
    "weighted",
    "times",
    "coupon",
    "duration",
    "kurs",
    "satz",
    "taux",
    "durchschnitt",
    "beta",
    "volatility",
    "assumption",
    "assumptions",
    "probability",
    "percentile",
    "useful",
    "tenure",
    "exercise price",
];
const CUMULATIVE: &[&str] = &[
    "cumulative",
    "to date",
    "may yet be",
    "publicly announced",
    "kumuliert",
    "cumulé",
    "year-to-date",
    "running total",
];
const REFERENCE: &[&str] = &[
    "note",
    "notes",
    "ref",
    "ref.",
    "note no",
    "note no.",
    "no",
    "no.",
    "nr",
    "nr.",
    "code",
    "id",
    "#",
    "account",
    "item",
    "anm.",
    "anhang",
    "page",
    "line",
    "line no",
    "line no.",
    "year",
    "note(s)",
    "notes no.",
    "anm",
    "ziffer",
    "konto",
    "sr. no.",
    "s. no.",
    "s.no.",
    "date",
    "class",
    "row",
    "index",
];
/// Rows of these are never added up.
static ROW_RATE: LazyLock<Words> = LazyLock::new(|| {
    Words::of(&[
        "per share",
        "per unit",
        "per ads",
        "per ordinary",
        "per common",
        "per diluted",
        "per basic",
        "eps",
        "(cents)",
        "cents",
        "pence",
        "average",
        "weighted",
        "weighted-average",
        "ratio",
        "return on",
        "basis points",
        "bps",
        "roe",
        "roce",
        "rofe",
        "je aktie",
        "par action",
        "pr. aktie",
        "dividend per",
        "dividends per",
        "(years)",
        "(days)",
        "dso",
        "arpu",
    ])
});
/// Rows of these are not added up where their figures are small.
static ROW_RATE_IF_SMALL: LazyLock<Words> = LazyLock::new(|| {
    Words::of(&[
        "rate",
        "rates",
        "margin",
        "margins",
        "days",
        "years",
        "multiple",
        "yield",
        "effective tax",
        "nav",
        "covenant",
        "volatility",
        "gearing",
        "leverage",
        "payout",
        "occupancy",
        "churn",
        "utilisation",
        "utilization",
        "turnover ratio",
        "quote",
        "quota",
        "grad",
        "eigenkapitalquote",
    ])
});
static TOTAL: LazyLock<Words> = LazyLock::new(|| {
    Words::of(&[
        "total",
        "totals",
        "subtotal",
        "sub-total",
        "sum",
        "aggregate",
        "gesamt",
        "summe",
        "insgesamt",
        "totale",
        "totaal",
        "summa",
        "i alt",
        "ensemble",
        "gesamtsumme",
        "zwischensumme",
        "yhteensä",
        "razem",
        "suma",
        "overall",
        "gesamtbetrag",
        "sous-total",
        "totalt",
    ])
});

/// Whether a label says that its row adds up others.
pub(crate) fn is_total_label(label: &str) -> bool {
    let label = label.to_lowercase();
    TOTAL.are_in(&label) && !label.contains("total return") && !label.contains("of total")
}

/// Whether the label of a row whose only figures are years says that it heads columns.
pub(super) fn heads_periods(label: &str) -> bool {
    if label.is_empty() {
        return true;
    }
    let label = label.to_lowercase();
    [
        "year", "ended", "ending", "million", "thousand", "as of", "as at", "december", "june", "fiscal", "$", "€",
        "£", "period", "quarter", "note",
    ]
    .iter()
    .any(|word| label.contains(word))
}

/// Tens that amounts under `text` are to be multiplied by.
fn power_of(text: &str) -> Option<u8> {
    let text = text.to_lowercase();
    let millions = [
        "million", "$m", "€m", "£m", "m€", "mio", "mill.", "mdkk", "msek", "mnok", "meur", "in mn", "eur m", "usd m",
        "dkkm", "sekm",
    ];
    let thousands = [
        "thousand", "'000", "’000", "$000", "£000", "€000", "000s", "t€", "teur", "k€", "keur", "tdkk", "tsek", "tnok",
        "(000)", "in 000", "tusd",
    ];
    let billions = ["billion", "mrd", "milliard", "$bn", "€bn", "£bn"];
    if billions.iter().any(|word| text.contains(word)) {
        Some(9)
    } else if millions.iter().any(|word| text.contains(word)) {
        Some(6)
    } else if thousands.iter().any(|word| text.contains(word)) {
        Some(3)
    } else {
        None
    }
}

/// Sets the kinds of all rows and columns, the sections, and the power of ten.
pub(super) fn classify(table: &mut Table, caption: &str, text: &str) {
    let figures: Vec<Figures> = (0..table.columns.len()).map(|index| figures_of(table, index)).collect();
    for index in 0..table.columns.len() {
        let kind = column_kind(table, &figures, index, text);
        if let Some(column) = table.columns.get_mut(index) {
            column.kind = kind;
        }
    }
    // Where every column is a change, changes are what the table adds up.
    let has_amounts = table.columns.iter().any(|column| column.kind == ColumnKind::Amount);
    if !has_amounts {
        for (column, figures) in table.columns.iter_mut().zip(&figures) {
            if column.kind == ColumnKind::Change && figures.percent + figures.points == 0 {
                column.kind = ColumnKind::Amount;
            }
        }
    }
    let mut section = None;
    let mut rate_section = false;
    for index in 0..table.rows.len() {
        let Some(row) = table.rows.get(index) else { break };
        match row.kind {
            RowKind::Section => {
                section = u32::try_from(index).ok();
                let label = span_text(text, row.label).to_lowercase();
                rate_section = is_rate_label(&label) || has_any(&label, &["assumptions", "rates"]);
            }
            RowKind::Heading => rate_section = false,
            RowKind::Amount | RowKind::Rate => {
                let label = span_text(text, row.label).to_lowercase();
                let rate = rate_section || is_rate_row(table, index, &label);
                if let (true, Some(row)) = (rate, table.rows.get_mut(index)) {
                    row.kind = RowKind::Rate;
                }
            }
        }
        if let Some(row) = table.rows.get_mut(index) {
            row.section = section.filter(|&section| section as usize != index);
        }
    }
    let tops = table.rows.iter().take_while(|row| matches!(row.kind, RowKind::Heading | RowKind::Section)).take(6);
    let labels = tops.map(|row| span_text(text, row.label));
    let headings = table.columns.iter().take(40).map(|column| span_text(text, column.heading));
    table.power = labels.chain(headings).find_map(power_of).or_else(|| power_of(caption)).unwrap_or(0);
}

/// "Gross margin (%)" and "earnings per share", but not "4.2% notes due 2028".
fn is_rate_label(label: &str) -> bool {
    let of_number = |at: usize| {
        label.get(..at).and_then(|head| head.trim_end().chars().next_back()).is_some_and(|c| c.is_ascii_digit())
    };
    let percent =
        ["%", "percent", "per cent"].iter().any(|sign| label.match_indices(sign).any(|(at, _)| !of_number(at)));
    percent || ROW_RATE.are_in(label)
}

fn is_rate_row(table: &Table, row: usize, label: &str) -> bool {
    if is_rate_label(label) {
        return true;
    }
    let (mut figures, mut rates, mut small) = (0, 0, 0);
    for (index, column) in table.columns.iter().enumerate() {
        if column.kind != ColumnKind::Amount {
            continue;
        }
        if let Some(figure) = table.figure(row, index).filter(|figure| !figure.mark) {
            figures += 1;
            rates += usize::from(figure.unit != Unit::Plain);
            small += usize::from(figure.decimals() > 0 && figure.value().abs() < rust_decimal::Decimal::ONE_HUNDRED);
        }
    }
    if figures == 0 {
        return false;
    }
    if rates * 2 >= figures {
        return true;
    }
    small == figures && ROW_RATE_IF_SMALL.are_in(label)
}

#[derive(Default)]
struct Figures {
    all: usize,
    percent: usize,
    points: usize,
    plain_whole: usize,
    years: usize,
    largest: i64,
    rising: bool,
    hundred_at_most: bool,
}

fn figures_of(table: &Table, column: usize) -> Figures {
    let mut found = Figures { rising: true, hundred_at_most: true, ..Figures::default() };
    let mut previous = i64::MIN;
    for row in 0..table.rows.len() {
        let Some(figure) = table.figure(row, column).filter(|figure| !figure.mark) else { continue };
        found.all += 1;
        match figure.unit {
            Unit::Percent => found.percent += 1,
            Unit::Points | Unit::Times => found.points += 1,
            Unit::Plain => {}
        }
        let whole = figure.decimals() == 0 && !figure.grouped && figure.currency == crate::figure::Currency::None;
        if whole && figure.mantissa() >= 0 && figure.unit == Unit::Plain {
            found.plain_whole += 1;
        }
        found.years += usize::from(figure.looks_like_year());
        found.largest = found.largest.max(figure.mantissa().saturating_abs());
        found.hundred_at_most &= figure.value().abs() <= rust_decimal::Decimal::ONE_HUNDRED;
        found.rising &= figure.mantissa() >= previous;
        previous = figure.mantissa();
    }
    found
}

fn column_kind(table: &Table, all: &[Figures], index: usize, text: &str) -> ColumnKind {
    let Some(figures) = all.get(index) else { return ColumnKind::Text };
    if figures.all == 0 {
        let marks = (0..table.rows.len())
            .any(|row| table.cell(row, index).is_some_and(|cell| matches!(cell.content, Content::Figure(_))));
        return if marks { ColumnKind::Amount } else { ColumnKind::Text };
    }
    let heading_of = |index: usize| {
        table.columns.get(index).map(|column| span_text(text, column.heading).to_lowercase()).unwrap_or_default()
    };
    let heading = heading_of(index);
    let whole = figures.plain_whole == figures.all;
    if whole && figures.years == figures.all {
        return ColumnKind::Reference;
    }
    if whole && REFERENCE.contains(&heading.trim()) {
        return ColumnKind::Reference;
    }
    // Numbers of notes need no heading: small, rising, and not for every row.
    let first_numeric = all.iter().take(index).all(|before| before.all == 0);
    if whole
        && first_numeric
        && figures.largest < 100
        && figures.rising
        && figures.all >= 2
        && figures.all * 10 < table.rows.len() * 9
        && all.get(index + 1).is_some_and(|next| next.all > figures.all && next.largest > 100)
    {
        return ColumnKind::Reference;
    }
    let changes = has_any(&heading, CHANGE);
    // A percent sign in the first and the last row of a column stands for all between.
    let framed = figures.percent >= 2 && figures.hundred_at_most;
    if framed
        || figures.percent * 2 >= figures.all
        || heading.contains('%')
        || has_any(&heading, &["percent", "per cent", "percentage"])
    {
        let left = index.checked_sub(1).map(heading_of).unwrap_or_default();
        let bare = heading.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
        let of_something = heading.contains("% of")
            || heading.contains("of total")
            || heading.contains("percent of")
            || heading.contains("percentage of");
        let change = (changes && !of_something) || (bare && has_any(&left, CHANGE));
        return if change { ColumnKind::Change } else { ColumnKind::Share };
    }
    if figures.points * 2 >= figures.all {
        return ColumnKind::Change;
    }
    if has_any(&heading, CUMULATIVE) {
        return ColumnKind::Cumulative;
    }
    if changes {
        return ColumnKind::Change;
    }
    if has_any(&heading, RATE) || ROW_RATE.are_in(&heading) {
        return ColumnKind::Rate;
    }
    ColumnKind::Amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_total_is_no_total() {
        assert!(is_total_label("Total assets"));
        assert!(is_total_label("Summe Aktiva"));
        assert!(!is_total_label("Percentage of total net sales"));
    }
}
