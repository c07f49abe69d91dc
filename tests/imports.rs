//! CrewAI projects become crews, over HTTP and on the command line.

use crate::support::api::{Answer, Api, send};
use crate::support::process::{TestProcess, callboard};
use crate::support::{Setup, json};

const CREW: &str = r#"{"name": "Demo", "agents": ["writer"], // one
  "tasks": [{"name": "write", "description": "Write about {topic}", "expected_output": "A page", "agent": "writer"}],
  "inputs": {"topic": "tea"}}"#;
const WRITER: &str = r#"{"role": "Writer", "goal": "Write", "llm": "openai/gpt-4o", "tools": ["FileReadTool"]}"#;

async fn import(api: &Api, files: &[(&str, impl AsRef<[u8]>)]) -> Answer {
    let mut body = Vec::new();
    for (path, text) in files {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{path}\"\r\n\r\n");
        body.extend_from_slice(&[head.as_bytes(), text.as_ref(), b"\r\n"].concat());
    }
    body.extend_from_slice(b"--b--\r\n");
    let request = api.request(reqwest::Method::POST, "/api/v1/crews/import");
    send(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await
}

#[actix_web::test]
async fn a_project_is_stored_with_its_agents() {
    let app = Setup::memory().start().await;
    let files = [("crew.jsonc", CREW), ("agents/writer.jsonc", WRITER)];
    let first = import(&app, &files).await;
    assert_eq!((first.status, &first.body["agents"]), (201, &json!(["writer"])), "{}", first.body);
    let warnings: Vec<String> =
        first.body["warnings"].as_array().unwrap().iter().map(|fault| fault["loc"].to_string()).collect();
    assert_eq!(warnings, [r#"["agents/writer.jsonc","llm"]"#, r#"["agents/writer.jsonc","tools","0"]"#]);
    let agent = app.get("/api/v1/agents/writer").await.ok();
    assert_eq!(
        (&agent["role"], &agent["kind"], &agent["tools"]),
        (&json!("Writer"), &json!("model"), &json!(["read_file"]))
    );
    // Another one of the same name has agents of its own.
    let second = import(&app, &files).await;
    let id = second.body["agents"][0].as_str().unwrap();
    assert!(id.starts_with("writer-"), "{id}");
    assert_eq!(second.body["tasks"][0]["agent"], id);
    let crew = format!("/api/v1/crews/{}", second.body["id"].as_str().unwrap());
    assert_eq!(app.get(&crew).await.ok()["name"], "Demo");
}

#[actix_web::test]
async fn what_cannot_be_run_is_refused_by_file_and_path_and_nothing_is_stored() {
    let app = Setup::memory().start().await;
    let python = r#"{"role": "Writer", "goal": "Write", "tools": ["custom:mine"], "step_callback": {"python": "a.b"}}"#;
    let refused = import(&app, &[("crew.jsonc", CREW), ("agents/writer.jsonc", python)]).await;
    assert_eq!(refused.code(422), "invalid_body");
    let locs: Vec<String> =
        refused.body["errors"].as_array().unwrap().iter().map(|fault| fault["loc"].to_string()).collect();
    assert_eq!(locs, [r#"["agents/writer.jsonc","step_callback"]"#, r#"["agents/writer.jsonc","tools","0"]"#]);
    assert_eq!(app.get("/api/v1/agents").await.ok()["agents"], json!([]));
    let long = CREW.replace("Demo", &"x".repeat(201));
    let refused = import(&app, &[("crew.jsonc", long.as_str()), ("agents/writer.jsonc", WRITER)]).await;
    assert_eq!(refused.body["errors"][0]["loc"], json!(["crew.jsonc", "name"]));
    // What says nothing may hold anything.
    let torn = WRITER.replace("Writer", "\u{e9}").into_bytes();
    let torn: Vec<u8> = torn.into_iter().filter(|byte| *byte != 0xa9).collect();
    let files = [("crew.jsonc", CREW.as_bytes().to_vec()), ("agents/writer.jsonc", torn), ("logo.png", vec![0xff])];
    let refused = import(&app, &files).await;
    assert_eq!(
        (refused.status, &refused.body["errors"]),
        (422, &json!([{"loc": ["agents/writer.jsonc"], "msg": "is not UTF-8", "type": "unreadable"}]))
    );
    let plain = app.post("/api/v1/crews/import", json!({})).await;
    assert_eq!(plain.status, 415);
}

#[tokio::test]
async fn the_command_line_imports_into_a_server_and_into_a_store() {
    let mut server = TestProcess::prepare(&[]);
    let project = server.folder().join("project");
    std::fs::create_dir_all(project.join("agents")).unwrap();
    std::fs::write(project.join("crew.jsonc"), CREW).unwrap();
    std::fs::write(project.join("agents/writer.jsonc"), WRITER).unwrap();
    let port = server.address.port().to_string();
    let import = |folder: &std::path::Path, more: &[&str]| {
        let output =
            callboard(folder).args(["--port", &port, "crews", "import", "project"]).args(more).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // No server runs yet: its store gets it.
    let (imported, out, err) = import(server.folder(), &[]);
    assert!(imported && out.starts_with("crew_") && out.contains("agents/writer.jsonc: llm: "), "{out}{err}");
    assert!(import(server.folder(), &["--owner", "ada"]).0);
    assert!(import(server.folder(), &["--owner", ""]).2.contains("--owner"));
    server.up().await;
    let (folder, own_port) = (server.folder().to_owned(), port.clone());
    let again = tokio::task::spawn_blocking(move || {
        let import = ["--port", &own_port, "crews", "import", "project"];
        let again = callboard(&folder).args(import).output().unwrap();
        (again, callboard(&folder).args(import).args(["--owner", "ada"]).output().unwrap())
    });
    let (again, hers) = again.await.unwrap();
    for imported in [again, hers] {
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    }
    for path in ["/api/v1/crews?owner=server", "/api/v1/crews?owner=ada"] {
        assert_eq!(server.get(path).await.ok()["crews"].as_array().unwrap().len(), 2, "{path}");
    }
    std::fs::write(project.join("agents/writer.jsonc"), "{}").unwrap();
    server.kill();
    let (imported, _, err) = import(server.folder(), &[]);
    assert!(!imported && err.contains("agents/writer.jsonc: role: is missing"), "{err}");
}
