//! Handlers with real commands, told of events without a log.

use std::fs;
use std::path::Path;

use super::*;
use crate::domain::event::NewEvent;
use crate::domain::owner::Owner;
use crate::domain::time::Timestamp;
use crate::store::UnnumberedEvent;
use serde_json::Value;
use uuid::Uuid;

fn event(kind: Kind) -> EncodedEvent {
    let new_event = NewEvent::new(kind).with("a", "x".repeat(100_000));
    UnnumberedEvent::new(new_event, Owner::SERVER, Timestamp::now()).into_ephemeral()
}

fn handler(script: &str, types: &[&str]) -> EventHandler {
    EventHandler {
        // All tests count in one place.
        name: Uuid::new_v4().to_string(),
        types: types.iter().map(|text| (*text).to_owned()).collect(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        ..EventHandler::default()
    }
}

/// What became of the events: commands that succeeded, failed and took too long, and events that were dropped.
fn counts(metrics: &Metrics, handler: &str) -> [u64; 4] {
    let text = metrics.render();
    let count = |name: String| {
        let of = |line: &str| line.strip_prefix(&*name)?.trim().parse().ok();
        text.lines().find_map(of).unwrap_or_default()
    };
    let runs =
        |outcome| count(format!("callboard_event_handler_runs_total{{handler=\"{handler}\",outcome=\"{outcome}\"}}"));
    let drops = count(format!("callboard_event_handler_drops_total{{handler=\"{handler}\"}}"));
    [runs("succeeded"), runs("failed"), runs("timed out"), drops]
}

/// Runs a handler for these events to their end, and gives what became of them.
async fn handled(settings: EventHandler, events: Vec<EncodedEvent>) -> [u64; 4] {
    let metrics = Metrics::install(1).unwrap();
    let name = settings.name.clone();
    let (handlers, running) = Handlers::start(&[settings], &Launcher::default(), &Arc::default(), &metrics);
    handlers.notify(&events.into());
    running.finish(Duration::from_secs(30)).await;
    counts(&metrics, &name)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[actix_web::test]
async fn a_command_gets_the_events_that_its_handler_names_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let settings = EventHandler {
        cwd: Some(folder.path().to_string_lossy().into_owned()),
        env: [("OUT".to_owned(), "out".to_owned())].into(),
        ..handler("cat >> $OUT; echo $CALLBOARD_EVENT_TYPE >> types", &["custom.a.*", "execution.progress"])
    };
    let custom = |word: &str| Kind::parse(word).unwrap();
    let events = [custom("custom.a.1"), custom("custom.b"), Kind::ExecutionProgress, Kind::ExecutionFailed];
    let counts = handled(settings, events.into_iter().map(event).collect()).await;
    assert_eq!(counts, [2, 0, 0, 0]);
    let types: Vec<_> = lines(&folder.path().join("out")).into_iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["custom.a.1", "execution.progress"]);
    assert_eq!(fs::read_to_string(folder.path().join("types")).unwrap(), "custom.a.1\nexecution.progress\n");
}

#[actix_web::test]
async fn what_goes_wrong_is_told_with_the_end_of_standard_error() {
    let never = std::future::pending::<()>;
    let event = event(Kind::QueueCleared);
    for (settings, told) in [
        (handler("echo no >&2; exit 3", &["*"]), "its command exited with code 3; the end of its standard error: no"),
        (handler("kill -9 $$", &["*"]), "its command was ended by signal 9 (SIGKILL)"),
        (
            EventHandler { command: vec!["/no/such".into()], ..handler("", &["*"]) },
            "its command cannot be started: No such file or directory",
        ),
        (
            EventHandler { timeout: 0.05, ..handler("sleep 600 & sleep 600", &["*"]) },
            "its command took longer than 0.05 s",
        ),
    ] {
        let error = run::run(&settings, &Launcher::default(), &event, &Mask::default(), never()).await.unwrap_err();
        assert_eq!(error.to_string(), told);
    }
    let settings = handler("sleep 600", &["*"]);
    let error =
        run::run(&settings, &Launcher::default(), &event, &Mask::default(), std::future::ready(())).await.unwrap_err();
    assert_eq!(error, run::Error::Killed);
}

#[actix_web::test]
async fn a_secret_is_not_told_of_a_command() {
    let script = "printf 'with hunt' >&2; sleep 0.1; echo er2 >&2; exit 1";
    let mask = Mask::new(["hunter2"]);
    let never = std::future::pending::<()>();
    let event = event(Kind::QueueCleared);
    let error = run::run(&handler(script, &["*"]), &Launcher::default(), &event, &mask, never).await.unwrap_err();
    assert_eq!(error.to_string(), "its command exited with code 1; the end of its standard error: with ***");
}

#[actix_web::test]
async fn what_a_command_leaves_behind_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = EventHandler {
        cwd: Some(folder.path().to_string_lossy().into_owned()),
        ..handler("sleep 600 & echo $! > pid", &["*"])
    };
    let counts = handled(settings, vec![event(Kind::QueueCleared)]).await;
    assert_eq!(counts, [1, 0, 0, 0]);
    let pid = fs::read_to_string(folder.path().join("pid")).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    // The system may take a moment to end what it was told to kill, and to take note of that.
    while let Ok(state) = fs::read_to_string(&stat)
        && ![") Z", ") X"].iter().any(|gone| state.contains(gone))
    {
        assert!(std::time::Instant::now() < deadline, "{state}");
        std::thread::yield_now();
    }
}

#[actix_web::test]
async fn a_slow_handler_drops_what_is_too_much_and_holds_nobody_up() {
    let settings = handler("cat >/dev/null", &["*"]);
    let name = settings.name.clone();
    let metrics = Metrics::install(1).unwrap();
    let (handlers, running) = Handlers::start(&[settings], &Launcher::default(), &Arc::default(), &metrics);
    let small =
        UnnumberedEvent::new(NewEvent::new(Kind::QueueCleared), Owner::SERVER, Timestamp::now()).into_ephemeral();
    // Nothing is run before this task gives way.
    for _ in 0..MOST_WAITING + 7 {
        handlers.notify(&Arc::from([small.clone()]));
    }
    assert_eq!(counts(&metrics, &name), [0, 0, 0, 7]);
    running.finish(Duration::ZERO).await;
    // Nothing is taken any more.
    handlers.notify(&Arc::from([small]));
    assert_eq!(counts(&metrics, &name)[3], 7);
}

#[actix_web::test]
async fn several_run_at_once_where_that_is_allowed() {
    // Each waits for the other one.
    let folder = tempfile::tempdir().unwrap();
    let script = "touch $$; while [ $(ls | wc -l) -lt 2 ]; do sleep 0.01; done";
    let settings = EventHandler {
        cwd: Some(folder.path().to_string_lossy().into_owned()),
        max_running: 2,
        ..handler(script, &["queue.*"])
    };
    let counts = handled(settings, vec![event(Kind::QueueCleared), event(Kind::QueueCleared)]).await;
    assert_eq!(counts, [2, 0, 0, 0]);
}
