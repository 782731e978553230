//! What a table is about: of the seven tables that have a place on the page it is known, of all others their declaration says it.

use tootmill_metric::Table;

/// Where on the page a table is told, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Who is heard, and who grew.
    Accounts,
    /// What was talked about.
    Topics,
    /// In which language.
    Languages,
    /// Linking where.
    Links,
    /// How much, day by day.
    Activity,
    /// Tables of other metrics.
    Others,
}

/// What a share is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// All posts.
    Posts,
    /// All rows' numbers together.
    Sum,
}

/// What is known of a table beyond its declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Its heading.
    pub title: String,
    /// What a row is of.
    pub key: &'static str,
    /// Where it is told.
    pub section: Section,
    /// Its place on the page among all tables.
    pub place: usize,
    /// What a share is a share of.
    pub whole: Whole,
    /// What must be told beside its numbers.
    pub caveats: &'static [&'static str],
}

/// The table whose rows are accounts, with the columns `engagement_rate`, `followers` and `posts`.
pub(crate) const ACCOUNTS: &str = "user_table";
/// The table whose rows are languages, so that all its counts together are the posts.
pub(crate) const LANGUAGES: &str = "language_table";
/// The table whose rows are months.
pub(crate) const MONTHS: &str = "croissance_table";
/// The table with one row, of posts that have media.
pub(crate) const MEDIA: &str = "toot_with_media_table";
/// The tables of the page in their order, before those of other metrics.
const ORDER: [&str; 7] = [ACCOUNTS, TAGS, EMOJI, LANGUAGES, HOSTS, MEDIA, MONTHS];
const TAGS: &str = "tag_table";
const EMOJI: &str = "emoji_table";
const HOSTS: &str = "url_table";

impl Subject {
    /// What the table is about.
    pub(crate) fn of(table: &Table) -> Self {
        let (title, key, section, whole, caveats): (_, _, _, _, &'static [_]) = match table.name {
            ACCOUNTS => (
                "Accounts",
                "account",
                Section::Accounts,
                Whole::Sum,
                &[
                    "Most fresh posts have no engagement yet: the rate of an account grows as its posts ripen.",
                    "Favourites and boosts are those that this server knows of.",
                ],
            ),
            TAGS => (
                "Hashtags",
                "hashtag",
                Section::Topics,
                Whole::Posts,
                &[
                    "A tag counts once a post, whatever its capitals. Boosts and replies to others are not on the public timeline.",
                ],
            ),
            EMOJI => (
                "Custom emoji",
                "shortcode",
                Section::Topics,
                Whole::Posts,
                &["Servers may show different pictures under the same shortcode."],
            ),
            LANGUAGES => (
                "Languages",
                "language",
                Section::Languages,
                Whole::Posts,
                &["Languages are declared by the author or guessed by the server; und means that none is given."],
            ),
            HOSTS => (
                "Websites",
                "host",
                Section::Links,
                Whole::Sum,
                &[
                    "Links of hashtags and mentions are not links to a website, so the instance itself is not the top of this list by them.",
                ],
            ),
            MEDIA => (
                "Posts with media",
                "what",
                Section::Activity,
                Whole::Posts,
                &["Counts are what this server knows of: media of posts that it never got are not in them."],
            ),
            MONTHS => (
                "Accounts by month of creation",
                "month",
                Section::Activity,
                Whole::Sum,
                &["Only accounts that were seen posting are counted. This is not the growth of a server."],
            ),
            _ => return Self::of_declaration(table),
        };
        Self { title: title.into(), key, section, place: place(table), whole, caveats }
    }

    /// The metric's name as a heading.
    fn of_declaration(table: &Table) -> Self {
        let name = table.metric_name().replace('_', " ");
        let mut letters = name.chars();
        let title = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        Self { title, key: "row", section: Section::Others, place: place(table), whole: Whole::Sum, caveats: &[] }
    }
}

fn place(table: &Table) -> usize {
    ORDER.iter().position(|name| *name == table.name).unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_nobody_knows_is_told_by_its_declaration() {
        let subject = Subject::of(&Table::new("reply_depth_table").integer("count", "posts"));
        assert_eq!((&*subject.title, subject.section), ("Reply depth", Section::Others));
        assert_eq!(Subject::of(&Table::new(TAGS)).section, Section::Topics);
    }
}
