//! The floor: nothing but reading a file of JSON lines and parsing, typed and borrowed, the fields that the seven metrics
//! need, by a JSON library as its documentation shows it.
//!
//! `floor sonic-rs FILE` or `floor serde-json FILE`, in one thread.

use std::{
    borrow::Cow,
    error::Error,
    fs::File,
    io::{BufRead, BufReader},
};

use serde::{Deserialize, de::IgnoredAny};

#[derive(Deserialize)]
#[allow(dead_code, reason = "the fields are parsed and not used: that is the floor")]
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

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct Account<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    followers_count: i64,
    bot: Option<bool>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct Emoji<'a> {
    #[serde(borrow)]
    shortcode: Cow<'a, str>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "as above")]
struct Tag<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, file] = &arguments[..] else { return Err("usage: floor sonic-rs|serde-json FILE".into()) };
    let parses: fn(&[u8]) -> bool = match &**library {
        "sonic-rs" => |line| sonic_rs::from_slice::<Status<'_>>(line).is_ok(),
        "serde-json" => |line| serde_json::from_slice::<Status<'_>>(line).is_ok(),
        other => return Err(format!("there is no library `{other}`").into()),
    };
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let mut line = Vec::new();
    let (mut lines, mut posts) = (0_u64, 0_u64);
    while reader.read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        posts += u64::from(parses(&line));
        line.clear();
    }
    eprintln!("{posts} of {lines} lines are posts");
    Ok(())
}
