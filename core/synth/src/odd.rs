//! What an oddity does: edits of a post's line, found by the names of its members, and lines beside it.

use crate::{
    Oddity, Timeline,
    content::Host,
    post,
    put::{DAY, Moment, put},
    random::{Random, Stream},
    words::{Language, ascii},
};
use memchr::memmem;
use std::{fmt::Write as _, ops::Range};

/// Where a member is: its name, after the names that come before it in the line, with dots between.
type Path = &'static str;

/// What an oddity does. Of several values a post has one.
pub enum Edit {
    /// Sets a member to a JSON value, or takes it away where the value is empty.
    Set(Path, &'static [&'static str]),
    /// As `Set`, each value with its member.
    One(&'static [(Path, &'static str)]),
    /// Puts text at the front of a member's.
    Into(Path, &'static [&'static str]),
    /// Sets a member to the date of creation in another form.
    Date(Path, &'static [&'static str]),
    /// Sets the tags to the words.
    Tags(&'static [&'static str]),
    /// Sets the content to some words and the text, in which `{}` is a host.
    Content(&'static [&'static str]),
    /// Replaces the line.
    Replace(&'static [&'static str]),
    /// Edits the line.
    By(fn(&mut Line)),
    /// Writes a line before the post's.
    Before(fn(&mut Line)),
    /// Writes a line after the post's.
    After(fn(&mut Line)),
}

/// Writes post `number`, which has the oddity, and the line that the oddity adds; says how many lines that is.
pub fn lines(timeline: &Timeline, number: u64, oddity: Oddity, out: &mut Vec<u8>) -> u64 {
    let edit = oddity.edit();
    if let Edit::Before(write) = edit {
        write(&mut Line::new(timeline, number, out));
    }
    Line::new(timeline, number, out).post(Some(oddity));
    out.push(b'\n');
    if let Edit::After(write) = edit {
        write(&mut Line::new(timeline, number, out));
    }
    1 + u64::from(matches!(edit, Edit::Before(_) | Edit::After(_)))
}

/// The last line of an output, while it is made.
pub struct Line<'a> {
    pub out: &'a mut Vec<u8>,
    start: usize,
    timeline: &'a Timeline,
    /// The post's number.
    pub number: u64,
    /// The post's plain id.
    pub id: u64,
    /// The moment at which the post was created, in milliseconds since 1970, and then of what happens to it.
    pub moment: u64,
    pub random: Random,
}

/// Where a member stands in the output.
struct Member {
    name: usize,
    value: Range<usize>,
}

impl<'a> Line<'a> {
    fn new(timeline: &'a Timeline, number: u64, out: &'a mut Vec<u8>) -> Self {
        let random = Random::new(timeline.seed, Stream::Edit, number);
        Self { start: out.len(), out, timeline, number, id: 0, moment: 0, random }
    }

    /// Writes the post.
    fn post(&mut self, oddity: Option<Oddity>) {
        (self.id, self.moment) = post::write(self.timeline, self.number, self.out);
        match oddity.map(Oddity::edit) {
            Some(Edit::Set(path, values)) => self.set_one(path, values),
            Some(Edit::One(members)) => {
                let (path, value) = self.random.pick(members);
                self.set(path, value);
            }
            Some(Edit::Into(path, texts)) => self.put_one_into(path, texts),
            Some(Edit::Date(path, forms)) => self.set_date(path, forms),
            Some(Edit::Tags(lists)) => {
                let tags = self.random.pick(lists).replace(' ', "\"},{\"name\":\"");
                self.set("tags", &format!("[{{\"name\":\"{tags}\"}}]"));
            }
            Some(Edit::Content(texts)) => self.content(texts),
            Some(Edit::Replace(lines)) => {
                self.out.truncate(self.start);
                put!(self.out, self.random.pick(lines));
            }
            Some(Edit::By(edit)) => edit(self),
            Some(Edit::Before(_) | Edit::After(_)) | None => {}
        }
    }

    /// A post near by whose line is not bad, before or after this one; this one where none is found.
    fn near(&mut self, direction: i64, fits: fn(Oddity) -> bool) -> u64 {
        for _ in 0..8 {
            let step = direction * (1 + self.random.rank(4096)).cast_signed();
            let number = self.number.saturating_add_signed(step).min(self.timeline.posts.saturating_sub(1));
            if self.timeline.oddity(number).is_none_or(fits) {
                return number;
            }
        }
        self.number
    }

    /// Shows a post near by once more, with an edit.
    pub fn again(&mut self, direction: i64, edit: fn(&mut Line)) {
        let number = self.near(direction, |oddity| !oddity.is_bad());
        self.show(number, edit);
    }

    /// Shows a post before that has no oddity once more, with an edit.
    pub fn again_plain(&mut self, edit: fn(&mut Line)) {
        let number = self.near(-1, |_| false);
        self.show(number, edit);
    }

    fn show(&mut self, number: u64, edit: fn(&mut Line)) {
        let mut line = Line::new(self.timeline, number, self.out);
        line.post(self.timeline.oddity(number));
        line.random = Random::new(self.random.bits(), Stream::Edit, 0);
        edit(&mut line);
        self.out.push(b'\n');
    }

    /// Writes the deletion of a post near by.
    pub fn deletion(&mut self, direction: i64) {
        let number = self.near(direction, |oddity| !oddity.is_bad());
        let mut post = Vec::new();
        let mut line = Line::new(self.timeline, number, &mut post);
        line.post(self.timeline.oddity(number));
        line.unquote("id");
        let id = line.find("id").map_or(0..0, |member| member.value);
        let moment = Moment(line.moment + self.random.below(DAY));
        put!(self.out, r#"{"deleted":""#, post[id], r#"","at":""#, moment, "\"}\n");
    }

    fn find(&self, path: &str) -> Option<Member> {
        let (mut name, mut value) = (self.start, self.start);
        for step in path.split('.') {
            let quoted = format!("\"{step}\":");
            name = value + memmem::find(&self.out[value..], quoted.as_bytes())?;
            value = name + quoted.len();
        }
        Some(Member { name, value: value..value + value_length(&self.out[value..]) })
    }

    /// Sets a member to a JSON value; without a value takes it away with the comma that follows.
    pub fn set(&mut self, path: &str, value: &str) {
        if let Some(member) = self.find(path) {
            let old = if value.is_empty() { member.name..member.value.end + 1 } else { member.value };
            self.out.splice(old, value.bytes());
        }
    }

    pub fn set_one(&mut self, path: &str, values: &[&str]) {
        let value = self.random.pick(values);
        self.set(path, value);
    }

    /// Puts bytes in front of a member.
    pub fn put_before(&mut self, path: &str, bytes: &[u8]) {
        if let Some(Member { name, .. }) = self.find(path) {
            self.out.splice(name..name, bytes.iter().copied());
        }
    }

    /// Puts bytes at the front of a member's text.
    pub fn put_into(&mut self, path: &str, bytes: &[u8]) {
        if let Some(Member { value, .. }) = self.find(path) {
            let front = value.start + 1;
            self.out.splice(front..front, bytes.iter().copied());
        }
    }

    pub fn put_one_into(&mut self, path: &str, texts: &[&str]) {
        let text = self.random.pick(texts);
        self.put_into(path, text.as_bytes());
    }

    /// Writes the name of a member in another way, given with its quotes and colon.
    pub fn rename(&mut self, path: &str, name: &str) {
        if let Some(member) = self.find(path) {
            self.out.splice(member.name..member.value.start, name.bytes());
        }
    }

    /// Takes the quotes from a member's text.
    pub fn unquote(&mut self, path: &str) {
        if let Some(Member { value, .. }) = self.find(path)
            && self.out[value.start] == b'"'
        {
            self.out.remove(value.end - 1);
            self.out.remove(value.start);
        }
    }

    /// Sets a member to the moment, in one of the forms: D is the day, S the time, F the milliseconds, R any digit.
    pub fn set_date(&mut self, path: &str, forms: &[&str]) {
        let form = self.random.pick(forms);
        let (_, offset) = form.split_at(form.find(['+', '-']).unwrap_or(form.len()));
        let hours = offset.get(1..3).and_then(|hours| hours.parse().ok()).unwrap_or(0) * 3_600_000;
        let east = offset.starts_with('+');
        let local = if east { self.moment + hours } else { self.moment.saturating_sub(hours) };
        let text = Moment(local).text();
        let text = str::from_utf8(&text).unwrap_or_default();
        let mut date = String::new();
        for letter in form.chars() {
            match letter {
                'D' => date.push_str(&text[..10]),
                'S' => date.push_str(&text[11..19]),
                'F' => date.push_str(&text[20..23]),
                'R' => date.push(self.random.pick(&['0', '3', '7', '9'])),
                _ => date.push(letter),
            }
        }
        self.set(path, &format!("\"{date}\""));
    }

    /// Sets the id to random letters after `front`, with hyphens at some places.
    pub fn set_letters(&mut self, front: &str, length: usize, letters: &[u8], hyphens: &[usize]) {
        let mut id: String = (0..length).map(|_| char::from(self.random.pick(letters))).collect();
        for place in hyphens {
            id.insert(*place, '-');
        }
        self.set("id", &format!("\"{front}{id}\""));
    }

    fn content(&mut self, texts: &[&str]) {
        let (mut content, mut host) = (Vec::new(), Vec::new());
        let length = self.random.rank(300);
        Language::pick(&mut self.random).script.text(&mut content, length, &mut self.random);
        put!(&mut host, Host(1 + self.random.rank(1 << 13)));
        let text = self.random.pick(texts).replace("{}", &String::from_utf8_lossy(&host));
        put!(&mut content, " ", *text);
        self.set("content", &quote(&String::from_utf8_lossy(&content)));
    }

    /// Sets `edited_at`, and the content to what shows it.
    pub fn edit_text(&mut self) {
        self.moment += 60_000 + self.random.below(DAY);
        self.set_date("edited_at", &["DTS.FZ"]);
        self.put_into("content", b"<p>(edited)</p>");
    }

    pub fn count_up(&mut self) {
        let count = (130 + self.random.rank(3000)).to_string();
        self.set_one("reblogs_count", &[&count]);
    }

    pub fn boost(&mut self) {
        let mut boosted = Vec::new();
        post::write(self.timeline, self.number / 2, &mut boosted);
        self.set("reblog", &String::from_utf8_lossy(&boosted));
    }

    /// Makes the card so many levels deep.
    pub fn nest(&mut self, levels: usize) {
        let (open, close) = self.random.pick(&[("[", "]"), ("{\"a\":", "}")]);
        self.set("card", &[&*open.repeat(levels), "1", &close.repeat(levels)].concat());
    }

    pub fn long_text(&mut self) {
        let mut text = Vec::new();
        ascii().text(&mut text, 300_000, &mut self.random);
        self.put_into("content", &text);
    }

    /// Cuts the line off, at least its first byte and at most its last staying.
    pub fn cut(&mut self) {
        let length = (self.out.len() - self.start) as u64;
        self.out.truncate(self.start + 1 + self.random.below(length - 1) as usize);
    }

    /// Writes some letters of the content and the account's note as escapes.
    pub fn escape(&mut self, escaped: fn(char) -> bool) {
        for path in ["content", "account.note"] {
            let value = self.find(path).map_or(0..0, |member| member.value);
            let mut text = String::new();
            for letter in String::from_utf8_lossy(&self.out[value]).chars() {
                match letter {
                    _ if !escaped(letter) => text.push(letter),
                    '/' => text.push_str("\\/"),
                    _ => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                        let _ = write!(text, "\\u{unit:04x}");
                    }),
                }
            }
            self.set(path, &text);
        }
    }
}

/// The length of the JSON value at the front.
fn value_length(json: &[u8]) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for (place, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b',' | b']' | b'}' if depth == 0 => return place,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    json.len()
}

/// A JSON string.
pub fn quote(text: &str) -> String {
    let mut json = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            '\n' => json.push_str("\\n"),
            '\t' => json.push_str("\\t"),
            '\0'..' ' => drop(write!(json, "\\u{:04x}", letter as u32)),
            _ => json.push(letter),
        }
    }
    json + "\""
}
