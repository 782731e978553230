//! Accounts: who they are, which follows from the seed and their number, and how a status shows them.

use crate::{
    Timeline,
    content::{self, Emoji, Host, Tag},
    put::{DAY, Folders, Hex, Moment, Put, put},
    random::{Random, Stream},
    words::{Language, ascii},
};

/// An account, by its number; the smaller the number, the more it posts.
pub struct Account {
    pub id: u64,
    pub user: User,
    pub host: Host,
    pub language: Language,
    /// Milliseconds since 1970 of the midnight before it was made.
    created: u64,
    random: Random,
}

impl Account {
    pub fn new(timeline: &Timeline, number: u64) -> Self {
        let mut random = Random::new(timeline.seed, Stream::Account, number);
        let host = if random.chance(210) { Host::HERE } else { Host(1 + random.rank(1 << 12)) };
        // As the samples have them: nearly half in the last ten months, a third in the year before, few are older.
        let age = match random.below(100) {
            0..46 => random.below(296),
            46..82 => 296 + random.below(365),
            82..97 => 661 + random.below(2300),
            _ => 3000 + random.below(4300),
        };
        let created = timeline.start().saturating_sub((age + 1) * DAY);
        // Multiplied by a number that has no divisor in common with a day's milliseconds: no two accounts share an id.
        let id = ((created + number.wrapping_mul(15_485_863) % DAY) << 16) | random.below(1 << 16);
        let id = if host.is_here() && age > 296 { number.wrapping_add(10_000) } else { id };
        let user = User { first: random.bits(), second: random.bits(), number };
        Self { id, user, host, language: Language::pick(&mut random), created, random }
    }

    /// The name by which this server knows the account.
    pub fn acct(&self, out: &mut Vec<u8>) {
        put!(out, self.user);
        if !self.host.is_here() {
            put!(out, "@", self.host);
        }
    }

    /// Writes the account as it is at `now` (milliseconds since 1970); `drift`, below 2^16, makes its numbers differ
    /// from post to post.
    pub fn write(&mut self, out: &mut Vec<u8>, now: u64, drift: u64) {
        let (host, language, id) = (self.host, self.language, self.id);
        let random = &mut self.random;
        let emojis = match random.below(1000) {
            0..850 => 0,
            850..950 => 1,
            950..995 => 2 + random.below(5),
            _ => 12 + random.below(24),
        };
        let emoji = random.rank(1 << 12);
        let octave = random.below(9) + random.below(6) + if random.chance(15) { 8 } else { 0 };
        let followers = random.below(2 << octave);
        let octave = random.below(10) + random.below(6);
        let statuses = random.below(16 << octave) + (drift >> 12);
        let following = if random.chance(220) { 0 } else { random.rank(4096) };
        put!(out, r#"{"id":""#, id, r#"","username":""#, self.user, r#"","acct":""#);
        self.acct(out);
        let random = &mut self.random;
        put!(out, r#"","display_name":""#);
        language.script.text(out, 14, random);
        if emojis > 0 {
            put!(out, " :", Emoji(emoji), ":");
        }
        put!(out, r#"","locked":"#, random.chance(90), r#","bot":"#, random.chance(160), r#","discoverable":"#);
        put!(out, if random.chance(20) { "null" } else { random.pick(&["true", "true", "false"]) });
        put!(out, r#","group":false,"created_at":""#, Moment(self.created), r#"","note":""#);
        if !random.chance(70) {
            note(out, host, language, random);
        }
        put!(out, r#"","url":"https://"#, host, "/@", self.user);
        put!(out, r#"","uri":"https://"#, host, "/users/", self.user, r#"","#);
        picture(out, "avatar", 990, host, id, random);
        picture(out, "header", 830, host, id, random);
        put!(
            out,
            r#""followers_count":"#,
            followers + ((followers * drift) >> 20),
            r#","following_count":"#,
            following
        );
        put!(out, r#","statuses_count":"#, statuses, r#","last_status_at":""#, Moment(now).text()[..10]);
        // Servers say more of accounts of their own.
        let (noindex, roles) = if host.is_here() { (r#","noindex":false"#, r#","roles":[]"#) } else { ("", "") };
        put!(out, "\"", noindex, r#","emojis":["#);
        content::list(out, emojis, |out, place| Emoji((emoji + place) % (1 << 12)).write(out));
        put!(out, "]", roles, r#","fields":["#);
        let fields = if random.chance(500) { 0 } else { 1 + random.below(9) / 2 };
        content::list(out, fields, |out, _| field(out, self.created, language, random));
        put!(out, "]}");
    }
}

fn note(out: &mut Vec<u8>, host: Host, language: Language, random: &mut Random) {
    put!(out, "<p>");
    language.script.text(out, 12 + random.rank(2400), random);
    if random.chance(250) {
        put!(out, "<br />");
        content::link(out, random, "");
    }
    if random.chance(120) {
        put!(out, "</p><p>");
        for _ in 0..=random.below(4) {
            let tag = Tag { script: language.script, number: random.rank(1 << 16), capital: false };
            content::hashtag(out, &tag, host);
            put!(out, " ");
        }
    }
    put!(out, "</p>");
}

fn field(out: &mut Vec<u8>, created: u64, language: Language, random: &mut Random) {
    put!(out, r#"{"name":""#);
    language.script.text(out, 6, random);
    put!(out, r#"","value":""#);
    let linked = random.chance(700);
    if linked {
        content::link(out, random, " me");
    } else {
        language.script.text(out, 16, random);
    }
    put!(out, r#"","verified_at":"#);
    if linked && random.chance(150) {
        put!(out, "\"", Moment(created + random.below(300 * DAY)).text()[..23], r#"+00:00"}"#);
    } else {
        put!(out, "null}");
    }
}

/// The two forms of an avatar or header, which nearly always are the same file.
fn picture(out: &mut Vec<u8>, kind: &str, permille: u64, host: Host, id: u64, random: &mut Random) {
    let own = random.chance(permille);
    let (file, ending) = (random.bits(), random.pick(&[".png", ".jpg", ".jpeg", ".gif"]));
    for form in ["", "_static"] {
        put!(out, "\"", kind, form, r#"":"https://"#);
        if own {
            put!(out, "files.", Host::HERE, "/", host.cache(), "accounts/", kind, "s", Folders(id), "/original/");
            put!(out, Hex(file), ending, "\",");
        } else {
            put!(out, Host::HERE, "/", kind, "s/original/missing.png\",");
        }
    }
}

/// A user name, of one or two words and often a number.
pub struct User {
    first: u64,
    second: u64,
    number: u64,
}

impl Put for User {
    fn put(&self, out: &mut Vec<u8>) {
        let [first, second] = [self.first, self.second].map(|number| ascii().name(number % 96));
        match self.second >> 62 {
            0 => put!(out, first, self.number),
            1 => put!(out, first, "_", second),
            2 => put!(out, first, second),
            _ => put!(out, first, second, self.number % 100),
        }
    }
}
