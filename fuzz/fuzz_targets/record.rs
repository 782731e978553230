//! Records and rows of any text are read without a panic, merging is done once and for all, and fields read back.

#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use tootmill_engine::{Error, Lines, Merged, Record, Records, RowsReader, reduce, write_records};
use tootmill_fuzz::Choices;
use tootmill_metric::{
    Count, Registry, States,
    field::{escape, unescape},
};
use tootmill_plugins as _;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::linked().expect("the linked metrics"));

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    text.lines().for_each(check_fields);
    check_rows(bytes);
    check_merge(bytes);
    check_merge(records(&mut Choices(bytes)).as_bytes());
    check_counts(&mut Choices(bytes));
});

fn check_fields(line: &str) {
    if let Some(Record { metric, key, member, state }) = Record::parse(line) {
        assert_eq!([metric, key, member, state].join("\t"), line);
    }
    let escaped = escape(line);
    assert!(escaped.bytes().all(|byte| byte >= b' '), "{escaped:?}");
    assert_eq!(unescape(&escaped).as_deref(), Some(line));
    if let Some(field) = unescape(line) {
        assert_eq!(unescape(&escape(&field)).as_deref(), Some(&*field));
    }
}

fn check_rows(rows: &[u8]) {
    let mut reader = RowsReader::new(rows);
    while let Ok(Some(cell)) = reader.next_cell() {
        let column = format!("data:{}", cell.column);
        let row = [&*cell.table, &cell.key, &column, &cell.value].map(escape).join("\t");
        assert_eq!(RowsReader::new(row.as_bytes()).next_cell().expect("a row that was read"), Some(cell));
    }
}

fn merged(sources: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let sources = sources.iter().map(|source| Box::new(Lines::new(*source)) as Box<dyn Records>);
    let mut output = Vec::new();
    write_records(&mut Merged::new(sources, &REGISTRY)?, &mut output)?;
    Ok(output)
}

/// Sorted or not: what merges merges once and for all, in one piece or in two, and can be reduced.
fn check_merge(records: &[u8]) {
    let Ok(whole) = merged(&[records]) else { return };
    assert_eq!(merged(&[&whole]).expect("merged records merge"), whole, "{records:?}");
    let mut parts = [Vec::new(), Vec::new()];
    for (number, line) in records.split_inclusive(|byte| *byte == b'\n').enumerate() {
        parts[number % 2].extend_from_slice(line);
    }
    if records.ends_with(b"\n") {
        assert_eq!(merged(&parts.each_ref().map(|part| &part[..])).expect("parts merge"), whole, "{records:?}");
    }
    let sources = [Box::new(Lines::new(&*whole)) as Box<dyn Records>];
    let mut again = Merged::new(sources, &REGISTRY).expect("merged records merge");
    let _ = reduce(&mut again, &REGISTRY, |_, _, row| {
        row.cells().iter().for_each(|(_, value)| drop(value.to_string()));
        Ok(())
    });
}

/// Sorted records of the linked metrics, few keys, states of every kind.
fn records(choices: &mut Choices<'_>) -> String {
    const FIELDS: &[&str] = &["a", "b", "a\\tb", "\\\\", "\\x00", "é", "\u{10ffff}", "\\q", ""];
    const PARTS: &[&str] = &[
        "",
        "0",
        "1",
        "7",
        "-1",
        "007",
        "18446744073709551615",
        "340282366920938463463374607431768211455",
        "a",
        "\\x20",
        "x",
    ];
    let mut lines = Vec::new();
    while !choices.0.is_empty() {
        let metric = choices.one_of(REGISTRY.metrics().iter().map(|one| one.name()).collect::<Vec<_>>().as_slice());
        let (key, member) = (choices.one_of(FIELDS), choices.one_of(FIELDS));
        let parts: Vec<&str> = (0..choices.below(7)).map(|_| choices.one_of(PARTS)).collect();
        lines.push(format!("{metric}\t{key}\t{member}\t{}\n", parts.join(" ")));
    }
    lines.sort_by(|left, right| key(left).cmp(key(right)));
    lines.concat()
}

/// What the record is sorted by.
fn key(record: &str) -> &str {
    record.rsplit_once('\t').map_or(record, |(key, _)| &record[..=key.len()])
}

/// Counts of any keys and members, in several states, are their sums again after they were merged.
fn check_counts(choices: &mut Choices<'_>) {
    let Some(metric) = REGISTRY.metrics().iter().find(|one| {
        let (mut total, mut sum) = (one.metric.total(), String::new());
        let merges = total.merge("1") && total.merge("2");
        total.take(&mut sum);
        merges && sum == "3"
    }) else {
        return;
    };
    let mut sums = BTreeMap::<(&str, &str), u64>::new();
    let mut shards = [(); 3].map(|()| States::default());
    while !choices.0.is_empty() {
        let (key, member, count) = (choices.text(8), choices.text(3), choices.below(1 << 16) as u64);
        if !key.is_empty() {
            *sums.entry((key, member)).or_default() += count;
            shards[choices.below(3)].add(key, member, Count(count));
        }
    }
    let sources = shards.map(|mut states| {
        states.sort();
        let (mut lines, mut line) = (String::new(), String::new());
        while states.take_next(&mut line) {
            lines += &format!("{}\t{line}\n", metric.name());
            line.clear();
        }
        lines
    });
    let merged = merged(&sources.each_ref().map(|source| source.as_bytes())).expect("records that were written");
    let merged = String::from_utf8(merged).expect("records are UTF-8");
    let mut before = "";
    let mut found = BTreeMap::new();
    for line in merged.lines() {
        assert!(before < key(line), "{merged:?} is not sorted");
        before = key(line);
        let record = Record::parse(line).expect("a record");
        let field = |field| unescape(field).expect("a field that was escaped").into_owned();
        found.insert((field(record.key), field(record.member)), record.state.parse().expect("a count"));
    }
    let sums: BTreeMap<_, _> =
        sums.into_iter().map(|((key, member), sum)| ((key.into(), member.into()), sum)).collect();
    assert_eq!(found, sums);
}
