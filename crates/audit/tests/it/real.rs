//! Real reports: the true fault is found, and nothing above info is said of what only looks like one.

use std::path::{Path, PathBuf};

use callboard_audit::check::{Check, Options, findings};
use callboard_audit::{Document, Limits, Severity, media_type_of};

use super::kit::{audit, serious};

fn file(name: &str) -> Document {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(name);
    let bytes = std::fs::read(path).unwrap();
    Document::read(&bytes, media_type_of(name, &bytes).unwrap(), &Limits::default()).unwrap()
}

#[test]
fn growth_that_no_rounding_explains_is_an_error() {
    let document = file("tatqa-dev-55.md");
    assert_eq!(serious(&document), ["error numeric.growth 7"]);
    let (found, _) = audit(&document);
    let fault = found.iter().find(|finding| finding.severity == Severity::Error).unwrap();
    assert_eq!((fault.expected.as_deref(), fault.actual.as_deref()), (Some("3.0"), Some("3.5")));
    assert!(fault.proof.as_deref().unwrap().contains("Sales"), "{fault:?}");
}

#[test]
fn traps_are_left_alone() {
    for (name, proven) in [
        ("tatqa-dev-9.md", 4),
        ("tatqa-dev-21.md", 10),
        ("tatqa-dev-49.md", 10),
        ("tatqa-dev-82.md", 14),
        ("tatqa-dev-100.md", 3),
        ("tatqa-dev-119.md", 4),
        ("tatqa-dev-146.md", 0),
        ("tatqa-dev-155.md", 2),
        ("apple-10k-2024.md", 120),
        ("apple-income-tax-table.html", 0),
        ("budget-2014-15.pdf", 130),
    ] {
        let document = file(name);
        assert_eq!(serious(&document), [""; 0], "{name}");
        let (_, summary) = audit(&document);
        assert!(summary.proven >= proven, "{name}: {} figures proven", summary.proven);
    }
}

#[test]
fn an_annual_report_has_what_the_checklist_asks_for() {
    let (found, _) = findings(&file("apple-10k-2024.md"), Check::DisclosureCompleteness, &Options::default());
    let missing: Vec<_> = found.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(found.iter().filter(|finding| finding.rule == "disclosure.found").count() >= 15);
}

#[test]
fn a_single_table_is_no_annual_report() {
    let (found, _) = findings(&file("tatqa-dev-9.md"), Check::DisclosureCompleteness, &Options::default());
    assert!(found.iter().all(|finding| finding.severity == Severity::Info), "{found:#?}");
}

#[test]
fn a_changed_digit_in_a_proven_cell_of_a_real_report_is_found() {
    for (name, from, to, rule) in [
        ("tatqa-dev-119.md", "$ 5,765.2", "$ 5,756.2", "numeric.footing"),
        ("tatqa-dev-82.md", "| Total | 1,601.0 |", "| Total | 1,501.0 |", "numeric.footing"),
        ("tatqa-dev-100.md", "$7,478", "$7,448", "numeric"),
        (
            "apple-10k-2024.md",
            "| Total net sales                 |     | $ | 391,035",
            "| Total net sales                 |     | $ | 397,035",
            "numeric.footing",
        ),
        ("apple-10k-2024.md", "       211,993 |", "       211,998 |", "numeric"),
        ("tatqa-dev-155.md", "| 4,402 |", "| 4,902 |", "numeric.footing"),
        ("tatqa-dev-49.md", "| 27,567 |", "| 25,567 |", "numeric"),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{name} has {from}");
        let changed = text.replacen(from, to, 1);
        let document =
            Document::read(changed.as_bytes(), media_type_of(name, changed.as_bytes()).unwrap(), &Limits::default())
                .unwrap();
        let found = serious(&document);
        assert!(found.iter().any(|line| line.contains(rule)), "{name}: {to} gives {found:?}");
    }
}
