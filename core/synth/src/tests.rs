//! The bytes stay the same, every oddity shows, plain posts are plain, and the proportions are those of real posts.

use super::*;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

fn bytes(timeline: &Timeline, posts: Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    timeline.write_range(posts, &mut out).unwrap();
    out
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_bytes_are_pinned() {
    let hash_of = |seed, oddities| {
        let timeline = Timeline { posts: 3000, seed, oddities, ..Timeline::default() };
        format!("{:016x}", hash(&bytes(&timeline, 0..3000)))
    };
    // Who changes the bytes on purpose also changes these; benchmarks before and after cannot be compared.
    assert_eq!([hash_of(1, true), hash_of(1, false), hash_of(2, true), hash_of(u64::MAX, true)], ["", "", "", ""]);
}

#[test]
fn a_post_alone_is_its_bytes_in_the_whole() {
    let timeline = Timeline { posts: 4000, seed: 3, ..Timeline::default() };
    let (mut whole, mut alone) = (Vec::new(), Vec::new());
    let counts = timeline.write_to(&mut whole).unwrap();
    let lines: u64 = (0..4000).map(|number| timeline.post(number, &mut alone)).sum();
    assert_eq!(whole, alone);
    assert_eq!(whole, [bytes(&timeline, 0..1), bytes(&timeline, 1..777), bytes(&timeline, 777..4000)].concat());
    assert_eq!((counts.posts, counts.lines, counts.bytes), (4000, lines, whole.len() as u64));
    assert_eq!(lines, whole.iter().filter(|byte| **byte == b'\n').count() as u64);
}

#[test]
fn plain_posts_are_plain() {
    let timeline = Timeline { posts: 5000, seed: 9, days: 3, oddities: false, ..Timeline::default() };
    let out = bytes(&timeline, 0..5000);
    let mut ids = HashSet::new();
    let mut days = HashSet::new();
    let mut last = 0;
    for line in str::from_utf8(&out).unwrap().lines() {
        let post: Value = serde_json::from_str(line).unwrap();
        let id: u64 = post["id"].as_str().unwrap().parse().unwrap();
        assert!(id > last && ids.insert(id), "in order, each once");
        last = id;
        days.insert(post["created_at"].as_str().unwrap()[..10].to_owned());
        assert_eq!(post["visibility"], "public");
        assert!(post["reblog"].is_null() && post["edited_at"].is_null());
        assert!(post["account"]["id"].is_string() && post["account"]["followers_count"].is_u64());
        let content = post["content"].as_str().unwrap();
        assert!(content.starts_with("<p>") && content.ends_with("</p>"));
        let listed: HashSet<_> =
            post["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap().to_lowercase()).collect();
        assert_eq!(listed.len(), content.matches("hashtag").count(), "{content}");
    }
    assert_eq!(ids.len(), 5000);
    let mut days: Vec<_> = days.into_iter().collect();
    days.sort();
    assert_eq!(days, ["2026-11-16", "2026-11-17", "2026-11-18"]);
}

#[test]
fn ids_differ_even_of_posts_of_the_same_millisecond() {
    let posts = 86_400_000 * 50;
    let timeline = Timeline { posts, days: 1, oddities: false, ..Timeline::default() };
    let out = bytes(&timeline, posts / 2..posts / 2 + 2000);
    let ids: HashSet<_> = out.split(|byte| *byte == b'\n').map(|line| line.get(..27)).collect();
    assert_eq!(ids.len(), 2001);
}

#[test]
fn every_timeline_can_be_written() {
    for timeline in [
        Timeline { posts: 0, ..Timeline::default() },
        Timeline { posts: 1, days: 0, ..Timeline::default() },
        Timeline { posts: 300, start: 0, ..Timeline::default() },
        Timeline { posts: 300, start: 2_932_896, days: 1, ..Timeline::default() },
        Timeline { posts: 300, start: u32::MAX, days: u32::MAX, seed: u64::MAX, ..Timeline::default() },
        Timeline { posts: u64::MAX, ..Timeline::default() },
    ] {
        let counts = timeline.write_range(0..timeline.posts.min(300), &mut io::sink()).unwrap();
        assert_eq!(counts.posts, timeline.posts.min(300));
        timeline.post(u64::MAX - 1, &mut Vec::new());
    }
}

/// The first post of each oddity. Those that are very rare are looked for further on.
fn firsts(timeline: &Timeline) -> HashMap<Oddity, u64> {
    let mut firsts = HashMap::new();
    for number in (100..20_000).chain(20_000..1_000_000) {
        if let Some(oddity) = timeline.oddity(number)
            && (number < 20_000 || oddity.share() < 100)
        {
            firsts.entry(oddity).or_insert(number);
        }
    }
    firsts
}

#[test]
fn every_oddity_occurs_in_20_000_posts_and_shows() {
    for seed in 1..=2 {
        let timeline = Timeline { posts: 2_000_000, seed, ..Timeline::default() };
        let firsts = firsts(&timeline);
        for oddity in Oddity::ALL {
            let number = *firsts.get(oddity).unwrap_or_else(|| panic!("{oddity:?} does not occur"));
            let mut out = Vec::new();
            timeline.post(number, &mut out);
            assert!(shows(*oddity, &timeline, number, &out), "{oddity:?} in {}", String::from_utf8_lossy(&out));
            let mut plain = Vec::new();
            Timeline { oddities: false, ..timeline.clone() }.post(number, &mut plain);
            let added = [b"\n", &*plain].concat();
            assert!(
                !shows(*oddity, &timeline, number, if adds_before(*oddity) { &added } else { &plain }),
                "{oddity:?}"
            );
        }
    }
}

/// The line of a post as another line may repeat it: with its own oddity, without what that adds.
fn original(timeline: &Timeline, id: &Value, near: Range<u64>) -> Option<Value> {
    near.filter_map(|number| {
        let mut out = Vec::new();
        timeline.post(number, &mut out);
        out.split(|byte| *byte == b'\n')
            .map(parse)
            .find(|post| text(&post["id"]) == text(id) && post["deleted"].is_null())
    })
    .next()
}

fn text(id: &Value) -> String {
    id.to_string().trim_matches('"').to_owned()
}

/// A line as a tolerant reader sees it, or null.
fn parse(line: &[u8]) -> Value {
    serde_json::from_str(&String::from_utf8_lossy(line)).unwrap_or_default()
}

fn adds_before(oddity: Oddity) -> bool {
    matches!(oddity, Oddity::Ahead | Oddity::DeletedBefore | Oddity::LineEmpty | Oddity::LineBlank)
}

/// A date with each digit as 0.
fn shape(date: &Value) -> String {
    text(date).replace(|letter: char| letter.is_ascii_digit(), "0")
}

fn any<'a>(items: &Value, name: &str, test: impl Fn(&str) -> bool + 'a) -> bool {
    items.as_array().is_some_and(|items| items.iter().any(|item| item[name].as_str().is_some_and(&test)))
}

#[expect(clippy::too_many_lines, reason = "one arm an oddity")]
fn shows(oddity: Oddity, timeline: &Timeline, number: u64, out: &[u8]) -> bool {
    let mut lines: Vec<_> = out.split_inclusive(|byte| *byte == b'\n').collect();
    let mut plain = Vec::new();
    Timeline { oddities: false, ..timeline.clone() }.post(number, &mut plain);
    let before = adds_before(oddity);
    let own = lines.remove(usize::from(before));
    let lossy = String::from_utf8_lossy(own);
    let has = |needle: &str| lossy.contains(needle);
    let (post, plain) = (parse(own), parse(&plain));
    let account = &post["account"];
    if let Some(added) = lines.first() {
        let added_post = parse(added);
        let id = if added_post["deleted"].is_null() { &added_post["id"] } else { &added_post["deleted"] };
        let near = if before { number..number + 8200 } else { number.saturating_sub(8200)..number };
        let first = || original(timeline, id, near.clone()).unwrap_or_default();
        let count = |post: &Value| post["reblogs_count"].as_i64().max(post["favourites_count"].as_i64());
        return match oddity {
            Oddity::Again => first() == added_post,
            Oddity::AgainCounted => count(&added_post) > count(&first()),
            Oddity::AgainEdited | Oddity::Ahead => {
                added_post["edited_at"].is_string()
                    && count(&added_post) >= Some(1000)
                    && added_post["created_at"] == first()["created_at"]
            }
            Oddity::TieSpaces => first() == added_post && String::from_utf8_lossy(added).contains(", \t \"created_at"),
            Oddity::TieBytes => {
                first()["language"] != added_post["language"] && first()["created_at"] == added_post["created_at"]
            }
            Oddity::TieForms => first()["created_at"] != added_post["created_at"],
            Oddity::DeletedAfter | Oddity::DeletedBefore => first().is_object() && added_post["at"].is_string(),
            Oddity::LineEmpty => *added == b"\n" && post == plain,
            Oddity::LineBlank => added.trim_ascii().is_empty() && added.len() > 1 && post == plain,
            _ => false,
        };
    }
    match oddity {
        Oddity::Boost => post["reblog"]["account"].is_object(),
        Oddity::NotPublic => post["visibility"].is_string() && post["visibility"] != "public",
        Oddity::VisibilityAbsent => post.get("visibility").is_none(),
        Oddity::IdNumber => post["id"].as_u64().is_some_and(|id| id > 1 << 53),
        Oddity::IdHuge => own[6..31].iter().all(u8::is_ascii_digit) && own[31] == b',',
        Oddity::IdShort => post["id"].as_i64().is_some_and(|id| id < 1 << 32),
        Oddity::IdFlake => text(&post["id"]).starts_with('A') && text(&post["id"]).len() == 18,
        Oddity::IdUlid => text(&post["id"]).len() == 26,
        Oddity::IdUuid => text(&post["id"]).len() == 36,
        Oddity::IdEscaped => has("\"id\":\"\\u00") && post == plain,
        Oddity::DateSeconds => shape(&post["created_at"]) == "0000-00-00T00:00:00Z",
        Oddity::DateMicros => shape(&post["created_at"]) == "0000-00-00T00:00:00.000000Z",
        Oddity::DateNanos => shape(&post["created_at"]) == "0000-00-00T00:00:00.000000000Z",
        Oddity::DateOffset => shape(&post["created_at"]) == "0000-00-00T00:00:00.000+00:00",
        Oddity::DateShifted => ["+0000", "-0000", "+00:00", "-00:00"]
            .contains(&shape(&post["created_at"]).trim_start_matches("0000-00-00T00:00:00.000")),
        Oddity::DateSpace => shape(&post["created_at"]) == "0000-00-00 00:00:00.000Z",
        Oddity::DateSpaceOffset => shape(&post["created_at"]).starts_with("0000-00-00T00:00:00.000 +00"),
        Oddity::DatePython => {
            let shape = shape(&post["created_at"]);
            shape == "0000-00-00 00:00:00+00:00" || shape == "0000-00-00 00:00:00.000000+00:00"
        }
        Oddity::DateNaive => shape(&post["created_at"]) == "0000-00-00T00:00:00.000",
        Oddity::DateBare => shape(&post["created_at"]) == "0000-00-00",
        Oddity::Edited => post["edited_at"].as_str() > post["created_at"].as_str(),
        Oddity::Late => post["created_at"].as_str() < plain["created_at"].as_str(),
        Oddity::LanguageNull => post.get("language") == Some(&Value::Null),
        Oddity::LanguageAbsent => post.is_object() && post.get("language").is_none(),
        Oddity::LanguageEmpty => post["language"] == "",
        Oddity::LanguageEscaped => text(&post["language"]).contains('\\'),
        Oddity::CountNegative => has("_count\":-3"),
        Oddity::CountNull => has("_count\":null"),
        Oddity::CountAbsent => {
            ["replies_count", "reblogs_count", "favourites_count"].iter().any(|name| post.get(name).is_none())
        }
        Oddity::CountLarge => post["favourites_count"].as_u64() > Some(1 << 32),
        Oddity::FollowersZero => account["followers_count"] == 0,
        Oddity::FollowersHidden => account["followers_count"] == -1,
        Oddity::FollowersNull => account.get("followers_count") == Some(&Value::Null),
        Oddity::AccountNull => post.get("account") == Some(&Value::Null),
        Oddity::AccountAbsent => post.is_object() && post.get("account").is_none(),
        Oddity::AccountIdMissing => account.is_object() && !account["id"].as_str().is_some_and(|id| !id.is_empty()),
        Oddity::AccountIdNumber => account["id"].is_u64(),
        Oddity::AccountIdEscaped => text(&account["id"]).contains('\\'),
        Oddity::AccountDateMissing => account.is_object() && !shape(&account["created_at"]).starts_with("0000-"),
        Oddity::EmojiStrings => post["emojis"][1].is_string(),
        Oddity::EmojiTwice => post["emojis"][0] == post["emojis"][1],
        Oddity::TagStrings => post["tags"][2].is_string(),
        Oddity::TagTwice => {
            let [first, second] = [0, 1].map(|place| text(&post["tags"][place]["name"]));
            second == first.to_lowercase()
        }
        Oddity::TagCapitals => any(&post["tags"], "name", |name| name != name.to_lowercase()),
        Oddity::TagScripts => any(&post["tags"], "name", |name| samples::SCRIPTS.contains(&name)),
        Oddity::TagControl => any(&post["tags"], "name", |name| name.contains(char::is_control)),
        Oddity::TagEscaped => any(&post["tags"], "name", |name| name.contains(['\\', '\t', '\n'])),
        Oddity::KeyEmpty => post["tags"][0]["name"] == "" && post["emojis"][0]["shortcode"] == "",
        Oddity::KeyLong => [(&post["tags"], "name"), (&post["emojis"], "shortcode")]
            .iter()
            .any(|(list, name)| any(list, name, |key| key.len() > 32_767)),
        Oddity::Surrogate | Oddity::SurrogateTag => {
            samples::SURROGATES.iter().any(|half| has(half)) && serde_json::from_slice::<Value>(own).is_err()
        }
        Oddity::InvalidBytes => str::from_utf8(own).is_err() && has("\"content\":\""),
        Oddity::InvalidTag => {
            str::from_utf8(own).is_err() && any(&post["tags"], "name", |name| name.contains('\u{fffd}'))
        }
        Oddity::NameTwice => post == plain && own.len() > serde_json::to_vec(&plain).unwrap().len() + 5,
        Oddity::NameEscaped => post == plain && (has("\\u0061") || has("\\u0069d") || has("conten\\u0074")),
        Oddity::WrongType => samples::WRONG
            .iter()
            .any(|(path, value)| has(&format!("\"{}\":{value},", path.last().unwrap())) && post.is_object()),
        Oddity::EscapedMarkup => post == plain && has("\\u003cp\\u003e"),
        Oddity::EscapedSlash => post == plain && has("<\\/p>"),
        Oddity::EscapedLetters => has("M\\u00fchle \\ud83e\\udda3") && text(&post["content"]).contains("Mühle 🦣"),
        Oddity::TextBreaks => {
            has("\\t") && post["account"]["display_name"].as_str().is_some_and(|name| name.contains(char::is_control))
        }
        Oddity::TextBrackets => {
            post["content"].as_str().is_some_and(|content| content.matches(['[', '{']).count() > 128)
        }
        Oddity::Nested => post["card"].is_array() || post["card"]["a"].is_object(),
        Oddity::TextLong => text(&post["content"]).len() >= 300_000,
        Oddity::LineCut => post.is_null() && plain["id"].is_string(),
        Oddity::LineNoObject => !post.is_object() && (post != Value::Null || own == b"null\n"),
        Oddity::LineNoJson => post.is_null() && own != b"null\n",
        Oddity::LineDeep => post.is_null() && (has(&"[".repeat(129)) || has(&"{\"a\":".repeat(129))),
        Oddity::IdMissing => {
            post.is_object() && !(post["id"].is_u64() || post["id"].as_str().is_some_and(|id| !id.is_empty()))
        }
        Oddity::DateMissing => post.is_object() && !shape(&post["created_at"]).starts_with("0000-00-00T00:00:00.000Z"),
        Oddity::LineCrLf => own.ends_with(b"}\r\n") && post == plain,
        _ => samples::of(oddity).iter().any(|sample| {
            let part = sample.split("{}").max_by_key(|part| part.len()).unwrap_or_default();
            let quoted = String::from_utf8(edit::quote(part)).unwrap();
            has(quoted.trim_matches('"')) || has(&quoted[1..quoted.len() - 1])
        }),
    }
}

#[test]
fn the_table_is_within_its_limits() {
    let share =
        |bad| -> u32 { Oddity::ALL.iter().filter(|oddity| oddity.is_bad() == bad).map(|oddity| oddity.share()).sum() };
    assert!(share(true) < 5_000, "runs fail above 1 % of bad lines");
    assert!((100_000..450_000).contains(&share(false)), "{}", share(false));
    for (place, oddity) in Oddity::ALL.iter().enumerate() {
        assert_eq!(*oddity as usize, place);
        assert!(oddity.meaning().ends_with('.'), "{oddity:?}");
        assert!(oddity.share() >= 400 || oddity.share() == 20, "{oddity:?} may be missing in 20,000 posts");
    }
}

#[test]
fn counts_are_as_the_table_says() {
    let timeline = Timeline { posts: 60_000, ..Timeline::default() };
    let counts = timeline.write_to(&mut io::sink()).unwrap();
    for oddity in Oddity::ALL {
        let expected = f64::from(oddity.share()) * 0.06;
        let found = counts.of(*oddity) as f64;
        assert!((found - expected).abs() < 5.0 * expected.sqrt() + 2.0, "{oddity:?}: {found}, not {expected}");
    }
}

#[test]
fn proportions_are_those_of_real_posts() {
    let timeline = Timeline { posts: 20_000, oddities: false, ..Timeline::default() };
    let out = bytes(&timeline, 0..20_000);
    let posts: Vec<Value> =
        str::from_utf8(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mean = |of: &dyn Fn(&Value) -> usize| posts.iter().map(of).sum::<usize>() as f64 / posts.len() as f64;
    let share = |of: &dyn Fn(&Value) -> bool| mean(&|post| usize::from(of(post)));
    let content = |post: &Value| post["content"].as_str().unwrap().to_owned();
    let length = |post: &Value, name: &str| post[name].as_array().unwrap().len();
    for (what, value, expected) in [
        ("bytes", out.len() as f64 / 20_000.0, 3300.0..3800.0),
        ("bytes of content", mean(&|post| content(post).len()), 500.0..650.0),
        ("posts with an a", share(&|post| content(post).contains("<a ")), 0.55..0.65),
        ("links", mean(&|post| content(post).matches("ellipsis").count()), 0.3..0.6),
        ("tags", mean(&|post| length(post, "tags")), 0.6..0.9),
        ("posts with media", share(&|post| length(post, "media_attachments") > 0), 0.2..0.3),
        ("posts with emojis", share(&|post| length(post, "emojis") > 0), 0.02..0.06),
        ("English", share(&|post| post["language"] == "en"), 0.35..0.5),
        ("bots", share(&|post| post["account"]["bot"] == true), 0.1..0.2),
        ("without followers", share(&|post| post["account"]["followers_count"] == 0), 0.02..0.1),
        ("reblogged", share(&|post| post["reblogs_count"] != 0), 0.05..0.1),
    ] {
        assert!(expected.contains(&value), "{what}: {value}, not in {expected:?}");
    }
    let accounts: HashSet<_> = posts.iter().map(|post| post["account"]["id"].as_str().unwrap()).collect();
    assert!((2_500..16_700).contains(&accounts.len()), "an account per 1.2 to 8 posts: {}", accounts.len());
}
