//! The numbers in Prometheus's text format, version 0.0.4, as the textfile collector of its node exporter reads it.

use prometheus::{CounterVec, GaugeVec, Opts, Registry, TextEncoder};
use tootmill_lake::Files;

use crate::{Check, Error, Level, Outcome, TableNumbers, findings::float};

/// The numbers of an outcome, a family each with its help and its type.
pub fn prometheus_text(outcome: &Outcome) -> Result<String, Error> {
    let registry = Registry::new();
    of_status(&registry, outcome)?;
    of_day(&registry, outcome)?;
    of_lake(&registry, outcome)?;
    of_hdfs(&registry, outcome)?;
    of_hbase(&registry, outcome)?;
    of_tables(&registry, outcome)?;
    Ok(TextEncoder::new().encode_to_string(&registry.gather())?)
}

fn of_status(registry: &Registry, outcome: &Outcome) -> Result<(), Error> {
    let taken = seconds(outcome.taken);
    gauge(registry, "tootmill_status_timestamp_seconds", "When the numbers were read.", &[], [([], taken)])?;
    let levels = [Level::Warn, Level::Error];
    let findings = Check::ALL.iter().flat_map(|check| levels.map(|level| (*check, level))).map(|(check, level)| {
        let count = outcome.findings.iter().filter(|finding| (finding.check, finding.level) == (check, level)).count();
        ([check.name(), level.name()], float(count as u64))
    });
    gauge(registry, "tootmill_status_findings", "Findings of a check at a level.", &["check", "level"], findings)
}

fn of_day(registry: &Registry, outcome: &Outcome) -> Result<(), Error> {
    let Some(day) = &outcome.day else { return Ok(()) };
    for (name, help, number) in [
        ("tootmill_day_posts", "Posts of the day that was looked at.", day.posts),
        ("tootmill_day_posts_median", "Median of the posts of the days before it.", day.median),
        ("tootmill_load_lines", "Lines that the last load added.", day.new_lines),
        ("tootmill_load_bad_lines", "Bad lines among those that the last load added.", day.new_bad),
    ] {
        gauge(registry, name, help, &[], number.map(|number| ([], float(number))))?;
    }
    let rows = day.tables.iter().map(|table| ([table.table.as_str()], float(table.rows)));
    gauge(registry, "tootmill_table_rows", "Rows of a table's totals at the last load.", &["table"], rows)
}

fn of_lake(registry: &Registry, outcome: &Outcome) -> Result<(), Error> {
    let Some(lake) = &outcome.lake else { return Ok(()) };
    let name = |what: &str| format!("tootmill_lake_{what}");
    let of = lake.lake.as_str();
    let each =
        |number: fn(&Files) -> u64| lake.places.iter().map(move |files| ([of, files.place], float(number(files))));
    let labels = &["lake", "place"];
    gauge(registry, &name("files"), "Files in a place of a lake.", labels, each(|files| files.files))?;
    gauge(registry, &name("bytes"), "Bytes of the files in a place of a lake.", labels, each(|files| files.bytes))?;
    let help = "Files of less than 1 MiB in a place of a lake.";
    gauge(registry, &name("small_files"), help, labels, each(|files| files.small))?;
    let observed = lake.newest_observation.map(|observed| ([of], seconds(observed)));
    let help = "When the newest raw file of a lake was observed.";
    gauge(registry, &name("newest_observation_timestamp_seconds"), help, &["lake"], observed)?;
    let age = lake.observation_age_hours.map(|hours| ([of], hours * 3600.0));
    let help = "The age of the newest raw file of a lake.";
    gauge(registry, &name("newest_observation_age_seconds"), help, &["lake"], age)?;
    let days = [("posts", lake.newest_posts), ("counted", lake.newest_counted), ("loaded", lake.newest_loaded)];
    let days = days.into_iter().filter_map(|(stage, day)| Some(([of, stage], seconds(day?.start()))));
    let help = "The beginning of the newest day that has posts, that is counted, that is loaded.";
    gauge(registry, &name("newest_day_timestamp_seconds"), help, &["lake", "stage"], days)
}

fn of_hdfs(registry: &Registry, outcome: &Outcome) -> Result<(), Error> {
    let Some(hdfs) = &outcome.namenode else { return Ok(()) };
    for (what, help, number) in [
        ("capacity_bytes", "Bytes that HDFS may use.", hdfs.capacity),
        ("used_bytes", "Bytes that HDFS uses.", hdfs.used),
        ("remaining_bytes", "Bytes that HDFS may still use.", hdfs.remaining),
        ("files", "Files and folders of HDFS.", hdfs.files),
        ("blocks", "Blocks of HDFS.", hdfs.blocks),
        ("missing_blocks", "Blocks of which no copy is there.", hdfs.missing_blocks),
        ("under_replicated_blocks", "Blocks that have fewer copies than they should.", hdfs.under_replicated_blocks),
    ] {
        gauge(registry, &format!("tootmill_hdfs_{what}"), help, &[], [([], float(number))])?;
    }
    Ok(())
}

fn of_hbase(registry: &Registry, outcome: &Outcome) -> Result<(), Error> {
    let Some(hbase) = &outcome.hbase else { return Ok(()) };
    let states = [("live", hbase.servers.len()), ("unread", hbase.unread.len()), ("dead", hbase.dead.len())];
    let states = states.map(|(state, count)| ([state], float(count as u64)));
    let help = "Region servers that answer, that live but cannot be read, and that are dead.";
    gauge(registry, "tootmill_hbase_region_servers", help, &["state"], states)?;
    let transition = [([], float(hbase.in_transition))];
    gauge(registry, "tootmill_hbase_regions_in_transition", "Regions in transition.", &[], transition)?;
    let stuck = [([], float(hbase.stuck))];
    gauge(registry, "tootmill_hbase_regions_stuck", "Regions that are stuck in transition.", &[], stuck)?;
    let each = |number: fn(&crate::RegionServer) -> u64| {
        hbase.servers.iter().map(move |server| ([server.server.as_str()], float(number(server))))
    };
    let name = |what: &str| format!("tootmill_hbase_region_server_{what}");
    let labels = &["server"];
    gauge(registry, &name("regions"), "Regions of a region server.", labels, each(|server| server.regions))?;
    let help = "Store files of a region server.";
    gauge(registry, &name("store_files"), help, labels, each(|server| server.store_files))?;
    let help = "Bytes of a region server's store files.";
    gauge(registry, &name("store_bytes"), help, labels, each(|server| server.store_bytes))?;
    let help = "Bytes that a region server has not written to a file yet.";
    gauge(registry, &name("memory_bytes"), help, labels, each(|server| server.memory_bytes))?;
    let requests = Opts::new(name("requests_total"), "Requests to a region server since it started.");
    let requests = CounterVec::new(requests, labels)?;
    registry.register(Box::new(requests.clone()))?;
    for (labels, count) in each(|server| server.requests) {
        requests.get_metric_with_label_values(&labels)?.inc_by(count);
    }
    Ok(())
}

/// Requests are gauges here: a region that moves begins at 0 again, so that a table's sum may fall without being reset.
fn of_tables(registry: &Registry, outcome: &Outcome) -> Result<(), Error> {
    let numbers = || outcome.tables.iter().filter_map(|status| Some((status.table.as_str(), status.numbers.as_ref()?)));
    let each =
        |number: fn(&TableNumbers) -> u64| numbers().map(move |(table, numbers)| ([table], float(number(numbers))));
    let name = |what: &str| format!("tootmill_hbase_table_{what}");
    let labels = &["table"];
    gauge(registry, &name("regions"), "Regions of a table.", labels, each(|table| table.regions))?;
    gauge(registry, &name("store_files"), "Store files of a table.", labels, each(|table| table.store_files))?;
    gauge(registry, &name("store_bytes"), "Bytes of a table's store files.", labels, each(|table| table.store_bytes))?;
    let help = "Bytes of a table that are not written to a file yet.";
    gauge(registry, &name("memory_bytes"), help, labels, each(|table| table.memory_bytes))?;
    let requests = numbers().flat_map(|(table, numbers)| {
        [([table, "read"], float(numbers.reads)), ([table, "write"], float(numbers.writes))]
    });
    let help = "Requests to a table since its regions were opened.";
    gauge(registry, &name("requests"), help, &["table", "kind"], requests)?;
    let shares = numbers()
        .filter_map(|(table, numbers)| Some(([table, numbers.hottest.region.as_str()], numbers.share_of_hottest()?)));
    let help = "Share, 0 to 1, of a table's requests that went to its hottest region.";
    gauge(registry, &name("hottest_region_share"), help, &["table", "region"], shares)?;
    let files = numbers()
        .map(|(table, numbers)| ([table, numbers.most_files.region.as_str()], float(numbers.most_files.count)));
    let help = "Store files of the region of a table that has the most.";
    gauge(registry, &name("most_store_files"), help, &["table", "region"], files)?;
    let loaded = outcome.tables.iter().filter_map(|status| Some(([status.table.as_str()], seconds(status.last_load?))));
    let help = "When a table was loaded for the last time, or what that load is as of.";
    gauge(registry, "tootmill_table_last_load_timestamp_seconds", help, labels, loaded)?;
    let ages = outcome.tables.iter().filter_map(|status| Some(([status.table.as_str()], status.age_days? * 86_400.0)));
    gauge(registry, "tootmill_table_last_load_age_seconds", "The age of a table's last load.", labels, ages)
}

/// Adds a family with its samples. One without samples is left out of the text.
fn gauge<'a, const N: usize>(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str; N],
    samples: impl IntoIterator<Item = ([&'a str; N], f64)>,
) -> Result<(), Error> {
    let family = GaugeVec::new(Opts::new(name, help), labels)?;
    for (labels, value) in samples {
        family.get_metric_with_label_values(&labels)?.set(value);
    }
    Ok(registry.register(Box::new(family))?)
}

fn seconds(instant: tootmill_metric::Instant) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a float has milliseconds of any year that is read")]
    let millis = instant.millis() as f64;
    millis / 1e3
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use tootmill_lake::Survey;
    use tootmill_metric::{Day, Instant};

    use super::*;
    use crate::{HBase, Region, RegionServer, Seen, Thresholds, recorded::Recorded};

    #[test]
    fn the_text_is_what_was_reviewed() {
        insta::assert_snapshot!(prometheus_text(&Recorded::new().outcome()).unwrap());
    }

    #[test]
    fn the_text_of_a_lake_of_hdfs_and_of_a_day_is_what_was_reviewed() {
        let day = Day::parse("2026-11-23");
        let survey = Survey {
            lake: "/lake/mill.example".into(),
            places: vec![Files { place: "raw", files: 12, bytes: 3456, small: 7 }],
            newest_observation: Instant::parse("2026-11-23T12:00"),
            newest_posts: day,
            newest_counted: day,
            is_open: false,
        };
        let namenode =
            crate::NameNode { capacity: 9, used: 1, remaining: 2, files: 3, blocks: 4, ..Default::default() };
        let load = |lines, rows| Some(crate::Loaded { lines, bad: 1, rows: vec![("tag_table".into(), rows)] });
        let numbers = crate::DayNumbers {
            day: day.unwrap(),
            posts: Some(5),
            posts_before: vec![6],
            last: load(20, 4),
            before: load(10, 3),
        };
        let (lake, namenode, day) = (Some(Ok(survey)), Some(Ok(namenode)), Some(Ok(numbers)));
        let seen = Seen { namenode, lake, day, ..Seen::default() };
        let taken = Instant::parse("2026-11-24").unwrap();
        let text = prometheus_text(&Outcome::of(taken, seen, &Thresholds::DEFAULT)).unwrap();
        parse(&text);
        let is_other = |line: &&str| !line.contains("tootmill_status_");
        insta::assert_snapshot!(text.lines().filter(is_other).collect::<Vec<_>>().join("\n"));
    }

    /// One line of the format, strictly: a family's head, or a sample with its name and its labels.
    #[derive(Debug, PartialEq)]
    enum Line<'t> {
        Help(&'t str),
        Type(&'t str),
        Sample(&'t str, BTreeSet<(&'t str, String)>),
    }

    fn line(text: &str) -> Option<Line<'_>> {
        if let Some(help) = text.strip_prefix("# HELP ") {
            let (name, _) = help.split_once(' ')?;
            return is_name(name).then_some(Line::Help(name));
        }
        if let Some(of_type) = text.strip_prefix("# TYPE ") {
            let (name, kind) = of_type.split_once(' ')?;
            return (is_name(name) && ["gauge", "counter"].contains(&kind)).then_some(Line::Type(name));
        }
        let end = text.find(['{', ' '])?;
        let (name, mut rest) = text.split_at(end);
        let mut labels = BTreeSet::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner;
            loop {
                let (label, after) = rest.split_once("=\"")?;
                let (value, after) = quoted(after)?;
                let is_new = labels.insert((label, value));
                if !is_name(label) || !is_new {
                    return None;
                }
                rest = match after.strip_prefix(',') {
                    Some(more) => more,
                    None => break rest = after.strip_prefix('}')?,
                };
            }
        }
        let value = rest.strip_prefix(' ')?;
        (is_name(name) && value.parse::<f64>().is_ok_and(f64::is_finite)).then_some(Line::Sample(name, labels))
    }

    fn is_name(text: &str) -> bool {
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        text.starts_with(letter) && text.chars().all(|c| letter(c) || c.is_ascii_digit())
    }

    /// The text up to the closing quote with its escapes undone, and what follows.
    fn quoted(text: &str) -> Option<(String, &str)> {
        let mut value = String::new();
        let mut characters = text.char_indices();
        loop {
            match characters.next()? {
                (place, '"') => return Some((value, &text[place + 1..])),
                (_, '\\') => value.push(match characters.next()?.1 {
                    'n' => '\n',
                    same @ ('\\' | '"') => same,
                    _ => return None,
                }),
                (_, '\n') => return None,
                (_, other) => value.push(other),
            }
        }
    }

    /// Every line is one, families are together under one head of their own, no sample is there twice.
    fn parse(text: &str) -> Vec<Line<'_>> {
        assert!(text.ends_with('\n'));
        let lines: Vec<_> = text.lines().map(|text| line(text).unwrap_or_else(|| panic!("no line: {text}"))).collect();
        let (mut families, mut samples) = (BTreeSet::new(), Vec::new());
        let mut head: Vec<&Line<'_>> = Vec::new();
        for line in &lines {
            match line {
                Line::Help(name) => {
                    assert!(families.insert(*name), "{name} is there twice");
                    head = vec![line];
                }
                Line::Type(name) => {
                    assert_eq!(head, [&Line::Help(name)]);
                    head.push(line);
                }
                Line::Sample(name, _) => {
                    assert_eq!(head, [&Line::Help(name), &Line::Type(name)]);
                    assert!(!samples.contains(&line), "{line:?} is there twice");
                    samples.push(line);
                }
            }
        }
        lines
    }

    #[test]
    fn the_parser_of_these_tests_is_strict() {
        for wrong in [
            "",
            "a",
            "a b",
            "a{b=\"c} 1",
            "a{b=\"\\x\"} 1",
            "a{} 1",
            "1a 1",
            "a{b=\"c\" } 1",
            "a 1 ",
            "# X a b",
            "a NaN",
        ] {
            assert_eq!(line(wrong), None, "{wrong}");
        }
        let labels = BTreeSet::from([("b", "c\"\\\n,}".to_owned()), ("d", String::new())]);
        assert_eq!(line(r#"a{b="c\"\\\n,}",d=""} 1.5"#), Some(Line::Sample("a", labels)));
    }

    proptest! {
        #[test]
        fn every_text_is_well_formed(
            tables in proptest::collection::vec(("\\PC*|[\"\\\\\n{},]*", any::<u64>(), any::<u64>()), 0..8),
            server in ".*",
            micros in -62_135_596_800_000_000_i64..253_402_207_200_000_000,
        ) {
            let regions = tables.iter().enumerate().map(|(n, (table, files, writes))| Region {
                table: table.clone(),
                encoded: format!("{n:x}"),
                store_files: *files,
                store_bytes: *writes,
                memory_bytes: *files,
                reads: *files,
                writes: *writes,
            });
            let hbase = HBase {
                servers: vec![RegionServer { server, ..RegionServer::default() }],
                regions: regions.collect(),
                ..HBase::default()
            };
            let loads = crate::Loads {
                last: tables.iter().map(|(table, ..)| crate::LastLoad { table: table.clone(), finished: Instant::from_micros(micros) }).collect(),
                ..crate::Loads::default()
            };
            let seen = Seen { hbase: Some(Ok(hbase)), loads: Some(Ok(loads)), ..Seen::default() };
            let outcome = Outcome::of(Instant::default(), seen, &Thresholds::DEFAULT);
            let text = prometheus_text(&outcome).unwrap();
            let lines = parse(&text);
            let named: BTreeSet<&str> = lines.iter().filter_map(|line| match line {
                Line::Sample("tootmill_hbase_table_regions", labels) => labels.iter().next().map(|(_, value)| value.as_str()),
                _ => None,
            }).collect();
            prop_assert_eq!(named, tables.iter().map(|(table, ..)| table.as_str()).collect());
        }

        #[test]
        fn whatever_is_not_the_expected_bean_is_no_panic(of in 0..5_usize, value in "[a-z0-9,;]*", number in any::<i64>()) {
            let pages = ["Master,sub=Server", "AssignmentManager", "/api/", "RegionServer,sub=Server", "sub=Regions"];
            for json in [serde_json::json!(value), serde_json::json!(number), serde_json::json!({"tag.serverName": value})] {
                let mut recorded = Recorded::new();
                recorded.change(pages[of], if of == 2 { "/data" } else { "/beans/0" }, json);
                let outcome = recorded.outcome();
                prop_assert!(outcome.findings.iter().any(|finding| finding.check == Check::Readable));
                parse(&prometheus_text(&outcome).unwrap());
            }
        }
    }
}
