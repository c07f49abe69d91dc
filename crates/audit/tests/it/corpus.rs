//! `tests/corpus/`: documents with and without faults; the last comment of each says what is to be found.
//!
//! `<!-- expect: error numeric.footing 7, warning logic.date_order 12 -->`, by line, and nothing else above info; other
//! formats have it in a file of the same name with `.expect` added.

use std::fs;
use std::path::{Path, PathBuf};

use callboard_audit::{Document, Limits, media_type_of};

use super::kit::{audit, serious};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension != "expect"));
    files.sort();
    files
}

fn expected(path: &Path, text: &str) -> Vec<String> {
    let line = match text.rsplit_once("<!-- expect:") {
        Some((_, rest)) => rest.split("-->").next().unwrap().to_owned(),
        None => fs::read_to_string(format!("{}.expect", path.display())).unwrap(),
    };
    let mut lines: Vec<String> = line
        .split([',', '\n'])
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty() && part != "nothing")
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_document_of_the_corpus_gives_what_it_is_to_give() {
    let files = files();
    assert!(files.len() >= 40, "{} documents", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = Document::read(&bytes, media_type_of(&name, &bytes).unwrap(), &Limits::default()).unwrap();
        let expected = expected(&path, &String::from_utf8_lossy(&bytes));
        let found = serious(&document);
        if found != expected {
            let (all, _) = audit(&document);
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}\n{all:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_finding_says_what_it_stands_on() {
    for path in files() {
        let bytes = fs::read(&path).unwrap();
        let document =
            Document::read(&bytes, media_type_of(&path.to_string_lossy(), &bytes).unwrap(), &Limits::default())
                .unwrap();
        for finding in audit(&document).0 {
            assert!(finding.proof.as_deref().is_some_and(|proof| !proof.is_empty()), "{finding:#?}");
            assert!(finding.location.line >= 1, "{finding:#?}");
        }
    }
}
