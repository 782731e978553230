//! Whatever the input holds, twice or deleted, in lines or not: a run gives the same tables as a run over the posts that count.

#![no_main]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
};

use libfuzzer_sys::fuzz_target;
use tootmill_engine::{BadLimit, Options, Outcome, Silent};
use tootmill_fuzz::{Choices, file, line, records};
use tootmill_input::{Inputs, Observation, Reader, objects, read_line};
use tootmill_metric::{BadLine, Day, Line, Merge, Registry};
use tootmill_plugins as _;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::linked().expect("the linked metrics"));

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let memory = choices.one_of(&[512 << 20, 0]);
    let mut text = Vec::new();
    while !choices.0.is_empty() {
        text.extend(line(&mut choices));
        text.extend(choices.one_of(&["\n", "\n", "\n", "\r\n\n", "", ","]).bytes());
    }
    let (_file, inputs) = file(&text);
    let mut posts = Posts::default();
    records(Reader::new(&inputs, Arc::default())).iter().for_each(|(_, record)| posts.observe(record));
    let (_chosen_file, chosen_inputs) = file(posts.chosen().as_bytes());
    let (all, chosen) = (run(&inputs, memory), run(&chosen_inputs, 512 << 20));
    let text = String::from_utf8_lossy(&text);
    assert_eq!(all.counters.posts, chosen.counters.posts, "{text}");
    assert_eq!(all.counters.bots, chosen.counters.bots, "{text}");
    assert_eq!(rows(&all), rows(&chosen), "{text}");
});

/// What was seen of each post, by its identity, and which ids are those of deleted posts.
#[derive(Default)]
struct Posts {
    seen: BTreeMap<(String, Day), Observation>,
    deleted: BTreeSet<String>,
}

impl Posts {
    fn observe(&mut self, record: &[u8]) {
        let mut repaired = String::new();
        match read_line(record, &mut repaired) {
            Ok(Line::Post(post)) => {
                let seen = self.seen.entry((post.id.to_string(), post.created_at.day())).or_default();
                seen.merge(Observation::of(&post, false));
            }
            Ok(Line::Deletion(id)) => drop(self.deleted.insert(id.into_owned())),
            Ok(Line::Boost | Line::NotPublic | Line::Gap | Line::Policy(_)) => {}
            Err(BadLine::NotJson | BadLine::TooDeep) => {
                let parts = objects(record).filter(|part| part.len() < record.len());
                let parts: Vec<&[u8]> = parts.map(|part| record[part].trim_ascii()).collect();
                if parts.iter().any(|part| read_line(part, &mut repaired).is_ok()) {
                    parts.iter().for_each(|part| self.observe(part));
                }
            }
            Err(_) => {}
        }
    }

    fn chosen(&self) -> String {
        let kept = self.seen.iter().filter(|((id, _), _)| !self.deleted.contains(id));
        kept.flat_map(|(_, seen)| [seen.object().unwrap_or_default(), "\n"]).collect()
    }
}

fn run(inputs: &Inputs, memory: usize) -> Outcome {
    let bad_limit = BadLimit { count: u64::MAX, share: 1.0 };
    let options = Options { threads: NonZeroUsize::MIN, memory, bad_limit, by_day: true, policy: None };
    tootmill_engine::run(inputs, &REGISTRY, &options, &Silent).expect("a run over readable files")
}

/// The rows of the totals and of each day.
fn rows(outcome: &Outcome) -> Vec<String> {
    let files = [outcome.totals()].into_iter().chain(outcome.days.iter().map(|day| outcome.day(*day)));
    files.map(|file| fs::read_to_string(file).expect("a file of rows")).collect()
}
