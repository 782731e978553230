//! Tests of reading lines, on the forms that real servers send.

use super::*;
use proptest::prelude::*;

fn post(rest: &str) -> String {
    format!(r#"{{"id":"1","created_at":"2026-11-24T00:00:00Z"{rest}}}"#)
}

#[test]
fn ids_are_strings_or_exact_digits() {
    let id = |id: &str| {
        let line = format!(r#"{{"id":{id},"created_at":"2026-11-24","account":{{"id":{id}}}}}"#);
        Post::parse(&line).map(|post| {
            assert_eq!(post.account.unwrap().id(), post.id);
            post.id.into_owned()
        })
    };
    assert_eq!(id(r#""111283308769936842""#).as_deref(), Ok("111283308769936842"));
    assert_eq!(id(r#""9l66kfs6a7""#).as_deref(), Ok("9l66kfs6a7"));
    assert_eq!(id("111262668782341438").as_deref(), Ok("111262668782341438"));
    assert_eq!(id("123456789012345678901234567890").as_deref(), Ok("123456789012345678901234567890"));
    assert_eq!(id("-5").as_deref(), Ok("-5"));
    assert_eq!(id("-123456789012345678901234567890").as_deref(), Ok("-123456789012345678901234567890"));
    for unusable in ["1.0", "1e3", "\"\"", "null", "true", "[1]", "{}"] {
        assert_eq!(id(unusable), Err(BadLine::NoId), "{unusable}");
    }
}

#[test]
fn what_a_line_is() {
    let kind = |line: &str| match Line::parse(line) {
        Ok(Line::Post(_)) => "post".to_string(),
        Ok(Line::Boost) => "boost".into(),
        Ok(Line::NotPublic) => "not public".into(),
        Ok(Line::Deletion(id)) => format!("deletion of {id}"),
        Ok(Line::Gap) => "gap".into(),
        Ok(Line::Policy(counts)) => format!("{} left out, {} reduced", counts.left_out, counts.reduced),
        Err(error) => error.to_string(),
    };
    assert_eq!(kind(&post("")), "post");
    assert_eq!(kind(&post(r#","reblog":null,"visibility":"public""#)), "post");
    assert_eq!(kind(&post(r#","visibility":7"#)), "post");
    assert_eq!(kind(&post(r#","reblog":{"id":"2"}"#)), "boost");
    assert_eq!(kind(r#"{"reblog":{},"visibility":"private","content":5}"#), "boost");
    assert_eq!(kind(&post(r#","visibility":"unlisted""#)), "not public");
    assert_eq!(kind(r#"{"deleted":"12","at":"2026-11-24"}"#), "deletion of 12");
    assert_eq!(kind(r#"{"deleted":12}"#), "deletion of 12");
    let gap = r#"{"gap":{"after":"7","before":null,"lineage":"public","reason":"expired"},"observed":"2026-11-24T10:00:00Z"}"#;
    assert_eq!(kind(gap), "gap");
    for no_gap in ["null", "[]", "7", "\"after\""] {
        assert_eq!(kind(&post(&format!(r#","gap":{no_gap}"#))), "post", "{no_gap}");
    }
    let policy = r#"{"policy":{"name":"default","left_out":3,"noindex":3,"reduced":40},"observed":"2026-11-24"}"#;
    assert_eq!(kind(policy), "3 left out, 40 reduced");
    assert_eq!(kind(r#"{"policy":{"left_out":"3","reduced":-1}}"#), "0 left out, 0 reduced");
    assert_eq!(kind(&post(r#","policy":{"left_out":3}"#)), "post");
    assert_eq!(kind(r#"{"policy":3}"#), "no usable `id`");
    assert_eq!(kind(r#"{"created_at":"2026-11-24"}"#), "no usable `id`");
    assert_eq!(kind(r#"{"id":"1","created_at":1700000000}"#), "no usable `created_at`");
    for no_object in ["", " ", "[]", "5", "null", "\"{}\"", "{", r#"{"id":"1""#, r#"{"id":"1"} x"#, "\0\0"] {
        assert_eq!(kind(no_object), "not a JSON object", "{no_object}");
    }
}

#[test]
fn fields_of_a_wrong_type_count_as_absent() {
    let line = post(
        r#","language":5,"content":null,"reblogs_count":"7","favourites_count":-3,"replies_count":2.5,
        "media_attachments":{"a":[1]},"emojis":"blob","tags":[{"name":"One"},"two",3,{"name":4},{},null,["five"]],
        "account":{"id":"9","followers_count":-1,"bot":"yes","created_at":false},"edited_at":[]"#,
    );
    let post = Post::parse(&line).unwrap();
    assert_eq!((post.language, &*post.content, post.edited_at), (None, "", None));
    assert_eq!((post.reblogs_count, post.favourites_count, post.replies_count), (0, 0, 0));
    assert_eq!((post.media_attachments, post.emojis.len()), (0, 0));
    assert_eq!(post.tags, ["One", "two"]);
    let account = post.account.unwrap();
    assert_eq!((account.followers_count, account.bot, account.created_at), (0, false, None));
    for absent in ["null", "[]", "\"a\"", r#"{"id":""}"#] {
        let line = self::post(&format!(r#","account":{absent}"#));
        assert!(Post::parse(&line).unwrap().account.is_none(), "{absent}");
    }
}

#[test]
fn the_last_of_fields_with_the_same_name_counts() {
    let line = post(r#","language":"de","language":"en","account":{"id":"1"},"account":{"id":"2","id":"3"}"#);
    let read = Post::parse(&line).unwrap();
    assert_eq!((read.language.as_deref(), read.account.unwrap().id()), (Some("en"), "3"));
    let long = format!(
        r#"{{"id":1,"id":{0}8,"id":{0}9,"created_at":"2026-11-24","account":{{"id":{0}7,"id":{0}6}}}}"#,
        "1".repeat(30)
    );
    let read = Post::parse(&long).unwrap();
    assert!(read.id.ends_with("19") && read.account.unwrap().id().ends_with("16"), "{long}");
    assert!(Post::parse(&post(r#","reblog":{},"reblog":null"#)).is_ok());
    assert_eq!(Post::parse(&post(r#","language":"de","language":5"#)).unwrap().language, None);
}

#[test]
fn lone_surrogates_do_not_lose_the_post() {
    let line = post(r#","content":"a\ud83d b\ude00\u003c \ud83d\ude00","lang\u0075age":"\ud800""#);
    let read = Post::parse(&line).unwrap();
    assert_eq!((&*read.content, read.language.as_deref()), ("a\u{fffd} b\u{fffd}< 😀", Some("\u{fffd}")));
    let long = r#"{"\ud800":1,"id":12345678901234567890123,"created_at":"2026-11-24T10:00:00Z"}"#;
    assert_eq!(Post::parse(long).unwrap().id, "12345678901234567890123");
}

#[test]
fn any_other_field_can_be_read() {
    let line = post(r#","poll":{"options":[{"title":"a \"b\""}]},"application":null"#);
    let read = Post::parse(&line).unwrap();
    assert_eq!(
        read.get::<Vec<std::collections::BTreeMap<String, String>>>(&["poll", "options"]).unwrap()[0]["title"],
        "a \"b\""
    );
    assert_eq!(read.get::<String>(&["application", "name"]), None);
    assert_eq!(read.get::<&str>(&["id"]), Some("1"));
}

#[test]
fn depth_is_limited() {
    let nested = |levels: usize| post(&format!(r#","x":{}{}"#, "[".repeat(levels), "]".repeat(levels)));
    assert!(Line::parse(&nested(127)).is_ok());
    assert_eq!(Line::parse(&nested(128)).unwrap_err(), BadLine::TooDeep);
    assert_eq!(Line::parse(&nested(1_000_000)).unwrap_err(), BadLine::TooDeep);
    assert_eq!(Line::parse(&"[".repeat(1_000_000)).unwrap_err(), BadLine::TooDeep);
    assert!(Line::parse(&post(&format!(r#","x":"{}\"{}""#, "[".repeat(500), "{".repeat(500)))).is_ok());
    assert!(Line::parse(&post(&format!(r#","x":[{}1]"#, "[],".repeat(500)))).is_ok());
}

#[test]
fn ids_are_ordered_by_length_then_bytes() {
    let mut ids = ["b", "10", "a", "9", "", "09"].map(Id::new);
    ids.sort();
    assert_eq!(ids.each_ref().map(Id::as_str), ["", "9", "a", "b", "09", "10"]);
}

proptest! {
    #[test]
    fn never_panics(line in ".*|[\\[\\]{}\",:\\\\ua-f0-9nte. -]*") {
        let _ = Line::parse(&line);
        let _ = Line::parse(&post(&line));
    }
}

#[test]
fn a_post_says_what_of_it_was_not_kept() {
    let reduction =
        |says: &str| Post::parse(&format!(r#"{{"id":"1","created_at":"2026-11-24"{says}}}"#)).unwrap().reduction;
    for one in [Reduction::Text, Reduction::Account] {
        assert_eq!(reduction(&format!(r#","{}":"{}""#, Reduction::FIELD, one.name())), one);
    }
    for none in ["", r#","reduced":"""#, r#","reduced":"Text""#, r#","reduced":true"#, r#","reduced":null"#] {
        assert_eq!(reduction(none), Reduction::None, "{none}");
    }
}
