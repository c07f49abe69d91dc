//! The README and the pages of `docs/`: their lines work as they stand, in their order, and their tables can be read.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::process::free_port;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// The fenced blocks of a language, and where `inline` is, the code of tables that begins with `curl`, in their order.
fn lines_of(text: &str, inline: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        if let Some(mut lines) = block.take() {
            if line == "```" {
                found.push(lines);
            } else {
                lines.push_str(line);
                lines.push('\n');
                block = Some(lines);
            }
        } else if line == "```sh" {
            block = Some(String::new());
        } else if inline && line.starts_with('|') {
            let code = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("curl"));
            found.extend(code.map(|code| format!("{code}\n")));
        }
    }
    found
}

/// What the lines of a page stand on: the server in the background, and what kills it once it asks.
const PRELUDE: &str = r#"
set -eu
callboard() { "$CALLBOARD" "$@"; }
server() {
  "$CALLBOARD" serve --port "$PORT" >>log 2>&1 &
  SERVER=$!
  for _ in $(seq 600); do curl -s -o /dev/null "localhost:$PORT/livez" && return; sleep 0.05; done
  cat log >&2
  return 1
}
waits() { for _ in $(seq 600); do curl -s "localhost:$PORT/sessions/$ID" | grep -q '"status":"waiting' && return; sleep 0.05; done; return 1; }
trap 'kill -9 $SERVER 2>/dev/null' EXIT
"#;

/// Runs lines in one shell, in a folder of their own, against a server of their own.
fn run(lines: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port().to_string();
    let script = format!("{PRELUDE}{}", lines.replace("localhost:8000", &format!("localhost:{port}")));
    let mut shell = Command::new("bash");
    // Of the surroundings only where programs are found: settings of this server or a proxy would change what is run.
    let programs = std::env::var_os("PATH").unwrap_or_default();
    shell.arg("-c").arg(script).current_dir(folder.path()).env_clear().env("PATH", programs);
    shell.env("CALLBOARD", env!("CARGO_BIN_EXE_callboard"));
    shell.env("PORT", port).env("CALLBOARD_SERVER__WORKERS", "1").stdin(Stdio::null());
    shell.output().unwrap()
}

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn the_lines_of_the_readme_work_in_their_order() {
    if !has("curl") || !has("python3") {
        return;
    }
    let lines: String = lines_of(&read("README.md"), false).concat();
    let lines = lines.replace("kill -9 $(pidof callboard)", "waits; kill -9 $SERVER; wait $SERVER || true");
    let lines: String = lines
        .lines()
        .map(|line| if line == "callboard" { "server\n".to_owned() } else { format!("{line}\n") })
        .collect();
    let output = run(&lines);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let journal = said.rsplit("confirm").next().unwrap_or_default();
    assert_eq!(said.matches("data: {\"type\":\"stream\",\"content\":\"Looking at invoice 17\"").count(), 1, "{said}");
    assert!(journal.contains("\"paid\":true"), "{said}");
}

#[test]
fn each_line_of_the_api_page_is_understood() {
    if !has("curl") {
        return;
    }
    let asked = lines_of(&read("docs/api.md"), true);
    assert!(asked.len() > 25, "{asked:?}");
    let begin = "server\nID=$(curl -s localhost:8000/start-task --json '{\"task\": \"approval\"}' | grep -oE '[0-9a-f-]{36}' | head -1)\nwaits\n";
    let told = |lines: &str| {
        let status = "-o /dev/null --max-time 1 -w '%{http_code}\\n'";
        let asked = lines
            .replace("curl -sN ", &format!("curl -sN {status} "))
            .replace("curl -N ", &format!("curl -sN {status} "));
        let asked = asked.replace("curl -s ", &format!("curl -s {status} "));
        // A stream that goes on is cut off by the time-out, which is no failure of the line.
        format!("{} || test $? = 28\n", asked.trim_end())
    };
    let all: String = asked.iter().map(|lines| told(lines)).collect();
    let output = run(&format!("{begin}{all}"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let codes: Vec<&str> =
        said.lines().filter(|line| line.len() == 3 && line.bytes().all(|byte| byte.is_ascii_digit())).collect();
    let refused: Vec<_> =
        codes.iter().filter(|code| !code.starts_with('2') && !["409", "422"].contains(code)).collect();
    assert!(codes.len() > 25 && refused.is_empty(), "{refused:?} in {said}");
}

#[test]
fn every_table_has_a_header() {
    for page in [
        "README.md",
        "docs/api.md",
        "docs/operations.md",
        "docs/audit.md",
        "examples/tasks/README.md",
        "web/client/README.md",
    ] {
        let text = read(page);
        let lines: Vec<&str> = text.lines().collect();
        for (place, line) in lines.iter().enumerate() {
            let begins =
                line.starts_with('|') && !place.checked_sub(1).is_some_and(|before| lines[before].starts_with('|'));
            if begins {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                assert!(cells.iter().all(|cell| !cell.is_empty()), "{page}, line {}: {line}", place + 1);
                assert!(lines[place + 1].starts_with("|---"), "{page}, line {}: {line}", place + 1);
            }
        }
    }
}

#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    assert!(read("README.md").lines().count() < 290);
    let pictures = std::fs::read_dir(Path::new(ROOT).join("docs/pictures")).unwrap();
    let bytes: u64 = pictures.map(|picture| picture.unwrap().metadata().unwrap().len()).sum();
    assert!((1..1_000_000).contains(&bytes), "{bytes} bytes");
    for page in ["README.md", "THREATS.md", "docs/security.md", "docs/api.md", "docs/operations.md", "docs/audit.md"] {
        let folder = Path::new(ROOT).join(page);
        let text = read(page);
        for link in
            text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.starts_with("http"))
        {
            let file = folder.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(file.exists(), "{page}: {link}");
        }
    }
}
