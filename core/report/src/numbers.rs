//! All numbers of a report, read from the tables.

use serde::{Serialize, Serializer};
use tootmill_lake::Lake;
use tootmill_metric::{Day, Registered, Registry, Table};
use tootmill_tables::Store;

use crate::{
    accounts::Accounts,
    calendar::Span,
    daily::{busy, posts_by_day},
    error::Error,
    names::names,
    ranking::Ranking,
    story::Story,
    subject::ACCOUNTS,
    trend::{Period, periods, trend},
};

/// What a report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The least posts that an account must have to be compared by its engagement.
    pub least_posts: u64,
    /// The least followers that an account must have to be compared by its engagement.
    pub least_followers: u64,
    /// How many rows of a table are shown at first.
    pub top: u16,
    /// How many days the trends go back.
    pub days: u32,
}

impl Default for Options {
    /// Five posts and fifty followers, twelve rows, twenty-eight days.
    fn default() -> Self {
        Self { least_posts: 5, least_followers: 50, top: 12, days: 28 }
    }
}

/// How many keys a trend follows.
const FOLLOWED: usize = 5;

/// All numbers of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Numbers {
    /// What the last load tells; `None` where nothing was loaded.
    pub story: Option<Story>,
    /// The posts of each day.
    #[serde(serialize_with = "as_map")]
    pub posts_by_day: Vec<(Day, u64)>,
    /// The days that have nearly all posts, which charts show.
    pub busy: Option<Span>,
    /// The two periods that the trends compare, the later one first.
    pub periods: Option<(Period, Period)>,
    /// What is told of accounts.
    pub accounts: Option<Accounts>,
    /// What each of the other tables says, in the order of the page.
    pub rankings: Vec<Ranking>,
    /// Under which policies posts came into the lake, the first one first; nothing, unless whoever reads the numbers knows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<InForce>,
    /// What was forgotten of what was in the lake; `None` where nothing was, or whoever reads the numbers does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<Forgotten>,
}

/// That people or posts were forgotten, which count in nothing from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// How many times somebody, or some post, was.
    pub times: u64,
}

/// A policy by which it was decided whose posts were kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// Since when, an instant.
    pub since: String,
    /// For what, as `import` or `collect public`.
    pub by: String,
    /// What it asked and kept.
    pub policy: String,
}

impl Numbers {
    /// Reads them from the tables, and the names of accounts from the lake, where there is one.
    pub fn read(store: &dyn Store, registry: &Registry, lake: Option<&Lake>, options: &Options) -> Result<Self, Error> {
        let told = Story::of(&store.runs()?);
        let tables: Vec<&Table> = registry.metrics().iter().map(|registered| &registered.table).collect();
        let posts = posts_by_day(store, &tables)?;
        let busy = busy(&posts, told.as_ref().map(|told| told.as_of_day));
        let periods = busy.and_then(|busy| periods(&posts, busy.last));
        let loaded = || told.as_ref().and_then(|told| Some(told.days?.until(told.as_of_day)));
        let days = busy.or_else(loaded).map(|days| days.ending_with(options.days));
        let (mut accounts, mut rankings) = (None, Vec::new());
        for registered in registry.metrics() {
            if registered.table.name == ACCOUNTS {
                accounts = Accounts::read(store, registered, options)?;
                if accounts.is_some() {
                    continue;
                }
            }
            let posts = told.as_ref().and_then(Story::posts);
            rankings.push(with_trend(store, registered, posts, days, periods, options)?);
        }
        if let (Some(lake), Some(accounts)) = (lake, &mut accounts) {
            accounts.names = names(lake, accounts.ids())?;
        }
        rankings.sort_by_key(|ranking| ranking.subject.place);
        let posts_by_day = posts.into_iter().collect();
        Ok(Self { story: told, posts_by_day, busy, periods, accounts, rankings, policies: Vec::new(), forgotten: None })
    }

    /// What the table of this name says.
    pub(crate) fn ranking(&self, table: &str) -> Option<&Ranking> {
        self.rankings.iter().find(|ranking| ranking.table == table)
    }
}

/// Pairs as a map, in their order.
pub(crate) fn as_map<K: std::fmt::Display, V: Serialize, S: Serializer>(
    pairs: &[(K, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key.to_string(), value)))
}

/// What a table says, with the trend of its first keys where there are days and its keys are no months.
fn with_trend(
    store: &dyn Store,
    registered: &Registered,
    posts: Option<u64>,
    days: Option<Span>,
    periods: Option<(Period, Period)>,
    options: &Options,
) -> Result<Ranking, Error> {
    let mut ranking = Ranking::read(store, registered, posts, usize::from(options.top))?;
    if let (Some(days), Some(column), None) = (days, ranking.counted_column(), &ranking.months) {
        let first_keys: Vec<String> = ranking.top.iter().take(FOLLOWED).map(|row| row.key.clone()).collect();
        // What is not known to be a count has no rate of uses.
        let periods = periods.filter(|_| ranking.whole.is_some());
        ranking.trend = Some(trend(store, &registered.table, column, &first_keys, days, periods)?);
    }
    Ok(ranking)
}

#[cfg(test)]
pub(crate) mod tests {
    use tootmill_metric::{Instant, Table};
    use tootmill_tables::Run;

    use super::*;
    use crate::testing::{Declared, Kept, Personal, table};

    /// Two loads, and a few rows of each kind of table.
    pub(crate) fn some() -> (Kept, Registry) {
        let names =
            ["croissance_table", "language_table", "odd_table", "tag_table", "toot_with_media_table", "user_table"];
        let registry = Registry::new(names.map(|name| Box::new(Declared(name)) as Box<_>)).unwrap();
        let mut store = Kept::default();
        let mut put = |name, key: &str, cells: &[&str]| store.put(&table(name), key, cells);
        put("croissance_table", "2022-10", &["9"]);
        put("croissance_table", "2022-11", &["40"]);
        put("croissance_table", "2022-12", &["8"]);
        put("language_table", "en", &["150"]);
        put("language_table", "und", &["50"]);
        put("odd_table", "<script>alert(1)</script>", &["3"]);
        put("odd_table", "שלום\u{202e}", &["18446744073709551615"]);
        put("tag_table", "mill", &["20"]);
        put("tag_table", "grain", &["60"]);
        put("toot_with_media_table", "toot_with_media", &["50"]);
        put("user_table", "1", &["0.25", "1000", "6"]);
        put("user_table", "2", &["0.75", "60", "5"]);
        put("user_table", "3", &["9", "1", "1"]);
        let mut put_day = |name, key: &str, day: &str, cells: &[&str]| store.put_day(&table(name), key, day, cells);
        put_day("language_table", "en", "2026-11-19", &["100"]);
        put_day("language_table", "en", "2026-11-20", &["100"]);
        put_day("tag_table", "mill", "2026-11-19", &["20"]);
        put_day("tag_table", "grain", "2026-11-19", &["10"]);
        put_day("tag_table", "grain", "2026-11-20", &["50"]);
        put_day("user_table", "2", "2026-11-19", &["0", "50", "2"]);
        put_day("user_table", "2", "2026-11-20", &["0", "60", "3"]);
        let run = |timestamp, posts| Run {
            timestamp,
            as_of: Instant::parse("2026-11-21").unwrap(),
            days: ["2026-11-19", "2026-11-20"].map(|day| Day::parse(day).unwrap()).to_vec(),
            counters: [("lines", 210), ("posts", posts), ("bots", 20), ("ripe", 100), ("bad", 1), ("known_gaps", 2)]
                .map(|(name, count)| (name.to_owned(), count))
                .to_vec(),
        };
        store.runs = vec![run(1, 150), run(2, 200)];
        (store, registry)
    }

    #[test]
    fn the_numbers_are_what_was_reviewed() {
        let (store, registry) = some();
        let numbers = Numbers::read(&store, &registry, None, &Options::default()).unwrap();
        insta::assert_json_snapshot!(numbers);
    }

    #[test]
    fn a_post_of_the_future_moves_no_trend() {
        let (mut store, registry) = some();
        store.put_day(&table("language_table"), "en", "2031-01-01", &["1"]);
        let numbers = Numbers::read(&store, &registry, None, &Options::default()).unwrap();
        let (recent, _) = numbers.periods.unwrap();
        assert_eq!(recent.days.to_string(), "2026-11-20");
        assert_eq!(numbers.busy.unwrap().to_string(), "2026-11-19 to 2026-11-20");
        let page = crate::page(&numbers, None).unwrap();
        assert!(page.contains("Not drawn are 1 posts of days after 2026-11-20"), "{page}");
    }

    #[test]
    fn what_others_count_has_shares_only_if_it_is_a_count_and_what_is_personal_stays_out_of_the_page() {
        let of = |name: &'static str, metric: Declared| Registered {
            table: Table::new("own_table").integer(name, "what it is"),
            metric: Box::new(metric),
        };
        let mut store = Kept::default();
        (0..20).for_each(|row| store.put(&of("count", Declared("own_table")).table, &format!("row{row:02}"), &["5"]));
        let read = |registered| {
            let ranking = with_trend(&store, &registered, Some(9), None, None, &Options::default()).unwrap();
            (ranking.top[0].share, ranking.whole, ranking.kept.len())
        };
        assert_eq!(read(of("count", Declared("own_table"))), (Some(0.05), Some(100), 20));
        assert_eq!(read(of("accounts", Declared("own_table"))), (None, None, 20));
        let personal = of("count", Declared("own_table"));
        let personal = Registered { metric: Box::new(Personal), ..personal };
        assert_eq!(read(personal), (Some(0.05), Some(100), 12));
    }

    #[test]
    fn tables_that_are_empty_or_have_text_alone_are_read() {
        let (_, registry) = some();
        let numbers = Numbers::read(&Kept::default(), &registry, None, &Options::default()).unwrap();
        assert!(numbers.story.is_none() && numbers.rankings.iter().all(|ranking| ranking.top.is_empty()));
        let registered = Registered {
            metric: Box::new(Declared("odd_table")),
            table: Table::new("odd_table").text("note", "what was noted"),
        };
        let mut store = Kept::default();
        store.put(&registered.table, "b", &["x"]);
        store.put(&registered.table, "a", &["y"]);
        let ranking = Ranking::read(&store, &registered, Some(9), 5).unwrap();
        let keys: Vec<&str> = ranking.top.iter().map(|row| &*row.key).collect();
        assert_eq!((keys, ranking.by, ranking.top[0].share), (vec!["a", "b"], None, None));
    }
}
