//! What files may say, and how they begin.

use super::{File, assert_kept, repository};

#[test]
fn only_the_hub_names_a_plugin() {
    let files = repository();
    assert!(plugins(&files).next().is_some(), "there is no plugin");
    assert_kept("a plugin is named by the hub, in one line, and by nothing else", &naming(&files));
}

#[test]
fn a_plugin_named_elsewhere_or_twice_is_found() {
    let mill = File::new("plugins/mill/Cargo.toml", "name = \"tootmill-plugin-mill\"");
    let wheel = File::new("plugins/big_wheel/Cargo.toml", "name = \"tootmill-plugin-big-wheel\"");
    let hub = File::new(
        "plugins/Cargo.toml",
        "tootmill-plugin-big-wheel.path = \"big_wheel\"\ntootmill-plugin-mill.path = \"mill\"\n",
    );
    let mut files = vec![mill, wheel, hub];
    for (path, text) in [
        ("Cargo.lock", "tootmill-plugin-mill"),
        ("docs/metrics.md", "tootmill-plugin-mill"),
        ("new.rs", "tootmill-plugin-{name} tootmill-plugin-mills my-tootmill-plugin-mill"),
        ("plugins/mill/src/lib.rs", "use tootmill_plugin_mill;"),
    ] {
        files.push(File::new(path, text));
    }
    assert_eq!(naming(&files), [""; 0]);
    files.push(File::new("core/engine/src/lib.rs", "\nuse tootmill_plugin_mill as _;"));
    files.push(File::new("plugins/mill/tests/odd.rs", "use tootmill_plugin_mill; use tootmill_plugin_big_wheel;"));
    assert_eq!(naming(&files), ["core/engine/src/lib.rs:2 names mill", "plugins/mill/tests/odd.rs:1 names big_wheel"]);
    files.truncate(2);
    files.push(File::new("plugins/Cargo.toml", "tootmill-plugin-mill = 1\ntootmill-plugin-mill = 2"));
    assert_eq!(
        naming(&files),
        ["plugins/Cargo.toml names mill in 2 lines", "plugins/Cargo.toml names big_wheel in 0 lines"]
    );
}

/// The folders of the plugins.
fn plugins(files: &[File]) -> impl Iterator<Item = &str> {
    files.iter().filter_map(|file| file.path.strip_prefix("plugins/")?.strip_suffix("/Cargo.toml"))
}

fn naming(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for plugin in plugins(files) {
        let package = format!("tootmill-plugin-{}", plugin.replace('_', "-"));
        let folder = format!("plugins/{plugin}/");
        for file in files.iter().filter(|file| is_source(file) && !file.path.starts_with(&folder)) {
            let lines = (1..).zip(file.text.lines()).filter(|(_, line)| has_word(&line.replace('_', "-"), &package));
            let lines: Vec<u32> = lines.map(|(number, _)| number).collect();
            if file.path != "plugins/Cargo.toml" {
                violations.extend(lines.iter().map(|line| format!("{}:{line} names {plugin}", file.path)));
            } else if lines.len() != 1 {
                violations.push(format!("{} names {plugin} in {} lines", file.path, lines.len()));
            }
        }
    }
    violations
}

/// Not a lock file, which cargo writes, and not a page, which people read.
fn is_source(file: &File) -> bool {
    file.name() != "Cargo.lock" && !file.is("md")
}

/// Whether the word stands in the line, and not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || c == '-';
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        !before.ends_with(of_word) && !after.starts_with(of_word)
    })
}

#[test]
fn every_source_says_what_it_is_for() {
    let files = repository();
    let violations: Vec<String> = files
        .iter()
        .filter(|file| file.is("rs") && !file.text.starts_with("//! "))
        .map(|file| format!("{} begins with {:?}", file.path, file.text.lines().next().unwrap_or_default()))
        .collect();
    assert_kept("every .rs file begins with a `//!` line that says what it is for", &violations);
}

/// What a notebook has shown is not its source, and may have personal data in it.
#[test]
fn notebooks_have_no_outputs() {
    let files = repository();
    let notebooks: Vec<&File> = files.iter().filter(|file| file.is("ipynb")).collect();
    assert!(!notebooks.is_empty(), "there is no notebook");
    let violations: Vec<String> = notebooks.into_iter().flat_map(outputs).collect();
    assert_kept("notebooks have no outputs", &violations);
}

#[test]
fn outputs_of_a_notebook_are_found() {
    let found = |text: &str| outputs(&File::new("f", text));
    assert_eq!(found("   \"execution_count\": null,\n   \"outputs\": [],\n"), [""; 0]);
    assert_eq!(found("   \"execution_count\": 3,\n   \"outputs\": [\n"), ["f:1 has been run", "f:2 has been run"]);
}

fn outputs(notebook: &File) -> Vec<String> {
    let of_run = |line: &str| {
        let line = line.trim_start();
        (line.starts_with("\"outputs\":") && line != "\"outputs\": [],")
            || (line.starts_with("\"execution_count\":") && line != "\"execution_count\": null,")
    };
    let lines = (1..).zip(notebook.text.lines()).filter(|(_, line)| of_run(line));
    lines.map(|(number, _)| format!("{}:{number} has been run", notebook.path)).collect()
}

const PLUGIN_LINES: usize = 60;

#[test]
fn plugins_stay_under_sixty_lines() {
    let files = repository();
    let is_plugin = |file: &&File| file.path.starts_with("plugins/") && file.path.ends_with("/src/lib.rs");
    let plugins: Vec<&File> = files.iter().filter(is_plugin).collect();
    assert!(!plugins.is_empty(), "there is no plugin");
    let violations: Vec<String> = plugins
        .iter()
        .map(|file| (file, lines_without_tests(&file.text)))
        .filter(|(_, lines)| *lines >= PLUGIN_LINES)
        .map(|(file, lines)| format!("{} has {lines}", file.path))
        .collect();
    assert_kept("a plugin has fewer than 60 lines, its tests aside", &violations);
}

fn lines_without_tests(source: &str) -> usize {
    source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()
}

#[test]
fn lines_are_counted_up_to_the_tests() {
    assert_eq!(lines_without_tests("//! One.\n\n#[cfg(test)]\nmod tests {\n}\n"), 2);
    assert_eq!(lines_without_tests("//! One.\n// Two.\n"), 2);
}

#[test]
fn no_source_names_a_registry_host_or_a_folder_of_one_machine() {
    let violations: Vec<String> =
        repository().iter().filter(|file| file.name() != "Cargo.lock").flat_map(machine_bound).collect();
    assert_kept("no file names a package registry's host or a folder of one machine", &violations);
}

#[test]
fn hosts_and_folders_of_one_machine_are_found() {
    let registry = ["pypi", "org"].join(".");
    let home = ["", "home", "me", "x"].join("/");
    let found = |text: &str| machine_bound(&File::new("f", text));
    assert_eq!(found(&format!("a\nhttps://{registry}/simple")), [format!("f:2 says {registry}")]);
    assert_eq!(found(&format!("\"{home}\"")).len(), 1);
    assert_eq!(found(&format!("cd {home}")).len(), 1);
    assert_eq!(found(&home).len(), 1);
    // Under another folder or host they are nobody's.
    assert_eq!(found(&format!("target{home} .{home} ~{home} ${{A}}{home} https://example.com{home}")), [""; 0]);
}

/// The lines that hold on one machine or in one network only.
fn machine_bound(file: &File) -> Vec<String> {
    // Put together here, so that this file doesn't say them.
    let hosts = [
        ["crates", "io"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["npmjs", "org"],
        ["proxy.golang", "org"],
        ["maven", "org"],
        ["maven.apache", "org"],
        ["deb.debian", "org"],
    ]
    .map(|parts| parts.join("."));
    let folders = ["root", "work", "home"].map(|folder| ["", folder, ""].join("/"));
    let mut violations = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let hosts = hosts.iter().filter(|host| line.contains(*host));
        let folders = folders.iter().filter(|folder| has_absolute(line, folder));
        violations.extend(hosts.chain(folders).map(|found| format!("{}:{number} says {found}", file.path)));
    }
    violations
}

/// Whether a path begins with the folder: after a word or a bracket it goes on.
fn has_absolute(line: &str, folder: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "-_.~})]>*/".contains(c);
    line.match_indices(folder).any(|(start, _)| !line[..start].ends_with(goes_on))
}
