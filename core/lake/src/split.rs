//! A part of a file of lines, for one of several readers.

use std::{
    fmt,
    io::{self, Read},
    sync::Arc,
};

use tootmill_input::Source;

use crate::{
    error::Error,
    storage::{Entry, Storage, open_storage},
};

/// The lines of a file that begin within a range of its bytes; of a compressed file, all.
///
/// As text it is `offset TAB length TAB address`, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The file's address.
    pub address: String,
    /// Where the range begins.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

impl Split {
    /// Cuts files into splits of about the size.
    pub fn plan(storage: &dyn Storage, files: &[Entry], size: u64) -> Vec<Self> {
        let mut splits = Vec::new();
        for file in files.iter().filter(|file| file.bytes > 0) {
            let address = storage.address(&file.path);
            let count = if file.is_compressed() { 1 } else { file.bytes.div_ceil(size.max(1)) };
            let length = file.bytes.div_ceil(count);
            let mut offset = 0;
            while offset < file.bytes {
                let length = length.min(file.bytes - offset);
                splits.push(Self { address: address.clone(), offset, length });
                offset += length;
            }
        }
        splits
    }

    /// Reads a line without its end; `None` where it is no split.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(3, '\t');
        let mut field = || fields.next();
        let (offset, length) = (field()?.parse().ok()?, field()?.parse().ok()?);
        Some(Self { address: field()?.into(), offset, length })
    }

    /// Its lines, as posts are read.
    pub(crate) fn source(&self) -> Result<impl Source + use<>, Error> {
        let (storage, path) = open_storage(&self.address)?;
        let file = storage.find(&path)?.map(|entry| entry.bytes);
        let end = self.offset.checked_add(self.length);
        let Some((bytes, end)) = file.zip(end).filter(|(bytes, end)| end <= bytes) else {
            let reason = format!("the split {self:?} is not in it; was it replaced?");
            return Err(Error::Content { path: self.address.clone(), reason });
        };
        Ok(Lines { storage, path, start: self.offset, end, bytes })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\t{}\t{}", self.offset, self.length, self.address)
    }
}

/// The lines that begin from `start` on and before `end`, in a file of so many bytes.
#[derive(Debug)]
struct Lines {
    storage: Arc<dyn Storage>,
    path: String,
    start: u64,
    end: u64,
    bytes: u64,
}

impl Source for Lines {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        // The byte before tells whether a line begins at the start.
        let from = self.start.saturating_sub(1);
        let head = self.storage.read(&self.path, from..self.end).map_err(Error::into_io)?;
        let mut lines = LinesReader {
            storage: Arc::clone(&self.storage),
            path: self.path.clone(),
            stream: head,
            last: b'\n',
            end: self.end,
            bytes: self.bytes,
            rest: Vec::new(),
            at_end: false,
        };
        if self.start > 0 {
            lines.skip_line()?;
        }
        Ok(Box::new(lines))
    }
}

struct LinesReader {
    storage: Arc<dyn Storage>,
    path: String,
    stream: Box<dyn Read + Send>,
    /// The last byte that was given or skipped.
    last: u8,
    /// How far the stream goes.
    end: u64,
    bytes: u64,
    /// What was read too early.
    rest: Vec<u8>,
    at_end: bool,
}

/// How much is read at once beyond the end, to complete the last line.
const TAIL: usize = 1 << 16;

impl LinesReader {
    /// Passes over the line that another reader has.
    fn skip_line(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; TAIL];
        loop {
            let length = self.stream.read(&mut buffer)?;
            let read = buffer.get(..length).unwrap_or_default();
            if length == 0 {
                // The line goes beyond the end, and no other begins here.
                self.at_end = true;
                return Ok(());
            }
            if let Some(end) = read.iter().position(|byte| *byte == b'\n') {
                self.rest = read.get(end + 1..).unwrap_or_default().to_vec();
                return Ok(());
            }
        }
    }
}

impl Read for LinesReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.at_end {
            return Ok(0);
        }
        if !self.rest.is_empty() {
            let length = self.rest.len().min(buffer.len());
            for (to, from) in buffer.iter_mut().zip(self.rest.drain(..length)) {
                *to = from;
            }
            self.last = buffer.get(length - 1).copied().unwrap_or_default();
            return Ok(length);
        }
        let length = self.stream.read(buffer)?;
        if length > 0 {
            self.last = buffer.get(length - 1).copied().unwrap_or_default();
            return Ok(length);
        }
        if self.last == b'\n' {
            self.at_end = true;
            return Ok(0);
        }
        // The last line goes on.
        let tail = self.end..(self.end + TAIL as u64).min(self.bytes);
        if tail.is_empty() {
            self.at_end = true;
            return Ok(0);
        }
        self.end = tail.end;
        let mut read = Vec::new();
        self.storage.read(&self.path, tail).map_err(Error::into_io)?.read_to_end(&mut read)?;
        if let Some(end) = read.iter().position(|byte| *byte == b'\n') {
            read.truncate(end + 1);
        }
        self.stream = Box::new(io::empty());
        self.rest = read;
        self.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::fs;

    use super::*;

    fn lines_of(splits: &[Split]) -> Vec<u8> {
        let mut all = Vec::new();
        splits.iter().for_each(|split| {
            split.source().unwrap().open().unwrap().read_to_end(&mut all).unwrap();
        });
        all
    }

    proptest! {
        #[test]
        fn splits_have_every_line_once(
            lines in proptest::collection::vec("[a-z]{0,9}", 0..20),
            ends_with_a_line in any::<bool>(),
            size in 1_u64..40,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("posts.jsonl");
            let mut text = lines.join("\n");
            if ends_with_a_line && !text.is_empty() {
                text.push('\n');
            }
            fs::write(&path, &text).unwrap();
            let (storage, path) = open_storage(path.to_str().unwrap()).unwrap();
            let entry = storage.find(&path).unwrap().unwrap();
            let splits = Split::plan(&*storage, &[entry], size);
            prop_assert_eq!(splits.iter().map(|split| split.length).sum::<u64>(), text.len() as u64);
            prop_assert_eq!(String::from_utf8(lines_of(&splits)).unwrap(), text);
        }
    }

    #[test]
    fn a_split_is_a_line() {
        let split = Split { address: "hdfs://mill:8020/a b.jsonl".into(), offset: 7, length: 9 };
        assert_eq!(split.to_string(), "7\t9\thdfs://mill:8020/a b.jsonl");
        assert_eq!(Split::parse(&split.to_string()), Some(split));
        for wrong in ["", "7\t9", "7\tx\ta", "-7\t9\ta"] {
            assert_eq!(Split::parse(wrong), None, "{wrong}");
        }
    }
}
