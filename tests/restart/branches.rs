//! Tasks that do several things at once, over restarts.

use std::time::Duration;

use futures::future::{Either, select};

use crate::support::journal::{all, check, read, streams};
use crate::support::{Setup, TestApp, Value, eventually, json, kind};

async fn questions(app: &TestApp, id: &str, count: usize) -> Vec<Value> {
    let session = eventually(
        || format!("{count} open questions"),
        async || {
            let session = app.session(id).await;
            (session["open_requests"].as_array().unwrap().len() == count).then_some(session)
        },
    )
    .await;
    session["open_requests"].as_array().unwrap().clone()
}

async fn confirm(app: &TestApp, id: &str, question: &Value, value: bool) {
    app.answer(id, "confirm", json!({"value": value, "request_id": question["request_id"]})).await.ok();
}

#[tokio::test]
async fn two_open_questions_survive_restarts_and_are_answered_in_any_order() {
    for first in [0, 1] {
        let setup = Setup::sqlite().task(kind("fork", |ctx| async move {
            ctx.stream("fork").await;
            let branch = async |name: &'static str| {
                let lane = ctx.lane(name);
                lane.stream(format!("{name} begins")).await;
                let yes = lane.confirm(format!("{name}?")).await;
                lane.stream(format!("{name} ends")).await;
                yes
            };
            let (left, right) = futures::join!(branch("left"), branch("right"));
            Ok(json!({"left": left, "right": right}))
        }));
        let mut app = setup.start().await;
        let id = app.start("fork", json!({})).await;
        let open = questions(&app, &id, 2).await;
        app = app.restart().await;
        assert_eq!(questions(&app, &id, 2).await, open);
        let yes = |question: &Value| question["message"] == "left?";
        confirm(&app, &id, &open[first], yes(&open[first])).await;
        assert_eq!(questions(&app, &id, 1).await, [open[1 - first].clone()]);
        app = app.restart().await;
        confirm(&app, &id, &open[1 - first], yes(&open[1 - first])).await;
        let end = app.until_status(&id, "completed").await;
        assert_eq!(end["result"], json!({"left": true, "right": false}));
        let journal = app.journal(&id).await;
        check(&journal);
        let mut lines = streams(&journal);
        lines.sort();
        assert_eq!(lines, ["fork", "left begins", "left ends", "right begins", "right ends"]);
        assert!(journal.iter().any(|text| read(text)["lane"] == "left"));
    }
}

#[tokio::test]
async fn a_task_that_ends_while_a_question_is_open_closes_it() {
    let app = Setup::sqlite()
        .task(kind("impatient", |ctx| async move {
            let asks = ctx.lane("asks");
            let asking = Box::pin(asks.confirm("Anybody?"));
            let working = Box::pin(async {
                ctx.sleep(Duration::from_millis(20)).await;
                ctx.stream("worked").await;
            });
            if let Either::Left(_) = select(asking, working).await {
                return Err("nobody answers".into());
            }
            Ok(json!("done"))
        }))
        .start()
        .await;
    let id = app.start("impatient", json!({})).await;
    let end = app.until_status(&id, "completed").await;
    assert_eq!((&end["result"], &end["open_requests"]), (&json!("done"), &json!([])));
    let journal = app.journal(&id).await;
    check(&journal);
    let request = all(&journal, "request_confirmation", "request_id")[0].clone();
    let late = app.answer(&id, "confirm", json!({"value": true, "request_id": request})).await;
    assert_eq!(late.code(409), "already_answered");
    assert_eq!(late.body["winner"], json!({"by": "task", "withdrawn": true}));
    let (_, snapshot) = app.connect(&id, None).await.replay().await;
    assert!(!snapshot.iter().any(|text| text.contains("request_confirmation")), "it is over in the snapshot");
}

#[tokio::test]
async fn a_question_that_its_task_takes_back_is_over() {
    let setup = Setup::sqlite().task(kind("fickle", |ctx| async move {
        let asks = ctx.lane("asks");
        let asking = Box::pin(asks.confirm("Anybody?"));
        let working = Box::pin(ctx.sleep(Duration::from_millis(20)));
        let asked = match select(asking, working).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        };
        let sure = ctx.confirm("Sure?").await;
        Ok(json!([asked, sure]))
    }));
    let mut app = setup.start().await;
    let id = app.start("fickle", json!({})).await;
    let open = eventually(
        || "the second question".into(),
        async || {
            let open = questions(&app, &id, 1).await;
            (open[0]["message"] == "Sure?").then_some(open)
        },
    )
    .await;
    app = app.restart().await;
    confirm(&app, &id, &open[0], true).await;
    assert_eq!(app.until_status(&id, "completed").await["result"], json!([null, true]));
    check(&app.journal(&id).await);
}

/// What goes on beside an open question goes on after a restart, too, though nobody answers.
#[tokio::test]
async fn work_beside_an_open_question_goes_on_after_a_restart() {
    let setup = Setup::sqlite();
    let open = setup.file("open");
    let setup = setup.task(kind("beside", move |ctx| {
        let open = open.clone();
        async move {
            let (asks, works) = (ctx.lane("asks"), ctx.lane("works"));
            let asking = asks.confirm("Go?");
            let working = async {
                works.stream("begun").await;
                while !open.exists() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                works.stream("done").await;
            };
            let (yes, ()) = futures::join!(asking, working);
            Ok(json!(yes))
        }
    }));
    let mut app = setup.start().await;
    let id = app.start("beside", json!({})).await;
    let question = questions(&app, &id, 1).await;
    eventually(|| "the work has begun".into(), async || (streams(&app.journal(&id).await) == ["begun"]).then_some(()))
        .await;
    app = app.restart().await;
    std::fs::write(setup.file("open"), "").unwrap();
    // Nobody asks for the session itself: its journal is read from the store.
    eventually(
        || "the work is done".into(),
        async || (streams(&app.journal(&id).await) == ["begun", "done"]).then_some(()),
    )
    .await;
    confirm(&app, &id, &question[0], true).await;
    assert_eq!(app.until_status(&id, "completed").await["result"], true);
    check(&app.journal(&id).await);
}
