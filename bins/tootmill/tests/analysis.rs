//! What analysts make of the tables: pandas, Polars and DuckDB read the exports, and the notebook draws. Tables in HBase are
//! read in `cluster_hbase.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::fs;

use common::{
    analysis::{assert_charts, dump, readers},
    stdout, with_posts,
};
use serde_json::json;
use tempfile::TempDir;

const TABLES: &str = "sqlite:tootmill.db";

/// Tags that CSV must quote or that readers take for something else, and more followers than fit into a signed number.
const ODD_POSTS: &str = r#"{"id":"odd","created_at":"2026-11-20","tags":["a,\"b\"","c\r\nd","null","nan","007","1e5"," x "],"account":{"id":"0042","followers_count":18446744073709551615},"favourites_count":1}
{"id":"plain","created_at":"0001-01-01","tags":["true"],"account":{"id":"42","followers_count":3},"favourites_count":1}
"#;

#[test]
#[ignore = "needs the Python of tests/notebook"]
fn pandas_polars_and_duckdb_read_what_the_tables_hold() {
    let folder = with_posts(2_000);
    let folder = folder.path();
    fs::write(folder.join("odd.jsonl"), ODD_POSTS).unwrap();
    stdout(folder, &["run", "posts.jsonl", "odd.jsonl", "--quiet"]);
    for format in ["csv", "parquet"] {
        stdout(folder, &["tables", "export", "--format", format]);
    }
    let (found, mut compared) = (readers(&folder.join("export")), 0);
    for (reader, day, text, integer, real) in [
        ("pandas", "object", "str", "uint64", "float64"),
        ("polars", "Date", "String", "UInt64", "Float64"),
        ("duckdb", "DATE", "VARCHAR", "UBIGINT", "DOUBLE"),
    ] {
        let users = json!({"row_key": text, "engagement_rate": real, "followers": integer, "posts": integer});
        let tags = json!({"day": day, "row_key": text, "count": integer});
        for format in ["csv", "parquet"] {
            let of = |family| &found[format!("{reader} {format} {family}")];
            assert_eq!(of("data")["types"]["user_table"], users, "{reader}, {format}");
            assert_eq!(of("day")["types"]["tag_table"], tags, "{reader}, {format}");
            for family in ["data", "day"] {
                assert!(of(family)["tables"] == dump(folder, TABLES, family), "{reader}, {format}, {family}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, found.as_object().unwrap().len());
    let dumped = dump(folder, TABLES, "data");
    assert_eq!(dumped["user_table"]["0042"]["data:followers"], "18446744073709551615");
    assert!(dumped["tag_table"].get("c\r\nd").is_some() && dumped["tag_table"].get("null").is_some());
}

#[test]
#[ignore = "needs the Python of tests/notebook"]
fn the_notebook_draws_the_tables_of_the_demo() {
    let folder = TempDir::new().unwrap();
    stdout(folder.path(), &["demo", "--posts", "3000"]);
    let docs = folder.path().join("docs");
    fs::create_dir(&docs).unwrap();
    assert_charts(&docs, None, &dump(folder.path(), "sqlite:target/demo/tootmill.db", "data"));
}

#[test]
#[ignore = "needs the Python of tests/notebook"]
fn the_notebook_draws_odd_tables() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let post = |number: usize| {
        let tags = r#"["$x$ _ \\frac","אבג","日本","nan"]"#;
        let [language, media] = [["nan", "zh-TW"][number % 2], ["{}", ""][number % 2]];
        let account = format!(
            r#"{{"id":"{}","created_at":"{}-02-03","followers_count":18446744073709551615}}"#,
            number % 2,
            ["0001", "9999"][number % 2],
        );
        format!(
            r#"{{"id":"{number}","created_at":"2026-11-24","language":"{language}","media_attachments":[{media}],"tags":{tags},"emojis":["a","b"],"content":"https://{number}.example","account":{account},"favourites_count":{number}}}"#
        )
    };
    fs::write(folder.join("posts.jsonl"), (1..=12).map(|number| post(number) + "\n").collect::<String>()).unwrap();
    stdout(folder, &["run", "posts.jsonl", "--quiet"]);
    assert_charts(folder, Some(TABLES), &dump(folder, TABLES, "data"));
}
