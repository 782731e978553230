//! What a job's tasks counted.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The counters of a job, by group and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, BTreeMap<String, u64>>);

impl Counters {
    /// A counter, by the names that the history server gives: Hadoop's own are in groups such as
    /// `org.apache.hadoop.mapreduce.TaskCounter`.
    pub fn get(&self, group: &str, name: &str) -> Option<u64> {
        self.0.get(group)?.get(name).copied()
    }

    /// The counters of a group, by name.
    pub fn group(&self, group: &str) -> BTreeMap<String, u64> {
        self.0.get(group).cloned().unwrap_or_default()
    }
}

/// The history server's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    job_counters: JobCounters,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobCounters {
    #[serde(default)]
    counter_group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    counter_group_name: String,
    #[serde(default)]
    counter: Vec<Counter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counter {
    name: String,
    total_counter_value: i64,
}

impl From<Answer> for Counters {
    fn from(answer: Answer) -> Self {
        // Hadoop writes -1 for what a platform can't measure.
        let value = |counter: Counter| (counter.name, u64::try_from(counter.total_counter_value).unwrap_or_default());
        let groups = answer.job_counters.counter_group.into_iter();
        Self(groups.map(|group| (group.counter_group_name, group.counter.into_iter().map(value).collect())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_answer_is_read() {
        let answer: Answer = serde_json::from_str(include_str!("recorded/counters.json")).unwrap();
        let counters = Counters::from(answer);
        assert_eq!(counters.get("tootmill", "posts"), Some(10));
        assert_eq!(counters.group("tootmill"), BTreeMap::from([("posts".to_owned(), 10)]));
        assert_eq!(counters.get("Shuffle Errors", "BAD_ID"), Some(0), "what cannot be measured");
        assert_eq!(counters.get("tootmill", "none"), None);
        assert!(counters.group("none").is_empty());
    }
}
