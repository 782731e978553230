//! The laws, and the search for posts on which a metric breaks one.

use std::iter;

use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use tootmill_metric::{About, AnyMetric, MemberSource, Post};

use crate::{fields::with_fields, marks::Marked, posts::statuses};

/// Looks for posts on which the metric breaks a law.
///
/// # Panics
/// Where it finds some: with the law, the smallest posts that were found, and what came out.
#[allow(clippy::panic, reason = "this is for tests")]
pub fn check_laws(metric: &dyn AnyMetric) {
    if let Some(broken) = broken_law(metric) {
        panic!("the metric `{}` breaks a law: {broken}", metric.table().metric_name());
    }
}

/// The law that the metric breaks, if any is found in a few hundred cases, with the smallest posts that show it.
pub fn broken_law(metric: &dyn AnyMetric) -> Option<String> {
    let mut runner = TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
    let cases = (vec(statuses(), 0..16), any::<Plan>());
    let broken = runner.run(&cases, |(lines, plan)| keeps_laws(metric, &lines, &plan)).err().map(|error| match error {
        TestError::Fail(reason, (lines, _)) => format!("{reason}\nposts:\n{}", lines.join("\n")),
        TestError::Abort(reason) => reason.to_string(),
    });
    broken.or_else(|| keeps_what_it_declares(metric).err().map(|error| error.to_string()))
}

/// How posts are cut, ordered, combined and merged.
#[derive(Clone, Debug)]
struct Plan {
    /// The shard of each post.
    shards: Vec<Index>,
    /// How many shards there are, of which some may stay empty.
    shard_count: usize,
    /// Which shards are combined as they are mapped; the others have the records of every post one by one.
    combined: Vec<bool>,
    /// Which of the shards is merged into which one, until one is left.
    merges: Vec<(Index, Index, bool)>,
}

impl Arbitrary for Plan {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        (vec(any::<Index>(), 16), 1..6_usize, vec(any::<bool>(), 6), vec(any::<(Index, Index, bool)>(), 6))
            .prop_map(|(shards, shard_count, combined, merges)| Self { shards, shard_count, combined, merges })
            .boxed()
    }
}

/// One record of the metric: key, member, state.
type Record = (String, String, String);

fn keeps_laws(metric: &dyn AnyMetric, lines: &[String], plan: &Plan) -> Result<(), TestCaseError> {
    let posts: Vec<Post<'_>> = lines.iter().filter_map(|line| Post::parse(line).ok()).collect();
    let whole = map(metric, &posts)?;
    prop_assert_eq!(&whole, &map(metric, &posts)?, "mapping the same posts again gives other records");
    merging_is_a_commutative_monoid(metric, &posts)?;
    let rows = reduce(metric, &whole)?;
    prop_assert_eq!(&rows, &reduce(metric, &whole)?, "reducing the same records again gives other rows");

    let mut shards: Vec<Vec<Record>> = Vec::new();
    for shard in 0..plan.shard_count {
        let of_shard = iter::zip(&posts, &plan.shards).filter(|(_, index)| index.index(plan.shard_count) == shard);
        let of_shard: Vec<Post<'_>> = of_shard.map(|(post, _)| post.clone()).rev().collect();
        shards.push(if plan.combined[shard] {
            map(metric, &of_shard)?
        } else {
            let one_by_one: Result<Vec<_>, _> = of_shard.chunks(1).map(|post| map(metric, post)).collect();
            one_by_one?.concat()
        });
    }
    for (from, into, combine) in &plan.merges {
        if shards.len() > 1 {
            let from = shards.swap_remove(from.index(shards.len()));
            let into = into.index(shards.len());
            shards[into].extend(from);
            if *combine {
                shards[into] = merge(metric, std::mem::take(&mut shards[into]))?;
            }
        }
    }
    let merged = merge(metric, shards.concat())?;
    prop_assert_eq!(&merged, &merge(metric, whole)?, "the records depend on how the posts are cut and merged");
    prop_assert_eq!(rows, reduce(metric, &merged)?, "the rows depend on how the posts are cut and merged");
    reads_what_it_declares(metric, &posts, &map(metric, &posts)?)
}

fn reads_what_it_declares(metric: &dyn AnyMetric, posts: &[Post<'_>], records: &[Record]) -> Result<(), TestCaseError> {
    let reads = metric.about().reads;
    let lines: Vec<String> = posts.iter().map(|post| with_fields(post.line(), &reads)).collect();
    let posts: Vec<Post<'_>> = lines.iter().filter_map(|line| Post::parse(line).ok()).collect();
    prop_assert_eq!(records, map(metric, &posts)?, "it reads a field that it does not declare");
    Ok(())
}

fn keeps_what_it_declares(metric: &dyn AnyMetric) -> Result<(), TestCaseError> {
    let About { reads, personal_data, .. } = metric.about();
    let unread = personal_data.iter().find(|path| !["id", "created_at"].contains(path) && !reads.contains(path));
    if let Some(path) = unread {
        return Err(TestCaseError::fail(format!(
            "it declares `{path}` as personal data, and does not say that it reads it"
        )));
    }
    let marked = Marked::with(&reads);
    for pair in marked.pairs() {
        let posts: Vec<Post<'_>> = pair.iter().filter_map(|line| Post::parse(line).ok()).collect();
        let records = map(metric, &posts)?;
        let rows = reduce(metric, &records)?;
        let records = records.iter().map(|(key, member, state)| format!("{key} {member} {state}"));
        for output in records.chain(rows) {
            let found = marked.found_in(&output);
            let undeclared = found.into_iter().find(|path| !personal_data.contains(path));
            if let Some(path) = undeclared {
                let broken = format!("it keeps `{path}` and does not declare it as personal data, as in {output:?}");
                return Err(TestCaseError::fail(broken));
            }
        }
    }
    Ok(())
}

fn merging_is_a_commutative_monoid(metric: &dyn AnyMetric, posts: &[Post<'_>]) -> Result<(), TestCaseError> {
    let mut states = vec![total(metric, &[])?];
    for post in posts {
        states.extend(map(metric, std::slice::from_ref(post))?.into_iter().map(|record| record.2));
    }
    states.sort();
    states.dedup();
    for place in 0..states.len() {
        let [a, b, c] = [0, 1, 2].map(|after| &*states[(place + after) % states.len()]);
        let identity = total(metric, &[])?;
        prop_assert_eq!(total(metric, &[a])?, a, "the empty state is not the identity of merging");
        prop_assert_eq!(total(metric, &[a, &identity])?, a, "the empty state is not the identity of merging");
        prop_assert_eq!(total(metric, &[a, b])?, total(metric, &[b, a])?, "merging is not commutative");
        let left = total(metric, &[&total(metric, &[a, b])?, c])?;
        let right = total(metric, &[a, &total(metric, &[b, c])?])?;
        prop_assert_eq!(left, right, "merging is not associative");
    }
    Ok(())
}

fn total(metric: &dyn AnyMetric, states: &[&str]) -> Result<String, TestCaseError> {
    let mut total = metric.total();
    for state in states {
        prop_assert!(total.merge(state), "the state {:?} does not read back", state);
    }
    let mut text = String::new();
    total.take(&mut text);
    Ok(text)
}

/// The posts' records, combined, in their order.
fn map(metric: &dyn AnyMetric, posts: &[Post<'_>]) -> Result<Vec<Record>, TestCaseError> {
    let mut states = metric.states();
    posts.iter().for_each(|post| states.map(post));
    if let Some(state) = states.not_read_back() {
        return Err(TestCaseError::fail(format!("a state does not read back: {state}")));
    }
    states.sort();
    let mut records = Vec::new();
    let mut text = String::new();
    while states.take_next(&mut text) {
        let fields: Vec<&str> = text.splitn(3, '\t').collect();
        let [key, member, state] = fields[..] else { return Err(TestCaseError::fail("a record has no three fields")) };
        prop_assert!(!state.bytes().any(|byte| byte < 0x20), "the state {:?} has a control character", state);
        records.push((key.into(), member.into(), state.into()));
        text.clear();
    }
    Ok(records)
}

/// The records sorted, with one record a key and member.
fn merge(metric: &dyn AnyMetric, mut records: Vec<Record>) -> Result<Vec<Record>, TestCaseError> {
    // Not by state: equal keys stay in the order in which they came, as they do under Hadoop.
    records.sort_by(|left, right| (&left.0, &left.1).cmp(&(&right.0, &right.1)));
    records
        .chunk_by(|left, right| (&left.0, &left.1) == (&right.0, &right.1))
        .map(|same| {
            let states: Vec<&str> = same.iter().map(|record| &*record.2).collect();
            Ok((same[0].0.clone(), same[0].1.clone(), total(metric, &states)?))
        })
        .collect()
}

struct OfOneKey<'r>(&'r [Record]);

impl MemberSource for OfOneKey<'_> {
    fn next_member(&mut self) -> Option<(&str, &str)> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some((&first.1, &first.2))
    }
}

/// The rows of merged records, as text.
fn reduce(metric: &dyn AnyMetric, records: &[Record]) -> Result<Vec<String>, TestCaseError> {
    let columns: Vec<&str> = metric.table().columns.iter().map(|column| column.name).collect();
    let mut rows = Vec::new();
    for of_key in records.chunk_by(|left, right| left.0 == right.0) {
        let key = &of_key[0].0;
        let row = metric.reduce(key, &mut OfOneKey(of_key)).map_err(|state| {
            TestCaseError::fail(format!("the state {state:?} of the key {key:?} does not read back"))
        })?;
        if let Some(row) = row {
            for (column, _) in row.cells() {
                prop_assert!(columns.contains(column), "the table does not declare the column {:?}", column);
            }
            rows.push(format!("{key} {row:?}"));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
