//! The record of policies: which one was in force from when on.

use serde::{Deserialize, Serialize};
use tootmill_lake::Lake;
use tootmill_metric::Instant;
use tootmill_policy::{Described, Policy};

use crate::error::Error;

/// A policy, and since when posts come into the lake under it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Recorded {
    /// An instant, as text.
    pub since: String,
    /// What it does.
    pub policy: Described,
}

/// Notes in the lake that posts come into it under a policy from now on, unless that is what was noted last. Gives the fields
/// that are kept from now on and were not before: a metric that reads one does not see it in the posts before.
pub fn record_policy(lake: &Lake, policy: &Policy, now: Instant) -> Result<Vec<String>, Error> {
    let mut recorded = policies(lake)?;
    let policy = policy.described();
    let last = recorded.last().map(|last| &last.policy);
    if last == Some(&policy) {
        return Ok(Vec::new());
    }
    let new = match last.map(|last| (&last.fields, &policy.fields)) {
        Some((Some(before), Some(after))) => after.iter().filter(|path| !before.contains(path)).cloned().collect(),
        _ => Vec::new(),
    };
    recorded.push(Recorded { since: now.to_string(), policy });
    let text = serde_json::to_string_pretty(&recorded).unwrap_or_default();
    lake.storage().write_text(&lake.policies(), &text)?;
    Ok(new)
}

/// The policies under which posts came into the lake, the first one first.
pub fn policies(lake: &Lake) -> Result<Vec<Recorded>, Error> {
    let read = |text: &str| serde_json::from_str(text);
    Ok(lake.storage().read_as(&lake.policies(), read)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tootmill_metric::Registry;
    use tootmill_policy::Level;

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
            record_policy(&lake, &policy(level), at(day)).unwrap();
        }
        let recorded = policies(&lake).unwrap();
        let told: Vec<_> = recorded.iter().map(|one| (&*one.since, one.policy.name)).collect();
        assert_eq!(
            told,
            [("2026-11-24T00:00:00.000000Z", Level::Default), ("2026-11-26T00:00:00.000000Z", Level::Strict)]
        );
        assert_eq!(recorded[1].policy, policy(Level::Strict).described());
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
        lake.storage().write_text(&lake.policies(), "[{]").unwrap();
        let error = record_policy(&lake, &Policy::as_sent(), Instant::default()).unwrap_err();
        assert!(error.to_string().contains("policies.json"), "{error}");
        assert_eq!(lake.storage().read_text(&lake.policies()).unwrap().as_deref(), Some("[{]"));
    }
}
