//! Compressed files, and lines in several of a sensible size.

use std::io::{self, BufWriter, Write};

use crate::{
    error::Error,
    storage::{Sink, Storage},
};

const COMPRESSION_LEVEL: i32 = 3;

/// A file that is being written, compressed by Zstandard. It is whole once it is finished.
pub struct Compressed<'s> {
    storage: &'s dyn Storage,
    path: String,
    file: BufWriter<zstd::Encoder<'static, Box<dyn Sink>>>,
}

impl<'s> Compressed<'s> {
    /// A new file `PATH.zst`.
    pub fn create(storage: &'s dyn Storage, path: &str) -> Result<Self, Error> {
        let path = format!("{path}.zst");
        let file = zstd::Encoder::new(storage.create(&path)?, COMPRESSION_LEVEL);
        let file = file.map_err(|source| storage.cannot_write(&path, source))?;
        Ok(Self { storage, path, file: BufWriter::with_capacity(1 << 17, file) })
    }

    /// Writes a line, whose end is added; gives how many bytes it has. The ends of lines within it become spaces: JSON does
    /// not tell them apart outside of strings, and does not allow them within.
    pub fn write_line(&mut self, line: &[u8]) -> Result<u64, Error> {
        let mut pieces = line.split(|byte| matches!(byte, b'\n' | b'\r'));
        let mut written = self.file.write_all(pieces.next().unwrap_or_default());
        for piece in pieces {
            written = written.and_then(|()| self.file.write_all(b" ")).and_then(|()| self.file.write_all(piece));
        }
        let written = written.and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|source| self.storage.cannot_write(&self.path, source))?;
        Ok(line.len() as u64 + 1)
    }

    /// Writes out what is buffered, and lets the storage keep it.
    pub fn finish(self) -> Result<(), Error> {
        let failed = |source| self.storage.cannot_write(&self.path, source);
        let file = self.file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.finish().map_err(failed)?.finish()
    }
}

impl Write for Compressed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl std::fmt::Debug for Compressed<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Compressed").field(&self.path).finish()
    }
}

/// How many bytes of lines a part has. Of a compressed file one mapper reads all, so many parts mean many mappers.
const PART: u64 = 256 << 20;

/// Writes lines to files `part-00000.…` of a folder, compressed. A line is in one part.
pub struct PartsWriter<'s> {
    storage: &'s dyn Storage,
    folder: String,
    ending: &'static str,
    parts: u32,
    /// The part that is being written, and how many bytes of lines are in it.
    open: Option<(Compressed<'s>, u64)>,
}

impl<'s> PartsWriter<'s> {
    /// Writes to the folder; the files' names end as said, before `.zst`.
    pub fn new(storage: &'s dyn Storage, folder: String, ending: &'static str) -> Self {
        Self { storage, folder, ending, parts: 0, open: None }
    }

    /// Writes a line, as [`Compressed::write_line`] does.
    pub fn write_line(&mut self, line: &[u8]) -> Result<(), Error> {
        let (file, bytes) = match &mut self.open {
            Some(open) => open,
            none => {
                let path = format!("{}/part-{:05}.{}", self.folder, self.parts, self.ending);
                self.parts += 1;
                none.insert((Compressed::create(self.storage, &path)?, 0))
            }
        };
        *bytes += file.write_line(line)?;
        if *bytes >= PART { self.close() } else { Ok(()) }
    }

    /// Writes out what is buffered. Without this the last part is not whole.
    pub fn finish(mut self) -> Result<(), Error> {
        self.close()
    }

    fn close(&mut self) -> Result<(), Error> {
        self.open.take().map_or(Ok(()), |(file, _)| file.finish())
    }
}

impl std::fmt::Debug for PartsWriter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PartsWriter").field("folder", &self.folder).field("parts", &self.parts).finish()
    }
}
