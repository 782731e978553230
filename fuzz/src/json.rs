//! JSON made from choices, by a grammar: what random bytes alone seldom are.

use crate::Choices;

const NAMES: &[&str] = &[
    "id",
    "created_at",
    "edited_at",
    "deleted",
    "gap",
    "reblog",
    "visibility",
    "language",
    "content",
    "reblogs_count",
    "favourites_count",
    "replies_count",
    "media_attachments",
    "emojis",
    "tags",
    "account",
    "followers_count",
    "bot",
    "shortcode",
    "name",
    "other",
    "",
    "\\u0069d",
    "tag\\u0073",
    "\\ud800",
];

const STRINGS: &[&str] = &[
    "",
    "a",
    "public",
    "2026-11-24T10:00:00.000Z",
    "2026-11-24 12:00:00.5 +02",
    "9",
    "de",
    "é\u{fffd}😀",
    "\\ud83d",
    "\\ude00",
    "\\u00e9\\u003C",
    "\\n\\/\\b\\f\\r\\t",
    "\\\"",
    "\\\\",
    "[{",
    "}],:",
    "0123456789abcdefghijklmnopqrstuvwxyz",
];

const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "7",
    "-3",
    "2.5",
    "0.00",
    "1e3",
    "-1E+2",
    "0e1",
    "1e400",
    "1e-400",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "1.0000000000000000000000000000000000001e5",
];

/// What makes JSON wrong, at most places.
const WRONG: &[&str] = &[
    "",
    "\"",
    "\\",
    "\\q",
    "\\u00",
    "\\u",
    "\\ud83d\\u",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "1e",
    "nul",
    "NaN",
    "'",
    "//",
    "\0",
    "\u{1f}",
    "\n",
    "\u{a0}",
    "\u{feff}",
    "é",
    "}{",
    "x",
];

/// A line: a status with any members, and once in a while not even that.
pub fn line(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut json =
        Json { choices, text: String::new(), spaces: &["", "", "", "", " ", "\t\r\n", "                    "] };
    if json.choices.once_in(8) {
        json.value(3);
    } else {
        json.object(3, "\"id\":\"1\",\"created_at\":\"2026-11-24T10:00:00Z\"");
    }
    let Json { choices, text, .. } = json;
    let mut line = text.into_bytes();
    while choices.once_in(4) {
        let at = choices.below(line.len() + 1);
        let end = line.len().min(at + choices.below(3));
        line.splice(at..end, choices.one_of(WRONG).bytes());
    }
    line
}

/// An object, on one line.
pub fn object(choices: &mut Choices<'_>) -> String {
    let mut json = Json { choices, text: String::new(), spaces: &["", "", "", " ", "\t"] };
    json.object(3, "\"id\":\"1\"");
    json.text
}

struct Json<'c, 'a> {
    choices: &'c mut Choices<'a>,
    text: String,
    spaces: &'static [&'static str],
}

impl Json<'_, '_> {
    fn space(&mut self) {
        self.text.push_str(self.choices.one_of(self.spaces));
    }

    /// Mostly of the type that the field should have.
    fn value_of(&mut self, name: &str, depth: usize) {
        match name {
            _ if depth == 0 || self.choices.once_in(4) => self.value(depth),
            "account" | "reblog" => self.object(depth - 1, "\"id\":\"9\""),
            "emojis" | "tags" | "media_attachments" => self.list(depth - 1),
            "bot" => self.scalar(),
            name if name.ends_with("count") => self.scalar(),
            _ => self.string(),
        }
    }

    fn value(&mut self, depth: usize) {
        match self.choices.below(if depth > 0 { 8 } else { 4 }) {
            0 | 1 => self.scalar(),
            2 | 3 => self.string(),
            4 | 5 => self.object(depth - 1, "\"name\":\"a\",\"shortcode\":\"b\""),
            6 => self.list(depth - 1),
            _ => {
                let levels = self.choices.one_of(&[1, 2, 3, 4, 125, 126, 127, 128]);
                self.text.extend(["[".repeat(levels), "]".repeat(levels)]);
            }
        }
    }

    fn scalar(&mut self) {
        self.text.push_str(self.choices.one_of(SCALARS));
    }

    fn string(&mut self) {
        self.text.push('"');
        for _ in 0..self.choices.below(4) {
            self.text.push_str(self.choices.one_of(STRINGS));
        }
        self.text.push('"');
    }

    /// An object with the members that are given, and others.
    fn object(&mut self, depth: usize, members: &str) {
        self.text.push('{');
        if !self.choices.once_in(8) {
            self.text.push_str(members);
        }
        for _ in 0..self.choices.below(6) {
            if !self.text.ends_with('{') {
                self.text.push(',');
            }
            self.space();
            let name = self.choices.one_of(NAMES);
            self.text.extend(["\"", name, "\""]);
            self.space();
            self.text.push(':');
            self.space();
            self.value_of(name, depth);
            self.space();
        }
        self.text.push('}');
    }

    fn list(&mut self, depth: usize) {
        self.text.push('[');
        for place in 0..self.choices.below(4) {
            if place > 0 {
                self.text.push(',');
            }
            self.space();
            self.value(depth);
            self.space();
        }
        self.text.push(']');
    }
}
