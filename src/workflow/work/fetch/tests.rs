//! Requests against a small server on loopback.

use super::*;
use std::io::{Read, Write};
use std::net::TcpListener;

/// Answers each connection with the next of these texts, and gives what it was asked.
fn server(answers: Vec<impl Into<Vec<u8>> + Send + 'static>) -> (SocketAddr, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answers: Vec<Vec<u8>> = answers.into_iter().map(Into::into).collect();
    let asked = std::thread::spawn(move || {
        let answer = |answer: Vec<u8>| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).unwrap();
            // A client that has heard enough may be gone.
            let _ = stream.write_all(&answer);
            String::from_utf8_lossy(&head[..length]).into_owned()
        };
        answers.into_iter().map(answer).collect()
    });
    (address, asked)
}

fn response(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn client(change: impl FnOnce(&mut crate::workflow::Settings), own: Option<SocketAddr>) -> Client {
    let mut settings = crate::workflow::Settings::default();
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
    let (inner, _) = server(Vec::<String>::new());
    let (address, _asked) = server(vec![response(&format!("302 Found\r\nLocation: http://{inner}/"), "")]);
    let name = format!("localhost:{}", address.port());
    let client = client(|settings| settings.allowed_hosts = vec!["localhost".into()], None);
    let told = error(&client, get(format!("http://{name}/"))).await;
    assert!(told.contains("allowed_hosts"), "{told}");
}

#[actix::test]
async fn a_name_with_private_addresses_is_refused() {
    let (address, _) = server(Vec::<String>::new());
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
async fn a_path_alone_asks_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let client = client(|settings| settings.allow_private_addresses = true, Some(listener.local_addr().unwrap()));
    for path in ["/nodes", "/", "/sessions"] {
        let told = error(&client, get(path.into())).await;
        assert!(told.contains("is a path alone, and this server is not asked by itself"), "{told}");
    }
    assert!(listener.accept().is_err(), "nobody has connected");
}

#[actix::test]
async fn a_redirect_by_a_path_stays_with_the_server_that_was_asked() {
    let (address, asked) = server(vec![response("302 Found\r\nLocation: /there", ""), response("200 OK", "there")]);
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = client(|settings| settings.allow_private_addresses = true, Some(own.local_addr().unwrap()));
    assert_eq!(client.fetch(get(format!("http://{address}/"))).await.unwrap().text, "there");
    assert!(asked.join().unwrap().remove(1).starts_with("GET /there "));
}

#[actix::test]
async fn headers_that_say_how_a_request_travels_are_refused() {
    let client = client(|settings| settings.allow_private_addresses = true, None);
    for name in OWN_HEADERS.into_iter().chain(["Host", "Transfer-Encoding", "bad name", ""]) {
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

/// An answer of bytes.
fn bytes(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn anywhere() -> Client {
    client(|settings| settings.allow_private_addresses = true, None)
}

#[actix::test]
async fn an_answer_is_read_in_its_charset_and_without_its_coding() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"S\xe3o Tom\xe9").unwrap();
    let head = "Content-Type: text/plain; charset=ISO-8859-1\r\nContent-Encoding: gzip";
    let (address, asked) = server(vec![bytes(head, &gzip.finish().unwrap())]);
    let fetched = anywhere().fetch(get(format!("http://{address}/"))).await.unwrap();
    assert_eq!(fetched.text, "São Tomé");
    assert!(asked.join().unwrap().remove(0).contains("accept-encoding: gzip, deflate, br"));
    let (address, _asked) = server(vec![bytes("Content-Encoding: br", b"")]);
    let head = Fetch { method: "HEAD".into(), ..get(format!("http://{address}/")) };
    assert_eq!(anywhere().fetch(head).await.unwrap().text, "");
}

#[actix::test]
async fn nobody_else_sees_what_a_server_was_told() {
    let (other, asked) = server(vec![response("200 OK", "there")]);
    let (address, first) = server(vec![response(&format!("307 Temporary Redirect\r\nLocation: http://{other}/x"), "")]);
    let fetch = Fetch {
        method: "POST".into(),
        headers: vec![("X-Api-Key".into(), "k3y".into()), ("Accept".into(), "text/plain".into())],
        body: Some(("text/csv".into(), b"a,b".to_vec())),
        ..get(format!("http://{address}/?token=t0ken"))
    };
    assert_eq!(anywhere().fetch(fetch).await.unwrap().text, "there");
    assert!(first.join().unwrap().remove(0).contains("k3y"));
    let request = asked.join().unwrap().remove(0).to_lowercase();
    assert!(request.starts_with("post /x ") && request.ends_with("a,b") && request.contains("accept: text/plain"));
    assert!(!request.contains("k3y") && !request.contains("t0ken") && !request.contains("referer"), "{request}");
}

#[actix::test]
async fn nobody_is_sent_on_for_ever() {
    let answers = vec![response("302 Found\r\nLocation: /again", ""); REDIRECTS + 1];
    let (address, _asked) = server(answers);
    let told = error(&anywhere(), get(format!("http://{address}/"))).await;
    assert_eq!(told, "the server redirects more than 5 times");
}

#[actix::test]
async fn this_server_is_not_asked_whatever_it_is_called() {
    let names = ["127.0.0.1", "localhost", "a.localhost", "localhost.", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"];
    for own in ["127.0.0.1:1", "0.0.0.0:1", "[::]:1", "[::1]:1"] {
        for allowed_hosts in [Vec::new(), names.map(str::to_owned).to_vec()] {
            let allow = |settings: &mut crate::workflow::Settings| {
                settings.allow_private_addresses = true;
                settings.allowed_hosts = allowed_hosts;
            };
            let client = client(allow, Some(own.parse().unwrap()));
            for name in names {
                let told = error(&client, get(format!("http://{name}:1/sessions"))).await;
                let is_kept_back = ["is this server", "no address that may be asked", "allowed_hosts"];
                assert!(is_kept_back.iter().any(|text| told.contains(text)), "{own} {name}: {told}");
            }
        }
    }
    // Nor by the way; other ports may be asked.
    let own: SocketAddr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (name, expected) in [
        ("localhost", "no address that may be asked"),
        ("127.0.0.1", "is this server"),
        ("[::1]", "is this server"),
        ("0", "is this server"),
    ] {
        let (address, _asked) =
            server(vec![response(&format!("302 Found\r\nLocation: http://{name}:{}/", own.port()), "")]);
        let client = client(|settings| settings.allow_private_addresses = true, Some(own));
        let told = error(&client, get(format!("http://{address}/"))).await;
        assert!(told.contains(expected), "{name}: {told}");
    }
}
