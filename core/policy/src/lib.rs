//! What is kept of a status before it comes into a lake: by what its author says, and by what the metrics read.
//!
//! A [`Policy`] is asked once for every line that was observed, and says what is [`Kept`] of it. It knows no lake and does no
//! input or output. A [`Tally`] counts what it did, as the note that stands among the lines.

mod account;
mod again;
mod blocks;
mod fields;
mod finder;
mod forgotten;
mod left;
mod named;
mod policy;
mod reduce;
mod status;
mod tags;
mod tally;
mod whom;
mod within;
mod words;

pub use again::reduced_to;
pub use blocks::{BadEntry, BlockList};
pub use finder::{Finder, TooMany};
pub use forgotten::{BadList, Forgotten, Hashed, Key};
pub use left::Left;
pub use named::{Named, NoAccount};
pub use policy::{Described, Kept, Level, Policy, Reason, UnknownLevel};
pub use tags::{NoTag, OPT_OUT_TAGS, Tag};
pub use tally::Tally;
pub use whom::Whom;
