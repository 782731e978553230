//! Any text is cut into records that lie one behind the other in it, the same however it arrives; an array gives its objects.

#![no_main]

use std::{
    io::{self, Cursor, Read},
    ops::Range,
    sync::Arc,
};

use libfuzzer_sys::fuzz_target;
use tootmill_fuzz::{Choices, file, object, records};
use tootmill_input::{Reader, objects};

/// About the bytes of a chunk: what is longer comes in several.
const CHUNK: usize = 1 << 20;

fuzz_target!(|text: &[u8]| {
    check_objects(text);
    check_lines(text);
    check_array(&mut Choices(text));
});

fn check_objects(text: &[u8]) {
    let mut end = 0;
    for Range { start, end: next } in objects(text) {
        assert!(end <= start && start < next && next <= text.len(), "{start}..{next} after {end} in {text:?}");
        end = next;
    }
}

fn check_lines(text: &[u8]) {
    let mut choices = Choices(text);
    let text = [padding(&mut choices, b'x'), text.to_vec()].concat();
    let mut expected = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let record = line.trim_ascii();
        if !record.is_empty() {
            let start = line.len() - line.trim_ascii_start().len();
            expected.push((offset + start as u64, record.to_vec()));
        }
        offset += line.len() as u64;
    }
    let stream = Pieces { text: Cursor::new(text), lengths: choices.0.to_vec().into_iter() };
    assert!(records(Reader::of_lines(stream)) == expected, "{expected:?}");
}

fn check_array(choices: &mut Choices<'_>) {
    const BETWEEN: &[&str] = &["", " ", "\n", "\r\n\t", "\n    "];
    let padding = padding(choices, b' ');
    let mut text = Vec::new();
    let mut expected = Vec::new();
    while !choices.0.is_empty() {
        let object = object(choices);
        let separator = if expected.is_empty() { "" } else { "," };
        for part in [separator, choices.one_of(BETWEEN), &object, choices.one_of(BETWEEN)] {
            text.extend_from_slice(part.as_bytes());
        }
        expected.push(object.into_bytes());
    }
    let found = objects(&text).filter_map(|range| text.get(range));
    assert!(found.eq(&expected), "{expected:?}");
    let text = [b"[", &padding[..], &text, b"]"].concat();
    let (_file, inputs) = file(&text);
    let found = records(Reader::new(&inputs, Arc::default()));
    assert!(found.iter().all(|(offset, record)| text[*offset as usize..].starts_with(record)), "{found:?}");
    assert!(found.iter().map(|(_, record)| record).eq(&expected), "{expected:?}");
}

/// Once in a while, so much that a chunk ends soon after it.
fn padding(choices: &mut Choices<'_>, byte: u8) -> Vec<u8> {
    if choices.once_in(64) { vec![byte; CHUNK - choices.below(512)] } else { Vec::new() }
}

/// A text that arrives in pieces of these lengths.
struct Pieces {
    text: Cursor<Vec<u8>>,
    lengths: std::vec::IntoIter<u8>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.lengths.next().map_or(CHUNK, |length| usize::from(length) * 16 + 1);
        self.text.by_ref().take(length as u64).read(buffer)
    }
}
