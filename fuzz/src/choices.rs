//! The fuzzer's bytes, taken as choices.

/// What is left of the bytes. When there are none left, every choice is the first.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let (bytes, rest) = self.0.split_at(self.0.len().min(if end > 256 { 2 } else { 1 }));
        self.0 = rest;
        bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)) % end.max(1)
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Yes, about once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// A text of up to `length` bytes.
    pub fn text(&mut self, length: usize) -> &'a str {
        let length = self.below(length + 1).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
    }
}
