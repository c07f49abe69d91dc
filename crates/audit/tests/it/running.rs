//! How a check runs: progress, findings as they come, and a stop at any of them.

use std::ops::ControlFlow;

use callboard_audit::check::{Check, Checklist, Event, Options, findings, run};
use callboard_audit::{MediaType, Severity};

use super::kit::{markdown, read};

fn faulty(tables: usize) -> String {
    let rows: Vec<Vec<String>> = [
        ["", "2020", "2019"],
        ["Retail", "4,211", "3,958"],
        ["Wholesale", "1,877", "1,640"],
        ["Total", "6,088", "5,698"],
    ]
    .iter()
    .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
    .collect();
    format!("{}\n", markdown(&rows)).repeat(tables)
}

#[test]
fn findings_come_before_the_check_has_gone_through_all_tables() {
    let document = read(faulty(200).as_bytes(), MediaType::Markdown);
    let mut seen = Vec::new();
    let summary = run(&document, Check::NumericValidation, &Options::default(), &mut |event| {
        seen.push(event);
        ControlFlow::Continue(())
    });
    let first = seen.iter().position(|event| matches!(event, Event::Finding(_))).unwrap();
    let middle = seen.iter().position(|event| matches!(event, Event::Progress { done, .. } if *done > 0)).unwrap();
    assert!(first < middle);
    assert!(matches!(seen.last(), Some(Event::Progress { done, total }) if done == total));
    assert_eq!((summary.errors + summary.warnings, summary.stopped), (200, false));
}

#[test]
fn a_check_stops_where_it_is_told_to() {
    let document = read(faulty(200).as_bytes(), MediaType::Markdown);
    let mut count = 0;
    let summary = run(&document, Check::NumericValidation, &Options::default(), &mut |event| {
        count += usize::from(matches!(event, Event::Finding(_)));
        if count == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((count, summary.stopped), (3, true));
}

#[test]
fn findings_beyond_the_limit_are_counted() {
    let document = read(faulty(50).as_bytes(), MediaType::Markdown);
    let options = Options { max_findings: 10, ..Options::default() };
    let (found, summary) = findings(&document, Check::NumericValidation, &options);
    assert_eq!((found.len(), summary.dropped), (10, 40));
}

#[test]
fn a_checklist_of_ones_own_reports_what_is_missing_found_and_not_applicable() {
    let checklist = Checklist::from_toml(
        r#"
        title = "Mine"
        applies_from = 30
        [[item]]
        id = "a"
        title = "Leases"
        any = ["lease liability", "lease liabilities"]
        [[item]]
        id = "b"
        title = "Going concern"
        severity = "error"
        any = ["going concern"]
        [[item]]
        id = "c"
        title = "Subsequent events"
        any = ["subsequent events"]
        not_applicable = ["no events after"]
        [[item]]
        id = "d"
        title = "Segments"
        any = ["segment information"]
        when = ["ifrs 8"]
        "#,
    )
    .unwrap();
    let document = read(
        b"# Leases\n\nThe lease\nliabilities are small.\n\nThere were no events after the year.\n",
        MediaType::Markdown,
    );
    let (found, _) = findings(&document, Check::DisclosureCompleteness, &Options { checklist, ..Options::default() });
    let shown: Vec<(Severity, &str, &str)> =
        found.iter().map(|finding| (finding.severity, finding.rule.as_str(), finding.message.as_str())).collect();
    assert_eq!(
        shown,
        [
            (Severity::Info, "disclosure.found", "Leases: found"),
            (Severity::Error, "disclosure.missing", "Going concern: not found"),
            (Severity::Info, "disclosure.not_applicable", "Subsequent events: said not to apply"),
        ]
    );
    assert_eq!(found[0].location.line, 3);
}

#[test]
fn checks_are_known_by_their_ids() {
    for check in Check::ALL {
        assert_eq!(Check::from_id(check.id()), Some(check));
        assert_eq!(serde_json::to_value(check).unwrap(), check.id());
    }
}
