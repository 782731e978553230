//! The floor: nothing but parsing, typed and borrowed, the fields that the seven metrics need, by a JSON library as its
//! documentation shows it; and what benchmarks have in common.

use std::{borrow::Cow, error::Error, fs};

use serde::{Deserialize, de::IgnoredAny};

/// Whether sonic-rs reads a status in the line.
pub fn sonic_rs(line: &[u8]) -> bool {
    by_sonic_rs(line).is_some()
}

/// Whether `serde_json` reads a status in the line.
pub fn serde_json(line: &[u8]) -> bool {
    by_serde_json(line).is_some()
}

/// Whether both read the same status in the line: the floor of each is one of the same work.
pub fn both_alike(line: &[u8]) -> bool {
    by_sonic_rs(line).is_some_and(|status| Some(status) == by_serde_json(line))
}

/// The processor time of this process until now, in seconds.
pub fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    /// `getconf CLK_TCK`, on all Linux that there is.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let [user, system] = [11, 12].map(|field| fields.get(field).and_then(|ticks| ticks.parse::<u32>().ok()));
    Ok((f64::from(user.ok_or("no time")?) + f64::from(system.ok_or("no time")?)) / TICKS)
}

fn by_sonic_rs(line: &[u8]) -> Option<Status<'_>> {
    sonic_rs::from_slice(line).ok()
}

fn by_serde_json(line: &[u8]) -> Option<Status<'_>> {
    serde_json::from_slice(line).ok()
}

#[derive(Deserialize, PartialEq)]
struct Status<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    #[serde(borrow)]
    edited_at: Option<Cow<'a, str>>,
    reblog: Option<IgnoredAny>,
    #[serde(borrow)]
    visibility: Option<Cow<'a, str>>,
    #[serde(borrow)]
    language: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Cow<'a, str>,
    reblogs_count: i64,
    favourites_count: i64,
    replies_count: i64,
    media_attachments: Vec<IgnoredAny>,
    #[serde(borrow)]
    emojis: Vec<Emoji<'a>>,
    #[serde(borrow)]
    tags: Vec<Tag<'a>>,
    #[serde(borrow)]
    account: Account<'a>,
}

#[derive(Deserialize, PartialEq)]
struct Account<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    followers_count: i64,
    bot: Option<bool>,
}

#[derive(Deserialize, PartialEq)]
struct Emoji<'a> {
    #[serde(borrow)]
    shortcode: Cow<'a, str>,
}

#[derive(Deserialize, PartialEq)]
struct Tag<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}
