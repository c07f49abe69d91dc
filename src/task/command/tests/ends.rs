//! How commands end, and that nothing is left of them.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::stage::{Stage, script, shell};
use crate::config::task::CommandTask;
use crate::domain::entry::Entry;
use crate::task::command::{Launcher, faults};

/// Waits until a process is gone, with its entry in the process table.
async fn is_gone(pid: &str) {
    let entry = PathBuf::from("/proc").join(pid);
    let gone = async {
        while entry.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("it is still there");
}

/// Waits until a process has ended. Who reaps it depends on whose child it has become.
async fn has_ended(pid: &str) {
    let stat = PathBuf::from("/proc").join(pid).join("stat");
    let ended = async {
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ended).await.expect("it is still running");
}

async fn failure(settings: CommandTask) -> String {
    Stage::new(settings).play().await.unwrap_err().to_string()
}

#[actix::test]
async fn a_bad_end_is_told_with_the_end_of_stderr() {
    assert_eq!(failure(shell("echo 'no disk' >&2; exit 3")).await, "the command exited with code 3: no disk");
    assert_eq!(failure(shell("kill -TERM $$")).await, "the command was ended by signal 15 (SIGTERM)");
    let long = failure(shell("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1")).await;
    assert!(long.starts_with("the command exited with code 1: …") && long.ends_with("line 1999"));
    assert!(long.len() < 2200);
}

#[actix::test]
async fn a_program_that_is_not_there_is_told() {
    let missing = CommandTask { name: "x".into(), command: vec!["/no/such".into()], ..CommandTask::default() };
    let expected = "the command \"/no/such\" cannot be started: No such file or directory";
    assert_eq!(failure(missing.clone()).await, expected);
    let launcher = Launcher { wrapper: Some(vec!["env".into()]) };
    let wrapped = Stage::with(missing.clone(), json!(null), launcher).play().await;
    assert_eq!(wrapped.unwrap_err().to_string(), expected);
    assert_eq!(faults(&[shell("exit"), missing]), [format!("task \"x\": {expected}")]);
}

#[actix::test]
async fn a_result_counts_whatever_the_exit_code() {
    let mut stage = Stage::new(shell(r#"echo '{"type":"task_completed","values":[7]}'; exit 9"#));
    assert_eq!(stage.play().await, Ok(json!([7])));
}

#[actix::test]
async fn a_command_that_stays_after_its_result_is_stopped() {
    let stays = r#"trap '' TERM; echo '{"type":"task_completed","values":[7]}'; while :; do sleep 1; done"#;
    assert_eq!(Stage::new(shell(stays)).play().await, Ok(json!([7])));
}

#[actix::test]
async fn a_command_that_closes_its_outputs_is_waited_for() {
    assert_eq!(failure(shell("exec >&- 2>&-; sleep 0.1; exit 5")).await, "the command exited with code 5");
}

#[actix::test]
async fn a_command_that_works_for_too_long_is_stopped() {
    for work in ["sleep 1000", "trap '' TERM; exec >&- 2>&-; sleep 1000 & wait; sleep 1000"] {
        let settings = CommandTask { timeout: Some(0.3), ..shell(work) };
        assert_eq!(failure(settings).await, "the command worked for longer than its limit of 0.3 s");
    }
}

#[actix::test]
async fn what_a_command_leaves_behind_is_stopped() {
    let mut stage = Stage::new(shell("echo starts; sleep 1000 & echo $!"));
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    let ["starts", grandchild] = stage.streamed()[..] else { panic!("{:?}", stage.told()) };
    has_ended(grandchild).await;
}

#[actix::test]
async fn a_command_that_does_not_read_holds_nobody_up() {
    let input = json!("x".repeat(2_000_000));
    for reads in ["echo done", "exec <&-; echo done", "head -c 10 >/dev/null; exec <&-; sleep 0.1; echo done"] {
        let mut stage = Stage::with(shell(reads), input.clone(), Launcher::default());
        assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
        assert_eq!(stage.streamed(), ["done"]);
    }
}

#[actix::test]
async fn a_cancelled_command_is_told_and_may_clean_up() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = CommandTask { kill_after: Some(60.0), ..script("cleans_up.sh", &[file.path().to_str().unwrap()]) };
    let mut stage = Stage::new(settings);
    stage.play_until(|stage| !stage.told().is_empty()).await;
    stage.cancel().await;
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "{\"type\":\"cancel\"}\n");
}

#[actix::test]
async fn a_cancelled_command_that_ignores_it_is_killed_with_its_children() {
    let mut stage = Stage::new(script("ignores_sigterm.sh", &[]));
    stage.play_until(|stage| stage.streamed().len() == 2).await;
    stage.cancel().await;
    let [command, child] = stage.streamed()[..] else { panic!() };
    is_gone(command).await;
    has_ended(child).await;
}

#[actix::test]
async fn a_task_that_is_dropped_takes_its_command_with_it() {
    let mut stage = Stage::new(script("ignores_sigterm.sh", &[]));
    stage.play_until(|stage| stage.streamed().len() == 2).await;
    stage.drop_task();
    let [Entry::Stream { content: command }, Entry::Stream { content: child }] = stage.told() else { panic!() };
    is_gone(command).await;
    has_ended(child).await;
}
