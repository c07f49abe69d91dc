//! Inline XBRL: one fact has one value, and assets equal liabilities and equity in every context.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rust_decimal::Decimal;

use crate::check::Report;
use crate::{Document, Fact, Finding, Location, Severity};

pub(super) fn check(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let mut by_key: HashMap<(&str, &str, &str), Vec<&Fact>> = HashMap::new();
    for fact in document.facts() {
        by_key.entry((&fact.concept, &fact.context, &fact.unit)).or_default().push(fact);
    }
    report.summary.cells += document.facts().len() as u64;
    // In the order of the document, not of the hash map.
    for fact in document.facts() {
        let Some(same) = by_key.remove(&(fact.concept.as_str(), fact.context.as_str(), fact.unit.as_str())) else {
            continue;
        };
        let agree = |one: &Fact, two: &Fact| (one.value - two.value).abs() <= one.margin + two.margin;
        if same.len() > 1 && same.iter().all(|other| agree(fact, other)) {
            report.summary.proven += same.len() as u64;
        }
        for other in same.iter().skip(1).filter(|other| !agree(fact, other)) {
            let finding = Finding::new(
                Severity::Error,
                "numeric.repeated_fact",
                format!(
                    "{} is {} here and {} in line {}",
                    fact.concept,
                    other.value.normalize(),
                    fact.value.normalize(),
                    fact.place.line
                ),
                Location::from(other.place),
                document.text(other.text),
            );
            let proof = format!("both are tagged as {} in context {}", fact.concept, fact.context);
            report.finding(
                finding.values(fact.value.normalize().to_string(), other.value.normalize().to_string()).proof(proof),
            )?;
        }
    }
    balance(document, report)
}

fn is_assets(concept: &str) -> bool {
    local(concept) == "Assets"
}

fn is_liabilities_and_equity(concept: &str) -> bool {
    matches!(local(concept), "EquityAndLiabilities" | "LiabilitiesAndEquity" | "LiabilitiesAndStockholdersEquity")
}

fn local(concept: &str) -> &str {
    concept.rsplit(':').next().unwrap_or(concept)
}

fn balance(document: &Document, report: &mut Report<'_>) -> ControlFlow<()> {
    let mut assets: HashMap<(&str, &str), &Fact> = HashMap::new();
    for fact in document.facts().iter().filter(|fact| is_assets(&fact.concept)) {
        assets.entry((&fact.context, &fact.unit)).or_insert(fact);
    }
    let mut held: Vec<&str> = Vec::new();
    let mut broken: Vec<(&Fact, Decimal)> = Vec::new();
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for fact in document.facts().iter().filter(|fact| is_liabilities_and_equity(&fact.concept)) {
        let key = (fact.context.as_str(), fact.unit.as_str());
        if seen.contains(&key) || seen.len() > 1_000 {
            continue;
        }
        seen.push(key);
        let Some(assets) = assets.get(&key) else { continue };
        if (assets.value - fact.value).abs() <= assets.margin + fact.margin {
            held.push(&fact.context);
        } else {
            broken.push((fact, assets.value));
        }
    }
    report.summary.proven += if held.len() >= 2 { held.len() as u64 * 2 } else { 0 };
    for (fact, assets) in broken {
        let severity = if held.is_empty() { Severity::Info } else { Severity::Error };
        let finding = Finding::new(
            severity,
            "numeric.balance",
            format!("assets are {}, but liabilities and equity are {}", assets.normalize(), fact.value.normalize()),
            Location::from(fact.place),
            document.text(fact.text),
        );
        let proof = if held.is_empty() {
            "no other context".to_owned()
        } else {
            format!("they are equal in context {}", held.join(", "))
        };
        report
            .finding(finding.values(assets.normalize().to_string(), fact.value.normalize().to_string()).proof(proof))?;
    }
    ControlFlow::Continue(())
}
