//! Texts as inputs, and the records that are read in them.

use std::io::Write;

use tempfile::NamedTempFile;
use tootmill_input::{Chunk, Inputs, Reader};

/// A text in a file, as an input. The file is there as long as the first of the two.
pub fn file(text: &[u8]) -> (NamedTempFile, Inputs) {
    let mut file = NamedTempFile::with_suffix(".json").expect("a temporary file");
    file.write_all(text).expect("a temporary file that can be written");
    let inputs = Inputs::find(file.path().to_str()).expect("the file");
    (file, inputs)
}

/// All records with their offsets.
pub fn records(mut reader: Reader<'_>) -> Vec<(u64, Vec<u8>)> {
    let mut chunk = Chunk::default();
    let mut records = Vec::new();
    while reader.next_chunk(&mut chunk).expect("an input that can be read") {
        records.extend(chunk.records().map(|(offset, record)| (offset, record.to_vec())));
    }
    records
}
