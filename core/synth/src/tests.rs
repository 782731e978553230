//! The bytes stay the same, every oddity shows, plain posts are plain, and the proportions are those of real posts.
#![expect(clippy::cast_precision_loss, reason = "counts are small")]

use super::{odd::Edit, *};
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
    assert_eq!(
        [hash_of(1, true), hash_of(1, false), hash_of(2, true), hash_of(u64::MAX, true)],
        ["c2a031030815e37a", "65d55441f6d0e36a", "7945eb20a1a4acbb", "17fab0cfc7ad5447"]
    );
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
    assert_eq!(lines, whole.split(|byte| *byte == b'\n').count() as u64 - 1);
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
        let timeline = Timeline { posts: 1_000_000, seed, ..Timeline::default() };
        let plainly = Timeline { oddities: false, ..timeline.clone() };
        let firsts = firsts(&timeline);
        for oddity in Oddity::ALL.iter().copied() {
            let number = *firsts.get(&oddity).unwrap_or_else(|| panic!("{oddity:?} does not occur"));
            let (mut out, mut plain) = (Vec::new(), Vec::new());
            timeline.post(number, &mut out);
            plainly.post(number, &mut plain);
            let mut lines: Vec<_> = out.split_inclusive(|byte| *byte == b'\n').collect();
            let own = lines.remove(usize::from(matches!(oddity.edit(), Edit::Before(_))));
            let said = || format!("{oddity:?} in {}", String::from_utf8_lossy(&out));
            match lines[..] {
                [] => assert!(shows(oddity, own, &plain) && !shows(oddity, &plain, &plain), "{}", said()),
                [added] => assert!(shows_beside(oddity, &timeline, number, added) && own == plain, "{}", said()),
                _ => panic!("{}", said()),
            }
        }
    }
}

#[test]
fn bad_lines_are_bad_and_no_others() {
    let timeline = Timeline { posts: 20_000, ..Timeline::default() };
    for number in 0..timeline.posts {
        let Some(oddity) = timeline.oddity(number) else { continue };
        // What no strict reader takes, but is no reason to lose a post.
        if matches!(oddity, Oddity::Surrogate | Oddity::SurrogateTag) {
            continue;
        }
        let mut out = Vec::new();
        timeline.post(number, &mut out);
        let mut lines = out.split(|byte| *byte == b'\n');
        let post = parse(lines.nth(usize::from(matches!(oddity.edit(), Edit::Before(_)))).unwrap());
        let id = match &post["id"] {
            Value::String(id) => !id.is_empty(),
            Value::Number(id) => !id.is_f64() || oddity == Oddity::IdHuge,
            _ => false,
        };
        let good = post.is_object() && id && shape(&text(&post["created_at"])).starts_with("0000-00-00");
        assert_eq!(good && post["created_at"] != "2026-13-01T00:00:00Z", !oddity.is_bad(), "{oddity:?} in {post}");
    }
}

/// A line as a tolerant reader sees it, or null.
fn parse(line: &[u8]) -> Value {
    serde_json::from_str(&String::from_utf8_lossy(line)).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A date with each digit as 0.
fn shape(date: &str) -> String {
    date.replace(|letter: char| letter.is_ascii_digit(), "0")
}

/// The first line that shows the post with that id near by.
fn original(timeline: &Timeline, id: &Value, near: Range<u64>) -> Value {
    let find = |number| {
        let mut out = Vec::new();
        timeline.post(number, &mut out);
        out.split(|byte| *byte == b'\n').map(parse).find(|post| post.is_object() && text(&post["id"]) == text(id))
    };
    near.into_iter().find_map(find).unwrap_or_default()
}

/// Whether the line that the oddity adds to a post is what the table says.
fn shows_beside(oddity: Oddity, timeline: &Timeline, number: u64, added: &[u8]) -> bool {
    let post = parse(added);
    let near = match oddity.edit() {
        Edit::Before(_) => number + 1..number + 8200,
        _ => number.saturating_sub(8200)..number,
    };
    let first = original(timeline, if post["deleted"].is_null() { &post["id"] } else { &post["deleted"] }, near);
    let dates = || [&first, &post].map(|post| text(&post["created_at"]));
    let later = || first["reblogs_count"].as_i64() < post["reblogs_count"].as_i64() && dates()[0] == dates()[1];
    match oddity {
        Oddity::Again => first == post && post.is_object(),
        Oddity::AgainCounted => later(),
        Oddity::AgainEdited | Oddity::Ahead => later() && post["edited_at"].is_string(),
        Oddity::TieSpaces => first == post && String::from_utf8_lossy(added).contains(", \t \"created_at"),
        Oddity::TieBytes => dates()[0] == dates()[1] && first["language"] != post["language"],
        Oddity::TieForms => dates()[0] != dates()[1] && first["content"] == post["content"],
        Oddity::DeletedAfter | Oddity::DeletedBefore => first.is_object() && post["at"].is_string(),
        Oddity::LineEmpty => added == b"\n",
        Oddity::LineBlank => added.len() > 1 && added.trim_ascii().is_empty(),
        _ => false,
    }
}

/// Whether a post's line is what the table says.
fn shows(oddity: Oddity, own: &[u8], plain: &[u8]) -> bool {
    let lossy = String::from_utf8_lossy(own);
    let has = |needle: &str| lossy.contains(needle);
    let (post, plain) = (parse(own), parse(plain));
    let at = |path: &str| {
        path.split('.').fold(&post, |at, name| if name == "tags" && path != "tags" { at } else { &at[name] })
    };
    let set = |path: &str, value: &str| match value {
        "" => at(path).is_null() && own.len() > 500,
        _ if post.is_null() => false,
        _ => *at(path) == parse(value.as_bytes()) && has(&format!("\":{value},")),
    };
    let id = text(&post["id"]);
    match oddity.edit() {
        Edit::Set(path, values) => return values.iter().any(|value| set(path, value)),
        Edit::One(members) => return members.iter().any(|(path, value)| set(path, value)),
        Edit::Into(path, texts) => {
            return texts.iter().any(|text| has(&format!("\"{}\":\"{text}", path.rsplit('.').next().unwrap())));
        }
        Edit::Date(path, forms) => {
            let form = |form: &str| {
                form.replace('D', "0000-00-00").replace('S', "00:00:00").replace('F', "000").replace('R', "0")
            };
            return forms.iter().any(|text| shape(&form(text)) == shape(post[path].as_str().unwrap_or_default()));
        }
        Edit::Tags(lists) => {
            return lists
                .iter()
                .any(|tags| has(&format!("[{{\"name\":\"{}\"}}]", tags.replace(' ', "\"},{\"name\":\""))));
        }
        Edit::Replace(lines) => return lines.iter().any(|line| [line.as_bytes(), b"\n"].concat() == own),
        Edit::Content(texts) => {
            return texts.iter().any(|text| {
                let quoted = odd::quote(text.split("{}").max_by_key(|part| part.len()).unwrap());
                has(&quoted[1..quoted.len() - 1])
            });
        }
        Edit::By(_) | Edit::Before(_) | Edit::After(_) => {}
    }
    match oddity {
        Oddity::Boost => post["reblog"]["account"].is_object(),
        Oddity::IdNumber => post["id"].as_u64().is_some_and(|id| id > 1 << 53),
        Oddity::IdHuge => own[6..31].iter().all(u8::is_ascii_digit) && own[31] == b',',
        Oddity::IdShort => post["id"].as_i64().is_some_and(|id| id < 1 << 32),
        Oddity::IdFlake => id.starts_with('A') && id.len() == 18,
        Oddity::IdUlid => id.starts_with("01K") && id.len() == 26,
        Oddity::IdUuid => id.len() == 36 && id.matches('-').count() == 4,
        Oddity::IdEscaped => has("\"id\":\"\\u00") && post == plain,
        Oddity::Edited => post["edited_at"].as_str() > post["created_at"].as_str(),
        Oddity::Late => post["created_at"].as_str() < plain["created_at"].as_str(),
        Oddity::AccountIdNumber => post["account"]["id"].is_u64(),
        Oddity::KeyLong => own.len() > 32_768 && has(&"m".repeat(32_768)),
        Oddity::InvalidBytes => str::from_utf8(own).is_err() && text(&post["content"]).starts_with('\u{fffd}'),
        Oddity::InvalidTag => str::from_utf8(own).is_err() && text(&post["tags"][0]["name"]).starts_with('\u{fffd}'),
        Oddity::NameTwice => post == plain && serde_json::to_vec(&post).unwrap().len() + 5 < own.len(),
        Oddity::NameEscaped => post == plain && (has(r"\u0061nguage") || has(r"\u0069d") || has(r"conten\u0074")),
        Oddity::EscapedMarkup => post == plain && has(r"\u003cp\u003e"),
        Oddity::EscapedSlash => post == plain && has(r"<\/p>"),
        Oddity::EscapedLetters => has(r"M\u00fchle \ud83e\udda3 ") && text(&post["content"]).starts_with("Mühle 🦣 "),
        Oddity::TextBreaks => {
            [&post["content"], &post["account"]["display_name"]].iter().all(|value| text(value).contains(['\n', '\t']))
        }
        Oddity::TextBrackets => text(&post["content"]).matches(['[', '{']).count() > 128,
        Oddity::Nested => post["card"].is_array() || post["card"]["a"].is_object(),
        Oddity::TextLong => text(&post["content"]).len() >= 300_000,
        Oddity::LineEmpty | Oddity::LineBlank => post == plain,
        Oddity::LineCrLf => own.ends_with(b"}\r\n") && post == plain,
        Oddity::LineCut => post.is_null() && own.starts_with(b"{"),
        Oddity::LineDeep => post.is_null() && (has(&"[".repeat(129)) || has(&"{\"a\":".repeat(129))),
        _ => false,
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
        assert!(oddity.share() >= 200 || oddity.share() == 20, "{oddity:?} may be missing in 20,000 posts");
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
