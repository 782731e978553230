//! What analysts read: exported tables by other programs, and the charts of the notebook. `TOOTMILL_NOTEBOOK_PYTHON` names a
//! Python with `tests/notebook/requirements.txt`.

use std::{collections::BTreeMap, env, path::Path, process::Command};

use serde_json::Value;

use super::stdout;

/// Runs one of the programs in `tests/notebook`, which is to succeed, and gives what it writes.
#[track_caller]
fn python(program: &str, arguments: &[&Path], tables: Option<&str>) -> Vec<u8> {
    let python = env::var("TOOTMILL_NOTEBOOK_PYTHON").expect("TOOTMILL_NOTEBOOK_PYTHON names a Python");
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notebook"));
    let mut command = Command::new(python);
    command.arg(folder.join(program)).args(arguments).env_remove("TOOTMILL_TABLES");
    let output = command.envs(tables.map(|tables| ("TOOTMILL_TABLES", tables))).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What each reader finds in the exports of a folder.
#[track_caller]
pub fn readers(exports: &Path) -> Value {
    serde_json::from_slice(&python("exports.py", &[exports], None)).unwrap()
}

/// The tables of a family, as `tootmill tables dump` has them.
#[track_caller]
pub fn dump(folder: &Path, tables: &str, family: &str) -> Value {
    serde_json::from_str(&stdout(folder, &["tables", "dump", "--tables", tables, "--family", family])).unwrap()
}

/// The bars of a chart with their names.
type Bars = Vec<(String, f64)>;

/// Runs the notebook in a folder, and fails if a chart does not show what the dumped totals say. `tables` is what the
/// environment says, if it says anything.
#[track_caller]
pub fn assert_charts(folder: &Path, tables: Option<&str>, dumped: &Value) {
    let notebook = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/analysis.ipynb"));
    let drawn: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_slice(&python("charts.py", &[notebook, folder], tables)).unwrap();
    let bars = |bars: Vec<(String, String)>| bars.into_iter().map(|(name, value)| (name, value.parse().unwrap()));
    let drawn: BTreeMap<String, Bars> =
        drawn.into_iter().map(|(title, drawn)| (title, bars(drawn).collect())).collect();

    let posts: f64 = column(dumped, "language_table", "count").iter().map(|(_, count)| count).sum();
    let media = column(dumped, "toot_with_media_table", "count")[0].1;
    let share = format!("Posts with media: {:.1}% of {posts}", 100.0 * media / posts);
    let charts = [
        ("Accounts with the highest engagement", first(accounts(dumped))),
        ("Accounts by the month of their creation", column(dumped, "croissance_table", "count")),
        ("Posts by language", first(column(dumped, "language_table", "count"))),
        (&share, vec![("with media".into(), media), ("without".into(), posts - media)]),
        ("Posts by custom emoji", first(column(dumped, "emoji_table", "count"))),
        ("Links by host", first(column(dumped, "url_table", "count"))),
        ("Posts by tag", first(column(dumped, "tag_table", "count"))),
    ];
    for (title, bars) in &charts {
        assert!(bars.len() > 1, "{title}: the tables have too little to show whether it is right");
        assert_eq!(drawn.get(*title), Some(bars), "{title}, of {:?}", drawn.keys());
    }
    assert_eq!(drawn.len(), charts.len());
}

/// A column of a table, in the order of the row keys.
fn column(dumped: &Value, table: &str, column: &str) -> Bars {
    let value = |row: &Value| row[format!("data:{column}")].as_str().unwrap().parse().unwrap();
    let rows: BTreeMap<_, _> = dumped[table].as_object().unwrap().iter().collect();
    rows.into_iter().map(|(key, row)| (key.clone(), value(row))).collect()
}

/// The rates of accounts with 5 posts and 50 followers or more.
fn accounts(dumped: &Value) -> Bars {
    let [rates, followers, posts] =
        ["engagement_rate", "followers", "posts"].map(|name| column(dumped, "user_table", name));
    let known = rates.into_iter().zip(followers).zip(posts);
    known.filter(|((_, followers), posts)| followers.1 >= 50.0 && posts.1 >= 5.0).map(|((rate, _), _)| rate).collect()
}

/// The first fifteen by their values, of equal ones those with the lesser keys.
fn first(mut bars: Bars) -> Bars {
    bars.sort_by(|left, right| right.1.total_cmp(&left.1));
    bars.truncate(15);
    bars
}
