//! `examples/callbacks`: a question reaches a mailbox or a chat, with the link to answer it by.

use std::process::Stdio;
use std::time::Duration;

use callboard::config::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::callbacks::Receiver;
use crate::support::api::send;
use crate::support::app::{Setup, TestApp};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail as it came: who it is from and to, and its text.
#[derive(Debug, Default)]
struct Mail {
    from: String,
    to: Vec<String>,
    text: String,
}

/// A mail server that keeps nothing; gives its address, and the mails.
async fn mail_server() -> (String, mpsc::UnboundedReceiver<Mail>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, mails) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mail = conversation(stream).await;
            let _ = sender.send(mail.unwrap());
        }
    });
    (address, mails)
}

/// One conversation by RFC 5321, with one mail in it.
async fn conversation(stream: TcpStream) -> std::io::Result<Mail> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut mail = Mail::default();
    let mut is_data = false;
    writer.write_all(b"220 stand-in\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let reply: &[u8] = match line.split_once(':') {
            _ if is_data && line != "." => {
                mail.text.push_str(&line);
                mail.text.push('\n');
                continue;
            }
            _ if is_data => {
                is_data = false;
                b"250 taken\r\n"
            }
            Some(("mail FROM", from)) => {
                mail.from = from.to_owned();
                b"250 ok\r\n"
            }
            Some(("rcpt TO", to)) => {
                mail.to.push(to.to_owned());
                b"250 ok\r\n"
            }
            _ if line.eq_ignore_ascii_case("data") => {
                is_data = true;
                b"354 go on\r\n"
            }
            _ if line.eq_ignore_ascii_case("quit") => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        writer.write_all(reply).await?;
    }
    Ok(mail)
}

/// An example with these variables, and where it takes callbacks.
async fn example(program: &str, environment: &[(&str, &str)]) -> (Child, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/callbacks");
    let mut child = Command::new("python3")
        .arg(program)
        .current_dir(folder)
        .envs([("CALLBACK_SECRET", SECRET), ("PORT", "0")])
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    (child, said.rsplit(' ').next().unwrap().to_owned())
}

/// A server that posts to this machine.
async fn server() -> TestApp {
    let settings = |settings: &mut Settings| {
        settings.callbacks.allowed_hosts = vec!["127.0.0.1".into()];
        settings.server.public_url = Some("https://board.example/".into());
    };
    Setup::memory().with(settings).start().await
}

/// A question whose news is posted to this address; gives its session.
async fn ask(app: &TestApp, url: &str) -> String {
    let callback = json!({"url": url, "events": ["request"], "share": true, "secret": SECRET});
    let body = json!({"task": "approval", "config": {"message": "Pay 120 euros to Ada?"}, "callback": callback});
    let started = app.post("/start-task", body).await.ok();
    started["session_id"].as_str().unwrap().to_owned()
}

/// Answers by the link in a text.
async fn answer_by_link(app: &TestApp, session: &str, text: &str) {
    let link = text.split("https://board.example/app/answer#").nth(1).unwrap();
    let token = link.split_whitespace().next().unwrap();
    let answer = send(app.request(Method::POST, "/shared").bearer_auth(token).json(&json!({"value": true}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(app.until_status(session, "completed").await["result"]["approved"], Value::Bool(true));
}

#[actix::test]
async fn a_question_is_mailed_with_a_link_that_answers_it() {
    let (smtp, mut mails) = mail_server().await;
    let app = server().await;
    let people = [("SMTP", smtp.as_str()), ("MAIL_FROM", "board@example.com"), ("MAIL_TO", "ada@example.com")];
    let (mut example, url) = example("to_mail.py", &people).await;
    let session = ask(&app, &url).await;
    let mail = tokio::time::timeout(PATIENCE, mails.recv()).await.expect("a mail comes").unwrap();
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("<board@example.com>", ["<ada@example.com>".to_owned()].as_slice())
    );
    assert!(mail.text.contains("Subject: Pay 120 euros to Ada?"), "{}", mail.text);
    // A line that is too long for a mail is broken (RFC 2045, section 6.7).
    answer_by_link(&app, &session, &mail.text.replace("=\n", "").replace("=3D", "=")).await;
    example.kill().await.unwrap();
}

#[actix::test]
async fn a_question_is_posted_to_a_chat_with_a_link_that_answers_it() {
    let mut chat = Receiver::start().await;
    let app = server().await;
    let (mut example, url) = example("to_chat.py", &[("CHAT_URL", &chat.url())]).await;
    let session = ask(&app, &url).await;
    let posted = chat.next().await.json();
    let text = posted["text"].as_str().unwrap();
    assert!(text.starts_with("Pay 120 euros to Ada?\n"), "{text}");
    answer_by_link(&app, &session, text).await;
    example.kill().await.unwrap();
}
