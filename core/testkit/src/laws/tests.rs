//! The laws find what is wrong with metrics that are broken on purpose, and nothing wrong with one that is not.

use tootmill_metric::{About, Count, Emit, Members, Merge, Metric, Post, Row, StateReader, StateWriter, Table, Value};

use super::*;

/// Replies by language, counted in the state `S`.
struct Replies<S>(fn(&Post<'_>) -> S, fn(S) -> Value);

impl<S: Merge> Metric for Replies<S> {
    type State = S;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, S>) {
        emit.add(post.language.as_deref().unwrap_or("und"), (self.0)(post));
    }

    fn reduce(&self, _: &str, posts: &mut Members<'_, S>) -> Option<Row> {
        Some(Row::new("replies", (self.1)(posts.total())))
    }

    fn hbase_table(&self) -> Table {
        Table::new("replies_table").integer("replies", "replies")
    }

    fn about(&self) -> About {
        About::new("Replies.").reads(&["language", "replies_count"])
    }
}

macro_rules! state {
    ($name:ident($type:ty), $merge:expr, $write:expr, $read:expr) => {
        #[derive(Clone, Debug, Default, PartialEq)]
        struct $name($type);

        impl Merge for $name {
            fn merge(&mut self, other: Self) {
                let merge: fn(&mut $type, $type) = $merge;
                merge(&mut self.0, other.0);
            }

            fn write(&self, text: &mut StateWriter<'_>) {
                let write: fn(&$type, &mut StateWriter<'_>) = $write;
                write(&self.0, text);
            }

            fn read(text: &mut StateReader<'_>) -> Option<Self> {
                let read: fn(&mut StateReader<'_>) -> Option<$type> = $read;
                read(text).map(Self)
            }
        }
    };
}

state!(FloatSum(f64), |a, b| *a += b, |a, text| text.string(&a.to_string()), |text| text.string()?.parse().ok());
state!(First(u64), |a, b| *a = if *a == 0 { b } else { *a }, |a, text| text.integer(*a), |text| text.integer());
state!(Capped(u64), |a, b| *a = a.saturating_add(b), |a, text| text.integer(*a % 5), |text| text.integer());
state!(Unread(u64), |a, b| *a = a.saturating_add(b), |a, text| text.integer(*a), |text| text
    .integer::<u8>()
    .map(u64::from));
state!(FromOne(u64), |a, b| *a = a.saturating_add(b).saturating_add(1), |a, text| text.integer(*a), |text| text
    .integer());

#[track_caller]
fn breaks(metric: &dyn AnyMetric, law: &str) {
    let broken = broken_law(metric).expect("the metric is broken");
    assert!(broken.contains(law), "{broken}");
}

#[test]
fn a_metric_that_keeps_the_laws() {
    assert_eq!(broken_law(&Replies(|post| Count(post.replies_count), |count| count.0.into())), None);
}

#[test]
fn a_sum_of_floats_is_found() {
    #[allow(clippy::cast_precision_loss, reason = "that is what is broken")]
    let tenths = |post: &Post<'_>| FloatSum(post.replies_count as f64 / 10.0);
    breaks(&Replies(tenths, |sum| sum.0.into()), "merg");
}

#[test]
fn a_merge_that_depends_on_the_order_is_found() {
    breaks(&Replies(|post| First(post.replies_count), |first| first.0.into()), "merging is not commutative");
}

#[test]
fn a_state_whose_text_is_another_state_is_found() {
    breaks(&Replies(|post| Capped(post.replies_count), |sum| sum.0.into()), "does not read back");
}

#[test]
fn a_state_whose_text_is_no_state_is_found() {
    breaks(&Replies(|post| Unread(post.replies_count), |sum| sum.0.into()), "does not read back");
}

#[test]
fn an_empty_state_that_is_not_the_identity_is_found() {
    breaks(&Replies(|post| FromOne(post.replies_count), |sum| sum.0.into()), "identity");
}

#[test]
fn a_map_that_remembers_is_found() {
    static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let call = |_: &Post<'_>| Count(CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    breaks(&Replies(call, |count| count.0.into()), "again gives other records");
}

#[test]
fn an_undeclared_field_is_found() {
    breaks(
        &Replies(|post| Count(post.reblogs_count), |count| count.0.into()),
        "reads a field that it does not declare",
    );
    let has_media = |post: &Post<'_>| Count(post.media_attachments as u64);
    breaks(&Replies(has_media, |count| count.0.into()), "reads a field that it does not declare");
}

#[test]
fn an_undeclared_column_is_found() {
    /// Declares another column than it gives.
    struct Undeclared;

    impl Metric for Undeclared {
        type State = Count;

        fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
            emit.add(&post.id, Count::ONE);
        }

        fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
            Some(Row::new("cuont", posts.total()))
        }

        fn hbase_table(&self) -> Table {
            Table::new("undeclared_table").integer("count", "posts")
        }

        fn about(&self) -> About {
            About::new("Posts.")
        }
    }
    breaks(&Undeclared, "does not declare the column");
}
