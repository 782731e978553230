//! `tootmill tables create`, `describe`, `diff` and `drop`, as far as they need no HBase.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{run, stdout};
use tempfile::TempDir;

/// Invariant: the commands of `hbase shell` in `docs/hbase.md` are those of the declared schema.
#[test]
fn the_page_of_hbase_has_the_declared_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let commands = stdout(root, &["tables", "describe", "--shell", "--tables", "hbase://localhost"]);
    let page = fs::read_to_string(root.join("docs/hbase.md")).unwrap();
    assert!(commands.starts_with("create 'croissance_table'"), "{commands}");
    assert!(
        page.contains(&format!("```\n{commands}```\n")),
        "stale: put into docs/hbase.md what this test printed:\n{commands}"
    );
}

#[test]
fn wrong_usage_is_told() {
    let folder = TempDir::new().unwrap();
    for (arguments, words) in [
        (&["tables", "drop", "--tables", "hbase://localhost", "tag_table"][..], "say --yes"),
        (&["tables", "diff", "--tables", "sqlite:a.db"], "in SQLite tables are made by whoever loads"),
        (
            &["tables", "describe", "--tables", "hbase://localhost", "--shell", "shoe_table"],
            "there is no table `shoe_table`",
        ),
        (&["tables", "dump", "--tables", "hbase://localhost?conections=2"], "there is no option `conections`"),
        (&["tables", "create", "--tables", "hbase://localhost", "--lake", "lake"], "--instance"),
    ] {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}
