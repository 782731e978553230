//! A lake of few people with its tables, for tests of what is held about them.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;
use tootmill_metric::Line;

use super::{content, stdout};

pub const INSTANCE: [&str; 2] = ["--instance", "mill.example"];
pub const AS_SENT: [&str; 3] = ["--policy", "open", "--keep-all-fields"];

pub fn lake<'a>(name: &'a str, key: &'a str) -> [&'a str; 6] {
    ["--lake", name, INSTANCE[0], INSTANCE[1], "--key", key]
}

/// Imports a file as it is, and computes and loads all.
pub fn make(folder: &Path, posts: &str, name: &str) {
    let of_lake = lake(name, "privacy.key");
    stdout(folder, &[&["import", posts, "--observed", "2026-11-25T10:00", "--quiet"], &of_lake[..], &AS_SENT].concat());
    compute(folder, name);
}

pub fn compute(folder: &Path, name: &str) {
    let tables = format!("sqlite:{name}.db");
    let stages: [&[&str]; 4] = [&["compact"], &["submit", "--on", "local"], &["merge"], &["load", "--tables", &tables]];
    for stage in stages {
        stdout(folder, &[stage, &["--quiet", "--lake", name], &INSTANCE].concat());
    }
}

pub fn forget(folder: &Path, name: &str, whom: &[&str]) -> Value {
    let tables = format!("sqlite:{name}.db");
    let said = stdout(
        folder,
        &[&["forget", "--tables", &tables, "--json", "--quiet"], &lake(name, "privacy.key")[..], whom].concat(),
    );
    serde_json::from_str(&said).unwrap()
}

pub fn tables(folder: &Path, name: &str) -> Value {
    let dump = |family| -> Value {
        let tables = format!("sqlite:{name}.db");
        serde_json::from_str(&stdout(folder, &["tables", "dump", "--tables", &tables, "--family", family])).unwrap()
    };
    json!([dump("data"), dump("day")])
}

/// All that is in the lake and its tables.
pub fn all(folder: &Path, name: &str) -> String {
    content(&folder.join(name)) + &String::from_utf8_lossy(&fs::read(folder.join(format!("{name}.db"))).unwrap())
}

fn post(id: u32, account: u32, more: &Value) -> String {
    let name = ["ada", "bob@b.example", "eva"][account as usize - 1];
    let mut post = json!({"id": format!("90000000{id}"), "created_at": format!("2026-11-2{}T10:00:00Z", 2 + id % 3), "content": "",
        "account": {"id": format!("40000000{account}"), "acct": name, "created_at": "2026-01-01T00:00:00Z", "followers_count": 3}});
    post.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("{post}\n")
}

/// Six posts of three accounts, who answer and name each other.
pub fn three_accounts() -> TempDir {
    let folder = TempDir::new().unwrap();
    let answer = json!({"in_reply_to_id": "900000001", "in_reply_to_account_id": "400000001", "mentions": [{"id": "400000001", "acct": "ada"}],
        "content": "<p><a href=\"https://mill.example/@ada\" class=\"u-url mention\">@<span>ada</span></a> yes</p>"});
    let posts = [
        post(1, 1, &json!({"content": "<p>sesame</p>"})),
        post(2, 2, &answer),
        post(3, 1, &json!({"content": "<p>sesame again</p>"})),
        post(4, 3, &json!({"content": "<p>alone</p>"})),
        post(5, 2, &json!({})),
        json!({"deleted": "900000003", "observed": "2026-11-25"}).to_string() + "\n",
    ];
    fs::write(folder.path().join("posts.jsonl"), posts.concat()).unwrap();
    folder
}

/// Whether a text has a number as a whole.
pub fn has_number(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = text.as_bytes();
        !is_digit(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_digit(bytes.get(at + number.len()))
    })
}

/// A tenth of the accounts of a timeline, who are to be forgotten.
pub struct Tenth {
    pub ids: BTreeSet<String>,
    /// Names, addresses and texts that only they have, as JSON writes them.
    texts: BTreeSet<String>,
}

impl Tenth {
    /// Of the timeline in `posts.jsonl`; writes who they are to `accounts`, a line each, and what all others posted to `rest.jsonl`.
    pub fn of_posts_in(folder: &Path) -> Self {
        let posts = fs::read(folder.join("posts.jsonl")).unwrap();
        let posts = String::from_utf8_lossy(&posts);
        let account_of = |line: &str| match Line::parse(line) {
            Ok(Line::Post(post)) => post.account.map(|account| account.id().to_owned()),
            _ => None,
        };
        let accounts: BTreeSet<String> = posts.lines().filter_map(account_of).filter(|id| id.len() > 12).collect();
        let ids: BTreeSet<String> = accounts.into_iter().step_by(10).collect();
        let is_theirs = |line: &&str| account_of(line).is_some_and(|id| ids.contains(&id));
        let (theirs, others): (Vec<&str>, Vec<&str>) = posts.lines().partition(is_theirs);
        let others = others.join("\n") + "\n";
        let mut texts = BTreeSet::new();
        for post in theirs.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let account = &post["account"];
            for text in [&account["acct"], &account["url"], &account["display_name"], &post["content"], &post["id"]] {
                let text = text
                    .as_str()
                    .filter(|text| text.len() > 20 && !others.contains(*text))
                    .map(|text| json!(text).to_string());
                texts.extend(text.map(|text| text.trim_matches('"').to_owned()));
            }
        }
        fs::write(folder.join("accounts"), ids.iter().map(|id| format!("{id}\n")).collect::<String>()).unwrap();
        fs::write(folder.join("rest.jsonl"), others).unwrap();
        assert!(ids.len() > 10 && texts.len() > 50, "{} accounts, {} texts", ids.len(), texts.len());
        Self { ids, texts }
    }

    /// How many of their ids, names, addresses and texts are in a text.
    pub fn count_in(&self, text: &str) -> usize {
        self.found_in(text).count()
    }

    /// Fails where one is.
    #[track_caller]
    pub fn assert_none_in(&self, text: &str) {
        assert_eq!(self.found_in(text).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    fn found_in<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t String> {
        let ids = self.ids.iter().filter(|id| has_number(text, id));
        ids.chain(self.texts.iter().filter(|one| text.contains(*one)))
    }
}
