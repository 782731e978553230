//! What these tests share: a namespace of their own, and tables that are easy to write down.

use std::{
    collections::BTreeMap,
    env,
    sync::atomic::{AtomicU32, Ordering},
};

use hbase_thrift::hbase::{HbaseSyncClient, THbaseSyncClient};
use thrift::{
    protocol::{TBinaryInputProtocol, TBinaryOutputProtocol},
    transport::{TBufferedReadTransport, TBufferedWriteTransport, TIoChannel, TTcpChannel},
};
use tootmill_engine::{Family, RowsWriter};
use tootmill_metric::{Day, Regions, Row, Table, field::escape};
use tootmill_tables::{
    DayRows, Destination, Load, LoadOptions, Loaded, Part, Rows, Store,
    hbase::{Address, Hbase},
};

/// A variable of the cluster's environment.
pub fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("no {name}: read cluster.env of a development cluster with HBase first"))
}

/// A namespace that is removed in the end, with its tables.
pub struct Namespace {
    pub name: String,
}

impl Namespace {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        Self { name: format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)) }
    }

    /// Its address, with more options.
    pub fn address(&self, options: &str) -> String {
        let (thrift1, thrift2) = (variable("TOOTMILL_THRIFT1"), variable("TOOTMILL_THRIFT2"));
        format!("hbase://{thrift1}?thrift2={thrift2}&namespace={}&connections=2&patience=20{options}", self.name)
    }

    pub fn hbase(&self) -> Hbase {
        Hbase::connect(self.address("").parse::<Address>().unwrap()).unwrap()
    }

    pub fn store(&self) -> Box<dyn Store> {
        self.address("").parse::<Destination>().unwrap().create().unwrap()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let names: Vec<&str> = tables().iter().map(|table| table.name).chain(["runs", "tootmill_loads"]).collect();
        let dropped = self.hbase().drop_tables(&names);
        if !std::thread::panicking() {
            dropped.unwrap();
        }
    }
}

/// Two tables: a count, and a text with a number; in the order of their metrics' names.
pub fn tables() -> Vec<Table> {
    vec![
        Table::new("tag_table").integer("count", "posts"),
        Table::new("user_table").integer("posts", "posts").text("name", "a name").regions(Regions::BySeenKeys),
    ]
}

/// What the two tables have: a count a tag; a number, and maybe a name, a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub tags: BTreeMap<String, u64>,
    pub users: BTreeMap<String, (u64, Option<String>)>,
}

impl Content {
    pub fn new(tags: &[(&str, u64)], users: &[(&str, u64, Option<&str>)]) -> Self {
        Self {
            tags: tags.iter().map(|(tag, count)| (tag.to_string(), *count)).collect(),
            users: users
                .iter()
                .map(|(user, posts, name)| (user.to_string(), (*posts, name.map(str::to_string))))
                .collect(),
        }
    }

    /// The sum of several days.
    pub fn sum<'c>(days: impl IntoIterator<Item = &'c Self>) -> Self {
        let mut sum = Self::default();
        for day in days {
            for (tag, count) in &day.tags {
                *sum.tags.entry(tag.clone()).or_default() += count;
            }
            for (user, (posts, name)) in &day.users {
                let of_sum = sum.users.entry(user.clone()).or_default();
                of_sum.0 += posts;
                of_sum.1 = of_sum.1.clone().max(name.clone());
            }
        }
        sum
    }

    /// As rows, in the order of records.
    pub fn rows(&self, family: Family) -> Rows {
        let bytes = self.bytes(family);
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), &bytes).unwrap();
        let digest = Rows::file(path.path()).unwrap().digest().to_string();
        Rows::new("a test's rows", digest, move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))))
    }

    /// The text of the rows.
    pub fn bytes(&self, family: Family) -> Vec<u8> {
        let tables = tables();
        let mut writer = RowsWriter::new(Vec::new(), family);
        let escaped = |key: &String| escape(key).into_owned();
        let tags: BTreeMap<_, _> = self.tags.iter().map(|(tag, count)| (escaped(tag), count)).collect();
        for (tag, count) in tags {
            writer.write(&tables[0], &tag, &Row::new("count", *count)).unwrap();
        }
        let users: BTreeMap<_, _> = self.users.iter().map(|(user, cells)| (escaped(user), cells)).collect();
        for (user, (posts, name)) in users {
            let row = Row::new("posts", *posts);
            let row = name.as_ref().map_or(row.clone(), |name| row.and("name", &**name));
            writer.write(&tables[1], &user, &row).unwrap();
        }
        writer.finish().unwrap()
    }

    /// What a part of the tables holds.
    pub fn read(store: &dyn Store, part: Part) -> Self {
        let tables = tables();
        let mut content = Self::default();
        let mut keys = Vec::new();
        store
            .scan(&tables[0], part, &mut |_, row| {
                keys.push(row.key.clone());
                content.tags.insert(row.key.clone(), row.cells[0].clone().unwrap().parse().unwrap());
                Ok(())
            })
            .unwrap();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        store
            .scan(&tables[1], part, &mut |_, row| {
                let cells = (row.cells[0].clone().unwrap().parse().unwrap(), row.cells[1].clone());
                content.users.insert(row.key.clone(), cells);
                Ok(())
            })
            .unwrap();
        content
    }
}

/// What somebody reads who knows nothing of versions: the newest count of a tag within a day.
pub fn newest(namespace: &Namespace, tag: &str, day: Day) -> String {
    let stream = std::net::TcpStream::connect(variable("TOOTMILL_THRIFT1")).unwrap();
    let (read, write) = TTcpChannel::with_stream(stream).split().unwrap();
    let input = TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true);
    let output = TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true);
    let table = format!("{}:tag_table", namespace.name).into_bytes();
    let cells = HbaseSyncClient::new(input, output)
        .get_ver(table, tag.as_bytes().to_vec(), b"day:count".to_vec(), 100, BTreeMap::new())
        .unwrap();
    let times = day.start().millis()..day.next().start().millis();
    let newest = cells.into_iter().find(|cell| times.contains(&cell.timestamp.unwrap())).unwrap();
    String::from_utf8(newest.value.unwrap()).unwrap()
}

/// The days of a lake, by their versions.
pub type Days = BTreeMap<Day, (u64, Content)>;

/// A load of all these days.
pub fn load(days: &Days, earlier: &[Rows]) -> Load {
    let newest = days.keys().next_back().copied().unwrap_or(day("2026-01-01"));
    Load {
        tables: tables(),
        as_of: newest.next().start(),
        days: days.keys().copied().collect(),
        totals: Content::sum(days.values().map(|(_, content)| content)).rows(Family::Data),
        earlier_totals: earlier.to_vec(),
        day_rows: days
            .iter()
            .map(|(day, (version, content))| DayRows {
                day: *day,
                version: Some(*version),
                rows: content.rows(Family::Day),
            })
            .collect(),
        counters: vec![("posts", 7)],
    }
}

pub fn replace(store: &mut dyn Store, load: &Load) -> Loaded {
    store.replace(load, LoadOptions::default(), &()).unwrap()
}

pub fn verified() -> LoadOptions {
    LoadOptions { verify: true, ..LoadOptions::default() }
}

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}
