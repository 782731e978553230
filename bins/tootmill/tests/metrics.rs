//! `tootmill metrics`: the documentation that is generated, and new metrics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use std::{fs, path::Path};

use common::{run, stdout, target};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// Invariant: `docs/metrics.md` is what the metrics say of themselves.
#[test]
fn the_page_of_the_metrics_is_fresh() {
    let generated = stdout(root(), &["metrics", "describe", "--markdown"]);
    let page = fs::read_to_string(root().join("docs/metrics.md")).unwrap_or_default();
    assert!(page == generated, "stale: tootmill metrics describe --markdown > docs/metrics.md");
}

#[test]
fn metrics_are_listed() {
    insta::assert_snapshot!(stdout(root(), &["metrics", "list"]));
    let json: serde_json::Value = serde_json::from_str(&stdout(root(), &["metrics", "list", "--json"])).unwrap();
    assert_eq!(json[1]["table"], "emoji_table");
    insta::assert_snapshot!(stdout(root(), &["metrics", "describe", "user"]));
}

#[test]
fn an_unknown_metric_is_told_the_known_ones() {
    insta::assert_snapshot!(run(root(), &["metrics", "describe", "shoes"]).stderr);
}

/// A copy of the workspace, as far as the new metric needs it, in which its tests are run.
#[test]
fn a_new_metric_passes_its_tests_at_once() {
    let folder = TempDir::new().unwrap();
    for part in [
        "Cargo.toml",
        "Cargo.lock",
        "clippy.toml",
        "rust-toolchain.toml",
        "core",
        "plugins",
        "bins",
        "benches",
        "cluster",
        "xtask",
    ] {
        copy(&root().join(part), &folder.path().join(part));
    }
    // Cargo knows a crate by its version and its place in the workspace, and these are not ours.
    let manifest = folder.path().join("Cargo.toml");
    let version = |number: &str| format!("version = \"{number}\"");
    let changed =
        fs::read_to_string(&manifest).unwrap().replace(&version(env!("CARGO_PKG_VERSION")), &version("0.0.0"));
    fs::write(&manifest, changed).unwrap();
    let said = stdout(folder.path(), &["metrics", "new", "reply_share"]);
    assert!(said.contains("cargo test -p tootmill-plugin-reply-share"), "{said}");
    let changed = fs::read_to_string(folder.path().join("plugins/Cargo.toml")).unwrap();
    let before = fs::read_to_string(root().join("plugins/Cargo.toml")).unwrap();
    let added: Vec<&str> = changed.lines().filter(|line| !before.contains(line)).collect();
    assert_eq!(added, ["tootmill-plugin-reply-share.path = \"reply_share\""]);
    let output = std::process::Command::new(env!("CARGO"))
        .args(["test", "--offline", "--lib", "-p", "tootmill-plugin-reply-share", "-p", "tootmill-plugins"])
        // They have no library to be tested: with them, dependencies get the features that they have in the workspace.
        .args(["-p", "tootmill-mapper", "-p", "xtask"])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", target())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("replies_and_others ... ok") && said.contains("keeps_the_laws ... ok"), "{said}");
    assert!(said.contains("every_plugin_folder_is_registered ... ok"), "{said}");
    assert_eq!(run(folder.path(), &["metrics", "new", "reply_share"]).code, 1, "there is one already");
    assert_eq!(run(folder.path(), &["metrics", "new", "user"]).code, 1, "there is one already");
    assert_eq!(run(folder.path(), &["metrics", "new", "No Name"]).code, 2);
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != "target" {
                copy(&entry.path(), &to.join(entry.file_name()));
            }
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
