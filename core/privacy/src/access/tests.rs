//! All that is held about a person is found, wherever it lies, and nothing that is somebody else's.

use std::io::Write as _;

use tootmill_metric::{AnyMetric, Count, Emit, Members, Metric, Post, Row, Status, Table};

use super::*;

/// Posts by account, or by tag.
struct By(&'static str);

impl Metric for By {
    type State = Count;

    fn map(&self, _: &Post<'_>, _: &mut Emit<'_, Count>) {}

    fn reduce(&self, _: &str, posts: &mut Members<'_, Count>) -> Option<Row> {
        Some(Row::new("count", posts.total()))
    }

    fn hbase_table(&self) -> Table {
        Table::new(self.0).integer("count", "posts")
    }

    fn about(&self) -> About {
        let about = About::new("Posts.");
        if self.0 == "tag_table" { about } else { about.reads(&["account.id"]).personal_data(&["account.id"]) }
    }
}

fn write(lake: &Lake, path: &str, text: &str) {
    let mut file = lake.storage().create(&format!("{}/{path}", lake.root())).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
}

#[test]
fn what_is_held_is_found_once_with_all_its_places() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
    let metrics = ["user_table", "tag_table"].map(|table| Box::new(By(table)) as Box<dyn AnyMetric>);
    let registry = Registry::new(metrics).unwrap();
    let post = r#"{"id":"7","created_at":"2026-11-24","content":"half \ud83d","account":{"id":"42","acct":"ada"}}"#;
    let other =
        r#"{"id":"8","created_at":"2026-11-24","content":"secret","account":{"id":"5"},"mentions":[{"id":"42"}]}"#;
    write(&lake, "raw/date=2026-11-24/1.jsonl", &format!("{post}\n{other}\n{{\"deleted\":\"7\"}}\nno object\n"));
    write(&lake, "posts/date=2026-11-24/v=1/part-00000.jsonl", &format!("{post}\n{other}\n"));
    let states = "tag\t42\t\t1\nuser\t42\t\t1\nuser\t5\t\t1\n";
    write(&lake, "states/date=2026-11-24/v=1/part-00000.records", states);
    write(&lake, "totals/v=1/part-00000.records", states);
    write(&lake, "rows/totals/v=1/part-00000.rows", "tag_table\t42\tdata:count\t1\nuser_table\t42\tdata:count\t1\n");
    let none = Tables { name: "sqlite:tootmill.db", store: None };
    let found = access(&lake, &none, &registry, "@ada", Instant::default()).unwrap();
    assert_eq!(found.ids, BTreeSet::from(["42".to_owned()]));
    let what: Vec<What> = found.held.iter().map(|held| held.what).collect();
    assert_eq!(what, [What::Post, What::Deletion, What::Mention, What::State, What::Row]);
    assert_eq!(found.held[0].places.len(), 2);
    assert_eq!(found.held[3].places.len(), 2);
    assert_eq!(found.held[3].data["metric"], "user");
    let text = found.text();
    assert!(text.contains("What is counted of you\n======") && text.contains("  metric: user\n"), "{text}");
    assert!(!text.contains("secret") && !text.contains("tag_table"), "{text}");
    let nobody = access(&lake, &none, &registry, "43", Instant::default()).unwrap();
    let text = nobody.text();
    for told in
        ["Nothing was found.", "raw in the lake, posts in", "No tables were searched: there are none in sqlite:"]
    {
        assert!(nobody.held.is_empty() && text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("by a name"), "{text}");
    let by_name = access(&lake, &none, &registry, "@eve", Instant::default()).unwrap();
    assert!(by_name.ids.is_empty() && by_name.limits.iter().any(|limit| limit.contains("by a name")), "{by_name:?}");
}

#[test]
fn a_version_that_takes_the_place_of_another_meanwhile_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
    write(&lake, "posts/date=2026-11-24/v=1/part-00000.jsonl", "first\n");
    write(&lake, "posts/date=2026-11-25/v=1/part-00000.jsonl", "old\n");
    let mut lines = Vec::new();
    each_line(&lake, &["posts"], &mut |_, line| {
        if line == "first" {
            lake.storage().remove(&format!("{}/posts/date=2026-11-25/v=1", lake.root())).unwrap();
            write(&lake, "posts/date=2026-11-25/v=2/part-00000.jsonl", "new\n");
        }
        lines.push(line.to_owned());
    })
    .unwrap();
    assert_eq!(lines, ["first", "new"]);
}

#[test]
fn a_file_that_cannot_be_read_now_may_be_read_later() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap(), "mill.example").unwrap();
    let file = Entry { path: "/a".into(), bytes: 1, is_folder: false };
    let held = || tootmill_lake::Error::Held { lake: "a".into(), holder: "b".into() }.into_io();
    assert_eq!(unreadable(&lake, &file, held()).status(), Status::Temporary);
    let broken = unreadable(&lake, &file, std::io::Error::other("no frame"));
    assert!(broken.status() == Status::Permanent && broken.to_string().contains("no frame"), "{broken}");
}
