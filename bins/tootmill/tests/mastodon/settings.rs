//! How a server is configured, and who has an account there.

use std::path::Path;

use serde_json::Value;

/// The accounts that every server has, with their hosts: no host is a local account.
pub const ACCOUNTS: [(&str, Option<&str>); 8] = [
    ("ada", None),
    ("bo", None),
    ("cy", Some("remote.example")),
    ("dan", None),
    ("eve", Some("other.example")),
    ("fay", None),
    ("gus", Some("remote.example")),
    ("hal", None),
];

/// The user token of one of `ACCOUNTS`.
pub fn token(account: &str) -> String {
    format!("secret-user-token-of-{account}")
}

/// How a server is to be. The defaults are those of the server itself, and it has rules.
pub struct Settings {
    /// Requests that a token, or else an address, may make in so many seconds: none is no limit, and no headers about one.
    pub rate_limit: Option<(u32, u32)>,
    /// Refuse what a token's scopes do not have.
    pub enforce_scopes: bool,
    /// Without it the addresses of streams are not found.
    pub streaming: bool,
    /// Seconds without an event after which a stream by server-sent events gets a comment.
    pub heartbeat: f64,
    /// Events that wait for a slow reader, before the oldest are lost.
    pub queue: u32,
    pub rules: Vec<&'static str>,
    /// Not found where they are empty.
    pub terms_of_service: &'static str,
    pub privacy_policy: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rate_limit: None,
            enforce_scopes: false,
            streaming: true,
            heartbeat: 15.0,
            queue: 1_000,
            rules: vec!["Be kind.", "No spam."],
            terms_of_service: "",
            privacy_policy: "",
        }
    }
}

impl Settings {
    /// The server's file of configuration, with everything that it writes in a folder.
    pub fn toml(&self, folder: &Path) -> String {
        let file = |name| quoted(folder.join(name).to_str().unwrap());
        let rules: Vec<String> = self.rules.iter().map(|rule| quoted(rule)).collect();
        let (limit, window) = self.rate_limit.unwrap_or((300, 300));
        format!(
            "rules = [{}]\nterms_of_service = {}\nprivacy_policy = {}\nmedia_storage_path = {}\n\
             [database]\npath = {}\n[auth]\nenforce_scopes = {}\n\
             [ratelimit]\nenabled = {}\nlimit = {limit}\nwindow_seconds = {window}\n\
             [streaming]\nenabled = {}\nheartbeat_seconds = {:?}\nqueue_maxsize = {}\n{}",
            rules.join(", "),
            quoted(self.terms_of_service),
            quoted(self.privacy_policy),
            file("media"),
            file("mock.sqlite"),
            self.enforce_scopes,
            self.rate_limit.is_some(),
            self.streaming,
            self.heartbeat,
            self.queue,
            accounts(),
        )
    }
}

/// The accounts, each followed by all that come after it.
fn accounts() -> String {
    let mut toml = String::new();
    for (name, host) in ACCOUNTS {
        toml += &format!("[[seed.accounts]]\nusername = \"{name}\"\naccess_token = \"{}\"\n", token(name));
        if let Some(host) = host {
            toml += &format!("domain = \"{host}\"\n");
        }
    }
    for (position, (followed, _)) in ACCOUNTS.iter().enumerate() {
        for (follower, _) in &ACCOUNTS[position + 1..] {
            toml += &format!("[[seed.follows]]\nfollower = \"{follower}\"\nfollowing = \"{followed}\"\n");
        }
    }
    toml
}

/// A string of TOML, whose escapes are JSON's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
