//! Inputs as one stream of lines, one file after the other.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
};

use crate::inputs::{Error, Inputs};

/// The lines of inputs one after the other, decompressed; each is opened when it is its turn.
pub fn lines_of(inputs: impl Into<Arc<Inputs>>) -> impl BufRead {
    let chained = Chained { inputs: inputs.into(), next: 0, present: Box::new(io::empty()) };
    BufReader::with_capacity(1 << 17, chained)
}

struct Chained {
    inputs: Arc<Inputs>,
    next: usize,
    present: Box<dyn Read>,
}

impl Read for Chained {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.present.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let Some(next) = self.inputs.inputs().get(self.next) else { return Ok(0) };
            self.next += 1;
            self.present = next.open(Arc::default()).map_err(|error| match error {
                Error::Read { source, .. } => source,
                error => io::Error::other(error),
            })?;
        }
    }
}
