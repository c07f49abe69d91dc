//! Requests against a small server on loopback.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;

/// Answers each connection with the next of these texts, and gives what it was asked.
fn server(answers: Vec<String>) -> (SocketAddr, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let answer = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).unwrap();
            // A client that has heard enough may be gone.
            let _ = stream.write_all(answer.as_bytes());
            String::from_utf8_lossy(&head[..length]).into_owned()
        };
        answers.into_iter().map(answer).collect()
    });
    (address, asked)
}

fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn client(change: impl FnOnce(&mut config::workflows::Workflows), own: Option<SocketAddr>) -> Client {
    let mut settings = config::workflows::Workflows::default();
    change(&mut settings);
    Client::new(&settings, own)
}

fn get(url: String) -> Fetch {
    Fetch { method: "GET".into(), url, headers: Vec::new(), body: None }
}

async fn error(client: &Client, fetch: Fetch) -> String {
    client.fetch(fetch).await.unwrap_err().to_string()
}

#[actix::test]
async fn a_server_is_asked_and_answers() {
    let (address, asked) = server(vec![response("201 Created", "{\"a\":1}")]);
    let client = client(|settings| settings.allow_private_addresses = true, None);
    let fetch = Fetch {
        method: "POST".into(),
        url: format!("http://{address}/x"),
        headers: vec![("X-Mark".into(), "7".into())],
        body: Some(("application/json".into(), b"[1]".to_vec())),
    };
    let fetched = client.fetch(fetch).await.unwrap();
    assert_eq!(fetched, Fetched { status: 201, text: "{\"a\":1}".into() });
    let request = asked.join().unwrap().remove(0);
    assert!(request.starts_with("POST /x HTTP/1.1\r\n") && request.contains("x-mark: 7"), "{request}");
    assert!(request.contains("content-type: application/json"), "{request}");
}

#[actix::test]
async fn nobody_is_sent_to_a_private_address_by_the_way() {
    let (inner, _) = server(Vec::new());
    let (address, _asked) = server(vec![response(&format!("302 Found\r\nLocation: http://{inner}/"), "")]);
    let name = format!("localhost:{}", address.port());
    let client = client(|settings| settings.allowed_hosts = vec!["localhost".into()], None);
    let told = error(&client, get(format!("http://{name}/"))).await;
    assert!(told.contains("allowed_hosts"), "{told}");
}

#[actix::test]
async fn a_name_with_private_addresses_is_refused() {
    let (address, _) = server(Vec::new());
    let client = client(|_| {}, None);
    let told = error(&client, get(format!("http://localhost:{}/", address.port()))).await;
    assert!(told.contains("no address that may be asked"), "{told}");
    let told = error(&client, get(format!("http://{address}/"))).await;
    assert!(told.contains("private network"), "{told}");
}

#[actix::test]
async fn an_answer_is_bounded() {
    let (address, _) = server(vec![response("200 OK", &"x".repeat(3000))]);
    let client = client(
        |settings| {
            settings.allow_private_addresses = true;
            settings.max_response_bytes = 2000;
        },
        None,
    );
    let told = error(&client, get(format!("http://{address}/"))).await;
    assert_eq!(told, "the answer is larger than 2000 bytes");
}

#[actix::test]
async fn a_path_asks_this_server() {
    let (address, asked) = server(vec![response("200 OK", "{}")]);
    let client = client(|_| {}, Some(address));
    assert_eq!(client.fetch(get("/nodes".into())).await.unwrap().status, 200);
    assert!(asked.join().unwrap().remove(0).starts_with("GET /nodes "));
    assert!(error(&client, get("/sessions".into())).await.contains("only GET of"));
}

#[actix::test]
async fn headers_that_say_how_a_request_travels_are_refused() {
    let client = client(|settings| settings.allow_private_addresses = true, None);
    for name in ["Host", "content-length", "Transfer-Encoding", "bad name", ""] {
        let fetch = Fetch { headers: vec![(name.into(), "x".into())], ..get("http://127.0.0.1:9/".into()) };
        assert!(error(&client, fetch).await.contains("no header that can be sent"), "{name}");
    }
    let split = vec![("X-A".to_owned(), "1\r\nHost: evil".to_owned())];
    let fetch = Fetch { headers: split, ..get("http://127.0.0.1:9/".into()) };
    assert!(error(&client, fetch).await.contains("no header that can be sent"));
}

#[actix::test]
async fn what_cannot_be_reached_is_said() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = client(|settings| settings.allow_private_addresses = true, None);
    let told = error(&client, get(format!("http://{closed}/"))).await;
    assert!(told.starts_with("the server cannot be reached"), "{told}");
}
