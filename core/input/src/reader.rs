//! Reads inputs as chunks of whole records, which several threads can work on.

use std::{
    io::Read,
    ops::Range,
    sync::{Arc, atomic::AtomicU64},
};

use crate::{
    document::{Scanner, objects},
    inputs::{Error, Input, Inputs},
};

/// How many bytes a chunk has, unless one record is longer.
const CHUNK: usize = 1 << 20;

/// The longest record, in bytes. What is longer is no post, and a bad record.
pub const LONGEST_RECORD: usize = 256 << 20;

const STANDARD_INPUT: &str = "standard input";

/// Whole records of one input.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The input's place among the inputs.
    pub input: usize,
    bytes: Vec<u8>,
    /// Where the chunk begins in the input, decompressed.
    offset: u64,
    /// Where the records are, if they are not lines.
    records: Option<Vec<Range<usize>>>,
    /// A record that was too long to be kept, by its offset.
    too_long: Option<u64>,
}

impl Chunk {
    /// The records with their offsets in the decompressed input. White space alone is none; one that was too long to be kept
    /// is empty.
    pub fn records(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let lines = self.records.is_none().then(|| lines(&self.bytes)).into_iter().flatten();
        let objects = self.records.iter().flatten().cloned();
        let records = lines.chain(objects).filter_map(|range| {
            let record = self.bytes.get(range.clone())?.trim_ascii_start();
            let start = range.end - record.len();
            (!record.is_empty()).then_some((self.offset + start as u64, record.trim_ascii_end()))
        });
        records.chain(self.too_long.map(|offset| (offset, &[][..])))
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes).chain((!bytes.ends_with(b"\n")).then_some(bytes.len())).map(move |end| {
        let line = start..end;
        start = end + 1;
        line
    })
}

/// Reads the inputs one after the other.
pub struct Reader<'i> {
    inputs: &'i [Input],
    /// Whether all are lines, whatever they look like.
    lines_only: bool,
    /// What to call a stream that is none of the inputs.
    stream: &'i str,
    next: usize,
    current: Option<Current>,
    read: Arc<AtomicU64>,
}

/// The input that is being read.
struct Current {
    stream: Box<dyn Read + Send>,
    /// What was read and is in no chunk yet.
    rest: Vec<u8>,
    /// Where that begins.
    offset: u64,
    /// Finds records, where they are not lines.
    scanner: Option<Scanner>,
    at_start: bool,
    at_end: bool,
}

impl<'i> Reader<'i> {
    /// At the start of the inputs. The bytes that are read, compressed as they are, are added to `read`.
    pub fn new(inputs: &'i Inputs, read: Arc<AtomicU64>) -> Self {
        Self { inputs: inputs.inputs(), lines_only: false, stream: STANDARD_INPUT, next: 0, current: None, read }
    }

    /// At the start of inputs that are lines and nothing else: parts of compacted posts.
    pub fn lines_of(inputs: &'i Inputs) -> Self {
        Self { lines_only: true, ..Self::new(inputs, Arc::default()) }
    }

    /// At the start of a stream that is lines and nothing else: standard input under Hadoop.
    pub fn of_lines(stream: impl Read + Send + 'static) -> Self {
        let current = Current { at_start: false, ..Current::new(Box::new(stream)) };
        Self {
            inputs: &[],
            lines_only: true,
            stream: STANDARD_INPUT,
            next: 0,
            current: Some(current),
            read: Arc::default(),
        }
    }

    /// Says that the stream holds what is in the file of this name.
    pub fn named(self, name: &'i str) -> Self {
        Self { stream: name, ..self }
    }

    /// Fills the chunk with the next records; `false` where there are none left.
    pub fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, Error> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(input) = self.inputs.get(self.next) else { return Ok(false) };
                self.next += 1;
                let stream = input.open(Arc::clone(&self.read))?;
                self.current = Some(Current { at_start: !self.lines_only, ..Current::new(stream) });
                continue;
            };
            let input = self.next.saturating_sub(1);
            let filled = current.fill(chunk).map_err(|source| match self.inputs.get(input) {
                Some(input) => input.broken(source),
                None => Error::Read { name: self.stream.into(), source },
            });
            if filled? {
                chunk.input = input;
                return Ok(true);
            }
            self.current = None;
        }
    }

    /// What to call the input that a chunk is of.
    pub fn name(&self, chunk: &Chunk) -> &'i str {
        self.inputs.get(chunk.input).map_or(self.stream, Input::name)
    }
}

impl Current {
    fn new(stream: Box<dyn Read + Send>) -> Self {
        Self { stream, rest: Vec::new(), offset: 0, scanner: None, at_start: true, at_end: false }
    }

    fn fill(&mut self, chunk: &mut Chunk) -> std::io::Result<bool> {
        chunk.bytes.clear();
        chunk.bytes.append(&mut self.rest);
        chunk.records = None;
        chunk.too_long = None;
        let mut searched = 0;
        let end = loop {
            let before = chunk.bytes.len();
            self.read_more(&mut chunk.bytes)?;
            // What the text is shows in a whole line of it.
            let has_line = self.at_end
                || chunk.bytes.len() > LONGEST_RECORD
                || memchr::memchr(b'\n', &chunk.bytes[before..]).is_some();
            if self.at_start && !has_line {
                continue;
            }
            if self.at_start {
                self.at_start = false;
                if chunk.bytes.starts_with(b"\xef\xbb\xbf") {
                    // A byte order mark is white space here, so that offsets stay true.
                    chunk.bytes[..3].fill(b' ');
                }
                self.scanner = (!is_lines(&chunk.bytes)).then(Scanner::new);
            }
            let end = if let Some(scanner) = &mut self.scanner {
                let records = chunk.records.get_or_insert_default();
                while let Some(record) = scanner.next_record(&chunk.bytes, self.at_end) {
                    records.push(record);
                }
                (!records.is_empty()).then(|| scanner.done())
            } else {
                let end = memchr::memrchr(b'\n', &chunk.bytes[searched..]).map(|at| searched + at + 1);
                searched = chunk.bytes.len();
                end
            };
            match end {
                _ if self.at_end => break chunk.bytes.len(),
                Some(end) => break end,
                None if chunk.bytes.len() > LONGEST_RECORD => return self.skip_record(chunk),
                None => {}
            }
        };
        if let Some(scanner) = &mut self.scanner {
            scanner.forget(end);
        }
        self.rest.extend_from_slice(&chunk.bytes[end..]);
        chunk.bytes.truncate(end);
        chunk.offset = self.offset;
        self.offset += end as u64;
        Ok(!chunk.bytes.is_empty())
    }

    /// Reads until the buffer has at least a chunk more, or to the end of the input.
    fn read_more(&mut self, buffer: &mut Vec<u8>) -> std::io::Result<()> {
        let missing = (CHUNK.saturating_sub(buffer.len())).max(CHUNK / 4) as u64;
        let read = self.stream.by_ref().take(missing).read_to_end(buffer)?;
        self.at_end = (read as u64) < missing;
        Ok(())
    }

    /// Passes over the rest of a record that is too long, to the end of its line.
    fn skip_record(&mut self, chunk: &mut Chunk) -> std::io::Result<bool> {
        chunk.too_long = Some(self.offset);
        chunk.records = None;
        loop {
            self.offset += chunk.bytes.len() as u64;
            chunk.bytes.clear();
            self.read_more(&mut chunk.bytes)?;
            let end = memchr::memchr(b'\n', &chunk.bytes);
            if end.is_some() || self.at_end {
                let end = end.map_or(chunk.bytes.len(), |at| at + 1);
                self.offset += end as u64;
                self.rest.extend_from_slice(&chunk.bytes[end..]);
                chunk.bytes.clear();
                self.scanner = self.scanner.take().map(|_| Scanner::new());
                return Ok(true);
            }
        }
    }
}

/// Whether a text that begins so is one object a line: unless it begins with an array, or with an object that goes over
/// several lines while no line is an object by itself.
fn is_lines(text: &[u8]) -> bool {
    let trimmed = text.trim_ascii_start();
    let mut lines = lines(trimmed).filter_map(|range| trimmed.get(range));
    match trimmed.first() {
        Some(b'[') => false,
        Some(b'{') => {
            let is_object = |line: &[u8]| {
                let mut found = objects(line);
                line.starts_with(b"{\"")
                    && found.next() == Some(0..line.trim_ascii_end().len())
                    && line.trim_ascii_end().ends_with(b"}")
            };
            let first = lines.next().unwrap_or_default();
            objects(first)
                .next()
                .is_some_and(|first_object| first.get(first_object).is_some_and(|object| object.ends_with(b"}")))
                || lines.any(is_object)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests;
