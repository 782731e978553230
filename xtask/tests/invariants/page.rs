//! The page of the architecture names a test for each of its invariants.

use super::{File, assert_kept, repository};

#[test]
fn architecture_names_a_test_for_each_invariant() {
    let files = repository();
    let page = files.iter().find(|file| file.path == "docs/architecture.md").map_or("", |page| &page.text);
    let rule = "each item of `## Invariants` in docs/architecture.md names a test, (`a_test`), and all that it names are there";
    assert_kept(rule, &untested(page, &files));
}

#[test]
fn an_invariant_without_a_test_is_found() {
    let sources = [File::new("a.rs", "#[test]\nfn kept() {}"), File::new("b.py", "def test_kept_too():")];
    let page = "## Invariants\n\nSee `lost`.\n\n- One, of\n  `core` (`kept`).\n- Two (`kept`, `test_kept_too`)\n\n## More\n- no";
    assert_eq!(untested(page, &sources), [""; 0]);
    let page = "## Invariants\n- One (`lost`), more (`kept`)\n- Two (`kept`), more (`lost`)\n- Three `kept`\n";
    let found = [
        "One (`lost`), more (`kept`): no test `lost`",
        "Two (`kept`), more (`lost`): no test `lost`",
        "Three `kept`: names no test",
    ];
    assert_eq!(untested(page, &sources), found);
    assert_eq!(untested("## Invariants\n", &sources), ["there is no invariant"]);
}

/// The items that name no test, and those that name one that isn't there.
fn untested(page: &str, files: &[File]) -> Vec<String> {
    let items = invariants(page);
    if items.is_empty() {
        return vec!["there is no invariant".to_owned()];
    }
    let is_test = |name: &str| {
        let (rust, python) = (format!("fn {name}("), format!("def {name}("));
        files.iter().any(|file| file.text.contains(&rust) || file.text.contains(&python))
    };
    let mut violations = Vec::new();
    for item in items {
        let names = tests(&item);
        if names.is_empty() {
            violations.push(format!("{item}: names no test"));
        }
        let lost = names.into_iter().filter(|name| !is_test(name));
        violations.extend(lost.map(|name| format!("{item}: no test `{name}`")));
    }
    violations
}

/// The items of the section, each on one line.
fn invariants(page: &str) -> Vec<String> {
    let section = page.lines().skip_while(|line| *line != "## Invariants").skip(1);
    let mut items: Vec<String> = Vec::new();
    for line in section.take_while(|line| !line.starts_with("## ")) {
        if let Some(item) = line.strip_prefix("- ") {
            items.push(item.to_owned());
        } else if let (Some(item), Some(more)) = (items.last_mut(), line.strip_prefix("  ")) {
            item.push(' ');
            item.push_str(more.trim());
        }
    }
    items
}

/// The names in the parentheses that have nothing else.
fn tests(item: &str) -> Vec<&str> {
    let parentheses = item.split("(`").skip(1).filter_map(|rest| rest.split_once("`)")).map(|(names, _)| names);
    parentheses.flat_map(|names| names.split("`, `")).collect()
}
