//! Streams by server-sent events and by WebSocket, from servers that break off, refuse, and say too much.

use std::{
    io::{Read as _, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, atomic::Ordering},
    thread,
};

use secrecy::SecretString;
use tokio_tungstenite::tungstenite::{self, Message};

use super::*;
use crate::client::Settings;

const SECRET: &str = "t0ken-of-somebody";
const STREAMS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What a server does with a connection.
type Answer = Box<dyn FnOnce(TcpStream) + Send>;

/// A server that answers one connection after the other, each in its own way.
fn serve(answers: Vec<Answer>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || answers.into_iter().for_each(|answer| answer(listener.accept().unwrap().0)));
    at
}

/// Reads a request without a body.
fn head(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

/// Answers with these bytes, and closes after a time.
fn bytes(bytes: impl Into<Vec<u8>>, then: Duration) -> Answer {
    let bytes = bytes.into();
    Box::new(move |mut connection| {
        head(&mut connection);
        // Whoever has what it wanted goes away.
        let _ = connection.write_all(&bytes);
        thread::sleep(then);
    })
}

fn stream_of(body: &str) -> Answer {
    bytes(format!("{STREAMS}{body}"), Duration::ZERO)
}

fn client(at: SocketAddr, token: bool) -> Client {
    let token = token.then(|| SecretString::from(SECRET));
    let settings = Settings {
        token,
        largest: 1_000_000,
        timeout: Duration::from_secs(20),
        pause: Duration::from_millis(10),
        ..Settings::default()
    };
    Client::new(&format!("http://{at}"), settings, Box::new(())).unwrap()
}

const SILENCE: Duration = Duration::from_secs(20);

fn stream(client: &Client, silence: Duration) -> Stream<'_> {
    Stream::new(client, &Instance::default(), Feed::default(), silence).unwrap()
}

/// All that comes until the stream ends, and why it does.
fn all(stream: &mut Stream<'_>) -> (Vec<Event>, String) {
    let mut events = Vec::new();
    loop {
        match stream.next(Duration::from_secs(30)) {
            Ok(event) => events.push(event.expect("something comes within 30 s")),
            Err(error) => {
                assert_eq!(error.status(), Status::Temporary);
                return (events, error.to_string());
            }
        }
    }
}

fn ids(events: &[Event]) -> Vec<String> {
    let id = |event: &Event| match event {
        Event::Post(post) => post.id.as_ref().map_or_else(|| "?".into(), |id| id.as_str().to_string()),
        Event::Deleted(id) => format!("-{}", id.as_str()),
    };
    events.iter().map(id).collect()
}

/// The comments of Mastodon, names and data of its events (`methods/streaming.md`), and line ends of every kind.
#[test]
fn events_come_as_the_server_sends_them() {
    let body = concat!(
        ":)\n\n",
        "event: update\ndata: {\"id\":\"1\",\ndata: \"content\":\"two\\nlines\"}\n\n",
        ":thump\n\n",
        "event: delete\r\ndata: 109\r\n\r\n",
        "event: filters_changed\ndata: undefined\n\n",
        "event:update\rdata:{\"id\":2}\r\r",
        "event: update\ndata: undefined\n\n",
        "event: status.update\ndata: {\"id\":\"1\"}\n\n",
        "event: status_update\nid: 7\nretry: 1\ndata: {\"id\":\"2\"}\n\n",
        "event: update\ndata: {\"id\":\"cut off\"}\n",
    );
    let (heads, at) = recorded(body);
    let client = client(at, true);
    let mut stream = stream(&client, SILENCE);
    stream.open().unwrap();
    let (events, reason) = all(&mut stream);
    assert_eq!(ids(&events), ["1", "-109", "2", "1", "2"]);
    let first = r#"{"id":"1", "content":"two\nlines"}"#;
    assert!(matches!(&events[0], Event::Post(post) if post.json == first), "{events:?}");
    assert_eq!(stream.passed_over(), PassedOver { others: 1, unreadable: 1 });
    assert!(reason.contains("the server closed it"), "{reason}");
    let head = heads.lock().unwrap().concat();
    for part in [
        "get /api/v1/streaming/public http/1.1",
        "accept: text/event-stream",
        &*format!("authorization: bearer {SECRET}"),
        "user-agent: tootmill/",
    ] {
        assert!(head.contains(part), "{part} in {head}");
    }
}

/// A server of one stream, and the requests that it had.
fn recorded(body: &'static str) -> (Arc<Mutex<Vec<String>>>, SocketAddr) {
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&heads);
    let answer = move |mut connection: TcpStream| {
        kept.lock().unwrap().push(head(&mut connection));
        connection.write_all(format!("{STREAMS}{body}").as_bytes()).unwrap();
    };
    (heads, serve(vec![Box::new(answer)]))
}

#[test]
fn a_stream_that_ends_is_opened_again() {
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let at = serve(vec![
        bytes(format!("{STREAMS}event: update\ndata: {{\"id\":\"1\"}}\n\nevent: upd"), Duration::from_secs(3)),
        bytes("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", Duration::ZERO),
        // In the middle of a chunk.
        bytes(format!("{chunked}40\r\nevent: update\ndata: {{\"id\":\"2\"}}\n\nev"), Duration::ZERO),
        bytes("", Duration::ZERO),
        stream_of("event: update\ndata: {\"id\":\"3\"}\n\n"),
    ]);
    let client = client(at, false);
    let mut stream = stream(&client, Duration::from_secs(1));
    let mut seen = Vec::new();
    for expected in ["nothing came for 1 s", "it broke off", "the server closed it"] {
        stream.open().unwrap();
        let (events, reason) = all(&mut stream);
        assert!(reason.contains(expected), "{reason}");
        seen.extend(ids(&events));
    }
    assert_eq!(seen, ["1", "2", "3"]);
}

#[test]
fn a_heartbeat_keeps_a_stream() {
    let beat = |mut connection: TcpStream| {
        head(&mut connection);
        connection.write_all(STREAMS.as_bytes()).unwrap();
        for _ in 0..20 {
            connection.write_all(b":thump\n").unwrap();
            thread::sleep(Duration::from_millis(200));
        }
        connection.write_all(b"event: update\ndata: {\"id\":\"1\"}\n\n").unwrap();
    };
    let client = client(serve(vec![Box::new(beat)]), false);
    let mut stream = stream(&client, Duration::from_secs(3));
    stream.open().unwrap();
    assert_eq!(stream.next(Duration::from_millis(300)).unwrap(), None);
    let (events, reason) = all(&mut stream);
    assert_eq!(ids(&events), ["1"]);
    assert!(reason.contains("the server closed it"), "{reason}");
}

/// How much a server can send of one line until the other side has enough of it.
fn endless() -> (Arc<Mutex<usize>>, Answer) {
    let sent = Arc::<Mutex<usize>>::default();
    let count = Arc::clone(&sent);
    let answer = move |mut connection: TcpStream| {
        head(&mut connection);
        connection.write_all(format!("{STREAMS}event: update\ndata: ").as_bytes()).unwrap();
        let mut sent = count.lock().unwrap();
        while connection.write_all(&[b'a'; 10_000]).is_ok() && *sent < 1_000_000_000 {
            *sent += 10_000;
        }
    };
    (sent, Box::new(answer))
}

#[test]
fn an_event_without_an_end_is_not_read_on() {
    let (sent, answer) = endless();
    let client = client(serve(vec![answer]), false);
    let mut stream = stream(&client, SILENCE);
    stream.open().unwrap();
    let (events, reason) = all(&mut stream);
    assert_eq!(events, []);
    assert!(reason.contains("more than 1000000 bytes"), "{reason}");
    // What lies in the buffers of the system comes on top.
    assert!(*sent.lock().unwrap() < 20_000_000);
}

#[test]
fn a_refusal_is_final_and_says_what_to_do() {
    // The texts of `streaming/index.js` and of GoToSocial.
    for (status, text) in [
        ("401 Unauthorized", "Missing access token"),
        ("401 Unauthorized", "Invalid access token"),
        ("401 Unauthorized", "Access token does not have the required scopes"),
        ("403 Forbidden", "Forbidden: token has insufficient scope permission"),
    ] {
        for token in [true, false] {
            let body = format!("{{\"error\":\"{text}\"}}");
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let in_a_header = format!("HTTP/1.1 {status}\r\nx-error-message: {text}\r\ncontent-length: 0\r\n\r\n");
            let by_events = vec![bytes(answer, Duration::ZERO)];
            let by_socket = vec![bytes(NOT_FOUND, Duration::ZERO), bytes(in_a_header, Duration::ZERO)];
            for answers in [by_events, by_socket] {
                let client = client(serve(answers), token);
                let error = stream(&client, SILENCE).open().unwrap_err();
                assert_eq!(error.status(), Status::Permanent);
                let error = error.to_string();
                let advice = if token { "the token of an app is not" } else { "tootmill auth login" };
                for part in [text, "the token of a user with the scope read:statuses", advice] {
                    assert!(error.contains(part), "{part} in {error}");
                }
                assert!(!error.contains(SECRET), "{error}");
            }
        }
    }
}

/// Speaks as GoToSocial does: no server-sent events, a token in the header, pings.
#[allow(clippy::result_large_err, reason = "tungstenite wants it so")]
fn socket(messages: Vec<Message>) -> Answer {
    Box::new(move |connection| {
        let look = |request: &tungstenite::handshake::server::Request, answer| {
            assert_eq!(request.uri().to_string(), "/api/v1/streaming?stream=public");
            assert_eq!(request.headers()["authorization"], format!("Bearer {SECRET}"));
            Ok(answer)
        };
        let mut socket = tungstenite::accept_hdr(connection, look).unwrap();
        socket.send(Message::Ping(b"there?".to_vec().into())).unwrap();
        for message in messages {
            let _ = socket.send(message);
        }
        assert_eq!(socket.read().unwrap(), Message::Pong(b"there?".to_vec().into()));
        let _ = socket.close(None);
        while socket.read().is_ok() {}
    })
}

#[test]
fn a_server_without_events_has_a_websocket() {
    let text = |text: &str| Message::Text(text.into());
    let at = serve(vec![
        bytes(NOT_FOUND, Duration::ZERO),
        socket(vec![
            text(r#"{"stream":["public"],"event":"update","payload":"{\"id\":\"1\",\"content\":\"\u00e9\"}"}"#),
            text(r#"{"event":"filters_changed"}"#),
            text("no json"),
            Message::Binary(b"\0".to_vec().into()),
            text(r#"{"stream":["public"],"event":"delete","payload":"109"}"#),
        ]),
        bytes(NOT_FOUND, Duration::ZERO),
        socket(vec![text(&"a".repeat(1_000_001))]),
    ]);
    let client = client(at, true);
    let mut stream = stream(&client, SILENCE);
    stream.open().unwrap();
    let (events, reason) = all(&mut stream);
    assert_eq!(ids(&events), ["1", "-109"]);
    assert!(matches!(&events[0], Event::Post(post) if post.json == r#"{"id":"1","content":"é"}"#), "{events:?}");
    assert_eq!(stream.passed_over(), PassedOver { others: 2, unreadable: 0 });
    assert!(reason.contains("the server closed it"), "{reason}");
    stream.open().unwrap();
    let (events, reason) = all(&mut stream);
    assert_eq!(events, []);
    assert!(reason.contains("it broke off"), "{reason}");
}

#[test]
fn what_has_neither_is_no_server_of_streams() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
    for (first, advice) in
        [(page, "ask the instance's administrators"), (NOT_FOUND, "neither by server-sent events nor")]
    {
        let second = if first == page { "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n" } else { NOT_FOUND };
        let client = client(serve(vec![bytes(first, Duration::ZERO), bytes(second, Duration::ZERO)]), false);
        let error = stream(&client, SILENCE).open().unwrap_err();
        assert_eq!(error.status(), Status::Permanent);
        assert!(error.to_string().contains(advice), "{error}");
    }
}

/// A wrong event, different for each number.
fn wrong(number: u64, body: &mut Vec<u8>) {
    let odd = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    match number % 12 {
        0 => body.extend(b"event: update\ndata: {\"id\":\"bad\""),
        1 => body.extend(b"event: update\nevent: \xff\xfe\ndata: {\"id\":\"bad\"}"),
        2 => {
            body.extend(
                [&b"event: update\ndata: \xf0\x9f"[..], &odd.to_le_bytes().map(|byte| byte.max(b' '))].concat(),
            );
        }
        3 => body.extend(b"data: {\"id\":\"without a name\"}"),
        4 => body.extend(b"event: delete\ndata: a b"),
        5 => body.extend(b"event: delete\ndata"),
        6 => body.extend(format!("event: update\ndata: {}", "[".repeat(20_000)).bytes()),
        7 => body.extend(b": \0\0\0\nid: \0\nretry: \xff\n\xef\xbb\xbfdata: x"),
        8 => body.extend(format!(":{}", "c".repeat(usize::try_from(odd % 9_000).unwrap())).bytes()),
        9 => body.extend(b"event:\r\r\ndata:\r\n:\r"),
        10 => body.extend(format!("{odd}: {odd}\n{odd}\n::::").bytes()),
        _ => body.extend(b"event: update\ndata: 7"),
    }
    body.extend(b"\n\n");
}

#[test]
fn ten_thousand_wrong_events_lose_no_good_post() {
    let mut body = STREAMS.as_bytes().to_vec();
    for number in 0..10_000 {
        wrong(number, &mut body);
        if number % 7 == 0 {
            body.extend(format!("event: update\ndata: {{\"id\":\"{number}\",\"content\":\"caf\u{e9}\"}}\n\n").bytes());
        }
    }
    let client = client(serve(vec![bytes(body, Duration::ZERO)]), false);
    let mut stream = stream(&client, SILENCE);
    stream.open().unwrap();
    let (events, reason) = all(&mut stream);
    let expected: Vec<String> = (0..10_000).step_by(7).map(|number| number.to_string()).collect();
    assert_eq!(ids(&events), expected, "{reason}");
    assert!(stream.passed_over().unreadable > 4_000, "{:?}", stream.passed_over());
}

#[test]
fn a_server_waits_for_whoever_is_slow_but_not_for_long() {
    let post = format!("event: update\ndata: {{\"id\":\"1\",\"content\":\"{}\"}}\n\n", "a".repeat(900));
    let client = client(serve(vec![stream_of(&post.repeat(1_000))]), false);
    let mut stream = stream(&client, SILENCE);
    (stream.plan.room, stream.plan.full) = (10_000, Duration::from_millis(500));
    stream.open().unwrap();
    // As long as somebody takes what comes, all of it comes.
    for _ in 0..500 {
        assert!(stream.next(Duration::from_secs(10)).unwrap().is_some());
    }
    thread::sleep(Duration::from_secs(2));
    let (events, reason) = all(&mut stream);
    assert!((5..50).contains(&events.len()), "{}", events.len());
    assert!(reason.contains("was not taken in time"), "{reason}");
}

#[test]
fn whoever_waits_for_a_stream_can_be_stopped() {
    let at = serve(vec![bytes("", Duration::from_secs(20))]);
    let client = client(at, false);
    let stop = Arc::clone(&client.settings().stop);
    let stopping = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        stop.store(true, Ordering::Relaxed);
    });
    let began = Moment::now();
    assert!(matches!(stream(&client, SILENCE).open(), Err(Error::Interrupted)));
    assert!(began.elapsed() < Duration::from_secs(10));
    stopping.join().unwrap();
}
