//! Whoever logs in at one server is known at the others at once.

use reqwest::Method;

use super::stage::{Stage, TOKEN};
use crate::support::json;

#[tokio::test]
async fn a_login_holds_at_every_server_at_once() {
    let Some(stage) = Stage::with(3, &[("auth.users", "true"), ("auth.login_attempts_per_minute", "100")]).await else {
        return;
    };
    let ada = json!({"name": "ada", "password": "correct horse"});
    let added = stage.members[0].bearing(TOKEN).post("/api/v1/users", ada.clone()).await;
    assert_eq!(added.status, 201, "{}", added.body);
    for round in 0..6 {
        let (at, next) = (&stage.members[round % 3], &stage.members[(round + 1) % 3]);
        let answer = at.request(Method::POST, "/login").json(&ada).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let me = next.request(Method::GET, "/me").header("cookie", cookie).send().await.unwrap();
        assert_eq!(me.status(), 200, "round {round}");
    }
}
