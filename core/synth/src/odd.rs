//! What each oddity does to a post's line, and which lines it adds.

use crate::{
    Oddity, Timeline,
    content::{Emoji, Host},
    edit::{Line, quote},
    post,
    put::{DAY, Moment, put},
    random::{Random, Stream},
    samples::{self, CAPITALS, INVALID, SCRIPTS, SURROGATES, TWICE, WRONG},
    words::{Language, ascii},
};

/// Writes post `number`, which has the oddity, and the lines that the oddity adds; says how many lines that is.
pub fn lines(timeline: &Timeline, number: u64, oddity: Oddity, out: &mut Vec<u8>) -> u64 {
    let mut random = Random::new(timeline.seed, Stream::Edit, number);
    match oddity {
        Oddity::Ahead => again(timeline, other(timeline, number, oddity, &mut random), oddity, &mut random, out),
        Oddity::DeletedBefore => deletion(timeline, other(timeline, number, oddity, &mut random), &mut random, out),
        Oddity::LineEmpty => out.push(b'\n'),
        Oddity::LineBlank => put!(out, random.pick(&[" \n", "   \t \n", "\t\n"])),
        _ => {}
    }
    line(timeline, number, Some(oddity), out);
    put!(out, if oddity == Oddity::LineCrLf { "\r\n" } else { "\n" });
    match oddity {
        Oddity::Again
        | Oddity::AgainEdited
        | Oddity::AgainCounted
        | Oddity::TieSpaces
        | Oddity::TieBytes
        | Oddity::TieForms => {
            again(timeline, other(timeline, number, oddity, &mut random), oddity, &mut random, out);
        }
        Oddity::DeletedAfter => deletion(timeline, other(timeline, number, oddity, &mut random), &mut random, out),
        Oddity::Ahead | Oddity::DeletedBefore | Oddity::LineEmpty | Oddity::LineBlank => {}
        _ => return 1,
    }
    2
}

/// A post near by whose line is not bad, after this one where that is shown ahead; this one where none is found.
fn other(timeline: &Timeline, number: u64, oddity: Oddity, random: &mut Random) -> u64 {
    let mut near = || {
        let step = 1 + random.rank(4096);
        if matches!(oddity, Oddity::Ahead | Oddity::DeletedBefore) {
            number.saturating_add(step).min(timeline.posts.saturating_sub(1))
        } else {
            number.saturating_sub(step)
        }
    };
    // The creation in another form is the same moment only if it isn't odd itself.
    let fits = |near: &u64| timeline.oddity(*near).is_none_or(|own| !own.is_bad() && oddity != Oddity::TieForms);
    (0..8).map(|_| near()).find(fits).unwrap_or(number)
}

/// Writes the line of a post without its end.
fn line(timeline: &Timeline, number: u64, oddity: Option<Oddity>, out: &mut Vec<u8>) -> post::Written {
    let start = out.len();
    let written = post::write(timeline, number, out);
    if let Some(oddity) = oddity {
        let random = Random::new(timeline.seed ^ 1, Stream::Edit, number);
        Odd { line: Line { out, start }, timeline, number, id: written.id, created: written.created, random }
            .make(oddity);
    }
    written
}

/// Writes the deletion of a post.
fn deletion(timeline: &Timeline, number: u64, random: &mut Random, out: &mut Vec<u8>) {
    let mut post = Vec::new();
    let written = line(timeline, number, timeline.oddity(number), &mut post);
    let id = Line { out: &mut post, start: 0 }.get(&["id"]).trim_ascii().to_vec();
    let bare = id.strip_prefix(b"\"").and_then(|id| id.strip_suffix(b"\"")).unwrap_or(&id);
    put!(out, r#"{"deleted":""#);
    out.extend_from_slice(bare);
    put!(out, r#"","at":""#, Moment(written.created + random.below(DAY)), "\"}\n");
}

/// Writes a post once more, as the oddity says.
fn again(timeline: &Timeline, number: u64, oddity: Oddity, random: &mut Random, out: &mut Vec<u8>) {
    let start = out.len();
    let written = line(timeline, number, timeline.oddity(number), out);
    let mut line = Line { out, start };
    if matches!(oddity, Oddity::Ahead | Oddity::AgainEdited) {
        let edited = String::from_utf8_lossy(&Moment(written.created + 60_000 + random.below(DAY)).text()).into_owned();
        line.set(&["edited_at"], &quote(&edited));
        line.put_into(&["content"], b"<p>(edited)</p>");
    }
    match oddity {
        Oddity::Ahead | Oddity::AgainEdited | Oddity::AgainCounted => {
            let count = (1000 + random.rank(5000)).to_string();
            line.set(&[random.pick(&["reblogs_count", "favourites_count"])], count.as_bytes());
        }
        Oddity::TieSpaces => {
            line.put_before(&["created_at"], b" \t ");
            line.put_before(&["language"], b"\t");
            line.put_before(&["content"], b"  ");
        }
        Oddity::TieBytes => {
            line.set(&["language"], random.pick(&["\"aa\"", "\"zu\""]).as_bytes());
            line.put_into(&["content"], random.pick(&["<p>again</p>", "Again "]).as_bytes());
            line.set(&["account", "followers_count"], random.below(1 << 20).to_string().as_bytes());
        }
        Oddity::TieForms => {
            let forms = [
                Oddity::DateOffset,
                Oddity::DateShifted,
                Oddity::DateSpace,
                Oddity::DateSpaceOffset,
                Oddity::DatePython,
                Oddity::DateNaive,
            ];
            line.set(&["created_at"], &date(random.pick(&forms), written.created, random));
        }
        _ => {}
    }
    out.push(b'\n');
}

/// A moment, in milliseconds since 1970, in the form that the oddity names, as JSON.
fn date(form: Oddity, moment: u64, random: &mut Random) -> Vec<u8> {
    let shifts =
        [("+0200", 2, true), ("+09:00", 9, true), ("-0800", 8, false), ("-05:00", 5, false), ("+14:00", 14, true)];
    let (offset, hours, east) = random.pick(&shifts);
    let moment = match form {
        Oddity::DateShifted if east => moment + hours * 3_600_000,
        Oddity::DateShifted => moment.saturating_sub(hours * 3_600_000),
        _ => moment,
    };
    let text = Moment(moment).text();
    let text = str::from_utf8(&text).unwrap_or_default();
    let (day, time, seconds, millis) = (&text[..10], &text[11..23], &text[..19], &text[..23]);
    let date = match form {
        Oddity::DateSeconds => format!("{seconds}Z"),
        Oddity::DateMicros => format!("{millis}{:03}Z", random.below(1000)),
        Oddity::DateNanos => format!("{millis}{:06}Z", random.below(1_000_000)),
        Oddity::DateOffset => format!("{millis}+00:00"),
        Oddity::DateShifted => format!("{millis}{offset}"),
        Oddity::DateSpace => format!("{day} {time}Z"),
        Oddity::DateSpaceOffset => format!("{millis} {}", random.pick(&["+0000", "+00:00"])),
        Oddity::DatePython if millis.ends_with(".000") => format!("{day} {}+00:00", &seconds[11..]),
        Oddity::DatePython => format!("{day} {time}000+00:00"),
        Oddity::DateNaive => millis.to_owned(),
        Oddity::DateBare => day.to_owned(),
        _ => text.to_owned(),
    };
    quote(&date)
}

/// A post's line while it is made odd.
struct Odd<'a> {
    line: Line<'a>,
    timeline: &'a Timeline,
    number: u64,
    id: u64,
    /// Milliseconds since 1970.
    created: u64,
    random: Random,
}

impl Odd<'_> {
    fn make(&mut self, oddity: Oddity) {
        match oddity {
            Oddity::Again
            | Oddity::AgainEdited
            | Oddity::AgainCounted
            | Oddity::Ahead
            | Oddity::TieSpaces
            | Oddity::TieBytes
            | Oddity::TieForms
            | Oddity::DeletedAfter
            | Oddity::DeletedBefore
            | Oddity::LineEmpty
            | Oddity::LineBlank
            | Oddity::LineCrLf => {}

            Oddity::Boost => {
                let mut boosted = Vec::new();
                post::write(self.timeline, self.number / 2, &mut boosted);
                self.line.set(&["reblog"], &boosted);
            }
            Oddity::NotPublic => self.set_any(&["visibility"], &["\"unlisted\"", "\"private\"", "\"direct\""]),
            Oddity::VisibilityAbsent => self.line.remove(&["visibility"]),

            Oddity::IdNumber => self.set(&["id"], &self.id.to_string()),
            Oddity::IdHuge => self.set(&["id"], &format!("{}{:07}", self.id, self.number % 10_000_000)),
            Oddity::IdShort => {
                let sign = if self.random.chance(500) { "-" } else { "" };
                self.set(&["id"], &format!("{sign}{}", self.number.saturating_add(1)));
            }
            Oddity::IdFlake => {
                let id = format!(
                    "\"A{}\"",
                    self.letters(17, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
                );
                self.set(&["id"], &id);
            }
            Oddity::IdUlid => {
                let id = format!("\"01K{}\"", self.letters(23, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"));
                self.set(&["id"], &id);
            }
            Oddity::IdUuid => {
                let mut id = self.letters(32, b"0123456789abcdef");
                for hyphen in [20, 16, 12, 8] {
                    id.insert(hyphen, '-');
                }
                self.set(&["id"], &format!("\"{id}\""));
            }
            Oddity::IdEscaped => {
                let id = self.id.to_string();
                let (first, rest) = id.split_at(1);
                self.set(&["id"], &format!("\"\\u003{first}{rest}\""));
            }

            Oddity::DateSeconds
            | Oddity::DateMicros
            | Oddity::DateNanos
            | Oddity::DateOffset
            | Oddity::DateShifted
            | Oddity::DateSpace
            | Oddity::DateSpaceOffset
            | Oddity::DatePython
            | Oddity::DateNaive
            | Oddity::DateBare => {
                let date = date(oddity, self.created, &mut self.random);
                self.line.set(&["created_at"], &date);
            }
            Oddity::Edited => {
                let date = date(oddity, self.created + 1000 + self.random.rank(DAY), &mut self.random);
                self.line.set(&["edited_at"], &date);
            }
            Oddity::Late => {
                let late = DAY + self.random.below(121 * DAY);
                let date = date(oddity, self.created.saturating_sub(late), &mut self.random);
                self.line.set(&["created_at"], &date);
            }

            Oddity::LanguageNull => self.set(&["language"], "null"),
            Oddity::LanguageAbsent => self.line.remove(&["language"]),
            Oddity::LanguageEmpty => self.set(&["language"], "\"\""),
            Oddity::LanguageEscaped => self.set_any(&["language"], &[r#""e\\n""#, r#""e\tn""#, r#""\n""#, r#""\\t""#]),

            Oddity::CountNegative => self.count("-3"),
            Oddity::CountNull => self.count("null"),
            Oddity::CountAbsent => {
                let name = self.random.pick(&COUNTS);
                self.line.remove(&[name]);
            }
            Oddity::CountLarge => self.set(&["favourites_count"], "5000000000"),
            Oddity::FollowersZero => self.set(&["account", "followers_count"], "0"),
            Oddity::FollowersHidden => self.set(&["account", "followers_count"], "-1"),
            Oddity::FollowersNull => self.set(&["account", "followers_count"], "null"),

            Oddity::AccountNull => self.set(&["account"], "null"),
            Oddity::AccountAbsent => self.line.remove(&["account"]),
            Oddity::AccountIdMissing => self.set_any_or_remove(&["account", "id"], &["null", "\"\"", "true"]),
            Oddity::AccountIdNumber => {
                let id = self.line.get(&["account", "id"]).trim_ascii().to_vec();
                self.line.set(
                    &["account", "id"],
                    id.strip_prefix(b"\"").and_then(|id| id.strip_suffix(b"\"")).unwrap_or(&id),
                );
            }
            Oddity::AccountIdEscaped => self.put_any_into(&["account", "id"], &[r"a\\b", r"a\tb", r"a\nb"]),
            Oddity::AccountDateMissing => {
                self.set_any_or_remove(&["account", "created_at"], &["null", "1700000000", "\"\"", "\"long ago\""]);
            }

            Oddity::EmojiStrings => {
                let (first, second) = (self.emoji(), self.emoji());
                self.set(&["tags", "emojis"], &format!("[\"{first}\",\"{second}\"]"));
            }
            Oddity::EmojiTwice => {
                let emoji = self.emoji();
                self.set(&["tags", "emojis"], &format!(r#"[{{"shortcode":"{emoji}"}},{{"shortcode":"{emoji}"}}]"#));
            }
            Oddity::TagStrings => {
                let tags = [self.random.pick(CAPITALS), self.random.pick(SCRIPTS), ascii().name(self.random.bits())];
                self.set(&["tags"], &format!("[\"{}\"]", tags.join("\",\"")));
            }
            Oddity::TagTwice => {
                let tag = self.random.pick(CAPITALS);
                self.tags(&[tag.as_bytes(), tag.to_lowercase().as_bytes()]);
            }
            Oddity::TagCapitals => {
                let tag = self.random.pick(CAPITALS);
                self.tags(&[tag.as_bytes()]);
            }
            Oddity::TagScripts => {
                let tags: [&str; 3] = std::array::from_fn(|_| self.random.pick(SCRIPTS));
                self.tags(&tags.map(str::as_bytes));
            }
            Oddity::TagControl => self.tag_of(&[r"mi\u0001ll", r"\u001fmill", r"mill\u0000", r"\u007f"]),
            Oddity::TagEscaped => self.tag_of(&[r"mi\\ll", r"mi\tll", r"mi\nll", r"mi\r\nll", r"\\x01", r"\\"]),
            Oddity::KeyEmpty => {
                self.tags(&[b""]);
                self.set(&["tags", "emojis"], r#"[{"shortcode":""}]"#);
            }
            Oddity::KeyLong => {
                let key = "m".repeat(32_768);
                if self.random.chance(500) {
                    self.tags(&[key.as_bytes()]);
                } else {
                    self.set(&["tags", "emojis"], &format!("[{{\"shortcode\":\"{key}\"}}]"));
                }
            }

            Oddity::Surrogate => self.put_any_into(&["content"], SURROGATES),
            Oddity::SurrogateTag => self.tag_of(SURROGATES),
            Oddity::InvalidBytes => {
                let bytes = self.random.pick(INVALID);
                self.line.put_into(&["content"], bytes);
                if self.random.chance(300) {
                    self.line.put_into(&["account", "display_name"], bytes);
                }
            }
            Oddity::InvalidTag => {
                let tag = [&b"mill"[..], self.random.pick(INVALID)].concat();
                self.tags(&[&tag]);
            }
            Oddity::NameTwice => {
                let (path, first) = self.random.pick(TWICE);
                let name = path.last().copied().unwrap_or_default();
                self.line.put_before(path, format!("\"{name}\":{first},").as_bytes());
            }
            Oddity::NameEscaped => {
                let names = [
                    ("id", r"\u0069d"),
                    ("language", r"l\u0061nguage"),
                    ("content", r"conten\u0074"),
                    ("account", r"\u0061ccount"),
                ];
                let (name, escaped) = self.random.pick(&names);
                self.line.rename(name, escaped);
            }
            Oddity::WrongType => {
                let (path, value) = self.random.pick(WRONG);
                self.set(path, value);
            }
            Oddity::EscapedMarkup => self.escape(|letter| "<>&".contains(letter)),
            Oddity::EscapedSlash => self.escape(|letter| letter == '/'),
            Oddity::EscapedLetters => {
                self.line.put_into(&["content"], "Mühle 🦣 ".as_bytes());
                self.escape(|letter| !letter.is_ascii());
            }
            Oddity::TextBreaks => {
                self.put_any_into(&["content"], &[r"one\ttwo\n\nthree ", r"\r\n\t", r"tab\there\u2028 "]);
                self.put_any_into(&["account", "display_name"], &[r"two\nlines ", r"\t"]);
            }
            Oddity::TextBrackets => {
                self.line.put_into(&["content"], [&*"[".repeat(200), r#"\"\\"#, &"{[".repeat(100)].concat().as_bytes());
            }
            Oddity::Nested => self.nest(98),
            Oddity::TextLong => {
                let mut text = b"\"".to_vec();
                ascii().text(&mut text, 300_000, &mut self.random);
                text.push(b'"');
                self.line.set(&["content"], &text);
            }

            Oddity::LineCut => {
                let length = self.line.bytes().len() as u64;
                let end = self.line.start + 1 + self.random.below(length - 1) as usize;
                self.line.out.truncate(end);
            }
            Oddity::LineNoObject => self.replace_any(&["null", "42", "\"text\"", "[1,2]", "true"]),
            Oddity::LineNoJson => {
                let lines = [
                    "<html><title>502 Bad Gateway</title></html>",
                    "event: update",
                    "{'id': '1'}",
                    "{\"id\":\"1\",}",
                    "}",
                    "\0\0\0\0",
                ];
                self.replace_any(&lines);
            }
            Oddity::LineDeep => {
                let levels = self.random.pick(&[130, 200, 2000, 30_000]);
                self.nest(levels);
            }
            Oddity::IdMissing => {
                if self.random.chance(200) {
                    self.replace_any(&["{}", r#"{"error":"Too many requests"}"#]);
                } else {
                    self.set_any_or_remove(&["id"], &["null", "\"\"", "true", "{}", "[1]", "1.5", "1e17"]);
                }
            }
            Oddity::DateMissing => {
                let dates = ["null", "\"\"", "1700000000", "\"yesterday\"", "\"2026-13-01T00:00:00Z\"", "{}"];
                self.set_any_or_remove(&["created_at"], &dates);
            }

            Oddity::PlainUrls
            | Oddity::MarkedUrls
            | Oddity::HtmlComment
            | Oddity::HtmlUnquoted
            | Oddity::HtmlAttributeTwice
            | Oddity::HtmlReference
            | Oddity::HtmlRawText
            | Oddity::HtmlCapitals
            | Oddity::HtmlBroken
            | Oddity::HtmlMention
            | Oddity::HtmlHashtag
            | Oddity::HostUnicode
            | Oddity::HostPort
            | Oddity::HostUser
            | Oddity::HostIpv4
            | Oddity::HostIpv6
            | Oddity::HostDots
            | Oddity::HostCapitals
            | Oddity::UrlSpaces
            | Oddity::UrlBroken
            | Oddity::UrlScheme => self.content(samples::of(oddity)),
        }
    }

    /// Some words and one of the samples for a content.
    fn content(&mut self, samples: &[&str]) {
        let mut text = Vec::new();
        let length = self.random.rank(300);
        Language::pick(&mut self.random).script.text(&mut text, length, &mut self.random);
        let mut host = Vec::new();
        put!(&mut host, Host(self.random.rank(1 << 13)));
        let sample = self.random.pick(samples).replace("{}", &String::from_utf8_lossy(&host));
        self.line.set(&["content"], &quote(&format!("{} {sample}", String::from_utf8_lossy(&text))));
    }

    fn set(&mut self, path: &[&str], value: &str) {
        self.line.set(path, value.as_bytes());
    }

    fn set_any(&mut self, path: &[&str], values: &[&str]) {
        let value = self.random.pick(values);
        self.set(path, value);
    }

    fn set_any_or_remove(&mut self, path: &[&str], values: &[&str]) {
        if self.random.chance(300) { self.line.remove(path) } else { self.set_any(path, values) }
    }

    fn put_any_into(&mut self, path: &[&str], texts: &[&str]) {
        let text = self.random.pick(texts);
        self.line.put_into(path, text.as_bytes());
    }

    fn replace_any(&mut self, lines: &[&str]) {
        let line = self.random.pick(lines);
        self.line.replace(line.as_bytes());
    }

    /// Sets one of the three counts.
    fn count(&mut self, value: &str) {
        let name = self.random.pick(&COUNTS);
        self.set(&[name], value);
    }

    /// Sets the tags, whose names are given as they stand between the quotes.
    fn tags(&mut self, names: &[&[u8]]) {
        let tags: Vec<_> = names.iter().map(|name| [br#"{"name":""#, *name, b"\"}"].concat()).collect();
        self.line.set(&["tags"], &[b"[", &*tags.join(&b','), b"]"].concat());
    }

    fn tag_of(&mut self, names: &[&str]) {
        let name = self.random.pick(names);
        self.tags(&[name.as_bytes()]);
    }

    /// A shortcode.
    fn emoji(&mut self) -> String {
        let mut shortcode = Vec::new();
        put!(&mut shortcode, Emoji(self.random.rank(1 << 12)));
        String::from_utf8_lossy(&shortcode).into_owned()
    }

    /// Makes the card so many levels deep.
    fn nest(&mut self, levels: usize) {
        let (open, close) = if self.random.chance(500) { ("[", "]") } else { ("{\"a\":", "}") };
        self.set(&["card"], &[&open.repeat(levels), "1", &close.repeat(levels)].concat());
    }

    /// Writes some letters of the content and the account's note as escapes.
    fn escape(&mut self, escaped: impl Fn(char) -> bool) {
        for path in [&["content"][..], &["account", "note"]] {
            let mut text = String::new();
            for letter in String::from_utf8_lossy(self.line.get(path)).chars() {
                if !escaped(letter) {
                    text.push(letter);
                } else if letter == '/' {
                    text.push_str("\\/");
                } else {
                    for unit in letter.encode_utf16(&mut [0; 2]) {
                        text.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
            self.set(path, &text);
        }
    }

    fn letters(&mut self, length: usize, letters: &[u8]) -> String {
        (0..length).map(|_| char::from(self.random.pick(letters))).collect()
    }
}

const COUNTS: [&str; 3] = ["replies_count", "reblogs_count", "favourites_count"];
