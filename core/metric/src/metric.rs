//! The trait that a metric implements.

use crate::{emit::Emit, members::Members, merge::Merge, post::Post, row::Row, table::Table};

/// A metric: what it takes from one post, what it says of a key in the end, and the table that holds it.
///
/// All else is done for it: finding it ([`register!`](crate::register!)), reading posts, combining, sorting, merging the days, loading.
/// The same metric runs in one process, in a shell pipe and under Hadoop, and gives the same rows in all of them.
///
/// ```
/// use tootmill_metric::{About, Count, Emit, Members, Metric, Post, Row, Table};
///
/// /// Posts by the hour of the day in which they were written.
/// struct Hour;
///
/// impl Metric for Hour {
///     type State = Count;
///
///     fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
///         let hour = post.created_at.micros().rem_euclid(86_400_000_000) / 3_600_000_000;
///         emit.add(&format!("{hour:02}"), Count::ONE);
///     }
///
///     fn reduce(&self, _hour: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
///         Some(Row::new("count", posts.total()))
///     }
///
///     fn hbase_table(&self) -> Table {
///         Table::new("hour_table").integer("count", "posts written in that hour of the day, UTC")
///     }
///
///     fn about(&self) -> About {
///         About::new("Posts by the hour of the day in which they were written, UTC.")
///     }
/// }
/// tootmill_metric::register!(Hour);
///
/// // What a test of it looks like (and `tootmill_testkit::laws!(Hour);` tests that it can be cut and merged at will):
/// let posts = [r#"{"id": "1", "created_at": "2026-11-24T10:59:00Z"}"#, r#"{"id": "2", "created_at": "2026-11-24T10:01:00Z"}"#];
/// let rows = tootmill_metric::rows_of(&Hour, posts.map(|line| Post::parse(line).unwrap()));
/// assert_eq!(rows, [("10".into(), Row::new("count", 2))]);
/// ```
pub trait Metric: Send + Sync + 'static {
    /// What is counted under one key and member.
    type State: Merge;

    /// Takes from one post what counts: states, each under a key, the row key of the table, of 1 to 32,767 bytes.
    ///
    /// It depends on nothing but the post: no clock, no randomness, nothing kept from one post to the next.
    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Self::State>);

    /// Gives a key's row from the merged states of its members, or `None` for no row.
    fn reduce(&self, key: &str, members: &mut Members<'_, Self::State>) -> Option<Row>;

    /// The table that holds the rows, which gives the metric its name: `language_table` is the metric `language`'s.
    fn hbase_table(&self) -> Table;

    /// What it counts and which data it needs, for people.
    fn about(&self) -> About;
}

/// Fields whose text is a code, or a name that many have, so that by itself it does not tell of whom it is.
pub const COMMON_NAMES: [&str; 5] =
    ["emojis.shortcode", "language", "media_attachments.type", "tags.name", "visibility"];

/// What a metric says of itself in the documentation and in the record of processing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// What it counts, in one sentence.
    pub counts: &'static str,
    /// The fields of a status that `map` looks at, besides `id` and `created_at`: `account.followers_count`. Others are not there
    /// where a lake keeps no more than metrics read.
    ///
    /// Of a list or an object its path alone means how many there are, or whether there is one: `media_attachments`. What is
    /// in it is named by longer paths: `tags.name`.
    pub reads: Vec<&'static str>,
    /// Those of them, or of `id` and `created_at`, that are personal data and end in its states or its table: `account.id`.
    /// [`COMMON_NAMES`] and the hosts of links need not be declared.
    pub personal_data: Vec<&'static str>,
}

impl About {
    /// A metric that counts this, and needs no field but `id` and `created_at`.
    pub fn new(counts: &'static str) -> Self {
        Self { counts, reads: Vec::new(), personal_data: Vec::new() }
    }

    /// With fields that it looks at.
    pub fn reads(mut self, fields: &[&'static str]) -> Self {
        self.reads.extend_from_slice(fields);
        self
    }

    /// With personal data that it keeps.
    pub fn personal_data(mut self, fields: &[&'static str]) -> Self {
        self.personal_data.extend_from_slice(fields);
        self
    }

    /// Whether ids of accounts end in its states or its table.
    pub fn keeps_ids(&self) -> bool {
        let is_id = |path: &&str| ["account.id", "account_id", "mentions.id"].iter().any(|id| path.ends_with(id));
        self.personal_data.iter().any(is_id)
    }

    /// Whether names of accounts do, by which one is meant.
    pub fn keeps_names(&self) -> bool {
        self.personal_data
            .iter()
            .any(|path| ["acct", "username"].contains(&path.rsplit('.').next().unwrap_or_default()))
    }
}
