//! Every form that posts come in, and the choice among observations of the same post.
//!
//! [`Inputs`] is what a user names: files, folders, globs, standard input. [`Reader`] gives their bytes as [`Chunk`]s of whole
//! records, each of which should be one JSON object, and [`read_line`] says what a record is; [`lines_of`] gives
//! them as one stream. [`Observation`] is what was
//! seen of a post at one time; merging observations leaves the latest. [`observed_at`] says what that time was.

mod chained;
mod document;
mod inputs;
mod line;
mod observation;
mod raw;
mod reader;

pub use chained::lines_of;
pub use document::objects;
pub use inputs::{Error, Input, Inputs, Source};
pub use line::{id_at_start, objects_within, read_line, text_of};
pub use observation::{Observation, identity_key};
pub use raw::{is_ripe, observed_at, raw_name};
pub use reader::{Chunk, LONGEST_RECORD, Reader};
