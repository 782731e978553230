//! Reading Thrift's framed transport: a length of four bytes, and as many bytes.
//!
//! Thrift's own reader makes room for any length that is named, and panics where it is negative: a server that speaks something
//! else is to be an error.

use std::io::{self, Read};

/// A frame of more bytes than that is not from HBase.
const MOST: u32 = 1 << 30;

/// What the frames hold, one after the other.
pub(crate) struct Frames<R> {
    stream: R,
    /// So many bytes of the frame were not read yet.
    left: u32,
}

impl<R: Read> Frames<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { stream, left: 0 }
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 && !buffer.is_empty() {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length)?;
            self.left = u32::from_be_bytes(length);
            if self.left > MOST {
                let message = "the answer is no frame of Thrift; is transport=framed right?";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
        let read = self.stream.by_ref().take(self.left.into()).read(buffer)?;
        self.left = self.left.saturating_sub(u32::try_from(read).unwrap_or(self.left));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_one_after_the_other() {
        let bytes = b"\0\0\0\x03one\0\0\0\0\0\0\0\x03two\0\0\0\x09cut";
        let mut text = [0; 6];
        let mut frames = Frames::new(&bytes[..]);
        frames.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"onetwo");
        assert_eq!(frames.read_exact(&mut text).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        for wrong in [b"\x80\x01\0\x02", b"HTTP", b"\xff\xff\xff\xff"] {
            assert_eq!(Frames::new(&wrong[..]).read(&mut text).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
