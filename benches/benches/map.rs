//! The path that every post takes, step by step and as a whole, and the floor: throughput is that of the posts' lines, so
//! that all numbers can be compared with each other.

use std::{error::Error, fs, hint::black_box, num::NonZeroUsize};

use criterion::{BatchSize, Criterion, Throughput};
use tempfile::NamedTempFile;
use tootmill_engine::{Lines, Merged, Options, Records, Silent, map, run, write_records};
use tootmill_input::{Inputs, Reader};
use tootmill_metric::{AnyStates, Line, Post, Registry, field::escape};
use tootmill_plugins as _;
use tootmill_policy::{Forgotten, Hashed, Key, Level, Policy};
use tootmill_synth::Timeline;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let mut text = Vec::new();
    Timeline { posts: 5_000, oddities: false, ..Timeline::default() }.write_to(&mut text)?;
    let text = String::from_utf8(text)?;
    let lines: Vec<&str> = text.lines().collect();
    let posts = lines.iter().map(|line| Post::parse(line)).collect::<Result<Vec<_>, _>>()?;
    let registry = Registry::linked()?;
    let throughput = Throughput::Bytes(text.len() as u64);

    let mut criterion = Criterion::default().configure_from_args();
    parsing(&mut criterion, &throughput, &lines);
    keeping(&mut criterion, &throughput, &registry, &lines)?;
    mapping(&mut criterion, &throughput, &registry, &posts);
    records(&mut criterion, &throughput, &registry, &posts)?;
    whole(&mut criterion, &throughput, &registry, &text)?;
    criterion.final_summary();
    Ok(())
}

fn parsing(criterion: &mut Criterion, throughput: &Throughput, lines: &[&str]) {
    let mut group = criterion.benchmark_group("parse");
    group.throughput(throughput.clone());
    let count = |parses: &dyn Fn(&str) -> bool| lines.iter().filter(|line| parses(line)).count();
    group.bench_function("floor sonic-rs", |bencher| {
        bencher.iter(|| count(&|line| tootmill_benches::sonic_rs(line.as_bytes())));
    });
    group.bench_function("floor serde_json", |bencher| {
        bencher.iter(|| count(&|line| tootmill_benches::serde_json(line.as_bytes())));
    });
    group.bench_function("line", |bencher| bencher.iter(|| count(&|line| black_box(Line::parse(line)).is_ok())));
}

/// What a policy costs, of posts none of which says `indexable` and of posts that all do; also once an account was forgotten, which
/// has no post.
fn keeping(criterion: &mut Criterion, throughput: &Throughput, registry: &Registry, lines: &[&str]) -> Outcome {
    let mut group = criterion.benchmark_group("keep");
    group.throughput(throughput.clone());
    let indexable: Vec<String> =
        lines.iter().map(|line| line.replacen("\"locked\":", "\"indexable\":true,\"locked\":", 1)).collect();
    let indexable: Vec<&str> = indexable.iter().map(String::as_str).collect();
    let policy = |level| Policy::new(level, "tootmill.example", registry);
    let forgotten = Forgotten::new(Some(Key::new(&[7; Key::BYTES])));
    forgotten.read(&forgotten.with([Hashed::Account("nobody")])?)?;
    for (name, policy, lines) in [
        ("open", policy(Level::Open), lines),
        ("default, indexable", policy(Level::Default), &indexable),
        ("default", policy(Level::Default), lines),
        ("default, one forgotten", policy(Level::Default).forgetting(forgotten), lines),
        ("strict", policy(Level::Strict), lines),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| lines.iter().map(|line| policy.keep(line).line().map_or(0, str::len)).sum::<usize>());
        });
    }
    Ok(())
}

fn mapping(criterion: &mut Criterion, throughput: &Throughput, registry: &Registry, posts: &[Post<'_>]) {
    let mut group = criterion.benchmark_group("map");
    group.throughput(throughput.clone());
    for registered in registry.metrics() {
        group.bench_function(registered.name(), |bencher| {
            bencher.iter_with_large_drop(|| {
                let mut states = registered.metric.states();
                for post in posts {
                    states.map(post);
                }
                states
            });
        });
    }
    group.bench_function("all metrics", |bencher| bencher.iter_with_large_drop(|| map_all(registry, posts)));
    group.bench_function("links alone", |bencher| {
        bencher.iter(|| {
            let mut hosts = 0;
            for post in posts {
                tootmill_links::hosts(&post.content, &mut |host| hosts += black_box(host).len());
            }
            hosts
        });
    });
}

fn records(criterion: &mut Criterion, throughput: &Throughput, registry: &Registry, posts: &[Post<'_>]) -> Outcome {
    let mut group = criterion.benchmark_group("records");
    group.throughput(throughput.clone());
    group.bench_function("escape the contents", |bencher| {
        bencher.iter(|| posts.iter().map(|post| escape(&post.content).len()).sum::<usize>());
    });
    group.bench_function("sort and write", |bencher| {
        bencher.iter_batched(|| map_all(registry, posts), |states| write_all(registry, states), BatchSize::LargeInput);
    });
    let shards: Vec<String> =
        posts.chunks(posts.len().div_ceil(4)).map(|posts| write_all(registry, map_all(registry, posts))).collect();
    let merge = || {
        let sources = shards.iter().map(|shard| Box::new(Lines::new(shard.as_bytes())) as Box<dyn Records>);
        let mut output = Vec::new();
        write_records(&mut Merged::new(sources, registry)?, &mut output)?;
        Ok::<_, tootmill_engine::Error>(output)
    };
    merge()?;
    group.bench_function("merge of four", |bencher| bencher.iter_with_large_drop(merge));
    Ok(())
}

/// The programs' work, from bytes to records and from files to rows.
fn whole(criterion: &mut Criterion, throughput: &Throughput, registry: &Registry, text: &str) -> Outcome {
    let options = Options { threads: NonZeroUsize::MIN, ..Options::default() };
    let mut group = criterion.benchmark_group("whole");
    group.sample_size(20).throughput(throughput.clone());
    group.bench_function("mapper", |bencher| {
        bencher.iter_batched(
            || std::io::Cursor::new(text.to_owned()),
            |posts| map(Reader::of_lines(posts), registry, options.memory, &mut std::io::sink(), &Silent),
            BatchSize::LargeInput,
        );
    });
    let again: String = text.split_inclusive('\n').step_by(100).collect();
    for (name, more) in [("run", ""), ("run, every hundredth post twice", &*again)] {
        let file = NamedTempFile::with_suffix(".jsonl")?;
        fs::write(&file, [text, more].concat())?;
        let inputs = Inputs::find(file.path().to_str())?;
        run(&inputs, registry, &options, &Silent)?;
        group.bench_function(name, |bencher| bencher.iter(|| run(&inputs, registry, &options, &Silent)));
    }
    Ok(())
}

fn map_all<'r>(registry: &'r Registry, posts: &[Post<'_>]) -> Vec<Box<dyn AnyStates + 'r>> {
    let mut all: Vec<_> = registry.metrics().iter().map(|one| one.metric.states()).collect();
    for post in posts {
        for states in &mut all {
            states.map(post);
        }
    }
    all
}

fn write_all(registry: &Registry, all: Vec<Box<dyn AnyStates + '_>>) -> String {
    let mut text = String::new();
    for (one, mut states) in registry.metrics().iter().zip(all) {
        states.sort();
        let mut line = String::new();
        while states.take_next(&mut line) {
            text.extend([one.name(), "\t", &line, "\n"]);
            line.clear();
        }
    }
    text
}
