//! Audits as sessions: started over HTTP, followed on their own sockets, with what they found kept.

use std::collections::BTreeSet;
use std::path::PathBuf;

use regex::Regex;

use crate::agents::{agent, setup};
use crate::support::api::{Api, send};
use crate::support::client::Client;
use crate::support::model::{Model, Reply, text};
use crate::support::process::TestProcess;
use crate::support::{Setup, Value, json};

const REPORT: &str = "# Report\n\n| | 2024 | 2023 |\n|---|---|---|\n| Retail | 4,211 | 3,958 |\n| Wholesale | 1,877 | 1,640 |\n| Total | 6,088 | 5,698 |\n\nSee note 9.\n";

/// A report of many tables, each with a fault, which keeps a check at work for a while.
fn long_report(tables: usize) -> String {
    REPORT.repeat(tables)
}

async fn socket(api: &Api, id: &str) -> Client {
    Client::connect(&format!("ws://{}/ws/audit/{id}", api.address)).await.unwrap()
}

async fn start(api: &Api, body: Value) -> Value {
    let answer = api.post("/audits", body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body
}

/// All that a socket is sent until it is closed.
async fn all(client: &mut Client) -> Vec<Value> {
    let mut heard = Vec::new();
    while let Some(message) = client.next().await {
        heard.push(message);
    }
    heard
}

fn of<'a>(heard: &'a [Value], kind: &str) -> Vec<&'a Value> {
    heard.iter().filter(|message| message["type"] == kind).collect()
}

#[actix_web::test]
async fn all_checks_look_through_a_document_and_say_what_they_find() {
    let app = Setup::memory().start().await;
    let audit = start(&app, json!({"document": REPORT, "media_type": "text/markdown", "name": "report.md"})).await;
    assert_eq!(audit["audit_id"], audit["session_id"]);
    assert_eq!(audit["agents"], json!(["numeric_validation", "logic_consistency", "disclosure_completeness"]));
    let id = audit["audit_id"].as_str().unwrap();
    let mut client = socket(&app, id).await;
    let heard = all(&mut client).await;
    assert_eq!(client.closed, Some(Some(1000)));
    let last = heard.last().unwrap();
    assert_eq!((&last["type"], &last["status"]), (&json!("complete"), &json!("completed")));
    assert_eq!(of(&heard, "agent_started").len(), 3);
    let completed = of(&heard, "agent_completed");
    let numeric = completed.iter().find(|message| message["agent_id"] == "numeric_validation").unwrap();
    assert_eq!(numeric["findings"][0]["expected"], "5598");
    for message in &heard {
        assert!(message["timestamp"].as_str().is_some_and(|text| text.ends_with('Z')), "{message}");
    }
    let found = of(&heard, "agent_event").into_iter().find(|message| message["data"]["kind"] == "finding").unwrap();
    assert_eq!(found["event"], found["data"]);
    // Who comes later is sent the same.
    let mut late = socket(&app, id).await;
    assert_eq!(all(&mut late).await, heard);
    assert_eq!(late.closed, Some(Some(1000)));
    let state = app.get(&format!("/audits/{id}")).await.ok();
    assert_eq!(
        (&state["status"], &state["agents"]["numeric_validation"]["status"]),
        (&json!("completed"), &json!("completed"))
    );
    assert_eq!(state["findings"]["numeric_validation"][0]["expected"], "5598");
}

#[actix_web::test]
async fn a_report_is_written_in_each_format() {
    let app = Setup::memory().start().await;
    let audit = start(&app, json!({"document": REPORT, "agents": ["numeric_validation"], "name": "r.md"})).await;
    let id = audit["audit_id"].as_str().unwrap();
    all(&mut socket(&app, id).await).await;
    for (format, begins) in [("markdown", "#"), ("csv", "agent"), ("sarif", "{"), ("json", "{")] {
        let answer = app.get(&format!("/audits/{id}/report?format={format}")).await;
        let text = answer.body.as_str().map_or_else(|| answer.body.to_string(), str::to_owned);
        assert!(answer.status == 200 && text.starts_with(begins) && text.contains("5598"), "{format}: {text}");
    }
    assert_eq!(app.get(&format!("/audits/{id}/report?format=pdf")).await.code(422), "invalid_query");
    for path in ["/audits/x", "/audits/x/report"] {
        assert_eq!(app.get(path).await.code(404), "unknown_audit");
    }
    let other = app.start("approval", json!({})).await;
    assert_eq!(app.get(&format!("/audits/{other}")).await.code(404), "unknown_audit");
}

#[actix_web::test]
async fn a_file_is_known_by_its_bytes_and_its_name() {
    let app = Setup::memory().start().await;
    let boundary = "b";
    let part =
        |head: &str, body: &str| format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let body = [
        part("name=\"file\"; filename=\"report.csv\"", ",2024,2023\nA,1,2\nB,3,4\nTotal,4,7\n"),
        part("name=\"agents\"", "[\"numeric_validation\"]"),
        part("name=\"agents\"", "logic_consistency"),
        part("name=\"labels\"", "{\"a\": \"b\"}"),
        format!("--{boundary}--\r\n"),
    ];
    let request = app.request(reqwest::Method::POST, "/audits");
    let request = request.header("content-type", "multipart/form-data; boundary=b").body(body.concat());
    let answer = send(request).await;
    assert_eq!((answer.status, &answer.body["agents"]), (202, &json!(["numeric_validation", "logic_consistency"])));
    let id = answer.body["audit_id"].as_str().unwrap().to_owned();
    let heard = all(&mut socket(&app, &id).await).await;
    assert_eq!(of(&heard, "agent_completed").len(), 2);
    let session = app.session(&id).await;
    assert_eq!((&session["input"]["media_type"], &session["labels"]), (&json!("text/csv"), &json!({"a": "b"})));
}

#[actix_web::test]
async fn what_cannot_be_audited_is_refused_by_name() {
    let app = Setup::memory().with(|settings| settings.audits.max_document_bytes = 1000).start().await;
    let part =
        |name: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.md\"\r\n\r\nx\r\n");
    let twice = app.request(reqwest::Method::POST, "/audits").header("content-type", "multipart/form-data; boundary=b");
    let twice = send(twice.body(format!("{}{}--b--\r\n", part("file"), part("file")))).await;
    assert_eq!((twice.code(422), &twice.body["errors"][0]["type"]), ("invalid_body", &json!("duplicate")));
    let large = app.post("/audits", json!({"document": "x".repeat(1001)})).await;
    assert_eq!(large.code(413), "payload_too_large");
    for (body, place) in [
        (json!({}), "document"),
        (json!({"document": ""}), "document"),
        (json!({"document": 7}), "document"),
        (json!({"document": "x", "media_type": "image/png"}), "media_type"),
        (json!({"document": "x", "agents": ["nobody"]}), "agents"),
        (json!({"document": "x", "agents": ["numeric_validation", "numeric_validation"]}), "agents"),
        (json!({"document": "x", "config": {"nonsense": 1}}), "config"),
        (json!({"document": "x", "config": {"checklist": {"item": 1}}}), "config"),
        (json!({"document": "x", "audit_id": "x"}), "audit_id"),
        (json!({"document": "x", "folder": "none"}), "folder"),
        (json!({"document": "x", "nonsense": 1}), "nonsense"),
    ] {
        let refused = app.post("/audits", body.clone()).await;
        assert_eq!(
            (refused.code(422), &refused.body["errors"][0]["loc"][1]),
            ("invalid_body", &json!(place)),
            "{body}"
        );
    }
}

#[actix_web::test]
async fn an_id_of_ones_own_is_taken_once_and_its_socket_may_come_first() {
    let app = Setup::memory().start().await;
    let id = "7f7cde25-3f6e-4a4f-9d2f-0c5d1c1e8a11";
    let mut client = socket(&app, id).await;
    let body = json!({"document": REPORT, "audit_id": id});
    assert_eq!(start(&app, body.clone()).await["audit_id"], id);
    let heard = all(&mut client).await;
    assert_eq!((&heard[0]["type"], client.closed), (&json!("agent_started"), Some(Some(1000))));
    assert_eq!(app.post("/audits", body).await.code(409), "execution_exists");
}

#[actix_web::test]
async fn an_unknown_audit_is_said_on_the_socket() {
    let app = Setup::memory().with(|settings| settings.audits.wait_for_start = 0.1).start().await;
    let other = app.start("approval", json!({})).await;
    for id in ["nonsense", "7f7cde25-3f6e-4a4f-9d2f-0c5d1c1e8a11", &other] {
        let mut client = socket(&app, id).await;
        let heard = all(&mut client).await;
        assert_eq!((&heard[0]["code"], client.closed), (&json!("unknown_audit"), Some(Some(4504))), "{id}");
    }
}

#[actix_web::test]
async fn leaving_cancels_and_only_sockets_of_audits_count() {
    let app = Setup::memory().with(|settings| settings.audits.cancel_after = 0.0).start().await;
    let slow =
        json!({"document": long_report(20_000), "media_type": "text/markdown", "agents": ["numeric_validation"]});
    let id = start(&app, slow.clone()).await["audit_id"].as_str().unwrap().to_owned();
    // That of its session does not count.
    drop(app.connect(&id, None).await);
    let mut client = socket(&app, &id).await;
    client.until("agent_event").await;
    assert_eq!(app.session(&id).await["status"], "running");
    drop(client);
    app.until_status(&id, "cancelled").await;
    let mut late = socket(&app, &id).await;
    let heard = all(&mut late).await;
    assert_eq!(
        (&heard.last().unwrap()["type"], &heard.last().unwrap()["status"]),
        (&json!("complete"), &json!("cancelled"))
    );
}

#[actix_web::test]
async fn a_client_may_ping_and_cancel() {
    let app = Setup::memory().start().await;
    let slow =
        json!({"document": long_report(20_000), "media_type": "text/markdown", "agents": ["numeric_validation"]});
    let id = start(&app, slow).await["audit_id"].as_str().unwrap().to_owned();
    let mut client = socket(&app, &id).await;
    client.say(json!({"type": "ping", "timestamp": 7})).await;
    assert_eq!(client.until("pong").await["timestamp"], 7);
    client.say(json!({"type": "confirm"})).await;
    assert_eq!(client.until("error").await["code"], "unknown_type");
    client.say(json!({"type": "cancel"})).await;
    assert_eq!(client.until("complete").await["status"], "cancelled");
}

#[actix_web::test]
async fn an_audit_goes_on_after_a_kill_and_says_nothing_twice() {
    let mut server = TestProcess::start_with(&[]).await;
    let id = {
        let body = json!({"document": long_report(1_000), "media_type": "text/markdown", "agents": ["numeric_validation", "logic_consistency"]});
        start(&server, body).await["audit_id"].as_str().unwrap().to_owned()
    };
    let mut client = socket(&server, &id).await;
    client.until("agent_event").await;
    server.kill();
    server.up().await;
    let mut again = socket(&server, &id).await;
    let heard = all(&mut again).await;
    assert_eq!(heard.last().unwrap()["status"], "completed");
    assert_eq!((of(&heard, "agent_started").len(), of(&heard, "agent_completed").len()), (2, 2));
    let seqs: Vec<u64> = heard.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|one, other| one < other));
    let findings: Vec<String> = of(&heard, "agent_event")
        .into_iter()
        .filter(|message| message["data"]["kind"] == "finding")
        .map(|message| format!("{} {}", message["agent_id"], message["data"]["finding"]["location"]))
        .collect();
    assert_eq!(findings.iter().collect::<BTreeSet<_>>().len(), findings.len(), "each once");
}

#[actix_web::test]
async fn a_pdf_is_read_by_another_process_and_a_damaged_one_fails_the_audit_alone() {
    let server = TestProcess::start_with(&[]).await;
    let request = server.request(reqwest::Method::POST, "/audits");
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.4\nnonsense\r\n--b--\r\n";
    let answer = send(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await;
    let id = answer.body["audit_id"].as_str().unwrap().to_owned();
    let heard = all(&mut socket(&server, &id).await).await;
    assert_eq!(of(&heard, "agent_error").len(), 3);
    assert_eq!(heard.last().unwrap()["status"], "failed");
    assert_eq!(server.get("/readyz").await.status, 200);
}

#[actix_web::test]
async fn a_model_looks_through_a_document_and_its_findings_have_to_quote_it() {
    let finding = |evidence: &str| json!({"severity": "warning", "rule": "tone", "message": "It promises.", "evidence": evidence});
    let findings = json!({"findings": [finding("See note 9."), finding("See note 10."), finding("")]}).to_string();
    let model = Model::play([
        ("alpha", vec![text(&findings)]),
        ("beta", vec![Reply::Refuse(400, json!({"error": {"message": "no such model"}}))]),
        ("boss", vec![text("I found nothing, but say so in prose.")]),
    ])
    .await;
    let app = setup(&model).start().await;
    for id in ["alpha", "beta", "boss"] {
        agent(&app, id, json!({})).await;
    }
    let agents = ["alpha", "beta", "boss", "numeric_validation"];
    let audit = start(&app, json!({"document": REPORT, "media_type": "text/markdown", "agents": agents})).await;
    let id = audit["audit_id"].as_str().unwrap();
    let mut client = socket(&app, id).await;
    let heard = all(&mut client).await;
    let of_agent = |kind: &str, id: &str| {
        let found = of(&heard, kind).into_iter().find(|message| message["agent_id"] == id);
        found.unwrap_or_else(|| panic!("no {kind} of {id}")).clone()
    };
    let found = of_agent("agent_completed", "alpha")["findings"].clone();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["location"]["line"]), (1, &json!(9)), "{found}");
    assert!(of_agent("agent_error", "beta")["error"].as_str().unwrap().starts_with("model: "));
    assert!(of_agent("agent_error", "boss")["error"].as_str().unwrap().starts_with("guardrail: "));
    assert_eq!(of_agent("agent_completed", "numeric_validation")["findings"][0]["expected"], "5598");
    assert_eq!(heard.last().unwrap()["status"], "completed", "two agents that fail leave the rest");
    assert!(model.of("alpha")[0].said().contains("See note 9."), "the model was given the document");
    let state = app.get(&format!("/audits/{id}")).await.ok();
    assert_eq!(
        (&state["agents"]["alpha"]["dropped"], &state["agents"]["beta"]["status"]),
        (&json!(2), &json!("failed"))
    );
    let report = app.get(&format!("/audits/{id}/report?format=csv")).await.body.to_string();
    assert!(report.contains("It promises.") && report.contains("5598"), "{report}");
}

#[actix_web::test]
async fn a_document_is_shown_as_its_agents_read_it() {
    let app = Setup::memory().start().await;
    let html = "<h1>Report</h1><table><tr><td>A</td><td>1</td></tr><tr><td>Total</td><td>2</td></tr></table>";
    let body = json!({"document": html, "media_type": "text/html", "name": "r.html", "agents": ["numeric_validation"]});
    let audit = start(&app, body).await;
    let id = audit["audit_id"].as_str().unwrap();
    let shown = app.get(&format!("/audits/{id}/document")).await.ok();
    assert_eq!(
        (&shown["name"], &shown["media_type"], &shown["complete"]),
        (&json!("r.html"), &json!("text/html"), &json!(true))
    );
    assert_eq!((&shown["lines"][0]["text"], shown["lines"].as_array().unwrap().len()), (&json!("# Report"), 3));
    let row = &shown["lines"][2];
    assert_eq!((&row["text"], &row["table"], &row["row"]), (&json!("| Total | 2 |"), &json!(1), &json!(2)));
    let other = app.start("approval", json!({})).await;
    for id in ["x", &other] {
        assert_eq!(app.get(&format!("/audits/{id}/document")).await.code(404), "unknown_audit");
    }
}

/// The text without ids and moments.
fn normal(text: &str) -> String {
    let moment = Regex::new(r#""timestamp":"[^"]*""#).unwrap();
    moment.replace_all(text, r#""timestamp":"""#).into_owned()
}

/// A recorded conversation, held again word for word but for moments. With `RECORD_TRANSCRIPTS` set, what the server says is
/// written anew, for a person to look at the difference.
#[actix_web::test]
async fn the_socket_of_an_audit_says_what_it_always_said() {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "transcripts", "audit.jsonl"].iter().collect();
    let is_recording = std::env::var_os("RECORD_TRANSCRIPTS").is_some();
    let lines: Vec<Value> =
        std::fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let app = Setup::memory().start().await;
    let id = "7f7cde25-3f6e-4a4f-9d2f-0c5d1c1e8a11";
    let mut client = socket(&app, id).await;
    let mut record = Vec::new();
    for line in lines.iter().filter(|line| !is_recording || line.get("client").is_some() || line.get("start").is_some())
    {
        if let Some(body) = line.get("start") {
            start(&app, body.clone()).await;
            record.push(line.to_string());
        } else if let Some(said) = line.get("client") {
            let text = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
            client.say_text(&text).await;
            record.push(line.to_string());
        } else {
            client.next().await.unwrap();
            assert_eq!(normal(client.heard.last().unwrap()), line["server"].to_string());
            continue;
        }
        if is_recording && line.get("client").is_some() {
            client.next().await.unwrap();
            record.push(format!("{{\"server\":{}}}", normal(client.heard.last().unwrap())));
        }
    }
    if is_recording {
        while client.next().await.is_some() {
            record.push(format!("{{\"server\":{}}}", normal(client.heard.last().unwrap())));
        }
        std::fs::write(path, record.join("\n") + "\n").unwrap();
    } else {
        assert!(client.next().await.is_none(), "nothing comes behind the end");
    }
    assert_eq!(client.closed, Some(Some(1000)));
}
