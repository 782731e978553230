//! Invariant: the same posts give the same rows, byte for byte, however they are cut, combined, spilled, sorted and reduced.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

use std::{fs, io::BufReader, num::NonZeroUsize, path::Path};

use tempfile::TempDir;
use tootmill_engine::{
    Counters, Family, Lines, Merged, Options, Outcome, Records, RowsWriter, Silent, compact, map, reduce, run,
    write_records,
};
use tootmill_input::{Inputs, Reader};
use tootmill_metric::Registry;
use tootmill_plugins as _;
use tootmill_synth::Timeline;

const MEMORY: usize = 64 << 20;

fn inputs(paths: &[&Path]) -> Inputs {
    Inputs::find(paths.iter().map(|path| path.to_str().unwrap())).unwrap()
}

/// A timeline with every oddity, as one file and as three, of which one is compressed.
fn timeline(folder: &TempDir) -> (Inputs, Inputs) {
    let timeline = Timeline { posts: 6_000, seed: 11, ..Timeline::default() };
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    fs::create_dir_all(&whole).unwrap();
    fs::create_dir_all(&parts).unwrap();
    let mut bytes = Vec::new();
    timeline.write_to(&mut bytes).unwrap();
    fs::write(whole.join("posts.jsonl"), &bytes).unwrap();
    for (number, posts) in [(2, 0..1_000), (0, 1_000..5_500)] {
        let mut bytes = Vec::new();
        timeline.write_range(posts, &mut bytes).unwrap();
        fs::write(parts.join(format!("{number}.jsonl")), bytes).unwrap();
    }
    let mut last = zstd::Encoder::new(fs::File::create(parts.join("1.jsonl.zst")).unwrap(), 1).unwrap();
    timeline.write_range(5_500..6_000, &mut last).unwrap();
    last.finish().unwrap();
    (inputs(&[&whole]), inputs(&[&parts]))
}

fn options(threads: usize, memory: usize) -> Options {
    Options { threads: NonZeroUsize::new(threads).unwrap(), memory, ..Options::default() }
}

/// All files of rows, by name.
fn rows(outcome: &Outcome) -> Vec<(String, String)> {
    let days = outcome.days.iter().map(|day| (day.to_string(), outcome.day(*day)));
    let all = days.chain([("totals".to_string(), outcome.totals())]);
    all.map(|(name, path)| (name, fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn threads_files_and_memory_do_not_matter() {
    let folder = TempDir::new().unwrap();
    let (whole, parts) = timeline(&folder);
    let registry = Registry::linked().unwrap();
    let expected = run(&whole, &registry, &options(1, MEMORY), &Silent).unwrap();
    assert!(expected.counters.duplicates > 0 && expected.counters.deleted > 0, "{:?}", expected.counters);
    let expected_rows = rows(&expected);
    assert!(expected_rows.len() > 8, "days and totals");
    for (inputs, threads, memory) in [
        (&whole, 3, MEMORY),
        (&parts, 1, MEMORY),
        (&parts, 4, MEMORY),
        // So little that every thread goes to disk at every chunk.
        (&whole, 1, 1 << 10),
        (&parts, 2, 1 << 10),
    ] {
        let outcome = run(inputs, &registry, &options(threads, memory), &Silent).unwrap();
        assert_eq!(outcome.counters, expected.counters, "{threads} threads, {memory} bytes");
        assert!(rows(&outcome) == expected_rows, "{threads} threads, {memory} bytes: the rows differ");
    }
    let totals_only = run(&whole, &registry, &Options { by_day: false, ..options(2, MEMORY) }, &Silent).unwrap();
    assert_eq!(fs::read_to_string(totals_only.totals()).unwrap(), expected_rows.last().unwrap().1);
}

fn records(text: &str) -> Box<dyn Records + '_> {
    Box::new(Lines::new(BufReader::new(text.as_bytes())))
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines.concat()
}

fn combined(text: &str, registry: &Registry) -> String {
    let mut output = Vec::new();
    write_records(&mut Merged::new([records(&sorted(text))], registry).unwrap(), &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

fn reduced(sorted: &str, registry: &Registry) -> String {
    let mut rows = RowsWriter::new(Vec::new(), Family::Data);
    let mut merged = Merged::new([records(sorted)], registry).unwrap();
    reduce(&mut merged, registry, |table, key, row| rows.write(table, key, row)).unwrap();
    String::from_utf8(rows.finish().unwrap()).unwrap()
}

#[test]
fn mappers_combiners_and_reducers_do_not_matter() {
    let folder = TempDir::new().unwrap();
    let (whole, parts) = timeline(&folder);
    let registry = Registry::linked().unwrap();
    let outcome = run(&whole, &registry, &options(2, MEMORY), &Silent).unwrap();
    let expected = sorted(&fs::read_to_string(outcome.totals()).unwrap());

    let mut posts = Vec::new();
    let counters = compact(&parts, &options(2, 1 << 10), &mut posts, &Silent).unwrap();
    assert_eq!(counters, Counters { unusable_keys: 0, ..outcome.counters.clone() }, "compacting sees no keys");
    let mut again = Vec::new();
    compact(&whole, &options(1, MEMORY), &mut again, &Silent).unwrap();
    assert!(again == posts, "compacted posts depend on files, threads or memory");

    let posts: Vec<&[u8]> = posts.split_inclusive(|byte| *byte == b'\n').collect();
    for (mappers, memory, combine, reducers) in [
        (1, MEMORY, false, 1),
        (4, MEMORY, false, 3),
        (4, 1 << 10, true, 1),
        (3, 1 << 10, true, 5),
        (7, MEMORY, true, 2),
    ] {
        let mut shuffled = vec![String::new(); reducers];
        let mut mapped = Counters::default();
        for posts in posts.chunks(posts.len().div_ceil(mappers)) {
            let mut output = Vec::new();
            let input = std::io::Cursor::new(posts.concat());
            mapped += &map(Reader::of_lines(input), &registry, memory, &mut output, &Silent).unwrap();
            let output = String::from_utf8(output).unwrap();
            let output = if combine { combined(&output, &registry) } else { output };
            for line in output.split_inclusive('\n') {
                let key: Vec<&str> = line.split('\t').take(2).collect();
                let reducer = key.concat().bytes().fold(0, |hash: usize, byte| hash * 31 % 65_537 + usize::from(byte));
                shuffled[reducer % reducers].push_str(line);
            }
        }
        assert_eq!((mapped.posts, mapped.bots), (outcome.counters.posts, outcome.counters.bots));
        assert_eq!(mapped.unusable_keys, outcome.counters.unusable_keys);
        let rows: String = shuffled.iter().map(|records| reduced(&sorted(records), &registry)).collect();
        assert!(
            sorted(&rows) == expected,
            "{mappers} mappers, {memory} bytes, combiner {combine}, {reducers} reducers"
        );
    }
}
