//! `tidy_files.py`: finds, asks, asks again, deletes each file once.

use super::*;

/// A folder with files of 30, 20 and 10 bytes, one of them in a folder below, and a link that itself has 29.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("below")).unwrap();
    for (name, size) in [("below/a ö.bin", 30), ("b.bin", 20), ("c.bin", 10)] {
        std::fs::write(folder.path().join(name), vec![0; size]).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("././././././././././././b.bin", folder.path().join("link.bin")).unwrap();
    folder
}

fn left(folder: &Path) -> Vec<&'static str> {
    ["below/a ö.bin", "b.bin", "c.bin"].into_iter().filter(|name| folder.join(name).exists()).collect()
}

fn tidy(server: &mut FakeServer, cwd: &Path, input: Value, config: Value, down: Down) -> End {
    server.run(&["python3", &example("tidy_files.py")], cwd, input, config, down)
}

fn input() -> Value {
    json!({"folder": ".", "min_megabytes": 0.00002})
}

fn done(deleted: Value, skipped: Value, freed: u64) -> End {
    End::Completed(
        json!({"folder": ".", "deleted": deleted, "skipped": skipped, "freed_bytes": freed, "dry_run": false}),
    )
}

fn all() -> Value {
    fill(json!({"delete": ["below/a ö.bin", "b.bin"]}))
}

#[test]
fn it_deletes_what_was_chosen_and_confirmed() {
    if lacks(&["python3"]) {
        return;
    }
    let folder = folder();
    let mut server = FakeServer::answering(&[fill(json!({"delete": ["b.bin"]})), yes()]);
    let end = tidy(&mut server, folder.path(), input(), json!({}), Down::Never);
    assert_eq!(end, done(json!(["b.bin"]), json!({}), 20));
    assert_eq!(left(folder.path()), ["below/a ö.bin", "c.bin"]);
    let asked = server.journal.iter().find_map(|call| match call {
        Call::Asked { question, .. } => Some(question["fields"][0]["choices"].clone()),
        Call::Told(_) | Call::Step { .. } => None,
    });
    assert_eq!(asked, Some(json!(["below/a ö.bin", "b.bin"])), "the largest first, neither small ones nor links");
}

#[test]
fn it_deletes_nothing_without_a_yes() {
    if lacks(&["python3"]) {
        return;
    }
    let folder = folder();
    for answers in [vec![all(), no()], vec![fill(json!({}))], vec![fill(json!({"delete": []}))]] {
        let end = tidy(&mut FakeServer::answering(&answers), folder.path(), input(), json!(null), Down::Never);
        assert_eq!(end, done(json!([]), json!({}), 0));
    }
    for answers in [vec![cancel()], vec![all(), cancel()]] {
        let end = tidy(&mut FakeServer::answering(&answers), folder.path(), input(), json!({}), Down::Never);
        assert_eq!(end, End::Exited(Some(1)));
    }
    let end = tidy(
        &mut FakeServer::answering(&[all(), yes()]),
        folder.path(),
        input(),
        json!({"dry_run": true}),
        Down::Never,
    );
    assert!(matches!(end, End::Completed(values) if values["deleted"] == json!([]) && values["dry_run"] == true));
    assert_eq!(left(folder.path()).len(), 3);
}

#[test]
fn wherever_the_server_goes_down_the_result_is_the_same() {
    if lacks(&["python3"]) {
        return;
    }
    let answers = [all(), yes()];
    let undisturbed = folder();
    let mut server = FakeServer::answering(&answers);
    let end = tidy(&mut server, undisturbed.path(), input(), json!({}), Down::Never);
    assert_eq!(end, done(json!(["below/a ö.bin", "b.bin"]), json!({}), 50));
    let calls = server.journal.len();
    for point in server.points() {
        let folder = folder();
        let mut server = FakeServer::answering(&answers);
        assert_eq!(tidy(&mut server, folder.path(), input(), json!({}), point), End::ServerDown);
        assert_eq!(tidy(&mut server, folder.path(), input(), json!({}), Down::Never), end, "{point:?} of {calls}");
        assert_eq!(server.journal.len(), calls);
        assert_eq!(left(folder.path()), ["c.bin"]);
    }
}

#[test]
fn a_file_that_appears_after_the_scan_is_not_touched() {
    if lacks(&["python3"]) {
        return;
    }
    let folder = folder();
    let mut server = FakeServer::answering(&[all(), yes()]);
    let down = Down::AfterCalls(6);
    assert_eq!(tidy(&mut server, folder.path(), input(), json!({}), down), End::ServerDown);
    std::fs::write(folder.path().join("c.bin"), vec![0; 99]).unwrap();
    let end = tidy(&mut server, folder.path(), input(), json!({}), Down::Never);
    assert_eq!(end, done(json!(["below/a ö.bin", "b.bin"]), json!({}), 50));
    assert_eq!(left(folder.path()), ["c.bin"]);
}

#[test]
fn files_that_vanished_or_changed_are_named() {
    if lacks(&["python3"]) {
        return;
    }
    let folder = folder();
    let mut server = FakeServer::answering(&[all(), yes()]);
    // The third outcome is that of the second file: it is deleted, and nobody has been told.
    assert_eq!(tidy(&mut server, folder.path(), input(), json!({}), Down::BeforeOutcome(3)), End::ServerDown);
    let end = tidy(&mut server, folder.path(), input(), json!({}), Down::Never);
    assert_eq!(end, done(json!(["below/a ö.bin"]), json!({"b.bin": "it was gone already"}), 30));

    let folder = self::folder();
    let mut server = FakeServer::answering(&[all(), yes()]);
    assert_eq!(tidy(&mut server, folder.path(), input(), json!({}), Down::AfterCalls(5)), End::ServerDown);
    std::fs::write(folder.path().join("b.bin"), vec![0; 21]).unwrap();
    let end = tidy(&mut server, folder.path(), input(), json!({}), Down::Never);
    assert_eq!(end, done(json!(["below/a ö.bin"]), json!({"b.bin": "it has changed since it was found"}), 30));
}

#[test]
fn what_it_cannot_work_on_is_said() {
    if lacks(&["python3"]) {
        return;
    }
    let folder = folder();
    let end = |input| tidy(&mut FakeServer::default(), folder.path(), input, json!({}), Down::Never);
    assert_eq!(end(json!({"folder": "nowhere"})), End::Failed("there is no folder 'nowhere'".to_owned()));
    for bad in [json!({"folder": 5}), json!({"min_megabytes": "many"}), json!({"min_megabytes": -1})] {
        assert!(matches!(end(bad), End::Failed(text) if text.starts_with("the input must be like")));
    }
    assert_eq!(end(json!(null)), done(json!([]), json!({}), 0), "nothing has 10 MB");
}

#[cfg(unix)]
#[test]
fn the_terminate_signal_ends_it() {
    if lacks(&["python3"]) {
        return;
    }
    let folder = folder();
    let start = json!({"type": "start", "input": input()});
    let mut program = Program::start(&["python3", &example("tidy_files.py")], folder.path(), &start);
    assert_eq!(program.hear().unwrap()["type"], "progress");
    assert_eq!(program.hear().unwrap()["type"], "step");
    let pid = program.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(program.hear(), None);
    assert_eq!(program.child.wait().unwrap().code(), Some(1));
    assert_eq!(left(folder.path()).len(), 3);
}
