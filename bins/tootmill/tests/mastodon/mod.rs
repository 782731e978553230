//! A server that speaks Mastodon's API, for one test: `mastodon-mock`, filled with posts and made to fail as the test wants it.
//!
//! `TOOTMILL_MASTODON_PYTHON` names a Python with `requirements.txt`. What the server does, and what it does otherwise than
//! Mastodon, is in `README.md`.
#![allow(dead_code, unused_imports, reason = "not every test needs all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod collector;
mod fill;
mod settings;

use std::{
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use reqwest::{
    Method,
    blocking::{Client, RequestBuilder},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

pub use collector::Collector;
pub use settings::{ACCOUNTS, Settings, token};

/// How long the server may take until it answers: two seconds on an idle machine.
const UP: Duration = Duration::from_mins(1);

/// How long a request of the test's own may take.
const ANSWER: Duration = Duration::from_mins(1);

/// The server. It ends with this, or with the test's process.
pub struct Mock {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
    client: Client,
}

/// A failure that the server was told of, see `Mock::fault`.
pub struct Fault(String);

impl Mock {
    /// Starts a server of its own, with the accounts of `ACCOUNTS`, which were created in different months and of which each
    /// has one follower fewer than the one before.
    pub fn start(settings: &Settings) -> Self {
        let client = Client::builder().no_proxy().timeout(ANSWER).build().unwrap();
        let mut mock = Self { folder: TempDir::new().unwrap(), port: 0, process: None, client };
        // Somebody else may take the free port before the server does.
        let started = (0..3).any(|_| {
            mock.port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            mock.serve(settings)
        });
        assert!(started, "mastodon-mock did not start:\n{}", mock.log());
        for (back, (name, _)) in ACCOUNTS.iter().enumerate() {
            mock.sql(&format!(
                "UPDATE accounts SET created_at = datetime(created_at, 'start of month', '-{back} months') || '.000000' \
                 WHERE username = '{name}'"
            ));
        }
        mock
    }

    /// Ends the server at once, as a crash would. Its address and its database stay.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Ends the server and starts it again, at the same address and over the same database; faults are forgotten.
    pub fn restart(&mut self, settings: &Settings) {
        self.stop();
        // Its ids begin at the time of its start, in milliseconds, and may have run ahead of the clock.
        while self.number("SELECT max(id) FROM statuses") > milliseconds_now() {
            thread::sleep(Duration::from_millis(50));
        }
        assert!(self.serve(settings), "mastodon-mock did not start again:\n{}", self.log());
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its database, which may be read while the server runs.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("mock.sqlite")
    }

    /// What the server printed, a line for each request among it.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The requests for a path and what is below it, oldest first: `GET /api/v1/timelines/public?limit=40 HTTP/1.1" 200 OK`.
    /// One that has had no answer yet is not among them.
    pub fn requests(&self, path: &str) -> Vec<String> {
        let of_path = |line: &&str| line.split(' ').nth(1).is_some_and(|asked| asked.starts_with(path));
        let log = self.log();
        log.lines().filter_map(|line| Some(line.split_once(" - \"")?.1)).filter(of_path).map(str::to_owned).collect()
    }

    /// Posts by the API as `status` says (`status`, `language`, `visibility`, `media_ids`, `in_reply_to_id`, …), and gives
    /// what the server answers.
    pub fn post(&self, account: &str, status: &Value) -> Value {
        self.of_account(account, Method::POST, "/api/v1/statuses", status)
    }

    /// Gives a status another text.
    pub fn edit(&self, id: &str, text: &str) -> Value {
        let path = format!("/api/v1/statuses/{id}");
        self.of_account(&self.author(id), Method::PUT, &path, &json!({ "status": text }))
    }

    /// Deletes a status.
    pub fn delete(&self, id: &str) {
        self.of_account(&self.author(id), Method::DELETE, &format!("/api/v1/statuses/{id}"), &Value::Null);
    }

    /// Makes an account favourite a status.
    pub fn favourite(&self, account: &str, id: &str) {
        self.of_account(account, Method::POST, &format!("/api/v1/statuses/{id}/favourite"), &Value::Null);
    }

    /// Makes an account boost a status, and gives the boost.
    pub fn boost(&self, account: &str, id: &str) -> Value {
        self.of_account(account, Method::POST, &format!("/api/v1/statuses/{id}/reblog"), &Value::Null)
    }

    /// Uploads an image, and gives its id for `media_ids`.
    pub fn media(&self, account: &str) -> String {
        let boundary = "a-boundary-that-no-image-has";
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"mill.png\"\r\n\
             Content-Type: image/png\r\n\r\nnot really one\r\n--{boundary}--\r\n"
        );
        let request = self.request(Method::POST, "/api/v2/media", &token(account));
        let request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        sent(request.body(body))["id"].as_str().unwrap().to_owned()
    }

    /// 5,000 posts (`small`) or 100,000 (`medium`) in seconds, by new local accounts, which favourite, follow and reply to each
    /// other. They have tags but no links, media or languages, and are of the same instant.
    pub fn crowd(&self, preset: &str) {
        self.control(Method::POST, "/api/v1/_mock/sample_data", &json!({ "preset": preset, "seed": 7 }));
    }

    /// Registers an app and gives a token of its own, which is no user's.
    pub fn app_token(&self, scopes: &str) -> String {
        let app = json!({ "client_name": "test", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": scopes });
        let app = self.control(Method::POST, "/api/v1/apps", &app);
        let grant = json!({ "grant_type": "client_credentials", "client_id": app["client_id"],
            "client_secret": app["client_secret"], "scope": scopes });
        self.control(Method::POST, "/oauth/token", &grant)["access_token"].as_str().unwrap().to_owned()
    }

    /// Makes requests fail: GET requests for a path (with `*` for any text), the next `count` of them or all, in the way that
    /// `effect` says: `{"type": "status", "status": 503}`, `ratelimit`, `latency` and `timeout` with `delay_ms`, `malformed`.
    /// Of several faults that fit, the oldest comes true.
    pub fn fault(&self, path: &str, effect: &Value, count: Option<u32>) -> Fault {
        let rule = json!({ "match": { "methods": ["GET"], "path": path }, "effect": effect, "count": count });
        let rule = self.control(Method::POST, "/api/v1/_mock/faults", &rule);
        Fault(rule["id"].as_str().unwrap().to_owned())
    }

    /// Ends a fault, which may have ended by its count.
    pub fn no_fault(&self, fault: &Fault) {
        let path = format!("/api/v1/_mock/faults/{}", fault.0);
        // Not found where it has ended.
        self.request(Method::DELETE, &path, CONTROL).send().unwrap();
    }

    /// Ends all faults.
    pub fn no_faults(&self) {
        self.control(Method::DELETE, "/api/v1/_mock/faults", &Value::Null);
    }

    /// Dates all statuses to the afternoon of a UTC day (`2026-11-20`), in the order of their ids. The API has no way to do this.
    pub fn date(&self, day: &str) {
        self.sql(&format!(
            "WITH ranks AS (SELECT id, percent_rank() OVER (ORDER BY id) AS rank FROM statuses)
             UPDATE statuses SET created_at =
               strftime('%Y-%m-%d %H:%M:%f000', '{day} 12:00:00', '+' || (43000 * rank) || ' seconds')
               FROM ranks WHERE ranks.id = statuses.id"
        ));
    }

    /// Changes the database, for what no API can do.
    pub fn sql(&self, statement: &str) {
        self.connection().execute_batch(statement).unwrap();
    }

    /// The tables that `tables.py` computes from the server's database, as `tootmill tables dump` gives them; the arguments
    /// are its options (`--whose local`, `--date D`).
    pub fn tables(&self, arguments: &[&str]) -> Value {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mastodon/tables.py");
        let output = Command::new(python()).arg(program).arg(self.database()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Starts the server; false if it ended at once.
    fn serve(&mut self, settings: &Settings) -> bool {
        let file = |name| self.folder.path().join(name);
        fs::write(file("mock.toml"), settings.toml(self.folder.path())).unwrap();
        let log = File::options().create(true).append(true).open(file("log")).unwrap();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mastodon/serve.py");
        let mut command = Command::new(python());
        command.arg(program).arg("--config").arg(file("mock.toml")).args(["--host", "127.0.0.1"]);
        command.args(["--port", &self.port.to_string()]).current_dir(self.folder.path());
        // It holds its end of standard input open, and the server ends when it is closed.
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        let process = self.process.insert(command.spawn().unwrap());
        let begin = Instant::now();
        while begin.elapsed() < UP {
            if process.try_wait().unwrap().is_some() {
                self.process = None;
                return false;
            }
            if self.client.get(format!("http://127.0.0.1:{}/health", self.port)).send().is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("mastodon-mock did not answer in {UP:?}:\n{}", self.log());
    }

    fn connection(&self) -> Connection {
        let connection = Connection::open(self.database()).unwrap();
        connection.busy_timeout(ANSWER).unwrap();
        connection
    }

    /// The number that a query gives, 0 for none.
    fn number(&self, query: &str) -> i64 {
        self.connection().query_row(query, [], |row| row.get::<_, Option<i64>>(0)).unwrap().unwrap_or(0)
    }

    /// The ids of the public timeline, oldest first, as the database has them.
    pub fn public(&self) -> Vec<String> {
        let query = "SELECT id FROM statuses WHERE visibility = 'public' AND reblog_of_id IS NULL ORDER BY id";
        let connection = self.connection();
        let mut statement = connection.prepare(query).unwrap();
        let ids = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        ids.map(|id| id.unwrap().to_string()).collect()
    }

    /// The name of the account that wrote a status; not by the API, which may have been told to fail.
    fn author(&self, id: &str) -> String {
        let query = "SELECT username FROM accounts JOIN statuses ON accounts.id = account_id WHERE statuses.id = ?1";
        self.connection().query_row(query, [id.parse::<i64>().unwrap()], |row| row.get(0)).unwrap()
    }

    fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url())).bearer_auth(token)
    }

    fn of_account(&self, account: &str, method: Method, path: &str, body: &Value) -> Value {
        sent(self.request(method, path, &token(account)).json(body))
    }

    fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        sent(self.request(method, path, CONTROL).json(body))
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A token that nobody has: the server limits the rate by what stands there, and the test's own requests are not to count as
/// those of the program under test, which come from the same address.
const CONTROL: &str = "nobody";

#[track_caller]
fn sent(request: RequestBuilder) -> Value {
    let answer = request.send().unwrap();
    let (status, text) = (answer.status(), answer.text().unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

fn python() -> String {
    std::env::var("TOOTMILL_MASTODON_PYTHON").expect("TOOTMILL_MASTODON_PYTHON names a Python with the requirements")
}

fn milliseconds_now() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
