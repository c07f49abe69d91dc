//! What commands ask of people.

use serde_json::json;

use super::stage::{Stage, script, shell};
use crate::config::task::CommandTask;
use crate::domain::entry::Entry;
use crate::session::testing::Outcome;

fn values(name: &str) -> Outcome {
    Outcome::UserInput { values: [("name".to_owned(), json!(name))].into_iter().collect() }
}

#[actix::test]
async fn answers_reach_the_command() {
    let mut stage =
        Stage::new(script("asks.sh", &[])).will_answer(Outcome::Confirm { value: true }).will_answer(values("Ada"));
    assert_eq!(stage.play().await, Ok(json!({"asked": 2})));
    let expected = [r#"{"type":"confirm","value":true}"#, r#"{"type":"user_input","values":{"name":"Ada"}}"#];
    assert_eq!(stage.streamed(), expected);
}

#[actix::test]
async fn after_a_restart_it_waits_at_the_same_question() {
    let mut stage = Stage::new(script("asks.sh", &[])).will_answer(Outcome::Confirm { value: false });
    stage.play_until_asked().await;
    stage.answer(values("Ada"));
    stage.restart();
    stage.play().await.unwrap();
    let questions = |entry: &&Entry| {
        matches!(entry, Entry::RequestConfirmation { .. } | Entry::RequestUserInput { .. } | Entry::Stream { .. })
    };
    assert_eq!(stage.told().iter().filter(questions).count(), 4);
}

#[actix::test]
async fn questions_that_come_at_once_are_asked_one_after_the_other() {
    let mut stage = Stage::new(script("asks_at_once.sh", &[]));
    for question in 1..=3 {
        stage.play_until_asked().await;
        let asked = stage.told().iter().filter(|entry| matches!(entry, Entry::RequestConfirmation { .. })).count();
        assert_eq!(asked, question);
        stage.answer(Outcome::Confirm { value: question == 2 });
    }
    stage.play().await.unwrap();
    let [no, yes] = [false, true].map(|value| format!(r#"{{"type":"confirm","value":{value}}}"#));
    assert_eq!(stage.streamed(), [no.as_str(), &yes, &no]);
}

#[actix::test]
async fn a_question_of_a_command_that_has_gone_is_taken_back() {
    let mut stage = Stage::new(shell(r#"echo '{"type":"request_confirmation","message":"?"}'; sleep 0.1; exit 0"#));
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    let [Entry::RequestConfirmation { .. }, Entry::Answered { by, timed_out: false, withdrawn: true, .. }] =
        stage.told()
    else {
        panic!("{:?}", stage.told())
    };
    assert_eq!(by, "task");
}

#[actix::test]
async fn a_question_that_comes_with_the_end_of_its_command_is_in_the_journal() {
    // What holds the output open makes the question arrive after the exit.
    let late = r#"(sleep 0.2; echo '{"type":"request_confirmation","message":"?"}') & exit 0"#;
    let mut stage = Stage::new(shell(late));
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    assert!(
        matches!(stage.told(), [Entry::RequestConfirmation { .. }, Entry::Answered { withdrawn: true, .. }]),
        "{:?}",
        stage.told()
    );
}

#[actix::test]
async fn a_form_that_nobody_fills_in_fails_the_attempt() {
    let mut stage =
        Stage::new(script("asks.sh", &[])).will_answer(Outcome::Confirm { value: true }).will_answer(Outcome::TimedOut);
    assert_eq!(stage.play().await.unwrap_err().to_string(), "nobody filled in the form in time");
}

#[actix::test]
async fn an_attempt_that_may_be_retried_is_started_anew() {
    let settings = CommandTask { max_retries: 2, ..script("fails_first.sh", &[]) };
    let mut stage =
        Stage::new(settings).will_answer(Outcome::Retry { value: true }).will_answer(Outcome::Retry { value: true });
    assert_eq!(stage.play().await, Ok(json!({"attempt": 3})));
    let failures: Vec<_> = stage
        .told()
        .iter()
        .filter_map(|entry| if let Entry::TaskFailed { error, .. } = entry { Some(error.as_str()) } else { None })
        .collect();
    assert_eq!(failures, ["attempt 1 did not work", "the command exited with code 4: attempt 2"]);
    assert_eq!(stage.streamed(), ["attempt 1", "attempt 1 goes on", "attempt 2", "attempt 3"]);
}

#[actix::test]
async fn a_failed_attempt_is_not_run_again_after_a_restart() {
    let settings = CommandTask { max_retries: 1, ..script("fails_first.sh", &[]) };
    let mut stage = Stage::new(settings);
    stage.play_until_asked().await;
    stage.answer(Outcome::Retry { value: true });
    stage.restart();
    assert_eq!(stage.play().await.unwrap_err().to_string(), "the command exited with code 4: attempt 2");
    assert_eq!(stage.streamed(), ["attempt 1", "attempt 1 goes on", "attempt 2"]);
}

#[actix::test]
async fn a_failure_that_the_command_calls_final_is_not_offered_again() {
    let failed = r#"echo '{"type":"task_failed","error":"no such order"}'"#;
    let settings = CommandTask { max_retries: 2, ..shell(failed) };
    let mut stage = Stage::new(settings);
    assert_eq!(stage.play().await.unwrap_err().to_string(), "no such order");
    assert!(stage.told().is_empty());
}
