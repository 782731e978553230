//! Accounts: the most followed, those with the highest engagement, and those whose followers grew.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tootmill_metric::{Kind, Registered, Table};
use tootmill_tables::{Part, Row, Store};

use crate::{
    daily::{count, each_key},
    error::Error,
    largest::{Largest, rank},
    numbers::Options,
};

/// What is told of accounts.
#[derive(Clone, Debug, Serialize)]
pub struct Accounts {
    /// What the metric counts, in its own words.
    pub counts: &'static str,
    /// How many accounts were seen posting.
    pub seen: u64,
    /// How many of them have a single post.
    pub with_one_post: u64,
    /// The least posts that an account must have to be compared by its engagement.
    pub least_posts: u64,
    /// The least followers that an account must have to be compared by its engagement.
    pub least_followers: u64,
    /// How many accounts have so many posts and followers.
    pub compared: u64,
    /// Those with the most followers.
    pub most_followed: Vec<Account>,
    /// Those with the highest engagement rate, of those that are compared.
    pub most_engaging: Vec<Account>,
    /// How many accounts were seen posting on two days or more, with followers.
    pub seen_again: u64,
    /// Those whose followers grew most between the first and the last day on which they were seen posting.
    pub grew: Vec<Growth>,
    /// By what the lake calls them, those who want to be found.
    pub names: BTreeMap<String, String>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its followers at its latest post.
    pub followers: u64,
    /// Its posts.
    pub posts: u64,
    /// Its engagement rate, as the table has it.
    pub engagement_rate: String,
}

/// An account whose followers grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// Its id.
    pub id: String,
    /// The first day on which it was seen posting.
    pub first_day: String,
    /// Its followers then.
    pub first: u64,
    /// The last day.
    pub last_day: String,
    /// Its followers then.
    pub last: u64,
    /// How many more these are.
    pub gained: u64,
}

/// The places of the columns.
#[derive(Clone, Copy)]
struct Columns {
    followers: usize,
    posts: usize,
    rate: usize,
}

impl Columns {
    fn of(table: &Table) -> Option<Self> {
        let place = |name| table.columns.iter().position(|column| column.name == name);
        Some(Self { followers: place("followers")?, posts: place("posts")?, rate: place("engagement_rate")? })
    }

    fn account(self, row: &Row) -> Account {
        Account {
            id: row.key.clone(),
            followers: count(&row.cells, self.followers),
            posts: count(&row.cells, self.posts),
            engagement_rate: row.cells.get(self.rate).cloned().flatten().unwrap_or_default(),
        }
    }
}

impl Accounts {
    /// Reads what a table of accounts says; `None` where the table has other columns.
    pub(crate) fn read(store: &dyn Store, registered: &Registered, options: &Options) -> Result<Option<Self>, Error> {
        let table = &registered.table;
        let top = usize::from(options.top);
        let Some(columns) = Columns::of(table) else { return Ok(None) };
        let mut followed = Largest::new(top, usize::MAX);
        let mut engaging = Largest::new(top, usize::MAX);
        let (mut seen, mut with_one_post, mut compared) = (0, 0, 0);
        store.scan(table, Part::Totals, &mut |_, row| {
            let (followers, posts) = (count(&row.cells, columns.followers), count(&row.cells, columns.posts));
            seen += 1;
            with_one_post += u64::from(posts == 1);
            followed.offer(followers, row);
            if posts >= options.least_posts && followers >= options.least_followers {
                compared += 1;
                engaging.offer(rank(Kind::Real, row.cells.get(columns.rate).and_then(Option::as_deref)), row);
            }
            Ok(())
        })?;
        let (seen_again, grew) = growth(store, table, columns, top)?;
        let accounts_of = |largest: Largest| largest.into_rows().iter().map(|row| columns.account(row)).collect();
        Ok(Some(Self {
            counts: registered.metric.about().counts,
            seen,
            with_one_post,
            least_posts: options.least_posts,
            least_followers: options.least_followers,
            compared,
            most_followed: accounts_of(followed),
            most_engaging: accounts_of(engaging),
            seen_again,
            grew,
            names: BTreeMap::new(),
        }))
    }

    /// The ids of all accounts that are told of.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let accounts = self.most_followed.iter().chain(&self.most_engaging).map(|account| account.id.clone());
        accounts.chain(self.grew.iter().map(|growth| growth.id.clone())).collect()
    }
}

/// How many accounts were seen on two days or more, and those that grew most, by the rows of the days.
fn growth(store: &dyn Store, table: &Table, columns: Columns, most: usize) -> Result<(u64, Vec<Growth>), Error> {
    let mut seen_again = 0;
    let mut grew: Vec<Growth> = Vec::new();
    each_key(store, table, |id, days| {
        // A day that was emptied has zeros, and so has an account whose followers its server does not tell.
        let is_known =
            |cells: &[Option<String>]| count(cells, columns.posts) > 0 && count(cells, columns.followers) > 0;
        let mut posted = days.iter().filter(|(_, cells)| is_known(cells));
        let Some(((first_day, first), (last_day, last))) = posted.next().zip(posted.next_back()) else { return };
        seen_again += 1;
        let (first, last) = (count(first, columns.followers), count(last, columns.followers));
        let gained = last.saturating_sub(first);
        let place = grew.partition_point(|other| other.gained >= gained);
        if gained > 0 && place < most {
            let (first_day, last_day) = (first_day.to_string(), last_day.to_string());
            grew.insert(place, Growth { id: id.into(), first_day, first, last_day, last, gained });
            grew.truncate(most);
        }
    })?;
    Ok((seen_again, grew))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Kept, registered};

    #[test]
    fn accounts_are_compared_by_engagement_only_where_there_is_enough_to_compare() {
        let users = registered("user_table");
        let mut store = Kept::default();
        for (id, cells) in [
            ("1", ["9", "3", "1"]),
            ("2", ["0.5", "50", "5"]),
            ("3", ["0.75", "50", "5"]),
            ("4", ["5", "49", "9"]),
            ("5", ["5", "1000", "4"]),
        ] {
            store.put(&users.table, id, &cells);
        }
        let accounts = Accounts::read(&store, &users, &Options::default()).unwrap().unwrap();
        let ids = |accounts: &[Account]| accounts.iter().map(|account| account.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&accounts.most_followed), ["5", "2", "3", "4", "1"]);
        assert_eq!(ids(&accounts.most_engaging), ["3", "2"]);
        assert_eq!((accounts.seen, accounts.with_one_post, accounts.compared), (5, 1, 2));
        let all = Options { least_posts: 0, least_followers: 0, top: 2, ..Options::default() };
        let accounts = Accounts::read(&store, &users, &all).unwrap().unwrap();
        assert_eq!((ids(&accounts.most_engaging), accounts.compared), (vec!["1".into(), "4".into()], 5));
    }

    #[test]
    fn growth_is_between_the_first_and_the_last_day_with_posts() {
        let users = registered("user_table");
        let mut store = Kept::default();
        for (id, day, followers, posts) in [
            ("a", "2026-11-18", 900, 0),
            ("a", "2026-11-19", 10, 1),
            ("a", "2026-11-20", 5000, 1),
            ("a", "2026-11-21", 15, 2),
            ("b", "2026-11-19", 10, 1),
            ("c", "2026-11-19", 10, 1),
            ("c", "2026-11-20", 3, 1),
            ("d", "2026-11-18", 0, 1),
            ("d", "2026-11-19", 1, 1),
            ("d", "2026-11-20", 101, 1),
        ] {
            store.put_day(&users.table, id, day, &["0", &followers.to_string(), &posts.to_string()]);
        }
        let accounts = Accounts::read(&store, &users, &Options::default()).unwrap().unwrap();
        assert_eq!(accounts.seen_again, 3);
        let grew: Vec<_> =
            accounts.grew.iter().map(|one| (&*one.id, &*one.first_day, &*one.last_day, one.gained)).collect();
        assert_eq!(grew, [("d", "2026-11-19", "2026-11-20", 100), ("a", "2026-11-19", "2026-11-21", 5)]);
    }
}
