//! The floor: nothing but parsing, typed and borrowed, the fields that the seven metrics need, by a JSON library as its
//! documentation shows it.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

/// Whether sonic-rs reads a status in the line.
pub fn sonic_rs(line: &[u8]) -> bool {
    sonic_rs::from_slice::<Status<'_>>(line).is_ok()
}

/// Whether `serde_json` reads a status in the line.
pub fn serde_json(line: &[u8]) -> bool {
    serde_json::from_slice::<Status<'_>>(line).is_ok()
}

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
