//! Lines in compressed files of a sensible size.

use std::io::Write;

use crate::{
    error::Error,
    storage::{Sink, Storage},
};

/// How many bytes of lines a part has. Of a compressed file one mapper reads all, so many parts mean many mappers.
const PART: u64 = 256 << 20;
const COMPRESSION_LEVEL: i32 = 3;

/// Writes lines to files `part-00000.…` of a folder, compressed by Zstandard. A line is in one part.
pub struct PartsWriter<'s> {
    storage: &'s dyn Storage,
    folder: String,
    ending: &'static str,
    parts: u32,
    open: Option<Part>,
}

struct Part {
    path: String,
    file: zstd::Encoder<'static, Box<dyn Sink>>,
    bytes: u64,
}

impl<'s> PartsWriter<'s> {
    /// Writes to the folder; the files' names end as said, before `.zst`.
    pub fn new(storage: &'s dyn Storage, folder: String, ending: &'static str) -> Self {
        Self { storage, folder, ending, parts: 0, open: None }
    }

    /// Writes a line, whose end is added. The ends of lines within it become spaces, which are all the same to JSON.
    pub fn write_line(&mut self, line: &[u8]) -> Result<(), Error> {
        let part = match &mut self.open {
            Some(part) => part,
            none => {
                let path = format!("{}/part-{:05}.{}.zst", self.folder, self.parts, self.ending);
                self.parts += 1;
                let file = zstd::Encoder::new(self.storage.create(&path)?, COMPRESSION_LEVEL);
                let file = file.map_err(|source| self.storage.cannot_write(&path, source))?;
                none.insert(Part { path, file, bytes: 0 })
            }
        };
        part.bytes += line.len() as u64 + 1;
        let mut pieces = line.split(|byte| matches!(byte, b'\n' | b'\r'));
        let mut written = part.file.write_all(pieces.next().unwrap_or_default());
        for piece in pieces {
            written = written.and_then(|()| part.file.write_all(b" ")).and_then(|()| part.file.write_all(piece));
        }
        let written = written.and_then(|()| part.file.write_all(b"\n"));
        written.map_err(|source| self.storage.cannot_write(&part.path, source))?;
        if part.bytes >= PART { self.close() } else { Ok(()) }
    }

    /// Writes out what is buffered. Without this the last part is not whole.
    pub fn finish(mut self) -> Result<(), Error> {
        self.close()
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(Part { path, file, .. }) = self.open.take() else { return Ok(()) };
        file.finish().map_err(|source| self.storage.cannot_write(&path, source))?.finish()
    }
}

impl std::fmt::Debug for PartsWriter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PartsWriter").field("folder", &self.folder).field("parts", &self.parts).finish()
    }
}
