//! Reports in all formats, SARIF against what its schema asks for.

use callboard_audit::report::{AgentFindings, Audit, Format, render};
use callboard_audit::{Finding, Location, Severity};
use serde_json::Value;

fn findings() -> Vec<Finding> {
    let location = Location { line: 7, column: Some(3), cell: Some(2), page: Some(2), table: Some(1), row: Some(4) };
    vec![
        Finding::new(
            Severity::Error,
            "numeric.footing",
            "\"Total\" is *wrong* <b>".to_owned(),
            location,
            "Total: 5 | 6",
        )
        .values("-5.5", "=HYPERLINK(1)")
        .proof("2019"),
        Finding::new(
            Severity::Info,
            "disclosure.found",
            "Taxes: found".to_owned(),
            Location { line: 1, ..Location::default() },
            "taxes",
        ),
    ]
}

fn report(format: Format) -> String {
    let found = findings();
    let agents = vec![
        AgentFindings { agent_id: "numeric_validation", error: None, findings: &found },
        AgentFindings { agent_id: "reader", error: Some("no model"), findings: &[] },
    ];
    render(&Audit { name: "my report 100%.md", agents }, format)
}

#[test]
fn a_finding_is_written_as_the_contract_says() {
    let json = serde_json::to_value(&findings()[0]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "severity": "error", "rule": "numeric.footing", "message": "\"Total\" is *wrong* <b>",
            "location": {"line": 7, "column": 3, "cell": 2, "page": 2, "table": 1, "row": 4},
            "expected": "-5.5", "actual": "=HYPERLINK(1)", "evidence": "Total: 5 | 6", "proof": "2019",
        })
    );
    let bare = serde_json::to_value(&findings()[1]).unwrap();
    assert_eq!(
        bare,
        serde_json::json!({"severity": "info", "rule": "disclosure.found", "message": "Taxes: found", "location": {"line": 1}, "evidence": "taxes"})
    );
    assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), findings()[0]);
}

#[test]
fn markdown_shows_the_documents_words_as_text() {
    let text = report(Format::Markdown);
    assert!(text.contains("1 errors, 0 warnings, 1 notes."), "{text}");
    assert!(text.contains("\\*wrong\\* \\<b\\>"), "{text}");
    assert!(text.contains("page 2, line 7, table 1"), "{text}");
    assert!(text.contains("Failed: no model"), "{text}");
}

#[test]
fn csv_has_a_row_per_finding_and_no_formulas() {
    let text = report(Format::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(&rows[0][9], "-5.5");
    assert_eq!(&rows[0][10], "'=HYPERLINK(1)");
}

#[test]
fn sarif_has_the_shape_that_its_schema_asks_for() {
    let log: Value = serde_json::from_str(&report(Format::Sarif)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules: Vec<&str> =
        driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize], result["ruleId"].as_str().unwrap());
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20report%20100%25.md");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(place["region"]["startColumn"].as_u64().is_none_or(|column| column >= 1));
    }
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["toolExecutionNotifications"][0]["message"]["text"], "reader: no model");
    for (key, _) in run.as_object().unwrap() {
        assert!(["tool", "columnKind", "invocations", "results"].contains(&key.as_str()), "{key}");
    }
}

#[test]
fn json_lists_agents_with_their_findings() {
    let json: Value = serde_json::from_str(&report(Format::Json)).unwrap();
    assert_eq!(json["agents"][0]["findings"].as_array().unwrap().len(), 2);
    assert_eq!(json["agents"][1]["error"], "no model");
}
