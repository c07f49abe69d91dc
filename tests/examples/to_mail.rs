//! `examples/callbacks/to_mail.py`: a question reaches a mailbox, with the link to answer it by.

use std::process::Stdio;
use std::time::Duration;

use callboard::config::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::support::api::send;
use crate::support::app::Setup;

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

/// The example, and where it takes callbacks.
async fn example(smtp: &str) -> (Child, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/callbacks");
    let environment = [
        ("CALLBACK_SECRET", SECRET),
        ("SMTP", smtp),
        ("PORT", "0"),
        ("MAIL_FROM", "board@example.com"),
        ("MAIL_TO", "ada@example.com"),
    ];
    let mut child = Command::new("python3")
        .arg("to_mail.py")
        .current_dir(folder)
        .envs(environment)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    (child, said.rsplit(' ').next().unwrap().to_owned())
}

#[actix::test]
async fn a_question_is_mailed_with_a_link_that_answers_it() {
    let (smtp, mut mails) = mail_server().await;
    let app = Setup::memory()
        .with(|settings: &mut Settings| {
            settings.callbacks.allowed_hosts = vec!["127.0.0.1".into()];
            settings.server.public_url = Some("https://board.example/".into());
        })
        .start()
        .await;
    let (mut example, url) = example(&smtp).await;
    let callback = json!({"url": url, "events": ["request"], "share": true, "secret": SECRET});
    let body = json!({"task": "approval", "config": {"message": "Pay 120 euros to Ada?"}, "callback": callback});
    let started = app.post("/start-task", body).await.ok();
    let mail = tokio::time::timeout(PATIENCE, mails.recv()).await.expect("a mail comes").unwrap();
    assert_eq!((mail.from.as_str(), mail.to.len()), ("<board@example.com>", 1));
    assert_eq!(mail.to[0], "<ada@example.com>");
    assert!(mail.text.contains("Subject: Pay 120 euros to Ada?"), "{}", mail.text);
    // A line that is too long for a mail is broken (RFC 2045, section 6.7).
    let text = mail.text.replace("=\n", "").replace("=3D", "=");
    let link = text.split("https://board.example/app/answer#").nth(1).unwrap();
    let token = link.split_whitespace().next().unwrap();
    let answer = send(app.request(Method::POST, "/shared").bearer_auth(token).json(&json!({"value": true}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let session = app.until_status(started["session_id"].as_str().unwrap(), "completed").await;
    assert_eq!(session["result"]["approved"], Value::Bool(true));
    example.kill().await.unwrap();
}
