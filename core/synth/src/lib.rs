//! A synthetic public timeline: statuses such as real servers send, with every oddity that was seen in them, as JSON
//! lines, the same bytes for the same seed on every machine.
//!
//! ```
//! let timeline = tootmill_synth::Timeline { posts: 100, seed: 7, ..Default::default() };
//! let mut lines = Vec::new();
//! let counts = timeline.write_to(&mut lines)?;
//! assert_eq!(counts.bytes, lines.len() as u64);
//! # Ok::<(), std::io::Error>(())
//! ```
#![allow(clippy::cast_possible_truncation, reason = "random bits are cut to the size that is wanted")]

mod account;
mod content;
mod odd;
mod oddity;
mod post;
mod put;
mod random;
#[cfg(test)]
mod tests;
mod words;

pub use oddity::Oddity;

use put::DAY;
use random::{Random, Stream};
use std::{io, ops::Range};

/// A synthetic timeline. Post `n` follows from these fields and `n` alone: a part of the timeline can be made without
/// the rest.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// How many posts there are. Some oddities add lines to them.
    pub posts: u64,
    /// What everything random follows from.
    pub seed: u64,
    /// The first day, in days since 1970-01-01; from then to the year 9999.
    pub start: u32,
    /// Over how many days the posts are spread, evenly; at least one.
    pub days: u32,
    /// Whether about one post in three has an [`Oddity`]. Without, every line is a plain post.
    pub oddities: bool,
}

/// 10,000 posts, with oddities, of the week from 2026-11-16.
impl Default for Timeline {
    fn default() -> Self {
        Self { posts: 10_000, seed: 1, start: 20_773, days: 7, oddities: true }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Posts, of which some may be too odd to be posts any more.
    pub posts: u64,
    /// Lines: one a post, and those that oddities add.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
    oddities: [u64; Oddity::ALL.len()],
}

impl Counts {
    /// How many posts have the oddity.
    pub fn of(&self, oddity: Oddity) -> u64 {
        self.oddities[oddity as usize]
    }
}

impl Timeline {
    /// Writes the whole timeline, in pieces of about 256 KiB, so that `out` needs no buffer.
    pub fn write_to(&self, out: &mut impl io::Write) -> io::Result<Counts> {
        self.write_range(0..self.posts, out)
    }

    /// Writes some of the posts, each with the lines that its oddity adds: ranges written one after the other give the
    /// bytes of the whole.
    pub fn write_range(&self, posts: Range<u64>, out: &mut impl io::Write) -> io::Result<Counts> {
        const PIECE: usize = 256 << 10;
        let mut counts = Counts { posts: 0, lines: 0, bytes: 0, oddities: [0; _] };
        let mut piece = Vec::with_capacity(PIECE + PIECE / 2);
        for number in posts {
            if let Some(oddity) = self.oddity(number) {
                counts.oddities[oddity as usize] += 1;
            }
            counts.posts += 1;
            counts.lines += self.post(number, &mut piece);
            if piece.len() >= PIECE {
                counts.bytes += piece.len() as u64;
                out.write_all(&piece)?;
                piece.clear();
            }
        }
        counts.bytes += piece.len() as u64;
        out.write_all(&piece)?;
        out.flush()?;
        Ok(counts)
    }

    /// Appends the lines of post `number`, counting from 0, each with its line end; says how many they are.
    pub fn post(&self, number: u64, out: &mut Vec<u8>) -> u64 {
        if let Some(oddity) = self.oddity(number) {
            odd::lines(self, number, oddity, out)
        } else {
            post::write(self, number, out);
            out.push(b'\n');
            1
        }
    }

    /// The oddity of post `number`, where it has one.
    pub fn oddity(&self, number: u64) -> Option<Oddity> {
        if self.oddities { Oddity::pick(&mut Random::new(self.seed, Stream::Oddity, number)) } else { None }
    }

    /// The first moment, in milliseconds since 1970.
    fn start(&self) -> u64 {
        u64::from(self.start) * DAY
    }

    /// Milliseconds of the whole timeline.
    fn length(&self) -> u64 {
        u64::from(self.days.max(1)) * DAY
    }

    /// The moment at which the server sees post `number`, in milliseconds since 1970: a random one of those between it
    /// and the next post, so that posts are in order.
    fn moment(&self, number: u64, random: &mut Random) -> u64 {
        let at = |number: u64| {
            (u128::from(number) * u128::from(self.length()) / u128::from(self.posts.max(number).max(1))) as u64
        };
        let slot = at(number.saturating_add(1)).saturating_sub(at(number));
        self.start() + at(number) + random.below(slot)
    }
}
