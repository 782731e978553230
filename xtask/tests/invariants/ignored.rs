//! Tests that are ignored until what they need is there are run by `cargo xtask test`.

use super::{File, assert_kept, repository};

#[test]
fn every_ignored_test_is_run_by_a_step() {
    let files = repository();
    let steps = files.iter().find(|file| file.path == "xtask/src/test.rs").map_or("", |steps| &steps.text);
    let violations = without_a_step(steps, &files);
    assert_kept("a file in which a test is ignored is one of the steps in xtask/src/test.rs", &violations);
}

#[test]
fn an_ignored_test_without_a_step_is_found() {
    let attribute = ["#[", "ignore = \"needs grain\"]\nfn test() {}"].concat();
    let file = |path: &str| File::new(path, &attribute);
    let files = [
        file("mill/tests/stone.rs"),
        file("mill/tests/wheel/turns.rs"),
        file("mill/tests/flour.rs"),
        file("mill/src/lib.rs"),
        File::new("mill/tests/plain.rs", "#[test]\nfn test() {}"),
    ];
    let steps = "(\"a stone\", \"stone\"), (\"a wheel\", \"wheel\"), (\"flour\", \"bread\")";
    assert_eq!(without_a_step(steps, &files), ["mill/tests/flour.rs", "mill/src/lib.rs"]);
}

fn without_a_step(steps: &str, files: &[File]) -> Vec<String> {
    let attribute = ["#[", "ignore"].concat();
    let has_step = |file: &File| program(&file.path).is_some_and(|name| steps.contains(&format!(", \"{name}\")")));
    let ignoring = files.iter().filter(|file| file.is("rs") && file.text.contains(&attribute));
    ignoring.filter(|file| !has_step(file)).map(|file| file.path.clone()).collect()
}

/// The name of the program of tests to which a file belongs.
fn program(path: &str) -> Option<&str> {
    path.split_once("/tests/")?.1.split(['/', '.']).next()
}
