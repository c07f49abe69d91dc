//! `callboard audit`, as somebody calls it.

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value;

const GOOD: &str = "| | 2024 | 2023 |\n|---|---|---|\n| Retail | 4,211 | 3,958 |\n| Wholesale | 1,877 | 1,640 |\n\
                    | Total | 6,088 | 5,598 |\n";

fn audit(args: &[&str]) -> Output {
    let args = [&["audit"], args].concat();
    super::callboard(&std::env::current_dir().unwrap(), &args).stdin(Stdio::null()).output().unwrap()
}

fn file(folder: &tempfile::TempDir, name: &str, text: &[u8]) -> String {
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_sum_that_does_not_add_up_is_an_error_with_its_line_and_proof() {
    let folder = tempfile::tempdir().unwrap();
    let bad = file(&folder, "bad.md", GOOD.replace("5,598", "5,698").as_bytes());
    let output = audit(&[&bad]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with(&format!("{bad}:5:")) && text.contains("proof: ") && text.contains("5598"), "{text}");
    let output = audit(&["--format", "sarif", &bad]);
    assert_eq!(output.status.code(), Some(1));
    let sarif: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"], 5);
}

#[test]
fn a_report_without_faults_exits_with_zero() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(&folder, "good.md", GOOD.as_bytes());
    for format in ["text", "markdown", "csv", "sarif", "json"] {
        let output = audit(&["--format", format, &good]);
        assert_eq!(output.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{format}");
    }
}

#[test]
fn a_pdf_is_read_in_a_process_of_its_own_and_a_broken_one_is_a_clear_error() {
    let real = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/audit/tests/real/budget-2014-15.pdf");
    let output = audit(&["--quiet", real]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("figures in tables are proven"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let broken = file(&folder, "broken.pdf", b"%PDF-1.7\nnothing");
    let output = audit(&[&broken]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("callboard: ") && text.contains("PDF") && text.lines().count() == 1, "{text}");
}

#[test]
fn what_cannot_be_read_is_told_apart_from_what_has_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("picture.png", &b"\x89PNG\r\n\x1a\n\0\0"[..]), ("book.xlsx", &b"PK\x03\x04 not a workbook"[..])]
    {
        let path = file(&folder, name, text);
        let output = audit(&[&path]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!output.stderr.is_empty(), "{name}");
    }
    assert_eq!(audit(&["no-such-file.md"]).status.code(), Some(2));
    assert_eq!(audit(&[]).status.code(), Some(2));
}
