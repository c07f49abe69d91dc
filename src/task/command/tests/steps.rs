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
    stage.answer(Outcome::Confirm { value: true });
    stage.restart();
    assert_eq!(stage.play().await, Ok(json!({"done": true})));
    assert_eq!(counted(&file), "first\nsecond step/1\n");
    assert_eq!(stage.steps(), ["first", "second step/1"]);
    let answers =
        [r#"first {"type":"step_run","name":"first"}"#, r#"second {"type":"step_run","name":"second step/1"}"#];
    // What it prints differs after the restart; the journal keeps what was told first.
    assert_eq!(stage.streamed(), answers);
}

#[actix::test]
async fn a_step_that_was_done_is_not_done_again_in_another_attempt() {
    let (settings, file) = steps();
    let settings = CommandTask { max_retries: 1, ..settings };
    let mut stage =
        Stage::new(settings).will_answer(Outcome::Confirm { value: false }).will_answer(Outcome::Retry { value: true });
    stage.play_until_asked().await;
    stage.answer(Outcome::Confirm { value: true });
    assert_eq!(stage.play().await, Ok(json!({"done": true})));
    assert_eq!(counted(&file), "first\nsecond step/1\n");
    assert!(stage.streamed().contains(&r#"first {"type":"step_result","name":"first","value":{"n":1}}"#));
}

#[actix::test]
async fn a_step_that_an_attempt_left_in_the_middle_is_begun_anew_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = script("leaves_a_step.sh", &[file.path().to_str().unwrap()]);
    let mut stage = Stage::new(CommandTask { max_retries: 1, ..settings }).will_answer(Outcome::Retry { value: true });
    stage.play_until_asked().await;
    assert_eq!(stage.steps(), ["pay", "pay"]);
    assert_eq!(counted(&file), "begun\nbegun\n");
    stage.answer(Outcome::Confirm { value: true });
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
    let expected = "protocol_error: line 2 of the command's output begins the step \"a\" again before it was completed";
    assert_eq!(error.to_string(), expected);
}

/// Does a step of one name for each of three files, and asks after the second one where it is told to.
const LOOP: &str = r#"read -r start
for f in a b c; do
    echo '{"type":"step","name":"upload"}'; read -r answer
    case $answer in
    *step_run*) echo "uploaded $f"; echo '{"type":"step_completed","name":"upload","value":"'$f'"}' ;;
    *) echo "has $answer" ;;
    esac
    [ $f = b ] && { echo '{"type":"request_confirmation","message":"Go on?"}'; read -r answer; }
done
[ $CALLBOARD_ATTEMPT = 2 ] || [ -z "$AGAIN" ] || exit 1"#;

#[actix::test]
async fn steps_of_one_name_are_done_one_by_one_also_after_a_restart() {
    let mut stage = Stage::new(super::stage::shell(LOOP));
    stage.play_until_asked().await;
    assert_eq!(stage.streamed(), ["uploaded a", "uploaded b"]);
    stage.answer(Outcome::Confirm { value: true });
    stage.restart();
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    assert_eq!(stage.steps(), ["upload"; 3]);
    // The journal keeps the two lines that were told first.
    assert_eq!(stage.streamed(), ["uploaded a", "uploaded b", "uploaded c"]);
}

#[actix::test]
async fn steps_of_one_name_are_known_apart_in_another_attempt() {
    let settings = CommandTask {
        max_retries: 1,
        env: [("AGAIN".to_owned(), "yes".to_owned())].into(),
        ..super::stage::shell(LOOP)
    };
    let yes = || Outcome::Confirm { value: true };
    let mut stage =
        Stage::new(settings).will_answer(yes()).will_answer(Outcome::Retry { value: true }).will_answer(yes());
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    assert_eq!(stage.steps(), ["upload"; 3]);
    let known = |file| format!(r#"has {{"type":"step_result","name":"upload","value":"{file}"}}"#);
    assert_eq!(stage.streamed()[3..], ["a", "b", "c"].map(known));
}

#[actix::test]
async fn a_journal_that_numbered_no_steps_still_replays() {
    use crate::domain::record::Internal;
    let lane = Some("step/upload".to_owned());
    let name = "upload".to_owned();
    let mut stage = Stage::new(super::stage::shell(LOOP)).over(vec![
        Internal::StepStarted { lane: lane.clone(), ordinal: 0, name, repeatable: true },
        Internal::StepCompleted { lane, ordinal: 0, outcome: Ok(json!("old")), sealed: None },
    ]);
    stage.play_until_asked().await;
    assert_eq!(stage.streamed(), [r#"has {"type":"step_result","name":"upload","value":"old"}"#, "uploaded b"]);
}

#[actix::test]
async fn a_step_is_completed_once_and_after_it_has_begun() {
    let begin = r#"echo '{"type":"step","name":"a"}'; read -r start; read -r go;"#;
    let complete = |name: &str| format!(r#"echo '{{"type":"step_completed","name":"{name}","value":1}}';"#);
    for (line, lines) in [
        (1, complete("a")),
        (2, format!("{begin}{}", complete("b"))),
        (3, format!("{begin}{}{}", complete("a"), complete("a"))),
    ] {
        let error = Stage::new(super::stage::shell(&format!("{lines} sleep 60"))).play().await.unwrap_err().to_string();
        let expected = format!("protocol_error: line {line} of the command's output completes the step ");
        assert!(error.starts_with(&expected), "{error}");
    }
}
