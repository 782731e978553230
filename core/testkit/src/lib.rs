//! The laws that every metric must keep, as property tests that a plugin calls in one line.
//!
//! ```
//! # mod hour {
//! # use tootmill_metric::*;
//! # pub struct Hour;
//! # impl Metric for Hour {
//! #     type State = Count;
//! #     fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) { emit.add(&post.created_at.month(), Count::ONE); }
//! #     fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> { Some(Row::new("count", posts.total())) }
//! #     fn hbase_table(&self) -> Table { Table::new("hour_table").integer("count", "posts") }
//! #     fn about(&self) -> About { About::new("Posts.") }
//! # }
//! #[cfg(test)]
//! mod tests {
//!     tootmill_testkit::laws!(super::Hour);
//! }
//! # }
//! # tootmill_testkit::check_laws(&hour::Hour);
//! ```
//!
//! The laws: the text of a state reads back to the same state; merging is commutative and associative, with the empty state
//! as its identity; however the posts are cut into shards, in any order, with empty shards, merged in any tree, combined
//! anywhere or nowhere, the rows are the same; mapping the same posts again gives the same bytes; posts with nothing but the
//! fields that it says it reads give the same as whole ones; and of posts whose every field is marked, only the fields that it
//! declares as personal data are found in its records and rows.
//!
//! A field is found by its value. What is computed from one, such as a ratio, a month or a hash, or whether one is true, bears no
//! mark: that it is personal data has to be known by who writes the metric. A sum over posts tells of none of them.

mod fields;
mod laws;
mod marks;
mod posts;

use std::fmt::Write;

use tootmill_metric::{Metric, Post, rows_of};

pub use laws::{broken_law, check_laws};
pub use posts::statuses;

/// A test that the metric keeps the laws.
#[macro_export]
macro_rules! laws {
    ($metric:expr) => {
        #[test]
        fn keeps_the_laws() {
            $crate::check_laws(&$metric);
        }
    };
}

/// The rows that a metric gives for some statuses, as text: a line `key column=value …` a row, in the order of the records.
///
/// A status needs only the fields that matter: where it has no id and no date of its own, it gets some.
///
/// # Panics
/// Where a status is no post, or a state does not read back.
#[allow(clippy::panic, reason = "this is for tests")]
pub fn rows(metric: &impl Metric, statuses: &[&str]) -> String {
    let lines: Vec<String> = (1_u32..).zip(statuses).map(|(number, status)| whole(number, status)).collect();
    let posts = lines.iter().map(|line| Post::parse(line).unwrap_or_else(|error| panic!("{line}: {error}")));
    rows_of(metric, posts).into_iter().fold(String::new(), |mut text, (key, row)| {
        text += &key;
        for (column, value) in row.cells() {
            let _ = write!(text, " {column}={value}");
        }
        text + "\n"
    })
}

/// The status with an id and a date before its own fields, of which the last of the same name counts.
fn whole(number: u32, status: &str) -> String {
    let fields = status.trim_start().strip_prefix('{').unwrap_or(status);
    let comma = if fields.trim_start().starts_with('}') { "" } else { "," };
    format!(r#"{{"id":"{number}","created_at":"2026-11-24T00:00:00Z"{comma}{fields}"#)
}
