//! An instance that a test makes say what it wants: a timeline over posts in memory, behind a server that can break off.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tootmill_collect::{CatchUp, CaughtUp, Error, Limits, Lineage, Observer, Progress, Watch, catch_up};
use tootmill_lake::{Lake, find_inputs};
use tootmill_mastodon::{Client, Feed, Instance as Description, Settings, Timeline};
use tootmill_policy::Policy;

/// A request: its path, its parameters.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub query: Vec<(String, String)>,
    pub has_token: bool,
}

impl Request {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(there, _)| there == name).map(|(_, value)| &**value)
    }

    pub fn is_timeline(&self) -> bool {
        self.path == Timeline::PATH
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers.
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// Promises this body and breaks off in its middle.
    Cut(Vec<u8>),
    /// Ends the connection without a word.
    Reset,
    /// Says nothing for so long.
    Hang(Duration),
    /// Streams, each piece after a time, and breaks off.
    Stream(Vec<(Duration, String)>),
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string().into_bytes())
    }

    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

/// The posts of an instance, by number.
pub type Posts = Arc<Mutex<BTreeMap<u64, Value>>>;

/// A server, which ends with the process.
pub struct Instance {
    pub url: String,
    pub posts: Posts,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl Instance {
    /// A server that answers as Mastodon does, but where `instead` has another reply.
    pub fn start(instead: impl FnMut(&Request, &Posts) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (posts, requests) = (Posts::default(), Arc::new(Mutex::new(Vec::new())));
        let (of_server, seen, address) = (Arc::clone(&posts), Arc::clone(&requests), url.clone());
        let instead = Arc::new(Mutex::new(instead));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (posts, seen, address, instead) =
                    (Arc::clone(&of_server), Arc::clone(&seen), address.clone(), Arc::clone(&instead));
                thread::spawn(move || {
                    serve(&stream, |request| {
                        seen.lock().unwrap().push(request.clone());
                        let other = (*instead.lock().unwrap())(request, &posts);
                        other.unwrap_or_else(|| answer(request, &posts, &address))
                    });
                });
            }
        });
        Self { url, posts, requests }
    }

    /// A server that does nothing odd.
    pub fn plain() -> Self {
        Self::start(|_, _| None)
    }

    /// Puts a post into the timeline, written so many seconds after the epoch of the test.
    pub fn post(&self, id: u64, seconds: u64) {
        self.posts.lock().unwrap().insert(id, post(id, seconds));
    }

    pub fn timelines(&self) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| request.is_timeline()).cloned().collect()
    }
}

/// A post as it is served.
pub fn post(id: u64, seconds: u64) -> Value {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let created_at = format!("2026-11-{:02}T{:02}:{minutes:02}:{seconds:02}.000Z", 1 + hours / 24, hours % 24);
    json!({"id": id.to_string(), "created_at": created_at, "content": "<p>grain</p>", "account": {"id": "1"}})
}

/// What Mastodon answers (`methods/timelines.md#public`, `api/guidelines.md#pagination`).
pub fn answer(request: &Request, posts: &Posts, address: &str) -> Reply {
    if request.path == "/api/v2/instance" {
        return Reply::json(
            200,
            &json!({"version": "4.5.0", "configuration": {"urls": {"streaming": "wss://x.test"}}}),
        );
    }
    if !request.is_timeline() {
        return Reply::json(404, &json!({"error": "Record not found"}));
    }
    let number = |name: &str| request.get(name).and_then(|value| value.parse::<u64>().ok());
    let limit = usize::try_from(number("limit").unwrap_or(20).min(40)).unwrap();
    let posts = posts.lock().unwrap();
    let mut page: Vec<(u64, &Value)> = if let Some(id) = number("min_id") {
        posts.range(id + 1..).take(limit).map(|(id, post)| (*id, post)).collect()
    } else {
        let below = number("max_id").unwrap_or(u64::MAX);
        posts.range(..below).rev().take(limit).map(|(id, post)| (*id, post)).collect()
    };
    page.sort_by(|(one, _), (other, _)| other.cmp(one));
    let body = page.iter().map(|(_, post)| (*post).clone()).collect::<Value>();
    let reply = Reply::json(200, &body);
    // Absent for an empty page (public_controller.rb); max_id is dropped from the link to newer posts.
    let (Some((newest, _)), Some((oldest, _))) = (page.first(), page.last()) else { return reply };
    let link = |id: &str| format!("{address}{}?limit={limit}&{id}", Timeline::PATH);
    let (older, newer) = (link(&format!("max_id={oldest}")), link(&format!("min_id={newest}")));
    reply.with("Link", &format!("<{older}>; rel=\"next\", <{newer}>; rel=\"prev\""))
}

fn serve(mut stream: &TcpStream, reply: impl FnOnce(&Request) -> Reply) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let mut has_token = false;
    for line in lines.by_ref() {
        has_token |= line.to_lowercase().starts_with("authorization:");
        if line.is_empty() {
            break;
        }
    }
    let target = first.split(' ').nth(1).unwrap_or("/");
    let url = reqwest::Url::parse("http://x.test").unwrap().join(target).unwrap();
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let mut write = |bytes: &[u8]| {
        // Whoever asked may have gone.
        let _ = stream.write_all(bytes);
    };
    match reply(&Request { path: url.path().into(), query, has_token }) {
        Reply::Answer { status, headers, body } => {
            let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>();
            let length = body.len();
            write(
                format!("HTTP/1.1 {status} X\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n")
                    .as_bytes(),
            );
            write(&body);
        }
        Reply::Cut(body) => {
            write(format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
            write(&body[..body.len() / 2]);
        }
        Reply::Reset => {}
        Reply::Hang(time) => thread::sleep(time),
        Reply::Stream(pieces) => {
            write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n");
            for (time, piece) in pieces {
                thread::sleep(time);
                write(piece.as_bytes());
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// A lake for a test, and what collects into it.
pub struct Mill {
    pub lake: Lake,
    pub policy: Arc<Policy>,
    _folder: tempfile::TempDir,
}

/// Nobody watches.
pub struct Nobody;

impl Watch for Nobody {
    fn progress(&self, _: Progress) {}
    fn note(&self, _: &str) {}
}

impl Mill {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.test").unwrap();
        Self { lake, policy: Arc::new(Policy::as_sent()), _folder: folder }
    }

    /// Where a policy is in force.
    pub fn under(policy: Policy) -> Self {
        Self { policy: Arc::new(policy), ..Self::new() }
    }

    /// Collects the public timeline as `tootmill collect` does.
    pub fn collect(&self, instance: &Instance, how: CatchUp) -> Result<CaughtUp, Error> {
        self.collect_with(instance, how, quick())
    }

    pub fn collect_with(&self, instance: &Instance, how: CatchUp, settings: Settings) -> Result<CaughtUp, Error> {
        self.collect_feed(instance, how, settings, Feed::default())
    }

    pub fn collect_feed(
        &self,
        instance: &Instance,
        how: CatchUp,
        settings: Settings,
        feed: Feed,
    ) -> Result<CaughtUp, Error> {
        let client = Client::new(&instance.url, settings, Box::new(())).unwrap();
        self.collect_by(&client, how, feed)
    }

    /// Collects by a client that was made before, which is most of the work where there are few posts.
    pub fn collect_by(&self, client: &Client, how: CatchUp, feed: Feed) -> Result<CaughtUp, Error> {
        let timeline = Timeline::open(client, &Description::of(client)?, feed)?;
        let lineage = Lineage::begin(&self.lake, feed, Observer::anonymous(), &self.policy)?;
        catch_up(&timeline, &lineage, &how, &Nobody)
    }

    /// All lines of the raw files, in the order of their commits.
    pub fn raw(&self) -> Vec<Value> {
        let files = self.lake.raw_files().unwrap();
        let names: Vec<&str> = files.iter().map(|file| &*file.path).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let inputs = find_inputs(names).unwrap();
        let lines = tootmill_input::lines_of(inputs).lines();
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap_or(Value::Null)).collect()
    }

    /// The ids in the raw files, in the order of their commits.
    pub fn ids(&self) -> Vec<u64> {
        let id = |line: &Value| line.get("id")?.as_str()?.parse().ok();
        self.raw().iter().filter_map(id).collect()
    }
}

/// Small waits.
pub fn quick() -> Settings {
    Settings {
        timeout: Duration::from_millis(300),
        patience: Duration::from_mins(1),
        pause: Duration::from_millis(1),
        ..Settings::default()
    }
}

/// From the beginning of the timeline, in files of this many bytes.
pub fn all(bytes: u64) -> CatchUp {
    let limits = Limits { bytes, ..Limits::default() };
    CatchUp { beginning: Some(tootmill_collect::Beginning::Last(u64::MAX)), limits, ..CatchUp::default() }
}

/// On from what is committed.
pub fn on() -> CatchUp {
    CatchUp::default()
}
