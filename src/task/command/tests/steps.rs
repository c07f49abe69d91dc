//! What commands do once.

use serde_json::json;

use super::stage::{Stage, script};
use crate::config::task::CommandTask;
use crate::session::testing::Outcome;

fn counted(file: &tempfile::NamedTempFile) -> String {
    std::fs::read_to_string(file.path()).unwrap()
}

fn steps() -> (CommandTask, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    (script("steps.sh", &[file.path().to_str().unwrap()]), file)
}

#[actix::test]
async fn a_step_that_was_done_is_not_done_again_after_a_restart() {
    let (settings, file) = steps();
    let mut stage = Stage::new(settings);
    stage.play_until_asked().await;
    stage.answer(Outcome::Confirmed(true));
    stage.restart();
    assert_eq!(stage.play().await, Ok(json!({"done": true})));
    assert_eq!(counted(&file), "first\nsecond step/1\n");
    assert_eq!(stage.steps(), ["first", "second step/1"]);
    let answers = [
        r#"first {"type":"step_run","name":"first"}"#,
        r#"second {"type":"step_run","name":"second step/1"}"#,
        r#"again {"type":"step_result","name":"first","value":{"n":1}}"#,
    ];
    // What it prints differs after the restart; the journal keeps what was told first.
    assert_eq!(stage.streamed(), answers);
}

#[actix::test]
async fn a_step_that_was_done_is_not_done_again_in_another_attempt() {
    let (settings, file) = steps();
    let settings = CommandTask { max_retries: 1, ..settings };
    let mut stage = Stage::new(settings).will_answer(Outcome::Confirmed(false)).will_answer(Outcome::Retry(true));
    stage.play_until_asked().await;
    stage.answer(Outcome::Confirmed(true));
    assert_eq!(stage.play().await, Ok(json!({"done": true})));
    assert_eq!(counted(&file), "first\nsecond step/1\n");
    assert!(stage.streamed().contains(&r#"first {"type":"step_result","name":"first","value":{"n":1}}"#));
}

#[actix::test]
async fn a_step_that_an_attempt_left_in_the_middle_is_begun_anew_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = script("leaves_a_step.sh", &[file.path().to_str().unwrap()]);
    let mut stage = Stage::new(CommandTask { max_retries: 1, ..settings }).will_answer(Outcome::Retry(true));
    stage.play_until_asked().await;
    assert_eq!(stage.steps(), ["pay", "pay"]);
    assert_eq!(counted(&file), "begun\nbegun\n");
    stage.answer(Outcome::Confirmed(true));
    stage.restart();
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    assert_eq!(counted(&file), "begun\nbegun\n");
}

#[actix::test]
async fn a_step_that_a_crash_left_in_the_middle_is_done_again() {
    let (settings, file) = steps();
    let mut stage = Stage::new(settings);
    stage.play_until(|stage| !stage.steps().is_empty()).await;
    stage.restart();
    stage.play_until_asked().await;
    assert_eq!(stage.steps(), ["first", "second step/1"]);
    assert!(counted(&file).ends_with("first\nsecond step/1\n"));
}

#[actix::test]
async fn a_step_that_is_begun_twice_at_once_is_an_error() {
    let twice = r#"echo '{"type":"step","name":"a"}'; echo '{"type":"step","name":"a"}'; read -r x"#;
    let error = Stage::new(super::stage::shell(twice)).play().await.unwrap_err();
    assert_eq!(error.to_string(), "the command began the step \"a\" again before it was completed");
}
