//! Tables as they are made.

use tootmill_metric::Compression;
use tootmill_tables::hbase::{Address, Hbase, Making};

use crate::support::{Content, Namespace, day, load, replace, tables, variable};

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn tables_are_made_as_declared_once() {
    let namespace = Namespace::new();
    let hbase = namespace.hbase();
    for is_new in [true, false] {
        for made in hbase.create_tables(&tables(), Making::default(), &()).unwrap() {
            assert_eq!((made.is_new, made.regions, &*made.left_out, &*made.differences), (is_new, 1, &[][..], &[][..]));
        }
    }
    let found = hbase.describe_table(&tables()[1]).unwrap().unwrap();
    assert_eq!(hbase.declared(&tables()[1]).differences(&found), []);
    let encodings: Vec<_> = found.families.iter().map(|family| family.attributes()[4].1.clone().unwrap()).collect();
    assert_eq!(encodings, ["FAST_DIFF", "FAST_DIFF"]);
    // Another compression than the one that is declared is made where it is asked for, and seen.
    hbase.drop_tables(&["tag_table"]).unwrap();
    assert_eq!(hbase.describe_table(&tables()[0]).unwrap(), None);
    let gz = Making { compression: Some(Compression::Gz), ..Making::default() };
    let made = hbase.create_tables(&tables(), gz, &()).unwrap();
    let differences: Vec<String> = made[0].differences.iter().map(ToString::to_string).collect();
    let name = &namespace.name;
    assert_eq!(
        differences,
        ["data", "day"].map(|family| format!("{name}:tag_table {family} COMPRESSION: GZ, declared ZSTD"))
    );
    assert!(!made[1].is_new);
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn thrift1_alone_says_what_it_cannot_do() {
    let namespace = Namespace::new();
    // The namespace is made by Thrift2.
    namespace.hbase().create_tables(&tables()[..1], Making::default(), &()).unwrap();
    let address = format!("hbase://{}?namespace={}", variable("TOOTMILL_THRIFT1"), namespace.name);
    let hbase = Hbase::connect(address.parse::<Address>().unwrap()).unwrap();
    let made = hbase.create_tables(&tables(), Making::default(), &()).unwrap();
    assert!(made[1].is_new);
    assert_eq!(made[1].left_out.len(), 1, "{:?}", made[1]);
    assert!(made[1].left_out[0].starts_with("no block encoding"));
    // It does not know either what the encoding is.
    assert_eq!(made[1].differences, []);
    let found = namespace.hbase().describe_table(&tables()[1]).unwrap().unwrap();
    let differences = hbase.declared(&tables()[1]).differences(&found);
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert!(differences.iter().all(|difference| difference.attribute == "DATA_BLOCK_ENCODING"));
    let address = format!("hbase://{}?namespace=is_not_there", variable("TOOTMILL_THRIFT1"));
    let error =
        Hbase::connect(address.parse::<Address>().unwrap()).unwrap().create_tables(&tables(), Making::default(), &());
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "to make the namespace `is_not_there`, name the Thrift2 server too: add thrift2=HOST:PORT to the address"
    );
}

#[test]
#[ignore = "needs a cluster, which the environment describes"]
fn a_table_is_split_by_the_keys_that_are_seen_and_by_no_key() {
    let namespace = Namespace::new();
    let mut store = namespace.store();
    let mut content = Content::new(&[("a", 1)], &[]);
    for number in 0..20_000u64 {
        content.users.insert((115_246_593_442_082_045 + number * number * 9_999_991).to_string(), (1, None));
    }
    let load = load(&[(day("2026-11-01"), (1, content.clone()))].into(), &[]);
    replace(&mut *store, &load);
    let hbase = namespace.hbase();
    let [tag, user] = &tables()[..] else { panic!("two tables") };
    let name = |table: &tootmill_metric::Table| hbase.declared(table).table;
    assert_eq!(hbase.regions(&name(tag)).unwrap(), 1);
    assert_eq!(hbase.regions(&name(user)).unwrap(), 4);
    let starts = hbase.region_starts(&name(user)).unwrap();
    for start in starts.iter().skip(1) {
        let start = std::str::from_utf8(start).unwrap();
        assert!((1..12).contains(&start.len()), "{start}");
        assert!(!content.users.contains_key(start), "{start}");
    }
}
