//! `release_notes.mjs`: reads the log, asks for the release's name, shows the notes, writes them once.

use super::*;

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").current_dir(folder).args(who).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with a tag and these commits after it.
fn repository(subjects: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "feat: the first"]);
    git(folder.path(), &["tag", "v1.2.0"]);
    for subject in subjects {
        git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", subject]);
    }
    folder
}

const SUBJECTS: [&str; 4] = ["fix(parser): no crash", "feat: a \"new\" thing", "chore: tidy up", "No prefix at all"];

fn notes(server: &mut FakeServer, cwd: &Path, down: Down) -> End {
    server.run(&["node", &example("release_notes.mjs")], cwd, json!({"repository": "."}), json!({}), down)
}

fn named(audience: &str) -> Value {
    fill(json!({"version": "v1.3.0", "title": "Autumn", "audience": audience}))
}

#[test]
fn the_notes_are_grouped_confirmed_and_written() {
    if lacks(&["node", "git"]) {
        return;
    }
    let folder = repository(&SUBJECTS);
    let mut server = FakeServer::answering(&[named("users"), yes()]);
    let End::Completed(values) = notes(&mut server, folder.path(), Down::Never) else { panic!("{:?}", server.journal) };
    let text = values["text"].as_str().unwrap();
    let written = std::fs::read_to_string(folder.path().join("RELEASE_NOTES.md")).unwrap();
    assert_eq!(written, text);
    assert_eq!(values["commits"], 4);
    assert!(text.starts_with("# v1.3.0: Autumn\n\nReleased on 2"), "{text}");
    let (_, sections) = text.split_once(".\n\n").unwrap();
    let expected = "## New\n\n- a \"new\" thing\n\n## Fixed\n\n- no crash\n\n## Other changes\n\n- No prefix at all\n";
    assert_eq!(sections, expected);
    assert_eq!(server.streams()[..2], ["4 commits since v1.2.0", "New: 1"]);
    let suggested = server.journal.iter().find_map(|call| match call {
        Call::Asked { question, .. } => Some(question["fields"][0]["value"].clone()),
        Call::Told(_) | Call::Step { .. } => None,
    });
    assert_eq!(suggested, Some(json!("v1.3.0")));
}

#[test]
fn developers_see_every_commit() {
    if lacks(&["node", "git"]) {
        return;
    }
    let folder = repository(&SUBJECTS);
    let mut server = FakeServer::answering(&[named("developers"), no()]);
    let End::Completed(values) = notes(&mut server, folder.path(), Down::Never) else { panic!("{:?}", server.journal) };
    let text = values["text"].as_str().unwrap();
    assert!(text.contains("## Chore\n\n- tidy up ("), "{text}");
    assert_eq!(values["path"], json!(null), "a no writes nothing");
    assert!(!folder.path().join("RELEASE_NOTES.md").exists());
}

#[test]
fn wherever_the_server_goes_down_the_result_is_the_same() {
    if lacks(&["node", "git"]) {
        return;
    }
    let folder = repository(&SUBJECTS[..2]);
    let answers = [named("users"), yes()];
    let mut server = FakeServer::answering(&answers);
    let end = notes(&mut server, folder.path(), Down::Never);
    let calls = server.journal.len();
    let points = server.points().into_iter().chain([Down::BeforeOutcome(1), Down::BeforeOutcome(2)]);
    for point in points {
        let mut server = FakeServer::answering(&answers);
        assert_eq!(notes(&mut server, folder.path(), point), End::ServerDown);
        assert_eq!(notes(&mut server, folder.path(), Down::Never), end);
        assert_eq!(server.journal.len(), calls);
    }
}

#[test]
fn a_commit_made_meanwhile_is_not_in_the_notes() {
    if lacks(&["node", "git"]) {
        return;
    }
    let folder = repository(&SUBJECTS);
    let mut server = FakeServer::answering(&[named("users"), yes()]);
    assert_eq!(notes(&mut server, folder.path(), Down::AfterCalls(4)), End::ServerDown);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "-m", "feat: too late"]);
    let end = notes(&mut server, folder.path(), Down::Never);
    assert!(matches!(end, End::Completed(values) if values["commits"] == 4));
}

#[test]
fn it_ends_when_it_is_cancelled() {
    if lacks(&["node", "git"]) {
        return;
    }
    let folder = repository(&SUBJECTS);
    for answers in [vec![cancel()], vec![named("users"), cancel()]] {
        assert_eq!(notes(&mut FakeServer::answering(&answers), folder.path(), Down::Never), End::Exited(Some(1)));
    }
    assert!(!folder.path().join("RELEASE_NOTES.md").exists());
}

#[test]
fn what_it_cannot_work_on_is_said() {
    if lacks(&["node", "git"]) {
        return;
    }
    let nothing = End::Completed(json!({"path": null, "text": "", "commits": 0}));
    let tagged = repository(&[]);
    let mut server = FakeServer::default();
    assert_eq!(notes(&mut server, tagged.path(), Down::Never), nothing);
    assert_eq!(server.streams(), ["There are no commits since v1.2.0."]);

    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        notes(&mut FakeServer::default(), empty.path(), Down::Never),
        End::Failed(". is not a git repository".into())
    );
    git(empty.path(), &["init", "--quiet"]);
    assert_eq!(notes(&mut FakeServer::default(), empty.path(), Down::Never), nothing);

    let command = ["node", &example("release_notes.mjs")];
    let end = FakeServer::default().run(&command, empty.path(), json!({"repository": 5}), json!({}), Down::Never);
    assert_eq!(end, End::Failed(r#"the input must be like {"repository": "."}"#.into()));

    // `env -i` leaves no PATH in which git could be found, so node is named in full.
    let node = Command::new("sh").args(["-c", "command -v node"]).output().unwrap().stdout;
    let node = String::from_utf8(node).unwrap();
    let command = ["env", "-i", "PATH=/nowhere", node.trim(), &example("release_notes.mjs")];
    let end = FakeServer::default().run(&command, empty.path(), json!({}), json!({}), Down::Never);
    assert_eq!(end, End::Failed("git is not installed".into()));
}
