//! The rules, each a function from a file to what breaks it there, as `file:line: rule`.

use super::source::{Findings, Source, is_word};

/// The layers of `src/`, earliest first: a module may use its own layer and those before it. What comes before them all
/// is a crate in `crates/`, where Cargo sees to it.
const LAYERS: &[&[&str]] = &[
    &["config", "metrics", "logging", "process", "egress"],
    &["cluster"],
    &["auth", "limits", "crew", "memory", "trail"],
    &["hub"],
    &["event"],
    &["workflow"],
    &["session"],
    &["callback", "task", "agent"],
    &["connection"],
    &["http", "suspects"],
    &["member"],
    &["shutdown", "app"],
    &["cli", "main", "fuzz"],
];

const LINES: usize = 600;
const ACTOR_LINES: usize = 300;
/// How far above a printing macro the attribute may stand that says why it is allowed.
const REASON_WITHIN: usize = 20;

pub(crate) fn headers(source: &Source) -> Findings {
    if !source.path.ends_with(".rs") {
        return Vec::new();
    }
    let starts = source.text.starts_with("//! ");
    let lines = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    match (starts, lines) {
        (false, _) => vec![source.finding(1, "a file starts with `//! ` and what it is, in one sentence")],
        // A crate's own says what there is in it, with an example.
        (true, 11..) if !source.path.ends_with("/src/lib.rs") => {
            vec![source.finding(11, "a file's header has at most ten lines")]
        }
        (true, _) => Vec::new(),
    }
}

pub(crate) fn sizes(source: &Source) -> Findings {
    let is_actor = source.path.ends_with("/mod.rs") && source.code.lines().any(|line| line.contains("Actor for "));
    let most = if is_actor { ACTOR_LINES } else { LINES };
    let lines = source.text.lines().count();
    let rule = format!("{lines} lines, where {most} are the most: split it by what its parts do");
    if lines > most { vec![source.finding(most + 1, &rule)] } else { Vec::new() }
}

pub(crate) fn locks(source: &Source) -> Findings {
    // An allocator cannot be written without.
    if source.path.starts_with("crates/meter/") {
        return Vec::new();
    }
    let words = ["Mutex", "RwLock", "static mut", "unsafe"];
    source.words(&words, "state belongs to one actor: no Mutex, RwLock, static mut or unsafe")
}

/// A semaphore with one permit is a lock by another name.
pub(crate) fn one_permit(source: &Source) -> Findings {
    let is_one = |rest: &str| {
        let argument: String = rest.chars().take_while(|c| *c != ')').filter(|c| !c.is_whitespace()).collect();
        matches!(argument.trim_end_matches(','), "1" | "1_usize" | "1usize")
    };
    let mut findings = Vec::new();
    for call in ["Semaphore::new(", "Semaphore::const_new("] {
        for (at, _) in source.code.match_indices(call).filter(|(at, _)| is_one(&source.code[at + call.len()..])) {
            let line = source.code[..at].matches('\n').count() + 1;
            findings.push(source.finding(line, "a semaphore with one permit is a lock: let the store compare and set"));
        }
    }
    findings
}

pub(crate) fn web_actors(source: &Source) -> Findings {
    if source.path == "src/connection/mod.rs" {
        return Vec::new();
    }
    source.words(&["actix_web_actors"], "actix_web_actors is used in src/connection/mod.rs only")
}

pub(crate) fn printing(source: &Source) -> Findings {
    let words = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "todo!", "unimplemented!"];
    let findings = source.words(&words, "log through `log`; nothing prints, and nothing is left to do");
    let lines: Vec<&str> = source.code.lines().collect();
    let said = |finding: &String| {
        let line: usize = finding.split(':').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        let above = &lines[line.saturating_sub(REASON_WITHIN)..line];
        above.iter().any(|line| line.contains("expect(clippy::print_std"))
    };
    findings.into_iter().filter(|finding| !(source.module() == "cli" && said(finding))).collect()
}

pub(crate) fn places(source: &Source) -> Findings {
    let hosts = ["crates.io", "npmjs.org", "pypi.org", "docker.io", "debian.org", "pythonhosted.org"];
    let paths = ["/root/", "/home/", "/work/", "/Users/"];
    let found = |line: &str| hosts.iter().chain(&paths).any(|place| line.contains(place));
    let hits = source.text.lines().enumerate().filter(|(_, line)| found(line));
    hits.map(|(at, _)| source.finding(at + 1, "no host names of registries, no paths of one machine")).collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

pub(crate) fn layers(source: &Source) -> Findings {
    let module = source.module();
    if module == "lib" || source.path.starts_with("crates/") {
        return Vec::new();
    }
    let Some(own) = layer(module) else {
        return vec![source.finding(1, &format!("`{module}` has no place among the layers in tests/tidy.rs"))];
    };
    let mut findings = Vec::new();
    for (line, used) in uses(&source.code) {
        if layer(&used).is_some_and(|layer| layer > own) {
            let rule = format!("`{module}` comes before `{used}` and may not use it: hand in a `Recipient` at start");
            findings.push(source.finding(line, &rule));
        }
    }
    findings
}

/// Every top-level module that the code names, with the line: `crate::x`, `crate::{x, y::z}`, `callboard::x`.
fn uses(code: &str) -> Vec<(usize, String)> {
    let mut uses = Vec::new();
    for root in ["crate::", "callboard::"] {
        for (at, _) in code.match_indices(root) {
            if code[..at].chars().next_back().is_some_and(|c| is_word(c) || c == '$' || c == ':') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + root.len()..];
            let names = if rest.starts_with('{') { group(rest) } else { vec![name(rest)] };
            uses.extend(names.into_iter().map(|name| (line, name)));
        }
    }
    uses
}

fn name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| is_word(*c)).collect()
}

/// The first name of each path in `{a, b::{c, d}, e}`.
fn group(text: &str) -> Vec<String> {
    let (mut depth, mut names) = (0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && (c == '{' || c == ',') {
            names.push(name(&text[at + 1..]));
        }
    }
    names
}

#[cfg(test)]
mod cases {
    use super::*;

    /// Applies a rule to a file; gives the lines that break it.
    fn lines(rule: fn(&Source) -> Findings, path: &str, text: &str) -> Vec<usize> {
        let findings = rule(&Source::new(path, text));
        let line = |finding: &String| {
            assert!(finding.starts_with(&format!("{path}:")), "{finding}");
            finding.split(':').nth(1).unwrap().parse().unwrap()
        };
        findings.iter().map(line).collect()
    }

    const NONE: [usize; 0] = [];

    #[test]
    fn a_file_needs_a_header_of_at_most_ten_lines() {
        assert_eq!(lines(headers, "src/a.rs", "//! A file.\n\nfn a() {}\n"), NONE);
        assert_eq!(lines(headers, "src/a.rs", "fn a() {}\n"), [1]);
        assert_eq!(lines(headers, "src/a.rs", "//!\n//! A file.\n"), [1]);
        assert_eq!(lines(headers, "src/a.rs", &"//! A line.\n".repeat(11)), [11]);
        assert_eq!(lines(headers, "crates/a/src/lib.rs", &"//! A line.\n".repeat(11)), NONE);
    }

    #[test]
    fn a_file_has_600_lines_at_most_and_an_actor_300() {
        let actor = "impl Actor for Hub {}\n";
        assert_eq!(lines(sizes, "src/hub/mod.rs", &"\n".repeat(600)), NONE);
        assert_eq!(lines(sizes, "src/hub/mod.rs", &"\n".repeat(601)), [601]);
        assert_eq!(lines(sizes, "src/hub/mod.rs", &format!("{actor}{}", "\n".repeat(299))), NONE);
        assert_eq!(lines(sizes, "src/hub/mod.rs", &format!("{actor}{}", "\n".repeat(300))), [301]);
        assert_eq!(lines(sizes, "src/hub/close.rs", &format!("{actor}{}", "\n".repeat(300))), NONE);
    }

    #[test]
    fn locks_are_seen_in_code_only() {
        for bad in ["use std::sync::Mutex;", "x: RwLock<u8>", "static mut A: u8 = 0;", "unsafe { f() }"] {
            assert_eq!(lines(locks, "src/a.rs", &format!("\n{bad}\n")), [2], "{bad}");
        }
        for good in ["// a Mutex", "/* a /* Mutex */\nMutex */", "let a = \"Mutex\";", "r#\"a \" Mutex\"#", "MutexLike"]
        {
            assert_eq!(lines(locks, "src/a.rs", good), NONE, "{good}");
        }
        assert_eq!(lines(locks, "src/a.rs", "fn f<'a>(x: &'a str) { '\"'; '\\''; Mutex }"), [1]);
        assert_eq!(lines(locks, "src/a.rs", "let bar = \"a \\\" b\"; Mutex"), [1]);
    }

    #[test]
    fn a_semaphore_with_one_permit_is_seen() {
        for bad in [
            "Semaphore::new(1)",
            "Semaphore::new(\n    1,\n)",
            "Semaphore::const_new(1_usize)",
            "tokio::sync::Semaphore::new( 1 )",
        ] {
            assert_eq!(lines(one_permit, "src/a.rs", &format!("\nlet a = {bad};\n")), [2], "{bad}");
        }
        for good in [
            "Semaphore::new(10)",
            "Semaphore::new(most)",
            "// Semaphore::new(1)",
            "\"Semaphore::new(1)\"",
            "Slots::new(1)",
        ] {
            assert_eq!(lines(one_permit, "src/a.rs", good), NONE, "{good}");
        }
        let tested = "#[cfg(test)]\nmod tests {\n    fn f() { Semaphore::new(1); }\n}\n";
        assert_eq!(lines(one_permit, "src/a.rs", tested), NONE);
    }

    #[test]
    fn the_socket_library_has_one_door() {
        assert_eq!(lines(web_actors, "src/connection/mod.rs", "use actix_web_actors::ws;"), NONE);
        assert_eq!(lines(web_actors, "src/connection/body.rs", "use actix_web_actors::ws;"), [1]);
    }

    #[test]
    fn printing_needs_a_reason_and_is_for_the_command_line() {
        let reasoned = "#[expect(clippy::print_stdout, reason = \"r\")]\nfn print() {\n    println!();\n}\n";
        assert_eq!(lines(printing, "src/cli.rs", reasoned), NONE);
        assert_eq!(lines(printing, "src/cli/mod.rs", reasoned), NONE);
        assert_eq!(lines(printing, "src/hub/mod.rs", reasoned), [3]);
        for bad in ["println!()", "eprintln!()", "print!()", "eprint!()", "dbg!(1)", "todo!()", "unimplemented!()"] {
            assert_eq!(lines(printing, "src/cli.rs", bad), [1], "{bad}");
        }
        assert_eq!(lines(printing, "src/cli.rs", "writeln!(out)"), NONE);
        assert_eq!(lines(printing, "src/a.rs", "#[cfg(test)]\nmod tests {\n    println!();\n}\n"), NONE);
    }

    #[test]
    fn a_layer_uses_only_those_before_it() {
        let cases: &[(&str, &str, &[usize])] = &[
            ("src/hub/mod.rs", "use crate::config::Settings;\nuse crate::hub::Shard;", &[]),
            ("src/hub/mod.rs", "\nuse crate::session::Session;", &[2]),
            ("src/hub/mod.rs", "use crate::{config::{id, http}, auth,\n session};", &[1]),
            ("src/hub/mod.rs", "fn f() { crate::http::g() }", &[1]),
            ("src/hub/mod.rs", "/// See [`crate::http::g`].\nfn f() {}", &[]),
            ("src/hub/mod.rs", "macro_rules! m { () => { $crate::http::g() } }", &[]),
            ("src/hub/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::http::g;\n}", &[]),
            ("src/hub/mod.rs", "#[cfg(test)]\n#[expect(dead_code)]\nmod tests {\n    use crate::http::g;\n}", &[]),
            ("src/hub/mod.rs", "#[cfg(test)]\nmod probe;\nuse crate::http::g;", &[3]),
            ("src/limits.rs", "use crate::auth::Token;", &[]),
            ("src/auth.rs", "use crate::limits::Rate;", &[]),
            ("src/app.rs", "use crate::cli::Flags;", &[1]),
            ("src/main.rs", "use callboard::cli;", &[]),
            ("src/cli.rs", "use callboard::app;", &[]),
            ("src/lib.rs", "pub use crate::cli::run;", &[]),
            ("crates/domain/src/id.rs", "use crate::status::Status;", &[]),
            ("src/news/mod.rs", "", &[1]),
        ];
        for (path, text, expected) in cases {
            assert_eq!(lines(layers, path, text), *expected, "{path}: {text}");
        }
    }

    #[test]
    fn places_are_not_named() {
        assert_eq!(lines(places, "src/a.rs", "// from https://index.crates.io/\n"), [1]);
        assert_eq!(lines(places, "src/a.rs", "\nlet a = \"/home/me/board\";"), [2]);
        assert_eq!(lines(places, "src/a.rs", "let a = \"/data/callboard.db\";"), NONE);
    }
}
