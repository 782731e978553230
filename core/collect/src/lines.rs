//! Files of the lake as lines.

use std::io::BufRead;

use tootmill_input::{Inputs, lines_of};
use tootmill_lake::{Entry, Lake, input};

use crate::error::Error;

/// The lines of a file. Bytes that are not UTF-8 are replaced.
pub(crate) fn lines(lake: &Lake, file: &Entry) -> impl Iterator<Item = Result<String, Error>> {
    let address = lake.storage().address(&file.path);
    let lines = lines_of(Inputs::from_iter([input(lake.storage(), file)]));
    lines.split(b'\n').map(move |line| match line {
        Ok(line) => Ok(String::from_utf8_lossy(&line).into_owned()),
        Err(error) => Err(tootmill_lake::Error::Content { path: address.clone(), reason: error.to_string() }.into()),
    })
}
