//! Assets equal liabilities and equity, in every column of a balance sheet.

use super::faults::Faults;
use super::grid::{Grid, Role};
use crate::table::{ColumnKind, label_key};
use crate::{Finding, Severity};

/// What the rows of a balance sheet are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Assets,
    Liabilities,
    Equity,
    Both,
}

fn part_of(label: &str) -> Option<Part> {
    let key = label_key(label);
    let has = |word: &str| key.contains(word);
    let equity = has("equity")
        || has("deficit")
        || has("shareholders funds")
        || has("eigenkapital")
        || has("egenkapital")
        || has("net worth");
    let liabilities = has("liabilit") || has("forpligtelser") || has("verbindlichkeiten") || has("schulden");
    if has("current") || has("held") || has("other") || has("lease") || has("deferred") || has("net assets") {
        return None;
    }
    let total =
        key.starts_with("total ") || key.ends_with(" total") || key.starts_with("summe ") || key.ends_with(" i alt");
    match (equity, liabilities) {
        (true, true) if key.split(' ').count() <= 9 => Some(Part::Both),
        (false, true) if key == "total liabilities" => Some(Part::Liabilities),
        (true, false) if total && !has("attributable") && !has("parent") && !has("owners") => Some(Part::Equity),
        _ if matches!(
            key.as_str(),
            "total assets"
                | "assets total"
                | "summe aktiva"
                | "bilanzsumme aktiva"
                | "aktiver i alt"
                | "total actif"
                | "assets"
        ) && (total || key == "assets") =>
        {
            Some(Part::Assets)
        }
        _ if matches!(
            key.as_str(),
            "summe passiva" | "passiver i alt" | "total passif" | "total equity and liabilities"
        ) =>
        {
            Some(Part::Both)
        }
        _ => None,
    }
}

pub(super) fn check(grid: &Grid<'_>, faults: &mut Faults<'_>) {
    let mut rows: [Option<usize>; 4] = [None; 4];
    for row in 0..grid.height() {
        if grid.role(row) == Role::Break || grid.role(row) == Role::Rate {
            continue;
        }
        let label = grid.table.rows.get(row).map(|row| grid.document.text(row.label)).unwrap_or_default();
        if let Some(slot) = part_of(label).and_then(|part| rows.get_mut(part as usize)) {
            // Of two total assets in a table the first belongs to the first liabilities.
            slot.get_or_insert(row);
        }
    }
    let [Some(assets), liabilities, equity, both] = rows else { return };
    let others: Vec<usize> = match (both, liabilities, equity) {
        (Some(both), ..) => vec![both],
        (None, Some(liabilities), Some(equity)) => vec![liabilities, equity],
        _ => return,
    };
    let mut holding = Vec::new();
    let mut broken = Vec::new();
    for column in (0..grid.width()).filter(|&column| grid.kind(column) == ColumnKind::Amount) {
        let target = grid.entry(assets, column);
        let parts: Vec<_> = others.iter().map(|&row| grid.entry(row, column)).collect();
        if !target.given || target.value == 0 || parts.iter().any(|part| !part.given) {
            continue;
        }
        let sum: i64 = parts.iter().map(|part| part.value).sum();
        let slack: i64 = target.slack() + parts.iter().map(|part| part.slack()).sum::<i64>();
        if (target.value - sum).abs() * 2 <= slack { holding.push(column) } else { broken.push((column, sum)) }
    }
    if holding.len() >= 2 || (!holding.is_empty() && !broken.is_empty()) {
        for &column in &holding {
            faults.prove_in(grid, assets, column);
            for &row in &others {
                faults.prove_in(grid, row, column);
            }
        }
    }
    report(grid, assets, &others, &holding, broken, faults);
}

fn report(
    grid: &Grid<'_>,
    assets: usize,
    others: &[usize],
    holding: &[usize],
    broken: Vec<(usize, i64)>,
    faults: &mut Faults<'_>,
) {
    for (column, sum) in broken {
        let Some(&table_column) = grid.columns.get(column) else { continue };
        let shown = |value: i64| rust_decimal::Decimal::new(value, u32::from(grid.scale)).normalize().to_string();
        let severity = if holding.is_empty() { Severity::Info } else { Severity::Error };
        let names: Vec<String> = others.iter().map(|&row| faults.row_name(row)).collect();
        let actual = grid.entry(assets, column).value;
        let message = format!(
            "{} in {} is {}, but {} is {}",
            faults.row_name(assets),
            faults.column_name(table_column),
            shown(actual),
            names.join(" and "),
            shown(sum)
        );
        let row = others.first().copied().unwrap_or(assets);
        let evidence = format!("{}: {} / {}", faults.row_name(row), shown(sum), shown(actual));
        let held: Vec<String> = holding
            .iter()
            .filter_map(|&column| grid.columns.get(column))
            .map(|&column| faults.column_name(column))
            .collect();
        let proof = if held.is_empty() {
            "no other column".to_owned()
        } else {
            format!("they are equal in {}", held.join(", "))
        };
        let finding = Finding::new(severity, "numeric.balance", message, faults.location(row, table_column), &evidence);
        faults.finding(finding.values(shown(actual), shown(sum)).proof(proof));
    }
}
