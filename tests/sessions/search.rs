//! Sessions that are found by words, by when they were asked for, and counted.

use crate::support::{self, Setup, Value, json};

/// The sessions of a page.
fn ids(page: &Value) -> Vec<&str> {
    page["sessions"].as_array().unwrap().iter().map(|one| one["session_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn sessions_are_found_by_words_counted_and_found_again_after_a_restart() {
    for (setup, is_kept) in [(Setup::memory(), false), (Setup::sqlite(), true)] {
        let mut app = setup.start().await;
        let body =
            |message: &str| json!({"task": "approval", "config": {"message": message}, "labels": {"team": "Ops"}});
        let first = app.start_with(body("Pay invoice 17?")).await;
        let second = app.start_with(body("Publish the draft?")).await;
        app.until_status(&second, "waiting_confirmation").await;
        for round in 0..2 {
            for (search, expected) in [
                ("invo+17", vec![&first]),
                ("OPS+publish", vec![&second]),
                ("team", vec![&second, &first]),
                ("approval+ops", vec![&second, &first]),
                (&first, vec![&first]),
            ] {
                support::eventually(
                    || format!("{search} gives {expected:?}"),
                    async || {
                        let page = app.get(&format!("/sessions?q={search}")).await.ok();
                        (page["complete"] == true && ids(&page) == expected).then_some(())
                    },
                )
                .await;
            }
            if round == 0 && is_kept {
                app = app.restart().await;
            }
        }
        let page = app.get("/sessions?q=ops&limit=1").await.ok();
        assert_eq!(ids(&page), [&second]);
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = app.get(&format!("/sessions?q=ops&limit=1&cursor={cursor}")).await.ok();
        assert_eq!((ids(&page), &page["next_cursor"]), (vec![first.as_str()], &Value::Null));
        app.answer(&first, "confirm", json!({"value": false})).await.ok();
        app.until_status(&first, "completed").await;
        let counted = app.get("/sessions?q=ops&counts=status&status=failed").await.ok();
        assert_eq!(counted["sessions"], json!([]));
        assert_eq!(counted["counts"], json!({"waiting_confirmation": 1, "completed": 1}));
        assert_eq!(counted["complete"], true);
        let created = app.session(&second).await["created_at"].as_f64().unwrap();
        let later = app.get(&format!("/sessions?from={created}")).await.ok();
        assert_eq!(ids(&later), [&second]);
        let earlier = app.get(&format!("/sessions?to={created}&q=ops")).await.ok();
        assert_eq!(ids(&earlier), [&first]);
        assert_eq!(app.get("/sessions?q=%21").await.code(422), "invalid_query");
    }
}
