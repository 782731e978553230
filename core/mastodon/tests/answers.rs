//! What real Mastodon answers and the tests' own server does not, each with the fact that it comes from; pages of the
//! documentation are those below `content/en`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant, SystemTime},
};

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tootmill_mastodon::{Access, Client, Error, Feed, Instance, Rules, Settings, Timeline, Watch, check_robots};
use tootmill_metric::Status;
use wiremock::{
    Match, Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, path, query_param, query_param_is_missing},
};

/// A server that answers as it is told, and 404 to all else.
struct Server {
    server: MockServer,
    runtime: Runtime,
}

const TIMELINE: &str = "/api/v1/timelines/public";

impl Server {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(MockServer::start());
        Self { server, runtime }
    }

    fn on(&self, matcher: impl Match + 'static, answer: ResponseTemplate) -> &Self {
        self.runtime.block_on(Mock::given(matcher).respond_with(answer).mount(&self.server));
        self
    }

    /// The next so many times.
    fn first(&self, times: u64, matcher: impl Match + 'static, answer: ResponseTemplate) -> &Self {
        let mock = Mock::given(matcher).respond_with(answer).up_to_n_times(times).with_priority(1);
        self.runtime.block_on(mock.mount(&self.server));
        self
    }

    fn client(&self) -> Client {
        self.client_with(Settings::default())
    }

    fn client_with(&self, settings: Settings) -> Client {
        let settings = Settings { patience: Duration::from_secs(20), pause: Duration::from_millis(1), ..settings };
        Client::new(&self.server.uri(), settings, Box::new(())).unwrap()
    }

    fn with_token(&self) -> Client {
        self.client_with(Settings { token: Some(SecretString::from("s3cret")), ..Settings::default() })
    }

    fn requests(&self) -> Vec<Request> {
        self.runtime.block_on(self.server.received_requests()).unwrap()
    }
}

fn answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn post(id: u64) -> Value {
    json!({"id": id.to_string(), "created_at": "2026-11-24T10:00:00.000Z"})
}

fn newest(client: &Client, feed: Feed) -> Result<Vec<String>, Error> {
    let page = Timeline::open(client, &Instance::default(), feed)?.newest(40)?;
    Ok(page.posts.iter().map(|post| post.id.as_ref().unwrap().as_str().to_string()).collect())
}

/// 401 since 4.5 (methods/timelines.md#public); 422 before, to an app's token too (documentation issue 942, PRs 11802, 30625).
#[test]
fn a_closed_timeline_is_told_with_what_to_do() {
    for (code, text) in [(401, "The access token is invalid"), (422, "This method requires an authenticated user")] {
        let server = Server::start();
        server.on(path(TIMELINE), answer(code, &json!({"error": text})));
        let error = newest(&server.client(), Feed::default()).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("auth login") && said.contains("read:statuses"), "{said}");
        assert_eq!(error.status(), Status::Permanent);
        let said = newest(&server.with_token(), Feed::default()).unwrap_err().to_string();
        assert!(said.contains("one of a user") && said.contains("auth status"), "{said}");
        assert_eq!(server.requests().len(), 2, "a refusal is not asked for again");
    }
}

/// `configuration.timelines_access.live_feeds` (entities/Instance.md, 4.5): a disabled feed may answer 200 and no posts.
#[test]
fn a_feed_that_the_instance_says_is_closed_is_not_asked_for() {
    let server = Server::start();
    let access = json!({"live_feeds": {"local": "public", "remote": "disabled"}});
    let instance = json!({"version": "4.5.0", "domain": "mill.example", "configuration": {
        "urls": {"streaming": "wss://streaming.mill.example"}, "timelines_access": access}});
    server.on(path("/api/v2/instance"), answer(200, &instance)).on(path(TIMELINE), answer(200, &json!([])));
    let client = server.client();
    let instance = Instance::of(&client).unwrap();
    assert_eq!((instance.local_feed, instance.remote_feed), (Access::Public, Access::Disabled));
    assert_eq!(instance.streaming.as_ref().map(url::Url::as_str), Some("wss://streaming.mill.example/"));
    assert_eq!(instance.domain.as_deref(), Some("mill.example"));
    let local = Feed { local: true, ..Feed::default() };
    let remote = Feed { remote: true, ..Feed::default() };
    assert!(Timeline::open(&client, &instance, local).is_ok());
    for feed in [Feed::default(), remote] {
        let said = Timeline::open(&client, &instance, feed).unwrap_err().to_string();
        assert!(said.contains("turned it off"), "{said}");
    }
    let only_with_token = Instance { remote_feed: Access::Authenticated, ..instance };
    assert!(Timeline::open(&client, &only_with_token, remote).unwrap_err().to_string().contains("auth login"));
    assert!(Timeline::open(&server.with_token(), &only_with_token, remote).is_ok());
}

/// Servers before 4.0 and some others have version 1 alone (`entities/V1_Instance.md`).
#[test]
fn an_instance_without_the_second_version_is_asked_for_the_first() {
    let server = Server::start();
    let first =
        json!({"version": "3.5.3", "uri": "https://mill.example/", "urls": {"streaming_api": "wss://mill.example"}});
    server.on(path("/api/v1/instance"), answer(200, &first));
    let instance = Instance::of(&server.client()).unwrap();
    assert_eq!((&*instance.version, instance.domain.as_deref()), ("3.5.3", Some("mill.example")));
    assert_eq!(instance.streaming.unwrap().as_str(), "wss://mill.example/");
    let none = Server::start();
    assert!(matches!(Instance::of(&none.client()), Err(Error::Refused { code: 404, .. })));
}

/// `Link` keeps `local`, `remote`, `limit`, `only_media` (`public_controller.rb` @0486db9f), and is absent for an empty page.
#[test]
fn pages_are_those_that_the_link_names_and_of_the_same_feed() {
    let server = Server::start();
    let link = |query: &str| format!("<{}{TIMELINE}?{query}>", server.server.uri());
    let value = format!("{}; rel=\"next\", {}; rel=\"prev\"", link("local=true&max_id=1"), link("min_id=2&limit=40"));
    server.on(query_param("min_id", "2"), answer(200, &json!([])));
    server.on(query_param_is_missing("min_id"), answer(200, &json!([post(2), post(1)])).insert_header("Link", &*value));
    let client = server.client();
    let timeline = Timeline::open(&client, &Instance::default(), Feed { local: true, ..Feed::default() }).unwrap();
    let page = timeline.newest(40).unwrap();
    assert_eq!(page.posts.len(), 2);
    let newer = timeline.named(&page.newer.unwrap()).unwrap();
    assert!(newer.posts.is_empty() && newer.newer.is_none());
    assert_eq!(newer.url.query(), Some("min_id=2&limit=40&local=true"));
    assert!(page.older.is_some());
}

#[derive(Clone, Default)]
struct Waits(Arc<Mutex<Vec<(String, Duration)>>>);

impl Watch for Waits {
    fn waits(&self, what: &str, time: Duration) {
        self.0.lock().unwrap().push((what.into(), time));
    }
}

/// `X-RateLimit-Reset` in ISO 8601 with six decimals, no `Retry-After` (`rack_attack.rb` and `rate_limit_headers.rb` @04c259a8).
#[test]
fn a_limit_is_waited_for_as_mastodon_tells_it() {
    let server = Server::start();
    let at = |seconds: i64| {
        let now = i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap();
        tootmill_metric::Instant::from_micros(now + seconds * 1_000_000).to_string()
    };
    let limits = |status: u16, body: &Value, remaining: &str| {
        let answer = answer(status, body).insert_header("X-RateLimit-Limit", "300");
        answer.insert_header("X-RateLimit-Remaining", remaining).insert_header("X-RateLimit-Reset", &*at(1))
    };
    server.first(1, path(TIMELINE), limits(429, &json!({"error": "Too many requests"}), "0"));
    server.on(path(TIMELINE), limits(200, &json!([post(1)]), "0"));
    let waits = Waits::default();
    let client = Client::new(&server.server.uri(), Settings::default(), Box::new(waits.clone())).unwrap();
    let begun = Instant::now();
    assert_eq!(newest(&client, Feed::default()).unwrap(), ["1"]);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    // The window is used up after an answer as well.
    newest(&client, Feed::default()).unwrap();
    let waits = waits.0.lock().unwrap();
    let for_the_limit = waits.iter().filter(|(what, time)| what.contains("limit") && time.as_secs() <= 3);
    assert_eq!(for_the_limit.count(), 2, "{waits:?}");
}

#[test]
fn what_may_pass_is_asked_for_again_and_what_does_not_is_an_error_that_says_so() {
    let server = Server::start();
    server.first(2, path(TIMELINE), answer(503, &json!({"error": "x"})));
    server.first(1, path(TIMELINE), ResponseTemplate::new(200).set_body_string("[{\"id\": \"1\""));
    server.on(path(TIMELINE), answer(200, &json!([post(7)])));
    assert_eq!(newest(&server.client(), Feed::default()).unwrap(), ["7"]);
    let down = Server::start();
    down.on(path(TIMELINE), answer(503, &json!({})));
    let settings =
        Settings { patience: Duration::from_millis(50), pause: Duration::from_millis(5), ..Settings::default() };
    let client = Client::new(&down.server.uri(), settings, Box::new(())).unwrap();
    let error = newest(&client, Feed::default()).unwrap_err();
    assert_eq!(error.status(), Status::Temporary);
    assert!(error.to_string().contains("503") && down.requests().len() > 1, "{error}");
}

/// RFC 9110 has `Retry-After: 0`; some proxies send it with every answer.
#[test]
fn an_instance_that_says_at_once_is_not_asked_at_once() {
    let server = Server::start();
    server.on(path(TIMELINE), answer(429, &json!({})).insert_header("Retry-After", "0"));
    let pause = Duration::from_millis(100);
    let settings = Settings { patience: Duration::from_secs(2), pause, ..Settings::default() };
    let client = Client::new(&server.server.uri(), settings, Box::new(())).unwrap();
    assert_eq!(newest(&client, Feed::default()).unwrap_err().status(), Status::Temporary);
    assert!(server.requests().len() < 10, "{} requests", server.requests().len());
}

#[test]
fn a_page_for_browsers_is_no_answer_to_wait_for() {
    let server = Server::start();
    let page = ResponseTemplate::new(200).set_body_string("<!DOCTYPE html><title>A shop</title>");
    server.on(path("/api/v2/instance"), page);
    let error = Instance::of(&server.client()).unwrap_err();
    assert!(
        matches!(error, Error::OtherKind { .. }) && error.to_string().contains("address of an instance"),
        "{error}"
    );
    assert!(server.requests().len() < 10);
}

/// Some walls repeat what they refuse.
#[test]
fn a_token_that_an_instance_repeats_is_not_told() {
    let server = Server::start();
    let said = format!("{} Bearer s3cret", "x".repeat(280));
    server.on(path(TIMELINE), answer(403, &json!({"error": said})));
    let error = newest(&server.with_token(), Feed::default()).unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains("Bearer …") && !told.contains("s3c"), "{told}");
}

#[test]
fn an_answer_that_does_not_end_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
            while written.is_ok() {
                thread::sleep(Duration::from_millis(50));
                written = stream.write_all(b" ");
            }
        }
    });
    let timeout = Duration::from_millis(100);
    let settings = Settings { timeout, patience: Duration::from_millis(500), ..Settings::default() };
    let client = Client::new(&address, settings, Box::new(())).unwrap();
    let begun = Instant::now();
    let error = newest(&client, Feed::default()).unwrap_err();
    assert!(error.to_string().contains("did not end"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn redirects_are_followed_on_the_instance_alone() {
    let (server, other) = (Server::start(), Server::start());
    other.on(path(TIMELINE), answer(200, &json!([post(1)])));
    let to = |url: String| ResponseTemplate::new(302).insert_header("Location", &*url);
    server.first(1, path(TIMELINE), to(format!("{}/elsewhere", server.server.uri())));
    server.on(path("/elsewhere"), answer(200, &json!([post(5)])));
    assert_eq!(newest(&server.with_token(), Feed::default()).unwrap(), ["5"]);
    server.on(path(TIMELINE), to(format!("{}{TIMELINE}", other.server.uri())));
    let error = newest(&server.with_token(), Feed::default()).unwrap_err();
    assert!(matches!(&error, Error::Redirected { to, .. } if *to == other.server.uri()), "{error}");
    assert_eq!(other.requests().len(), 0, "nothing is sent there, the token least of all");
}

#[test]
fn every_request_says_who_asks() {
    let server = Server::start();
    let settings = Settings {
        contact: "mill@mill.example".into(),
        token: Some(SecretString::from("s3cret")),
        ..Settings::default()
    };
    let client = server.client_with(settings);
    let who = header("User-Agent", &*format!("tootmill/{} (+mill@mill.example)", env!("CARGO_PKG_VERSION")));
    server.on(who, answer(200, &json!([post(1)])));
    newest(&client, Feed::default()).unwrap();
    assert_eq!(server.requests()[0].headers["Authorization"], "Bearer s3cret");
    assert!(!format!("{client:?}").contains("s3cret"));
}

/// RFC 9309; crawl delays are a custom beside it.
#[test]
fn robots_txt_is_heeded() {
    let allowed = |text: Option<&str>| {
        let server = Server::start();
        if let Some(text) = text {
            server.on(path("/robots.txt"), ResponseTemplate::new(200).set_body_string(text));
        }
        check_robots(&server.client(), Timeline::ADDRESSES)
    };
    assert_eq!(allowed(None).unwrap(), None);
    assert_eq!(
        allowed(Some("User-agent: *\nDisallow: /media_proxy/\nCrawl-delay: 2")).unwrap(),
        Some(Duration::from_secs(2))
    );
    assert_eq!(allowed(Some("User-agent: GPTBot\nDisallow: /")).unwrap(), None);
    for closed in [
        "User-agent: *\nDisallow: /*?limit=",
        "User-agent: *\nDisallow: /api/",
        "User-agent: tootmill\nDisallow: /\n\nUser-agent: *\nAllow: /",
    ] {
        assert!(matches!(allowed(Some(closed)), Err(Error::Robots { .. })), "{closed}");
    }
}

/// `methods/instance.md`, rules, `terms_of_service` and `privacy_policy`: what an instance lacks is 404.
#[test]
fn another_word_in_the_rules_gives_another_digest() {
    let digest = |rules: Value, terms: Option<&str>| {
        let server = Server::start();
        server.on(path("/api/v1/instance/rules"), answer(200, &rules));
        if let Some(terms) = terms {
            server.on(path("/api/v1/instance/terms_of_service"), answer(200, &json!({"content": terms})));
        }
        Rules::of(&server.client()).unwrap().digest()
    };
    let plain = digest(json!([{"id": "1", "text": "Be kind", "hint": ""}]), None);
    assert_eq!(plain, digest(json!([{"id": "9", "text": "Be kind"}]), None), "ids and empty hints do not matter");
    assert_ne!(plain, digest(json!([{"id": "1", "text": "Be kind", "hint": "always"}]), None));
    assert_ne!(plain, digest(json!([{"id": "1", "text": "Be kind"}]), Some("<p>All.</p>")));
    assert_ne!(plain, digest(json!([{"id": "1", "text": "Be "}, {"id": "2", "text": "kind"}]), None));
}

#[test]
fn an_answer_that_is_compressed_is_bounded_as_what_it_holds() {
    let server = Server::start();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; 30_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 100_000);
    let answer = ResponseTemplate::new(200).insert_header("Content-Encoding", "gzip").set_body_bytes(packed);
    server.on(path(TIMELINE), answer);
    let error = newest(&server.client(), Feed::default()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 20_000_000, .. }), "{error}");
}
