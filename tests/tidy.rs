//! The rules of this code that no compiler checks: file headers, sizes, layers, no locks, no printing.

use std::fs;
use std::path::{Path, PathBuf};

use rules::{headers, layers, locks, one_permit, places, printing, sizes, web_actors};
use source::{Findings, Source};

mod rules;
mod source;

/// What a newcomer looks for; where a module may be a file or a folder, both are named.
const LAYOUT: &[&[&str]] = &[
    &["Cargo.toml"],
    &["README.md"],
    &["ARCHITECTURE.md"],
    &["CHANGELOG.md"],
    &["THREATS.md"],
    &["Dockerfile"],
    &["docker-compose.yml"],
    &[".ci/run"],
    &["justfile"],
    &["callboard.example.toml"],
    &["src/main.rs"],
    &["src/lib.rs"],
    &["src/cli.rs", "src/cli/mod.rs"],
    &["src/app.rs", "src/app/mod.rs"],
    &["src/config/mod.rs"],
    &["crates/domain/src/lib.rs"],
    &["crates/store/src/lib.rs"],
    &["src/hub/mod.rs"],
    &["src/session/mod.rs"],
    &["src/task/mod.rs"],
    &["src/connection/mod.rs"],
    &["src/connection/dialect/mod.rs"],
    &["src/http/mod.rs"],
    &["src/http/error.rs"],
    &["src/metrics.rs", "src/metrics/mod.rs"],
    &["src/shutdown.rs", "src/shutdown/mod.rs"],
    &["static/index.html"],
    &["tests/transcripts"],
    &["benches"],
    &["bench/RESULTS.md"],
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, into: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, into);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let shown = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            into.push(Source::new(shown, text));
        }
    }
}

fn files_of(folder: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    collect(&root().join(folder), &mut sources);
    sources
}

/// The sources of all crates.
fn sources() -> Vec<Source> {
    let mut sources = files_of("src");
    let mut crates: Vec<PathBuf> =
        fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    crates.sort();
    for folder in crates {
        collect(&folder.join("src"), &mut sources);
    }
    sources
}

/// The files that only tests compile: `#[cfg(test)] mod name;` in the file above them.
fn test_files(sources: &[Source]) -> Vec<String> {
    let mut files = Vec::new();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs");
        let folder = ["/mod", "/lib", "/main"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
        let mut marked = false;
        for line in source.text.lines().map(str::trim) {
            let declared = line.split_once("mod ").and_then(|(_, rest)| rest.strip_suffix(';'));
            if let Some(name) = declared.filter(|_| marked) {
                files.push(format!("{folder}/{name}.rs"));
                files.push(format!("{folder}/{name}/"));
            }
            marked = line == "#[cfg(test)]" || (marked && line.starts_with("#["));
        }
    }
    files
}

fn obey(rule: fn(&Source) -> Findings, tests_too: bool) {
    let sources = sources();
    let exempt = if tests_too { Vec::new() } else { test_files(&sources) };
    let is_exempt = |source: &&Source| !exempt.iter().any(|path| source.path.starts_with(path.as_str()));
    let findings: Findings = sources.iter().filter(is_exempt).flat_map(rule).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn each_file_says_what_it_is() {
    obey(headers, true);
}

#[test]
fn files_stay_small() {
    obey(sizes, true);
}

#[test]
fn there_are_no_locks() {
    obey(locks, true);
}

#[test]
fn no_semaphore_is_a_lock() {
    obey(one_permit, false);
}

#[test]
fn one_file_knows_the_library_for_sockets() {
    obey(web_actors, true);
}

#[test]
fn nothing_prints() {
    obey(printing, false);
}

#[test]
fn layers_are_kept() {
    obey(layers, false);
}

#[test]
fn nothing_names_a_registry_or_a_machine() {
    obey(places, true);
    let findings: Findings = files_of("static").iter().flat_map(places).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn the_layout_is_complete() {
    let missing: Vec<String> = LAYOUT
        .iter()
        .filter(|either| !either.iter().any(|path| root().join(path).exists()))
        .map(|either| format!("{}:1: the layout names this file, and it is not there", either.join(" or ")))
        .collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn the_image_may_see_what_it_is_built_from() {
    let read = |name| fs::read_to_string(root().join(name)).unwrap();
    let (seen, recipe) = (read(".dockerignore"), read("Dockerfile"));
    let copies = recipe.lines().filter_map(|line| line.strip_prefix("COPY "));
    for copy in copies.filter(|copy| !copy.starts_with("--from=")) {
        let (sources, _) = copy.rsplit_once(' ').unwrap();
        for source in sources.split(' ') {
            let line = format!("!{source}");
            assert!(seen.lines().any(|seen| seen == line), ".dockerignore lacks {line}");
        }
    }
}

#[test]
fn every_test_that_shows_a_defence_exists() {
    let threats = fs::read_to_string(root().join("THREATS.md")).unwrap();
    let mut tests = sources();
    for folder in ["tests", "crates/audit/tests", "crates/model/tests"] {
        tests.extend(files_of(folder));
    }
    let exists = |name: &str| match name.strip_suffix(".test.mjs") {
        Some(_) => root().join("web/tests/browser").join(name).exists(),
        None => tests.iter().any(|source| source.text.contains(&format!("fn {name}("))),
    };
    // The last column of each table, below its header and the line under it.
    let shown_by: Vec<&str> =
        threats.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| ")).map(|(_, last)| last).collect();
    let mut named = 0;
    for name in shown_by.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
        assert!(exists(name), "THREATS.md names {name}, and there is no such test");
        named += 1;
    }
    assert!(named > 50, "only {named} tests are named");
}
