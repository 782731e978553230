//! Edits of a line by the names of its members. Lines are our own, so a member is found by its bytes.

use memchr::memmem;
use std::ops::Range;

/// The last line of an output, without its end.
pub struct Line<'a> {
    pub out: &'a mut Vec<u8>,
    pub start: usize,
}

/// Where a member stands in the output.
struct Member {
    name: usize,
    value: Range<usize>,
}

impl Line<'_> {
    pub fn bytes(&self) -> &[u8] {
        &self.out[self.start..]
    }

    /// Replaces the line.
    pub fn replace(&mut self, line: &[u8]) {
        self.out.truncate(self.start);
        self.out.extend_from_slice(line);
    }

    /// The first member of the last name after the first of the name before it, and so on.
    fn find(&self, path: &[&str]) -> Option<Member> {
        let mut value = self.start;
        let mut name = value;
        for step in path {
            let quoted = format!("\"{step}\":");
            name = value + memmem::find(&self.out[value..], quoted.as_bytes())?;
            value = name + quoted.len();
        }
        Some(Member { name, value: value..value + value_length(&self.out[value..]) })
    }

    /// The value of a member, as JSON.
    pub fn get(&self, path: &[&str]) -> &[u8] {
        self.find(path).map_or(&[], |member| &self.out[member.value])
    }

    /// Sets the value of a member, as JSON.
    pub fn set(&mut self, path: &[&str], value: &[u8]) {
        if let Some(member) = self.find(path) {
            self.out.splice(member.value, value.iter().copied());
        }
    }

    /// Writes a name of the post in another way, given as it stands between the quotes.
    pub fn rename(&mut self, name: &str, escaped: &str) {
        if let Some(member) = self.find(&[name]) {
            self.out.splice(member.name + 1..member.value.start - 2, escaped.bytes());
        }
    }

    /// Takes a member away, with the comma after it; it must not be the last of its object.
    pub fn remove(&mut self, path: &[&str]) {
        if let Some(member) = self.find(path) {
            self.out.drain(member.name..=member.value.end);
        }
    }

    /// Puts bytes in front of a member.
    pub fn put_before(&mut self, path: &[&str], bytes: &[u8]) {
        if let Some(member) = self.find(path) {
            self.out.splice(member.name..member.name, bytes.iter().copied());
        }
    }

    /// Puts bytes at the front of a member's text.
    pub fn put_into(&mut self, path: &[&str], bytes: &[u8]) {
        if let Some(member) = self.find(path) {
            let front = member.value.start + 1;
            self.out.splice(front..front, bytes.iter().copied());
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
pub fn quote(text: &str) -> Vec<u8> {
    let mut json = vec![b'"'];
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => json.extend_from_slice(&[b'\\', byte]),
            b'\n' => json.extend_from_slice(b"\\n"),
            b'\t' => json.extend_from_slice(b"\\t"),
            0..0x20 => json.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => json.push(byte),
        }
    }
    json.push(b'"');
    json
}
