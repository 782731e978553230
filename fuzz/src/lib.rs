//! What the fuzz targets share: JSON that is made from the fuzzer's bytes, and what a line is, read by the book.

mod choices;
mod files;
mod json;
pub mod oracle;

pub use choices::Choices;
pub use files::{file, records};
pub use json::{line, object};
