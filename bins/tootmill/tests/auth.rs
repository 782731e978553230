//! `tootmill auth` against a server: the whole life of a token, and that nothing tells it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;
#[path = "mastodon/mod.rs"]
mod mock;

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use common::{Ran, tootmill};
use mock::{Mock, Settings, token};
use serde_json::Value;
use tempfile::TempDir;

/// One who uses `tootmill auth`, and remembers every secret there was and everything that was said.
struct Person<'m> {
    mock: &'m Mock,
    folder: TempDir,
    secrets: BTreeSet<String>,
    said: String,
}

impl<'m> Person<'m> {
    fn of(mock: &'m Mock) -> Self {
        Self { mock, folder: TempDir::new().unwrap(), secrets: BTreeSet::new(), said: String::new() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tootmill(self.folder.path(), &[&["auth"], arguments].concat());
        for variable in ["TOKEN", "TOKEN_FILE", "INSTANCE", "FROM", "CONTACT", "TOKENS"] {
            command.env_remove(format!("TOOTMILL_{variable}"));
        }
        command.args(["--instance", &self.mock.url()]).env("TOOTMILL_TOKENS", "kept/tokens.json");
        command
    }

    /// Runs a command, types a line, and gives what it said.
    fn run(&mut self, mut command: Command, typed: &str) -> Ran {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // One that needs no line may have ended.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let ran = Ran::from(child.wait_with_output().unwrap());
        self.said += &format!("{}{}", ran.stdout, ran.stderr);
        self.remember();
        ran
    }

    fn auth(&mut self, arguments: &[&str], typed: &str) -> Ran {
        let command = self.command(arguments);
        self.run(command, typed)
    }

    fn status(&mut self) -> (i32, Value) {
        let ran = self.auth(&["status", "--json"], "");
        (ran.code, serde_json::from_str(&ran.stdout).unwrap())
    }

    fn kept(&self) -> Value {
        let text = fs::read_to_string(self.folder.path().join("kept/tokens.json")).unwrap_or_else(|_| "{}".into());
        serde_json::from_str::<Value>(&text).unwrap()[self.mock.url()].clone()
    }

    fn in_use(&self) -> String {
        self.kept()["token"]["secret"].as_str().unwrap().to_owned()
    }

    fn remember(&mut self) {
        let kept = self.kept();
        let left_over = kept["left_over"].as_array().cloned().unwrap_or_default();
        for token in left_over.iter().chain([&kept["token"]]) {
            let secrets = [&token["secret"], &token["app"]["client_secret"]];
            self.secrets.extend(secrets.into_iter().filter_map(Value::as_str).map(str::to_owned));
        }
    }

    /// No secret was said, nor lies anywhere but in the one file.
    fn nothing_was_told(&self) {
        assert!(self.secrets.len() >= 2, "{:?}", self.secrets);
        let mut looked_at = 0;
        let mut folders = vec![self.folder.path().to_path_buf()];
        let mut texts = vec![("what was said".to_owned(), self.said.clone())];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("kept/tokens.json") {
                    looked_at += 1;
                    let bytes = fs::read(&path).unwrap();
                    texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
                }
            }
        }
        assert!(looked_at > 0, "at least the lock lies beside it");
        for (what, text) in texts {
            let told: Vec<_> = self.secrets.iter().filter(|secret| text.contains(*secret)).collect();
            assert!(told.is_empty(), "{told:?} in {what}: {text}");
        }
    }
}

/// Whether the server knows a user's token.
fn works(mock: &Mock, token: &str) -> bool {
    let url = format!("{}/api/v1/accounts/verify_credentials", mock.url());
    reqwest::blocking::Client::new().get(url).bearer_auth(token).send().unwrap().status().is_success()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_token_is_got_looked_at_replaced_and_ended_and_nothing_tells_it() {
    let mock = Mock::start(&Settings::default());
    let mut person = Person::of(&mock);
    let (code, none) = person.status();
    assert!(code == 1 && none["problem"].as_str().unwrap().contains("auth login"), "{none}");

    let login = person.auth(&["login"], "mockcode_ada\n");
    assert_eq!(login.code, 0, "{}", login.stderr);
    assert!(login.stderr.contains(&format!("{}/oauth/authorize?response_type=code", mock.url())), "{}", login.stderr);
    assert!(login.stderr.contains("code_challenge_method=S256"), "{}", login.stderr);
    assert_eq!(
        (mode(&person.folder.path().join("kept/tokens.json")), mode(&person.folder.path().join("kept"))),
        (0o600, 0o700)
    );
    let (code, status) = person.status();
    assert_eq!((code, &status["owner"]["account"]["acct"], &status["kind"]), (0, &"ada".into(), &"user".into()));
    assert_eq!((&status["scopes"], &status["missing"], &status["too_much"]), (&"read".into(), &"".into(), &"".into()));

    let first = person.in_use();
    assert_eq!(person.auth(&["rotate"], "mockcode_ada\n").code, 0);
    let second = person.in_use();
    assert!(first != second && !works(&mock, &first) && works(&mock, &second));
    assert_eq!(person.kept()["left_over"], Value::Null);

    // Another one's permission changes nothing.
    let others = person.auth(&["rotate"], "mockcode_bo\n");
    assert!(others.code == 1 && others.stderr.contains("@bo"), "{}", others.stderr);
    assert!(person.in_use() == second && works(&mock, &second));
    // Nor does a wrong code, or none.
    assert_eq!(person.auth(&["rotate"], "wrong\n").code, 1);
    let none = person.auth(&["rotate"], "");
    assert!(none.code == 1 && none.stderr.contains("standard input has no code"), "{}", none.stderr);
    assert_eq!(person.status().0, 0);

    assert_eq!(person.auth(&["revoke"], "").code, 0);
    assert!(!works(&mock, &second) && person.kept() == Value::Null);
    assert_eq!(person.auth(&["revoke"], "").code, 0, "again it does nothing");
    assert_eq!(person.status().0, 1);
    let nothing = person.auth(&["rotate"], "");
    assert!(nothing.code == 1 && nothing.stderr.contains("auth login"), "{}", nothing.stderr);
    person.nothing_was_told();
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_browser_brings_the_code_to_this_machine() {
    let mock = Mock::start(&Settings::default());
    let mut person = Person::of(&mock);
    let mut command = person.command(&["login", "--loopback", "--timeout", "60s"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let page = lines.find(|line| line.contains("/oauth/authorize?")).unwrap();
    let page = reqwest::Url::parse(page.trim()).unwrap();
    let mut form: HashMap<_, _> = page.query_pairs().into_owned().collect();
    assert!(form["redirect_uri"].starts_with("http://127.0.0.1:"), "{page}");
    form.insert("username".into(), "bo".into());
    let address = format!("{}/oauth/authorize", mock.url());
    let answer = reqwest::blocking::Client::new().post(address).form(&form).send().unwrap();
    assert!(answer.text().unwrap().contains("Tootmill has the code"));
    assert!(child.wait().unwrap().success(), "{:?}", lines.collect::<Vec<_>>());
    let (code, status) = person.status();
    assert_eq!((code, &status["owner"]["account"]["acct"]), (0, &"bo".into()), "{status}");
    person.nothing_was_told();
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_token_of_the_application_needs_nobody_and_says_that_it_does_not_stream() {
    let mock = Mock::start(&Settings::default());
    let mut person = Person::of(&mock);
    assert_eq!(person.auth(&["login", "--app"], "").code, 0);
    let shown = person.auth(&["status"], "");
    assert!(shown.code == 0 && shown.stdout.contains("the application Tootmill"), "{}", shown.stdout);
    assert!(shown.stdout.contains("It does not stream: since Mastodon 4.2.0"), "{}", shown.stdout);
    let first = person.in_use();
    let rotated = person.auth(&["rotate"], "");
    assert!(rotated.code == 0 && person.in_use() != first, "{}", rotated.stderr);
    let (_, status) = person.status();
    assert_eq!((&status["kind"], &status["streams"]), (&"app".into(), &false.into()), "{status}");
    person.nothing_was_told();
}

#[test]
#[ignore = "needs the Python of tests/mastodon"]
fn a_token_from_a_variable_or_a_secret_store_comes_first_and_is_not_told() {
    let mock = Mock::start(&Settings::default());
    let mut person = Person::of(&mock);
    assert_eq!(person.auth(&["login"], "mockcode_bo\n").code, 0);
    for (name, value, acct) in [("good", token("ada"), "ada"), ("wrong", "n0t-a-t0ken".into(), "")] {
        let mounted = person.folder.path().join("kept").join(name);
        person.secrets.insert(value.clone());
        let mut by_variable = person.command(&["status", "--json"]);
        by_variable.env("TOOTMILL_TOKEN", &value);
        let by_variable = person.run(by_variable, "");
        fs::write(&mounted, format!("{value}\n")).unwrap();
        let mut by_file = person.command(&["status", "--json"]);
        by_file.arg("--token-file").arg(&mounted);
        let by_file = person.run(by_file, "");
        fs::remove_file(&mounted).unwrap();
        for (ran, source) in [(by_variable, "the variable TOOTMILL_TOKEN"), (by_file, "the file ")] {
            let status: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(ran.code, i32::from(acct.is_empty()), "{status}");
            assert_eq!(status["owner"]["account"]["acct"].as_str().unwrap_or_default(), acct);
            let said = [&status["source"], &status["problem"]].map(|said| said.as_str().unwrap_or_default()).concat();
            assert!(said.contains(source), "{status}");
        }
    }
    // So `tootmill check` looks at it, and at whether the rest of a day's needs are there.
    for (name, acct, code) in [("good", "ada", 0), ("wrong", "", 1)] {
        let mut check =
            tootmill(person.folder.path(), &["check", "--json", "--lake", "lake", "--instance", "mill.test"]);
        check.args(["--from", &person.mock.url(), "--tables", "sqlite:t.db"]).env_remove("TOOTMILL_TOKEN_FILE");
        let secret = if acct.is_empty() { "n0t-a-t0ken".into() } else { token(acct) };
        let ran = person.run(
            {
                check.env("TOOTMILL_TOKEN", secret);
                check
            },
            "",
        );
        let said: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.code, &said[0]["answers"]), (code, &(code == 0).into()), "{name}: {said}");
        let expected = if code == 0 { "is that of the account @ada" } else { "does not work" };
        assert!(said[0]["says"].as_str().unwrap().contains(expected), "{said}");
    }
    // The help shows no value of a variable that holds a token.
    let mut help = person.command(&["status", "--help"]);
    help.env("TOOTMILL_TOKEN", token("ada"));
    person.run(help, "");
    person.nothing_was_told();
}
