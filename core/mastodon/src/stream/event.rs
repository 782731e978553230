//! What a stream tells of: posts, new and edited, and posts that are gone.

use serde_json::value::RawValue;
use tootmill_metric::Id;

use crate::observation::Observation;

/// An event of a public stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A post as it was written, or as it is after an edit; on one line.
    Post(Observation),
    /// The post with this id is gone.
    Deleted(Id),
}

/// What was made of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Event(Event),
    /// Of a kind that is no matter of a public timeline.
    Other,
    /// What is said to be a post, or the id of one, is none.
    Unreadable,
}

/// What a message takes beside its text, in bytes, roughly.
const OVERHEAD: u64 = 64;

impl Read {
    /// Of an event's name and data (`methods/streaming.md#events`).
    pub fn of(name: &str, data: &str) -> Self {
        let event = match name {
            // mastodon-mock writes the name of an edit like that.
            "update" | "status.update" | "status_update" => post(data).map(Event::Post),
            "delete" => deleted(data).map(Event::Deleted),
            _ => return Self::Other,
        };
        event.map_or(Self::Unreadable, Self::Event)
    }

    /// How much memory it takes, roughly.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Event(Event::Post(post)) => post.json.len() as u64 + OVERHEAD,
            Self::Event(Event::Deleted(id)) => id.as_str().len() as u64 + OVERHEAD,
            _ => OVERHEAD,
        }
    }
}

/// A post, if it is an object of JSON: any other text would not be one line of the lake.
fn post(data: &str) -> Option<Observation> {
    let json = serde_json::from_str::<&RawValue>(data).ok()?.get();
    if !json.starts_with('{') {
        return None;
    }
    // Line ends in JSON stand between its parts only, and mean nothing.
    Some(Observation::of(json.replace(['\n', '\r'], " ")))
}

/// The bare id that a deletion's data is; a number is its digits.
fn deleted(data: &str) -> Option<Id> {
    const LONGEST: usize = 256;
    let id = data.trim();
    // `undefined` is what a stream of JavaScript says of nothing.
    let is_one =
        !id.is_empty() && id != "undefined" && id.len() <= LONGEST && id.chars().all(|char| char.is_ascii_graphic());
    is_one.then(|| Id::new(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn posts_are_objects_and_deletions_are_ids() {
        let post = |data: &str| match Read::of("update", data) {
            Read::Event(Event::Post(post)) => Some(post.json),
            Read::Unreadable => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(post("{\"id\":\n\"1\"} ").as_deref(), Some("{\"id\": \"1\"}"));
        assert_eq!(post(r#"{"text": "\ud83d"}"#).as_deref(), Some(r#"{"text": "\ud83d"}"#));
        for none in ["undefined", "", "[]", "7", "{\"id\": \"1\"", "{\"id\": \"1\n\"}", "{} {}"] {
            assert_eq!(post(none), None, "{none}");
        }
        for edited in ["status.update", "status_update"] {
            assert!(matches!(Read::of(edited, "{}"), Read::Event(Event::Post(_))));
        }
        assert_eq!(Read::of("delete", " 109 "), Read::Event(Event::Deleted(Id::new("109"))));
        for none in ["", "undefined", "a b", "\u{7}"] {
            assert_eq!(Read::of("delete", none), Read::Unreadable, "{none}");
        }
        for other in ["filters_changed", "notification", "", "message", "Update"] {
            assert_eq!(Read::of(other, "undefined"), Read::Other, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_post_is_always_one_line(data in "[\\{\\}\":,a\\\\ \n\r\t\\[\\]0]{0,40}") {
            if let Read::Event(Event::Post(post)) = Read::of("update", &data) {
                prop_assert!(!post.json.contains(['\n', '\r']));
                let one: serde_json::Value = serde_json::from_str(&data).unwrap();
                prop_assert_eq!(one, serde_json::from_str::<serde_json::Value>(&post.json).unwrap());
            }
        }
    }
}
