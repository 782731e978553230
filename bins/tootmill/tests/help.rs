//! The help of every command, reviewed as snapshots; each has an example.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod common;

use common::stdout;
use tempfile::TempDir;

#[test]
fn every_command_has_help_with_an_example() {
    let folder = TempDir::new().unwrap();
    let mut help = stdout(folder.path(), &["--help"]);
    for command in [
        "demo",
        "run",
        "tables dump",
        "tables export",
        "tables create",
        "tables describe",
        "tables diff",
        "tables drop",
        "metrics list",
        "metrics describe",
        "metrics new",
        "synth",
        "check",
        "import",
        "auth login",
        "auth status",
        "auth rotate",
        "auth revoke",
        "compact",
        "submit",
        "merge",
        "load",
        "daily",
        "jobs list",
        "jobs kill",
        "forget",
        "retain",
        "report",
        "status",
        "access",
        "gdpr record",
        "gdpr log",
        "gdpr template",
        "mapper",
        "reducer",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let of_command = stdout(folder.path(), &words);
        assert!(of_command.contains("Example"), "{command}");
        help += &format!("\n$ tootmill {command} --help\n{of_command}");
    }
    insta::assert_snapshot!(help);
}
