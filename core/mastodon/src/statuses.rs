//! Statuses by their ids: several at once where the instance gives that, or one by one.

use reqwest::StatusCode;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tootmill_metric::Id;
use url::Url;

use crate::{
    client::{Answer, Client, refused},
    error::Error,
    observation::Observation,
    timeline::read_posts,
};

/// Asks an instance for statuses by their ids.
#[derive(Clone, Copy, Debug)]
pub struct Statuses<'c> {
    client: &'c Client,
}

/// What an instance says of one status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It is there.
    There(Box<Observation>),
    /// 404 or 410: it is not there, or not for whoever asks.
    NotThere,
    /// The answer is about something else.
    Unclear,
}

impl<'c> Statuses<'c> {
    /// The path of all statuses.
    pub const PATH: &'static str = "/api/v1/statuses";
    /// What is asked for, for robots.txt.
    pub const ADDRESSES: &'static [&'static str] = &["/api/v1/statuses?id[]=1", "/api/v1/statuses/1"];
    /// How many ids Mastodon takes at once: with more it says 422 (`methods/statuses.md#index`).
    pub const SEVERAL: usize = 20;

    /// Of the instance of a client.
    pub fn of(client: &'c Client) -> Self {
        Self { client }
    }

    /// Who asks.
    pub fn client(self) -> &'c Client {
        self.client
    }

    /// Asks for at most [`Self::SEVERAL`] at once (since Mastodon 4.3.0). Those that are not there, or not for whoever asks,
    /// are left out. `None` where the instance does not give several at once.
    pub fn several(self, ids: &[Id]) -> Result<Option<Vec<Observation>>, Error> {
        let query: Vec<(&str, &str)> = ids.iter().map(|id| ("id[]", id.as_str())).collect();
        let (answer, posts) =
            self.client.read(&self.client.url(Self::PATH, &query)?, |answer| read_list(answer, ids))?;
        let has_no_such_form = answer.status.is_success()
            || [
                StatusCode::BAD_REQUEST,
                StatusCode::NOT_FOUND,
                StatusCode::METHOD_NOT_ALLOWED,
                StatusCode::UNPROCESSABLE_ENTITY,
            ]
            .contains(&answer.status);
        if posts.is_some() || has_no_such_form { Ok(posts) } else { Err(refused(&answer)) }
    }

    /// Asks for one.
    pub fn one(self, id: &Id) -> Result<Looked, Error> {
        let Some(url) = self.url_of(id)? else { return Ok(Looked::Unclear) };
        let (answer, looked) = self.client.read(&url, |answer| read_one(answer, id))?;
        looked.ok_or_else(|| refused(&answer))
    }

    /// The address of one. Whatever its id is, it must not lead to something else, as two dots would.
    fn url_of(self, id: &Id) -> Result<Option<Url>, Error> {
        let mut url = self.client.url(Self::PATH, &[])?;
        // The URL standard drops TABs and ends of lines, and what is left would be another id.
        let is_segment = ![".", ".."].contains(&id.as_str()) && !id.as_str().chars().any(char::is_control);
        let pushed = is_segment
            && url.path_segments_mut().is_ok_and(|mut path| {
                path.push(id.as_str());
                true
            });
        Ok(pushed.then_some(url))
    }
}

/// The list of an answer, if all that is in it was asked for: an instance that does not know the parameter gives others.
fn read_list(answer: &Answer, asked: &[Id]) -> Result<Option<Vec<Observation>>, String> {
    if answer.status.is_success() && is_whole_but(b'[', &answer.body) {
        return Ok(None);
    }
    let posts = read_posts(answer)?;
    Ok(posts.filter(|posts| posts.iter().all(|post| post.id.as_ref().is_some_and(|id| asked.contains(id)))))
}

/// What an answer says of one status; `None` for a refusal.
fn read_one(answer: &Answer, id: &Id) -> Result<Option<Looked>, String> {
    if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status) {
        return Ok(Some(Looked::NotThere));
    }
    if !answer.status.is_success() {
        return Ok(None);
    }
    if is_whole_but(b'{', &answer.body) {
        return Ok(Some(Looked::Unclear));
    }
    // As in a page, bytes that are not UTF-8 must not lose the post.
    let text = String::from_utf8_lossy(&answer.body);
    let post: &RawValue = serde_json::from_str(&text).map_err(|error| format!("the answer is no post: {error}"))?;
    let post = Observation::of(post.get());
    let is_it = post.id.as_ref() == Some(id);
    Ok(Some(if is_it { Looked::There(Box::new(post)) } else { Looked::Unclear }))
}

/// Whether a body is whole, and not what begins like this: a page for browsers, or another value of JSON. One that is cut off
/// may be whole the next time.
fn is_whole_but(begin: u8, body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.starts_with(b"<") || !body.starts_with(&[begin]) && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::client::Settings;

    #[test]
    fn no_id_leads_to_another_path() {
        let client = Client::new("mill.example", Settings::default(), Box::new(())).unwrap();
        let url = |id: &str| Statuses::of(&client).url_of(&Id::new(id)).unwrap().map(|url| url.path().to_string());
        for (id, expected) in [
            ("109", "/api/v1/statuses/109"),
            ("../accounts/1", "/api/v1/statuses/..%2Faccounts%2F1"),
            ("1?x#y", "/api/v1/statuses/1%3Fx%23y"),
            ("1/context", "/api/v1/statuses/1%2Fcontext"),
        ] {
            assert_eq!(url(id).as_deref(), Some(expected));
        }
        assert_eq!([url("."), url(".."), url(".\t."), url("1\t2"), url("\n1")], [const { None::<String> }; 5]);
    }

    fn answer(code: u16, body: &str) -> Answer {
        let (url, status) = (Url::parse("https://mill.example/").unwrap(), StatusCode::from_u16(code).unwrap());
        Answer { url, status, headers: HeaderMap::new(), body: body.into() }
    }

    /// `methods/statuses.md#index`: statuses that are not there are left out. The order is the instance's.
    #[test]
    fn a_list_is_taken_if_all_in_it_was_asked_for() {
        let asked = ["1", "2", "3"].map(Id::new);
        let ids = |body: &str| {
            let posts = read_list(&answer(200, body), &asked)?;
            Ok::<_, String>(posts.map(|posts| posts.into_iter().filter_map(|post| post.id).collect::<Vec<_>>()))
        };
        assert_eq!(ids(r#"[{"id": "3"}, {"id": 1}]"#), Ok(Some(vec![Id::new("3"), Id::new("1")])));
        assert_eq!(ids("[]"), Ok(Some(vec![])));
        for other in
            [r#"[{"id": "1"}, {"id": "4"}]"#, "[{}]", "[1]", "{}", r#"{"error": "no"}"#, "null", "<!DOCTYPE html>"]
        {
            assert_eq!(ids(other), Ok(None), "{other}");
        }
        for broken in [r#"[{"id": "3"}, {"#, r#"{"error": "truncated"#, "", "[1] x"] {
            assert!(ids(broken).is_err(), "{broken}");
        }
        assert_eq!(read_list(&answer(422, "[]"), &asked), Ok(None));
    }

    #[test]
    fn one_status_is_there_or_not_or_the_answer_is_about_something_else() {
        let id = Id::new("7");
        let looked = |code, body: &str| read_one(&answer(code, body), &id);
        let there = looked(200, r#" {"id": "7", "content": "x"} "#).unwrap().unwrap();
        assert_eq!(there, Looked::There(Box::new(Observation::of(r#"{"id": "7", "content": "x"}"#))));
        for code in [404, 410] {
            assert_eq!(looked(code, r#"{"error": "Record not found"}"#), Ok(Some(Looked::NotThere)));
        }
        for other in [r#"{"id": "8"}"#, "{}", "[]", "null", "<p>7</p>"] {
            assert_eq!(looked(200, other), Ok(Some(Looked::Unclear)), "{other}");
        }
        assert_eq!(looked(401, "{}"), Ok(None));
        assert!(looked(200, r#"{"id": "7""#).is_err());
    }
}
