//! A plain status, without any oddity, as a server serves it.

use crate::{
    Timeline,
    account::Account,
    content::{self, Emoji, Host, Tag},
    put::{Folders, Hex, Moment, put},
    random::{Random, Stream},
    words::Language,
};

const POLL: &str =
    r#"{"id":"4711","expires_at":null,"expired":false,"options":[{"title":"Rye","votes_count":0}],"emojis":[]}"#;

/// What is written about at several places of the post.
struct Parts {
    account: Account,
    language: Language,
    links: u64,
    tags: u64,
    /// The random numbers that the tags are made of.
    tag_seed: u64,
    mentions: u64,
    emoji: Option<u64>,
    reply: bool,
}

/// Writes post `number` without a line end; gives its id and when it was created, in milliseconds since 1970.
pub fn write(timeline: &Timeline, number: u64, out: &mut Vec<u8>) -> (u64, u64) {
    let mut random = Random::new(timeline.seed, Stream::Post, number);
    let random = &mut random;
    let mut parts = Parts::new(timeline, number, random);
    let here = parts.account.host.is_here();
    let seen = timeline.moment(number, random);
    // Other servers' posts take up to a minute to come, and most of those servers tell whole seconds only.
    let mut created = if here { seen } else { seen.saturating_sub(random.rank(60_000)) };
    if !here && random.chance(890) {
        created -= created % 1000;
    }
    let created = created.max(timeline.start());
    // Mastodon's ids: the milliseconds and 16 bits that tell posts of the same millisecond apart.
    let id = (seen << 16) | (number.wrapping_mul(40_503) & 0xffff);
    put!(out, r#"{"id":""#, id, r#"","created_at":""#, Moment(created), r#"","in_reply_to_id":"#);
    if parts.reply {
        let reply_to = id.saturating_sub(random.below(1 << 44));
        put!(out, "\"", reply_to, r#"","in_reply_to_account_id":""#, parts.account.id, "\"");
    } else {
        put!(out, r#"null,"in_reply_to_account_id":null"#);
    }
    let sensitive = random.chance(30);
    put!(out, r#","sensitive":"#, sensitive, r#","spoiler_text":""#);
    if sensitive && random.chance(600) {
        parts.language.script.text(out, 20, random);
    }
    put!(out, r#"","visibility":"public","language":""#, parts.language.code, "\"");
    uris(out, &parts.account, id, created, random);
    for (count, permille) in [("replies", 12), ("reblogs", 75), ("favourites", 45)] {
        let most = 1 << random.below(8);
        put!(out, ",\"", count, r#"_count":"#, if random.chance(permille) { 1 + random.rank(most) } else { 0 });
    }
    put!(out, r#","edited_at":null,"content":""#);
    parts.content(timeline, out, random);
    put!(out, r#"","reblog":null"#);
    if here {
        let client = random.pick(&["Web", "Millstone for Phones", "Sieve", "Grist Bot"]);
        put!(out, r#","application":{"name":""#, client, r#"","website":null}"#);
    }
    put!(out, r#","account":"#);
    parts.account.write(out, created, random.below(1 << 16));
    put!(out, r#","media_attachments":["#);
    let media = if random.chance(245) { 1 + random.rank(16) / 8 } else { 0 };
    content::list(out, media, |out, _| medium(out, &parts, random));
    put!(out, r#"],"mentions":["#);
    content::list(out, parts.mentions, |out, place| {
        let account = parts.mention(timeline, place);
        put!(out, r#"{"id":""#, account.id, r#"","username":""#, account.user, r#"","url":"https://"#);
        put!(out, account.host, "/@", account.user, r#"","acct":""#);
        account.acct(out);
        put!(out, "\"}");
    });
    put!(out, r#"],"tags":["#);
    content::list(out, parts.tags, |out, place| {
        let tag = parts.tag(place);
        put!(out, r#"{"name":""#, tag, r#"","url":""#);
        tag.url(out, parts.account.host);
        put!(out, "\"}");
    });
    put!(out, r#"],"emojis":["#);
    content::list(out, u64::from(parts.emoji.is_some()), |out, _| Emoji(parts.emoji.unwrap_or(0)).write(out));
    put!(out, r#"],"card":"#);
    if parts.links > 0 && random.chance(400) {
        card(out, &parts, created, random);
    } else {
        put!(out, "null");
    }
    put!(out, r#","poll":"#, if random.chance(5) { POLL } else { "null" }, "}");
    (id, created)
}

impl Parts {
    fn new(timeline: &Timeline, number: u64, random: &mut Random) -> Self {
        // Some post all day, many once: the accounts that are known grow with the posts.
        let known = number.min(1 << 60);
        let author = if random.chance(400) { random.rank(known / 2 + 64) } else { random.below(known * 3 + 1000) };
        let account = Account::new(timeline, author);
        let language = if random.chance(50) { Language::pick(random) } else { account.language };
        Self {
            account,
            language,
            links: if random.chance(545) { 0 } else { 1 + random.below(26) / 25 * (1 + random.rank(4)) },
            tags: if random.chance(725) { 0 } else { random.pick(&[1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 9]) },
            tag_seed: random.bits(),
            mentions: if random.chance(45) { 1 + random.rank(3) } else { 0 },
            emoji: random.chance(40).then(|| random.rank(1 << 12)),
            reply: random.chance(80),
        }
    }

    /// Whom the post mentions: those who post the most are also mentioned the most.
    fn mention(&self, timeline: &Timeline, place: u64) -> Account {
        Account::new(timeline, Random::new(self.tag_seed, Stream::Account, place).rank(1 << 16))
    }

    /// The post's tags, of which no two are the same.
    fn tag(&self, place: u64) -> Tag {
        let mut random = Random::new(self.tag_seed, Stream::Post, place);
        Tag { script: self.language.script, number: random.rank(1 << 16) * 16 + place, capital: random.chance(500) }
    }

    fn content(&self, timeline: &Timeline, out: &mut Vec<u8>, random: &mut Random) {
        let script = self.language.script;
        put!(out, "<p>");
        for place in 0..self.mentions {
            content::mention(out, &self.mention(timeline, place));
        }
        let paragraphs = 1 + random.rank(4);
        for paragraph in 0..paragraphs {
            if paragraph > 0 {
                put!(out, if random.chance(700) { "</p><p>" } else { "<br />" });
            }
            let quoted = random.chance(80);
            put!(out, if quoted { "&quot;" } else { "" });
            script.text(out, 12 + random.rank(900), random);
            put!(out, if quoted { "&quot;" } else { "" });
        }
        if let Some(emoji) = self.emoji {
            put!(out, " :", Emoji(emoji), ":");
        }
        for _ in 0..self.links {
            put!(out, if random.chance(500) { "</p><p>" } else { " " });
            content::link(out, random, "");
        }
        for place in 0..self.tags {
            put!(out, " ");
            content::hashtag(out, &self.tag(place), self.account.host);
        }
        put!(out, "</p>");
    }
}

/// Where the post is at home: most servers count as Mastodon does, some have notes with short names.
fn uris(out: &mut Vec<u8>, account: &Account, id: u64, created: u64, random: &mut Random) {
    let host = account.host;
    let id = if host.is_here() { id } else { (created << 16) | random.below(1 << 16) };
    if host.0 % 16 == 5 {
        let note = Hex(id);
        put!(out, r#","uri":"https://"#, host, "/notes/", note, r#"","url":"https://"#, host, "/notes/", note, "\"");
    } else {
        put!(out, r#","uri":"https://"#, host, "/users/", account.user, "/statuses/", id);
        put!(out, r#"","url":"https://"#, host, "/@", account.user, "/", id, "\"");
    }
}

fn medium(out: &mut Vec<u8>, parts: &Parts, random: &mut Random) {
    const FILES: &str = "https://files.tootmill.example/";
    const SIZES: [&str; 3] = [
        r#""width":1200,"height":675,"size":"1200x675","aspect":1.7777777777777777}"#,
        r#""width":600,"height":800,"size":"600x800","aspect":0.75}"#,
        r#""width":1170,"height":2532,"size":"1170x2532","aspect":0.462085308056872}"#,
    ];
    let host = parts.account.host;
    let (id, file) = (parts.account.id.wrapping_add(random.below(1 << 40)), Hex(random.bits()));
    let (kind, ending) = if random.chance(960) { ("image", ".jpg") } else { ("video", ".mp4") };
    put!(out, r#"{"id":""#, id, r#"","type":""#, kind, r#"","url":""#, FILES, host.cache(), "media_attachments/files");
    put!(out, Folders(id), "/original/", file, ending, r#"","preview_url":""#, FILES, host.cache());
    put!(out, "media_attachments/files", Folders(id), "/small/", file, ending, r#"","remote_url":"#);
    if host.is_here() {
        put!(out, "null");
    } else {
        put!(out, "\"https://files.", host, "/media_attachments/files", Folders(id.wrapping_add(77)), "/original/");
        put!(out, Hex(random.bits()), ending, "\"");
    }
    put!(out, r#","preview_remote_url":null,"text_url":null,"meta":{"original":{"#, random.pick(&SIZES));
    put!(out, r#","small":{"#, random.pick(&SIZES), r#"},"description":"#);
    if random.chance(230) {
        put!(out, "\"");
        parts.language.script.text(out, 20 + random.rank(600), random);
        put!(out, "\"");
    } else {
        put!(out, "null");
    }
    put!(out, r#","blurhash":"U"#, Hex(random.bits()), Hex(random.bits()), "\"}");
}

/// The preview of the post's link.
fn card(out: &mut Vec<u8>, parts: &Parts, created: u64, random: &mut Random) {
    let host = Host(1 + random.rank(1 << 13));
    put!(out, r#"{"url":"https://"#, host, "/", Hex(random.bits()), r#"","title":""#);
    parts.language.script.text(out, 60, random);
    put!(out, r#"","description":""#);
    parts.language.script.text(out, random.below(400), random);
    put!(out, r#"","language":null,"type":"link","author_name":"","author_url":"","provider_name":""#, host);
    put!(out, r#"","provider_url":"","html":"","width":"#, 300 + random.below(500), r#","height":"#);
    put!(out, 200 + random.below(300), r#","image":"https://files.tootmill.example/cache/preview_cards/images"#);
    put!(out, Folders(random.below(100_000_000)), "/original/", Hex(random.bits()), r#".jpg","image_description":"""#);
    put!(out, r#","embed_url":"","blurhash":"U"#, Hex(random.bits()), Hex(random.bits()), r#"","published_at":""#);
    put!(out, Moment(created.saturating_sub(random.rank(1 << 36))), "\"}");
}
