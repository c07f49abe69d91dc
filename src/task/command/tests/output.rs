//! What commands print.

use serde_json::json;

use super::stage::{Stage, script, shell};
use crate::config::task::CommandTask;
use crate::domain::entry::Entry;
use crate::session::testing::Outcome;
use crate::task::command::Launcher;

#[actix::test]
async fn a_plain_program_works_unchanged() {
    let mut stage = Stage::new(shell(r"printf 'one\n\ntwo\r\nthree'"));
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    assert_eq!(stage.streamed(), ["one", "", "two", "three"]);
}

#[actix::test]
async fn it_gets_its_input_folder_and_environment_and_nothing_else() {
    let settings = CommandTask {
        cwd: Some("/".into()),
        env: [("STAGE".into(), "test".into())].into(),
        ..script("what_it_gets.sh", &["an argument; $HOME"])
    };
    let mut stage = Stage::with(settings, json!({"n": [1, "ü"]}), Launcher::default());
    stage.play().await.unwrap();
    let streamed = stage.streamed();
    let [start, argument, folder, attempt, path, stage_name, names @ ..] = streamed.as_slice() else { panic!() };
    let start: serde_json::Value = serde_json::from_str(start).unwrap();
    assert_eq!(start["type"], "start");
    assert_eq!(start["attempt"], 1);
    assert_eq!(start["input"], json!({"n": [1, "ü"]}));
    assert_eq!(start["config"], json!({}));
    assert_eq!([*argument, *folder, *attempt, *stage_name], ["an argument; $HOME", "/", "1", "test"]);
    assert_eq!(*path, std::env::var("PATH").unwrap());
    // The shell adds some of its own.
    let known = [
        "CALLBOARD_ATTEMPT",
        "CALLBOARD_SESSION_ID",
        "HOME",
        "LANG",
        "OLDPWD",
        "PATH",
        "PWD",
        "PYTHONUNBUFFERED",
        "SHLVL",
        "STAGE",
    ];
    let extra: Vec<_> = names.iter().filter(|name| !known.contains(name) && !["TZ", "_"].contains(name)).collect();
    assert!(extra.is_empty(), "{extra:?}");
}

#[actix::test]
async fn what_is_not_saved_is_masked_and_no_recorded_call() {
    let program = r#"
        read -r start
        echo '{"type":"stream","content":"draft of hunter22","save_state":false}'
        echo 'line'
        echo '{"type":"progress","done":1,"total":2,"save_state":false}'
        echo '{"type":"request_confirmation","message":"Go on?"}'
        read -r answer
        echo '{"type":"stream","content":"last","save_state":false}'"#;
    let mut stage = Stage::new(shell(program)).with_secrets(&["hunter22"]);
    stage.play_until_asked().await;
    let [Entry::Stream { content }, Entry::Progress { label, .. }] = &stage.take_passed()[..] else { panic!() };
    assert!(content.starts_with("draft of ") && !content.contains("hunter22"), "{content}");
    assert_eq!(label, "");
    stage.answer(Outcome::Confirm { value: true });
    stage.restart();
    stage.play().await.unwrap();
    assert_eq!(stage.streamed(), ["line"]);
    let line = Entry::Stream { content: "last".into() };
    let passed = stage.take_passed();
    assert_eq!(passed.last(), Some(&line));
    let draft = |entry: &Entry| matches!(entry, Entry::Stream { content } if content.starts_with("draft"));
    assert!(!passed.iter().any(draft), "what came before a recorded call is not shown again");
}

#[actix::test]
async fn a_wrapper_becomes_the_command() {
    let launcher = Launcher { wrapper: Some(vec!["env".into(), "WRAPPED=yes".into()]) };
    let mut stage = Stage::with(shell("echo $WRAPPED"), json!(null), launcher);
    stage.play().await.unwrap();
    assert_eq!(stage.streamed(), ["yes"]);
}

#[actix::test]
async fn messages_and_mistakes_are_told_in_order() {
    let mut stage = Stage::new(script("messages.sh", &[]));
    assert_eq!(stage.play().await, Ok(json!({"done": true})));
    let stream = |content: &str| Entry::Stream { content: content.into() };
    let expected = [
        stream("a stream"),
        Entry::Progress { done: 1.into(), total: 4.into(), label: "a quarter".into() },
        stream("a line"),
        stream(r#"{"type":"progress","done":"one"}"#),
        stream(r#"{"type":"unheard_of"}"#),
    ];
    assert_eq!(stage.told(), expected);
}

#[actix::test]
async fn a_message_that_cannot_be_read_ends_the_command() {
    let step = r#"printf '{"type":"step","name":"charge"}\n'; read -r start; read -r go"#;
    let long = r#"printf '{"type":"task_completed","values":"'; head -c 1100000 /dev/zero | tr '\0' x; echo '"}'"#;
    for (script, expected) in [
        (
            format!(r#"{step}; echo '{{"type":"step_completed","name":"charge","value":{{"fee":NaN}}}}'; sleep 60"#),
            "line 2 of the command's output cannot be read as a \"step_completed\" message: NaN is not a JSON number (at value.fee)",
        ),
        (
            r#"printf 'a\rb\n\n'; echo '{"type":"request_confirmation","mesage":"Go?"}'; read -r start; read -r answer"#.into(),
            "line 4 of the command's output cannot be read as a \"request_confirmation\" message: missing field `message`",
        ),
        (
            r#"printf '{"type":"task_completed","values":{}'"#.into(),
            "line 1 of the command's output cannot be read as a \"task_completed\" message: EOF while parsing an object",
        ),
        (long.into(), "line 1 of the command's output cannot be read as a \"task_completed\" message: it has more than 1048576 bytes"),
    ] {
        let mut stage = Stage::new(CommandTask { max_retries: 3, ..shell(&script) });
        let error = stage.play().await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("protocol_error: {expected}")), "{error}");
        assert!(!stage.streamed().iter().any(|line| line.contains("type")), "{:?}", stage.streamed());
    }
}

#[actix::test]
async fn of_what_is_overwritten_the_last_is_told_and_what_is_not_overwritten_always() {
    let bar = r"i=0; while [ $i -lt 300 ]; do printf '\r%d%%' $i; i=$((i+1)); done; printf '\rdone\n'; printf 'end\r'";
    let mut stage = Stage::new(shell(bar));
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    let streamed = stage.streamed();
    assert_eq!(streamed[0], "0%");
    assert_eq!(streamed[streamed.len() - 3..], ["299%", "done", "end"]);
    assert!(streamed.len() < 200, "{streamed:?}");
}

#[actix::test]
async fn a_line_that_is_overwritten_is_told_while_the_command_works() {
    let mut stage = Stage::new(shell(r"printf '10%%\r'; printf '20%%\r'; read -r start; read -r never"));
    stage.play_until(|stage| stage.streamed() == ["10%", "20%"]).await;
    stage.cancel().await;
}

#[actix::test]
async fn a_message_is_acted_on_whatever_ends_its_line() {
    for end in ["\\r", "\\r\\n", "\\n", ""] {
        let mut stage = Stage::new(shell(&format!(r#"printf '{{"type":"task_completed","values":[7]}}{end}'"#)));
        assert_eq!(stage.play().await, Ok(json!([7])), "{end}");
    }
}

#[actix::test]
async fn python_does_not_keep_its_output_back() {
    let print = "echo \"${PYTHONUNBUFFERED-unset}\"";
    let mut stage = Stage::new(shell(print));
    stage.play().await.unwrap();
    assert_eq!(stage.streamed(), ["1"]);
    let env = [("PYTHONUNBUFFERED".to_owned(), String::new())].into();
    let mut stage = Stage::new(CommandTask { env, ..shell(print) });
    stage.play().await.unwrap();
    assert_eq!(stage.streamed(), [""]);
}

fn in_terminal(line: &str) -> CommandTask {
    CommandTask { pty: true, ..shell(line) }
}

#[actix::test]
async fn a_program_in_a_terminal_is_heard_line_by_line() {
    let script = r#"for i in 0 1; do [ -t $i ] && echo "$i is one"; done; [ -t 2 ] || echo "2 is a pipe"
        stty size; echo $TERM; printf 'a\r\nb\rc\n'; echo no >&2; exit 3"#;
    let mut stage = Stage::new(in_terminal(script));
    assert_eq!(stage.play().await.unwrap_err().to_string(), "the command exited with code 3: no");
    assert_eq!(stage.streamed(), ["0 is one", "1 is one", "2 is a pipe", "24 80", "dumb", "a", "b", "c"]);
}

#[actix::test]
async fn what_is_written_to_a_terminal_is_read_whole_and_does_not_come_back() {
    let script = r#"read -r start; echo ${#start}; echo '{"type":"request_confirmation","message":"?"}'
        read -r answer; echo "$answer"; echo '{"type":"task_completed","values":1}'; cat >/dev/null; exit 0"#;
    let settings = CommandTask { kill_after: Some(60.0), ..in_terminal(script) };
    let mut stage = Stage::with(settings, json!("x".repeat(100_000)), Launcher::default())
        .will_answer(crate::session::testing::Outcome::Confirm { value: true });
    // It reads until its input ends, which it does with the result.
    assert_eq!(stage.play().await, Ok(json!(1)));
    let [length, answer] = stage.streamed()[..] else { panic!("{:?}", stage.told()) };
    assert!(length.parse::<usize>().unwrap() > 100_000);
    assert_eq!(answer, r#"{"type":"confirm","value":true}"#);
}

#[actix::test]
async fn a_program_in_a_terminal_is_stopped_with_its_children() {
    let mut stage = Stage::new(in_terminal("trap '' HUP TERM; sleep 300 & echo $!; wait"));
    stage.play_until(|stage| stage.streamed().len() == 1).await;
    stage.cancel().await;
    let stat = format!("/proc/{}/stat", stage.streamed()[0]);
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn a_secret_is_masked_also_where_it_is_cut() {
    let halves = "printf hunt >&2; sleep 0.1; echo er2 >&2; head -c 2100 /dev/zero | tr '\\0' x >&2; exit 1";
    let error = Stage::new(shell(halves)).with_secrets(&["hunter2"]).play().await.unwrap_err().to_string();
    assert!(!error.contains("er2"), "{error}");
    // Most of the line is before the place where it is cut, which is in the middle of the secret.
    let long = "head -c 1048572 /dev/zero | tr '\\0' x; echo hunter2; echo next";
    let mut stage = Stage::new(shell(long)).with_secrets(&["hunter2"]);
    stage.play().await.unwrap();
    let streamed = stage.streamed();
    assert_eq!(streamed.last(), Some(&"next"));
    assert!(!streamed.iter().any(|line| line.contains("hunt") || line.contains("er2")), "{:?}", &streamed[1..]);
    assert!(streamed[streamed.len() - 2].ends_with("***"));
}

#[actix::test]
async fn what_is_no_utf8_is_replaced() {
    let mut stage = Stage::new(shell(r"printf 'a\377b\nc\n'"));
    stage.play().await.unwrap();
    assert_eq!(stage.streamed(), ["a\u{fffd}b", "c"]);
}

#[actix::test]
async fn a_line_that_is_very_long_is_cut_and_marked() {
    let mut stage = Stage::new(script("long_line.sh", &[]));
    stage.play().await.unwrap();
    let streamed = stage.streamed();
    assert_eq!(streamed.len(), 4);
    assert!(streamed[0].starts_with("xxx") && streamed[0].ends_with("bytes left out]"));
    assert!(streamed[1].starts_with("[the same line] xxx"));
    assert!(streamed[2].starts_with("[the same line] xxx"));
    assert_eq!(streamed[3], "short");
}

#[actix::test]
async fn ten_mebibytes_go_through() {
    let mut stage = Stage::new(script("prints_a_lot.sh", &["10485760"]));
    assert_eq!(stage.play().await, Ok(json!({"exit_code": 0})));
    let bytes: usize = stage.streamed().iter().map(|line| line.len() + 1).sum();
    assert_eq!(bytes, 10_485_760);
}

#[actix::test]
async fn a_command_that_prints_too_much_is_stopped() {
    for redirect in ["", " >&2"] {
        let settings = CommandTask {
            max_output_bytes: Some(100_000),
            ..shell(&format!("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{redirect}; done"))
        };
        let error = Stage::new(settings).play().await.unwrap_err();
        assert_eq!(error.to_string(), "the command printed more than its limit of 100000 bytes");
    }
}

#[actix::test]
async fn what_comes_after_the_result_is_read_and_not_told() {
    let mut stage = Stage::new(script("talks_on.sh", &[]));
    assert_eq!(stage.play().await, Ok(json!(1)));
    assert_eq!(stage.streamed(), ["before"]);
}

#[actix::test]
async fn a_restarted_command_tells_only_what_is_new() {
    let ask =
        r#"; echo '{"type":"request_confirmation","message":"?"}'; read -r start; read -r answer; echo "$answer""#;
    let mut stage = Stage::new(shell(&format!("echo 1; echo 2{ask}")));
    stage.play_until_asked().await;
    stage.change(shell(&format!("echo 1; echo 2; echo 3; echo 4{ask}")));
    stage.answer(crate::session::testing::Outcome::Confirm { value: true });
    stage.restart();
    stage.play().await.unwrap();
    assert_eq!(stage.streamed(), ["1", "2", "3", "4", r#"{"type":"confirm","value":true}"#]);
}
