//! Audits files and prints what is found: `cargo run --release --example audit FILE…`.

use std::ops::ControlFlow;
use std::time::Instant;

use callboard_audit::check::{Check, Event, Options, Summary, run};
use callboard_audit::{Document, Limits, Severity, media_type_of};

#[expect(clippy::print_stdout, reason = "it prints what it finds")]
fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let quiet = arguments.first().is_some_and(|first| first == "-q");
    if quiet {
        arguments.remove(0);
    }
    let mut all = Summary::default();
    for path in arguments {
        let Ok(bytes) = std::fs::read(&path) else {
            println!("{path}: cannot be read");
            continue;
        };
        let begun = Instant::now();
        let document =
            match media_type_of(&path, &bytes).and_then(|kind| Document::read(&bytes, kind, &Limits::default())) {
                Ok(document) => document,
                Err(error) => {
                    println!("{path}: {error}");
                    continue;
                }
            };
        let read = begun.elapsed();
        let mut lines = Vec::new();
        for check in Check::ALL {
            if check == Check::DisclosureCompleteness && quiet {
                continue;
            }
            let begun = Instant::now();
            let summary = run(&document, check, &Options::default(), &mut |event| {
                if let Event::Finding(finding) = event
                    && (!quiet || finding.severity > Severity::Info)
                {
                    lines.push(format!(
                        "{:?} {} {}:{} {}\n      evidence {}\n      proof {}",
                        finding.severity,
                        finding.rule,
                        path,
                        finding.location.line,
                        finding.message,
                        finding.evidence,
                        finding.proof.as_deref().unwrap_or("")
                    ));
                }
                ControlFlow::Continue(())
            });
            all.cells += summary.cells;
            all.proven += summary.proven;
            all.errors += summary.errors;
            all.warnings += summary.warnings;
            all.infos += summary.infos;
            if !quiet {
                println!("{path} {} read {read:?} checked {:?} {summary:?}", check.id(), begun.elapsed());
            }
        }
        for line in lines {
            println!("{line}");
        }
    }
    println!("{all:?}");
}
