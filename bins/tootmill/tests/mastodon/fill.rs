//! Synthetic posts, put into a server by its API.

use serde_json::{Value, json};

use super::{ACCOUNTS, Mock};

/// What the posts say, in turn; `{n}` is the post's number. Among it: links with ports, names beyond ASCII, signs of
/// punctuation and what the server takes for emphasis, addresses that it makes no links of, tags in capitals and in other
/// scripts, and what looks like HTML.
const TEXTS: [&str; 12] = [
    "The mill turns, {n}. #mill #Grain",
    "Read https://mill.example/{n}?a=1&b=2 and https://mill.example/{n}?a=1&b=2 again",
    "Plain words, number {n}",
    "On https://stone.test:8443/wheel/{n}, see also https://STONE.test./ and #STONE",
    "水車 {n} が回る #水車 #Straße https://bücher.example/{n}",
    "@ada look: https://grain.example/*{n}*/all **bold** ~~gone~~ `code`",
    "HTTP://LOUD.example/{n}! and then (Https://quiet.example:80/{n}).",
    "<a href=\"https://not-a-link.example/\">{n}</a> & <script>alert({n})</script>",
    "First line {n}\nsecond\tline\n\nnew paragraph #mill #mill #MILL",
    "https://[::1]:{n}/ https://192.168.1.300/ https://user:secret@held.example/{n}",
    "🌾🌾 {n} #harvest2026 http://grain.example.#top https://exa mple.org/",
    "ένα {n} #ΟΔΟΣ https://xn--mnchen-3ya.example/ https://münchen.example/",
];

const LANGUAGES: [Option<&str>; 7] = [Some("en"), Some("de"), None, Some("ja"), Some("pt-BR"), Some(""), Some("en")];

impl Mock {
    /// Puts posts into the public timeline and gives their ids, oldest first. They are by all accounts in turn, some with an
    /// image, some favourited, boosted or replied to; every eighth comes with another that is not public.
    ///
    /// About 30 posts a second, because the server makes thirty queries for each; see `multiply` for thousands.
    pub fn fill(&self, posts: usize) -> Vec<String> {
        let mut ids = Vec::with_capacity(posts);
        for number in 0..posts {
            let id = self.synthetic(number, "public", ids.last());
            if number % 3 == 1 {
                self.favourite(name(number + 1), &id);
            }
            if number % 7 == 2 {
                self.boost(name(number + 2), &id);
            }
            if number % 8 == 5 {
                self.synthetic(number, ["unlisted", "private", "direct"][number % 3], None);
            }
            ids.push(id);
        }
        ids
    }

    /// Puts copies of all that was posted, with tags, media and favourites, before it, so many times.
    /// In the database, at ten thousand posts a second; the dates are the same too.
    pub fn multiply(&self, times: u32) {
        // Rows of all tables have their ids from one counter, so that a shift by its range is new everywhere.
        let ids = "SELECT id FROM statuses UNION ALL SELECT id FROM status_tags UNION ALL SELECT id FROM media_attachments \
                   UNION ALL SELECT id FROM favourites";
        let range = self.number(&format!("SELECT max(id) - min(id) + 1 FROM ({ids})"));
        let tables = [
            ("statuses", &["id", "in_reply_to_id", "reblog_of_id"][..]),
            ("status_tags", &["id", "status_id"]),
            ("media_attachments", &["id", "status_id"]),
            ("favourites", &["id", "status_id"]),
        ];
        let mut statements = "BEGIN;".to_owned();
        for (table, shifted) in tables {
            let shifted: Vec<String> = shifted.iter().map(|column| format!("{column} = {column} - {range}")).collect();
            let shift = format!("UPDATE copies SET {};", shifted.join(", "));
            let copy = format!("{shift} INSERT INTO {table} SELECT * FROM copies;").repeat(times as usize);
            statements += &format!("CREATE TEMP TABLE copies AS SELECT * FROM {table}; {copy} DROP TABLE copies;");
        }
        self.sql(&(statements + "COMMIT;"));
    }

    /// Posts, in reply to the one before if its number says so, and gives the id.
    fn synthetic(&self, number: usize, visibility: &str, before: Option<&String>) -> String {
        let mut status = json!({
            "status": TEXTS[number % TEXTS.len()].replace("{n}", &number.to_string()),
            "language": LANGUAGES[number % LANGUAGES.len()],
            "visibility": visibility,
        });
        if number % 5 == 4 {
            status["media_ids"] = json!([self.media(name(number))]);
        }
        if number % 6 == 3 {
            status["in_reply_to_id"] = json!(before);
        }
        id(&self.post(name(number), &status))
    }
}

/// The id of a status.
fn id(status: &Value) -> String {
    status["id"].as_str().unwrap().to_owned()
}

fn name(number: usize) -> &'static str {
    ACCOUNTS[number % ACCOUNTS.len()].0
}
