//! The record of policies: which one was in force from when on.

use serde::{Deserialize, Serialize};
use tootmill_lake::Lake;
use tootmill_metric::Instant;
use tootmill_policy::{Described, Policy};

use crate::{error::Error, turn::when_free};

/// A policy, and since when posts come into the lake under it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Recorded {
    /// An instant, as text.
    pub since: String,
    /// By what they come: an import, or the collecting of a feed. Each has a policy of its own.
    #[serde(default)]
    pub by: String,
    /// What tells its block lists from others, where it has some.
    #[serde(default)]
    pub lists: Option<String>,
    /// What it does.
    pub policy: Described,
}

/// Notes in the lake that posts come into it by something under a policy from now on, unless that is what was noted last of it.
/// Gives the fields that are kept from now on and were not before: a metric that reads one does not see it in the posts before.
pub fn record_policy(lake: &Lake, by: &str, policy: &Policy, now: Instant) -> Result<Vec<String>, Error> {
    // Feeds are collected beside each other, and beside an import.
    let lease = when_free(|| lake.collecting("policies", "the record of policies"))?;
    let mut recorded = policies(lake)?;
    let new =
        Recorded { since: now.to_string(), by: by.into(), lists: policy.digest_of_lists(), policy: policy.described() };
    let last = recorded.iter().rev().find(|recorded| recorded.by == by);
    if last.is_some_and(|last| (&last.lists, &last.policy) == (&new.lists, &new.policy)) {
        return Ok(Vec::new());
    }
    let fields = match last.map(|last| (&last.policy.fields, &new.policy.fields)) {
        Some((Some(before), Some(after))) => after.iter().filter(|path| !before.contains(path)).cloned().collect(),
        _ => Vec::new(),
    };
    recorded.push(new);
    let text = serde_json::to_string_pretty(&recorded).map_err(|error| content(lake, &error))?;
    lease.check()?;
    lake.storage().write_text(&lake.policies(), &text)?;
    Ok(fields)
}

/// The policies under which posts came into the lake, the first one first.
pub fn policies(lake: &Lake) -> Result<Vec<Recorded>, Error> {
    let read = |text: &str| serde_json::from_str(text);
    Ok(lake.storage().read_as(&lake.policies(), read)?.unwrap_or_default())
}

/// The record cannot be written as what it should be.
fn content(lake: &Lake, error: &serde_json::Error) -> tootmill_lake::Error {
    tootmill_lake::Error::Content { path: lake.storage().address(&lake.policies()), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use tootmill_metric::Registry;
    use tootmill_policy::{BlockList, Level};

    #[test]
    fn a_policy_is_noted_when_it_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        let metrics = Registry::new([]).unwrap();
        let policy = |level| Policy::new(level, "mill.example", &metrics);
        let at = |text| Instant::parse(text).unwrap();
        assert_eq!(policies(&lake).unwrap(), []);
        for (level, day) in
            [(Level::Default, "2026-11-24"), (Level::Default, "2026-11-25"), (Level::Strict, "2026-11-26")]
        {
            record_policy(&lake, "public", &policy(level), at(day)).unwrap();
        }
        let recorded = policies(&lake).unwrap();
        let told: Vec<_> = recorded.iter().map(|one| (&*one.since, one.policy.name)).collect();
        assert_eq!(
            told,
            [("2026-11-24T00:00:00.000000Z", Level::Default), ("2026-11-26T00:00:00.000000Z", Level::Strict)]
        );
        assert_eq!(recorded[1].policy, policy(Level::Strict).described());

        // Another feed has a policy of its own: neither is noted again where both go on.
        for by in ["local", "public", "local", "public"] {
            let level = if by == "local" { Level::Open } else { Level::Strict };
            record_policy(&lake, by, &policy(level), at("2026-11-27")).unwrap();
        }
        // Another list of the same length is another policy.
        for list in ["a.example", "b.example", "b.example"] {
            let mut blocked = BlockList::default();
            blocked.add(list).unwrap();
            record_policy(&lake, "local", &policy(Level::Open).blocking(blocked), at("2026-11-28")).unwrap();
        }
        let by: Vec<String> = policies(&lake).unwrap().into_iter().map(|one| one.by).collect();
        assert_eq!(by, ["public", "public", "local", "local", "local"]);
    }

    #[test]
    fn what_is_noted_at_the_same_time_is_all_noted() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = Registry::new([]).unwrap();
        let policy = &Policy::new(Level::Default, "mill.example", &metrics);
        thread::scope(|scope| {
            for number in 0..8 {
                let folder = folder.path().to_str().unwrap();
                scope.spawn(move || {
                    let lake = Lake::open(folder, "mill.example").unwrap();
                    record_policy(&lake, &number.to_string(), policy, Instant::default()).unwrap();
                });
            }
        });
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        assert_eq!(policies(&lake).unwrap().len(), 8);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        lake.storage().write_text(&lake.policies(), "[{]").unwrap();
        let error = record_policy(&lake, "import", &Policy::as_sent(), Instant::default()).unwrap_err();
        assert!(error.to_string().contains("policies.json"), "{error}");
        assert_eq!(lake.storage().read_text(&lake.policies()).unwrap().as_deref(), Some("[{]"));
    }
}
