//! `greet.sh`: plain lines, one question, a result.

use super::*;

fn greet(answers: &[Value]) -> (FakeServer, End) {
    let mut server = FakeServer::answering(answers);
    let end = server.run(&["sh", &example("greet.sh")], Path::new("."), json!({}), json!({}), Down::Never);
    (server, end)
}

#[test]
fn it_greets_who_wants_it() {
    let (server, end) = greet(&[yes()]);
    assert_eq!(end, End::Completed(json!({"greeted": true})));
    assert_eq!(server.streams(), ["Hello. I am a shell script.", "Good day to everybody!"]);
}

#[test]
fn it_keeps_quiet_otherwise() {
    let (server, end) = greet(&[no()]);
    assert_eq!(end, End::Completed(json!({"greeted": false})));
    assert_eq!(server.streams(), ["Hello. I am a shell script.", "Then I keep quiet."]);
}

#[test]
fn it_ends_when_it_is_cancelled() {
    assert_eq!(greet(&[cancel()]).1, End::Exited(Some(1)));
}

#[test]
fn it_goes_on_after_a_restart() {
    let mut server = FakeServer::answering(&[yes()]);
    let mut run = |down| server.run(&["sh", &example("greet.sh")], Path::new("."), json!({}), json!({}), down);
    assert_eq!(run(Down::AfterCalls(2)), End::ServerDown);
    assert_eq!(run(Down::Never), End::Completed(json!({"greeted": true})));
}
