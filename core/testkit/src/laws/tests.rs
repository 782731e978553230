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

/// Counts posts by a text of theirs, and remembers another.
struct ByText {
    key: fn(&Post<'_>) -> String,
    member: fn(&Post<'_>) -> String,
    about: fn() -> About,
}

impl Metric for ByText {
    type State = Count;

    fn map(&self, post: &Post<'_>, emit: &mut Emit<'_, Count>) {
        emit.member(&(self.key)(post), &(self.member)(post), Count::ONE);
    }

    fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new("text_table").integer("count", "posts")
    }

    fn about(&self) -> About {
        (self.about)()
    }
}

fn text(post: &Post<'_>, path: &[&str]) -> String {
    post.get(path).unwrap_or_default()
}

fn of_names() -> About {
    About::new("Posts.").reads(&["account.display_name", "account.username"])
}

#[test]
fn what_stands_in_for_a_field_beside_it_is_found() {
    let name = |post: &Post<'_>| {
        let [shown, user] = ["display_name", "username"].map(|name| text(post, &["account", name]));
        if shown.is_empty() { user } else { shown }
    };
    let keeps = |about| ByText { key: name, member: |_| String::new(), about };
    breaks(&keeps(|| of_names().personal_data(&["account.display_name"])), "it keeps `account.username`");
    let both = keeps(|| of_names().personal_data(&["account.display_name", "account.username"]));
    assert_eq!(broken_law(&both), None);
}

#[test]
fn undeclared_personal_data_is_found() {
    let acct = |post: &Post<'_>| text(post, &["account", "acct"]).to_uppercase();
    let nothing = |_: &Post<'_>| "all".to_owned();
    let about: fn() -> About = || About::new("Accounts.").reads(&["account.id", "account.acct", "account.created_at"]);
    breaks(&ByText { key: acct, member: nothing, about }, "keeps `account.acct`");
    breaks(&ByText { key: nothing, member: acct, about }, "keeps `account.acct`");
    let joined = |post: &Post<'_>| {
        let joined = post.account.as_ref().and_then(|account| account.created_at);
        joined.map_or_else(|| "never".into(), |joined| joined.day().to_string())
    };
    breaks(&ByText { key: joined, member: nothing, about }, "keeps `account.created_at`");
    let popular = |post: &Post<'_>| format!("{} followers", post.account.as_ref().map_or(0, |one| one.followers_count));
    let about = || About::new("Accounts.").reads(&["account.id", "account.followers_count"]);
    breaks(&ByText { key: popular, member: nothing, about }, "keeps `account.followers_count`");
    let declared = || About::new("Accounts.").reads(&["account.acct"]).personal_data(&["account.acct"]);
    assert_eq!(broken_law(&ByText { key: acct, member: nothing, about: declared }), None);
    // What only this server sends.
    let odd = |post: &Post<'_>| text(post, &["pleroma", "context"]);
    let about = || About::new("Threads.").reads(&["pleroma.context"]);
    breaks(&ByText { key: odd, member: nothing, about }, "keeps `pleroma.context`");
    // Only where it is a reply to nobody.
    let url = |post: &Post<'_>| match post.get::<String>(&["in_reply_to_id"]) {
        Some(_) => "a reply".to_owned(),
        None => text(post, &["url"]),
    };
    let about = || About::new("Addresses.").reads(&["url", "in_reply_to_id"]);
    breaks(&ByText { key: url, member: nothing, about }, "keeps `url`");
}

#[test]
fn names_that_many_have_need_not_be_declared() {
    let tags = |post: &Post<'_>| post.tags.concat() + "+";
    let language = |post: &Post<'_>| post.language.as_deref().unwrap_or("und").to_owned();
    let about = || About::new("Tags.").reads(&["language", "tags.name"]);
    assert_eq!(broken_law(&ByText { key: tags, member: language, about }), None);
}

#[test]
fn personal_data_that_is_not_read_is_found() {
    let nothing = |_: &Post<'_>| "all".to_owned();
    let about = || About::new("Posts.").personal_data(&["account.id"]);
    breaks(&ByText { key: nothing, member: nothing, about }, "does not say that it reads it");
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
