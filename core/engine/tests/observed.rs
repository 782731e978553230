//! What is known of observations besides the posts: when they were made, and where some are missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{fs, path::Path, sync::Arc};

use tempfile::TempDir;
use tootmill_engine::{Counters, Options, Silent, compact, map, map_observations, observe, run};
use tootmill_input::{Inputs, Reader};
use tootmill_metric::Registry;
use tootmill_plugins as _;

fn post(id: &str, day: &str) -> String {
    format!("{{\"id\":\"{id}\",\"created_at\":\"{day}T10:00:00Z\"}}\n")
}

/// The lines in a raw file that is called so.
fn add(folder: &Path, name: &str, lines: &str) {
    let path = folder.join("raw/date=2026-11-24").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, lines).unwrap();
}

/// What is counted in all files of the folder, by a run and by compacting them.
fn counted(folder: &Path) -> Counters {
    let inputs = Inputs::find([folder.to_str().unwrap()]).unwrap();
    let ran = run(&inputs, &Registry::linked().unwrap(), &Options::default(), &Silent).unwrap().counters;
    for memory in [0, 1 << 20] {
        let options = Options { memory, ..Options::default() };
        assert_eq!(compact(&inputs, &options, &mut Vec::new(), &Silent).unwrap(), ran, "{memory} bytes of memory");
    }
    ran
}

#[test]
fn a_post_is_ripe_if_one_of_its_observations_is() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let ripe = || {
        let Counters { posts, ripe, .. } = counted(folder);
        (posts, ripe)
    };
    let both = post("1", "2026-11-23") + &post("2", "2026-11-24");
    add(folder, "by-hand.jsonl", &both);
    assert_eq!(ripe(), (2, 0), "nobody knows when they were observed");
    fs::remove_dir_all(folder.join("raw")).unwrap();
    add(folder, "20261124T100000.000000Z-a.jsonl", &both);
    assert_eq!(ripe(), (2, 1), "each was observed once");
    add(folder, "20261125T100000.000000Z-b/part-00000.jsonl", &post("2", "2026-11-24"));
    assert_eq!(ripe(), (2, 2), "an observation does not count, but is known");
    add(folder, "20261125T110000.000000Z-c.jsonl", "{\"deleted\":\"2\"}\n");
    assert_eq!(ripe(), (1, 1));
}

#[test]
fn a_gap_is_counted_and_is_no_post() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let gap = "{\"gap\":{\"after\":\"1\",\"before\":null},\"observed\":\"2026-11-24T10:00:00Z\"}\n";
    let lines = post("1", "2026-11-24") + gap + &post("2", "2026-11-24") + gap;
    add(folder, "once.jsonl", &lines);
    let inputs = Inputs::find([folder.to_str().unwrap()]).unwrap();
    let once = Counters { lines: 4, posts: 2, known_gaps: 2, ..Counters::default() };
    assert_eq!(counted(folder), once);
    let read = Counters { posts: 0, ..once.clone() };
    assert_eq!(observe(&inputs, &Options::default(), &Silent).unwrap().take_counters(), read);
    let lines = || Reader::new(&inputs, Arc::default());
    assert_eq!(map_observations(lines(), 1 << 20, &mut Vec::new(), &Silent).unwrap(), read);
    assert_eq!(map(lines(), &Registry::linked().unwrap(), 1 << 20, &mut Vec::new(), &Silent).unwrap(), once);
    // Where posts are read more than once, gaps are counted once.
    add(folder, "again.jsonl", &post("1", "2026-11-24"));
    assert_eq!(counted(folder), Counters { lines: 5, duplicates: 1, ..once });
}
