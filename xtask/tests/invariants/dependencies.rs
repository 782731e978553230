//! Which of our crates may depend on which.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package, camino::Utf8Path};

use super::{ROOT, assert_kept, repository};

/// The core, from the bottom up: a crate, and which of ours it may depend on.
const CORE: &[(&str, &[&str])] = &[
    ("tootmill-links", &[]),
    ("tootmill-synth", &[]),
    ("tootmill-metric", &["tootmill-links"]),
    ("tootmill-testkit", &["tootmill-metric"]),
    ("tootmill-policy", &["tootmill-metric", "tootmill-links"]),
    ("tootmill-input", &["tootmill-metric"]),
    ("tootmill-engine", &["tootmill-metric", "tootmill-input", "tootmill-policy"]),
    ("tootmill-tables", &["tootmill-metric", "tootmill-engine"]),
    ("tootmill-yarn", &["tootmill-metric"]),
    ("tootmill-watch", &["tootmill-metric", "tootmill-lake"]),
    ("tootmill-mastodon", &["tootmill-metric"]),
    ("tootmill-lake", &["tootmill-metric", "tootmill-input"]),
    ("tootmill-report", &["tootmill-metric", "tootmill-input", "tootmill-lake", "tootmill-tables"]),
    ("tootmill-privacy", &["tootmill-metric", "tootmill-policy", "tootmill-input", "tootmill-lake", "tootmill-tables"]),
    (
        "tootmill-collect",
        &["tootmill-metric", "tootmill-policy", "tootmill-input", "tootmill-lake", "tootmill-mastodon"],
    ),
    (
        "tootmill-stages",
        &["tootmill-metric", "tootmill-policy", "tootmill-input", "tootmill-engine", "tootmill-lake", "tootmill-yarn"],
    ),
];

/// What tests of the core may use besides: posts, laws, and all the metrics there are.
const TESTS_OF_CORE: &[&str] = &["tootmill-synth", "tootmill-testkit", "tootmill-plugins"];

/// All that a metric's author compiles. Whoever adds to it makes every metric slower to build.
const METRIC_STANDS_ON: &[&str] =
    &["compact_str", "foldhash", "hashbrown", "inventory", "itoa", "serde", "sonic-rs", "thiserror", "tootmill-links"];

/// One dependency in a manifest.
struct Edge {
    from: Crate,
    to: String,
    kind: DependencyKind,
}

/// One of our packages, by the folder that it lives in.
#[derive(Clone)]
struct Crate {
    name: String,
    folder: String,
}

impl Crate {
    fn is_plugin(&self) -> bool {
        self.folder.starts_with("plugins/")
    }

    fn is_core(&self) -> bool {
        self.folder.starts_with("core/")
    }

    fn is_binary(&self) -> bool {
        self.folder.starts_with("bins/")
    }
}

#[test]
fn core_crates_depend_downwards() {
    let (crates, edges) = workspace().unwrap();
    let rule = "the crates of core depend on each other as the table of this test says";
    assert_kept(rule, &out_of_layer(&crates, &edges));
}

fn out_of_layer(crates: &[Crate], edges: &[Edge]) -> Vec<String> {
    let layer = |name: &str| CORE.iter().find(|(core, _)| *core == name).map(|(_, allowed)| *allowed);
    let strangers = crates.iter().filter(|ours| ours.is_core() && layer(&ours.name).is_none());
    let strangers = strangers.map(|ours| format!("{} is not in the table", ours.name));
    let wrong = edges.iter().filter(|edge| edge.from.is_core() && is_ours(&edge.to)).filter(|edge| {
        let in_tests = edge.kind == DependencyKind::Development && TESTS_OF_CORE.contains(&&*edge.to);
        !in_tests && !layer(&edge.from.name).unwrap_or_default().contains(&&*edge.to)
    });
    strangers.chain(wrong.map(Edge::to_string)).collect()
}

#[test]
fn metric_stands_on_little() {
    let (_, edges) = workspace().unwrap();
    assert_kept("core/metric depends on what the list of this test names", &heavy(&edges));
}

fn heavy(edges: &[Edge]) -> Vec<String> {
    let of_metric = edges.iter().filter(|edge| edge.from.name == "tootmill-metric");
    let built = of_metric.filter(|edge| edge.kind != DependencyKind::Development);
    built.filter(|edge| !METRIC_STANDS_ON.contains(&&*edge.to)).map(Edge::to_string).collect()
}

#[test]
fn plugins_depend_on_the_metric_crate_alone() {
    let (_, edges) = workspace().unwrap();
    assert!(edges.iter().any(|edge| edge.from.is_plugin()), "there is no plugin");
    let rule = "of ours, plugins depend on tootmill-metric alone, and their tests on tootmill-testkit";
    assert_kept(rule, &beyond_metric(&edges));
}

fn beyond_metric(edges: &[Edge]) -> Vec<String> {
    let allowed = |edge: &Edge| match edge.kind {
        DependencyKind::Normal => edge.to == "tootmill-metric",
        DependencyKind::Development => ["tootmill-metric", "tootmill-testkit"].contains(&&*edge.to),
        _ => false,
    };
    let of_plugins = edges.iter().filter(|edge| edge.from.is_plugin() && is_ours(&edge.to));
    of_plugins.filter(|edge| !allowed(edge)).map(Edge::to_string).collect()
}

/// The example is built without a network when the tests run, and then there is only what the workspace has brought.
#[test]
fn the_example_has_the_versions_of_the_workspace() {
    let versions = |path: &str| -> BTreeSet<(String, String)> {
        let text = std::fs::read_to_string(Utf8Path::new(ROOT).join(path)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let value =
            |line: &str, key: &str| Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned());
        lines.windows(2).filter_map(|two| Some((value(two[0], "name")?, value(two[1], "version")?))).collect()
    };
    let (ours, example) = (versions("Cargo.lock"), versions("examples/own-metric/Cargo.lock"));
    assert!(ours.len() > 100 && example.len() > 100);
    let others: Vec<_> = example.difference(&ours).filter(|(name, _)| name != "own-metric").collect();
    assert!(others.is_empty(), "cargo update --precise in examples/own-metric: {others:?}");
}

#[test]
fn nothing_depends_on_a_binary() {
    let (crates, edges) = workspace().unwrap();
    assert!(crates.iter().any(Crate::is_binary), "there is no binary");
    let rule = "nothing depends on a binary; other binaries and benches call the library of tootmill";
    assert_kept(rule, &on_binaries(&crates, &edges));
}

fn on_binaries(crates: &[Crate], edges: &[Edge]) -> Vec<String> {
    let is_binary = |name: &str| crates.iter().any(|ours| ours.is_binary() && ours.name == name);
    let allowed = |edge: &Edge| edge.to == "tootmill" && (edge.from.is_binary() || edge.from.folder == "benches");
    edges.iter().filter(|edge| is_binary(&edge.to) && !allowed(edge)).map(Edge::to_string).collect()
}

#[test]
fn every_dependency_of_the_workspace_is_used() {
    let files = repository();
    let manifest = files.iter().find(|file| file.path == "Cargo.toml").map_or("", |file| &file.text);
    let (_, edges) = workspace().unwrap();
    assert_kept("what the workspace lists as a dependency, some crate of it uses", &unused(manifest, &edges));
}

/// The tool that finds unused dependencies looks at this list only when it may look at every crate.
fn unused(manifest: &str, edges: &[Edge]) -> Vec<String> {
    let section = manifest.lines().skip_while(|line| *line != "[workspace.dependencies]").skip(1);
    let entries = section.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
    let used: BTreeSet<&str> = edges.iter().map(|edge| &*edge.to).collect();
    entries.map(|(name, _)| name.to_owned()).filter(|name| !used.contains(&**name)).collect()
}

#[test]
fn forbidden_dependencies_are_found() {
    let edge = |from: (&str, &str), to: &str, kind| {
        let (folder, name) = (from.0.to_owned(), from.1.to_owned());
        Edge { from: Crate { name, folder }, to: to.to_owned(), kind }
    };
    let metric = ("core/metric", "tootmill-metric");
    let plugin = ("plugins/x", "tootmill-plugin-x");
    let mapper = ("bins/mapper", "tootmill-mapper");
    let (normal, tests) = (DependencyKind::Normal, DependencyKind::Development);
    let edges = [
        edge(metric, "tootmill-links", normal),
        edge(metric, "tootmill-engine", normal),
        edge(metric, "tokio", normal),
        edge(metric, "jiff", tests),
        edge(("core/engine", "tootmill-engine"), "tootmill-plugins", tests),
        edge(("core/engine", "tootmill-engine"), "tootmill-plugins", normal),
        edge(plugin, "tootmill-metric", normal),
        edge(plugin, "tootmill-testkit", tests),
        edge(plugin, "tootmill-testkit", normal),
        edge(plugin, "tootmill-engine", tests),
        edge(plugin, "regex", normal),
        edge(mapper, "tootmill", normal),
        edge(("benches", "tootmill-benches"), "tootmill", normal),
        edge(("core/mill", "tootmill-mill"), "tootmill", tests),
        edge(("benches", "tootmill-benches"), "tootmill-mapper", normal),
    ];
    let mut crates: Vec<Crate> = edges.iter().map(|edge| edge.from.clone()).collect();
    crates.push(Crate { name: "tootmill".to_owned(), folder: "bins/tootmill".to_owned() });
    crates.dedup_by(|one, other| one.name == other.name);
    assert_eq!(
        out_of_layer(&crates, &edges),
        [
            "tootmill-mill is not in the table",
            "tootmill-metric -> tootmill-engine",
            "tootmill-engine -> tootmill-plugins",
            "tootmill-mill -> tootmill (in tests)",
        ]
    );
    assert_eq!(heavy(&edges), ["tootmill-metric -> tootmill-engine", "tootmill-metric -> tokio"]);
    assert_eq!(
        beyond_metric(&edges),
        ["tootmill-plugin-x -> tootmill-testkit", "tootmill-plugin-x -> tootmill-engine (in tests)"]
    );
    assert_eq!(
        on_binaries(&crates, &edges),
        ["tootmill-mill -> tootmill (in tests)", "tootmill-benches -> tootmill-mapper"]
    );
    let manifest = "[workspace.dependencies]\nregex = \"1\"\nrand = \"1\"\n\n[workspace.lints]\nlint = \"deny\"\n";
    assert_eq!(unused(manifest, &edges), ["rand"]);
}

/// The crates of the workspace, and every dependency that they have.
fn workspace() -> cargo_metadata::Result<(Vec<Crate>, Vec<Edge>)> {
    let metadata = MetadataCommand::new().current_dir(ROOT).no_deps().exec()?;
    let as_crate = |package: &Package| {
        let manifest = package.manifest_path.strip_prefix(&metadata.workspace_root);
        let folder = manifest.ok().and_then(Utf8Path::parent).map_or(String::new(), Utf8Path::to_string);
        Crate { name: package.name.to_string(), folder }
    };
    let edges = metadata.packages.iter().flat_map(|package| {
        let from = as_crate(package);
        package.dependencies.iter().map(move |to| Edge { from: from.clone(), to: to.name.clone(), kind: to.kind })
    });
    Ok((metadata.packages.iter().map(as_crate).collect(), edges.collect()))
}

fn is_ours(name: &str) -> bool {
    name == "tootmill" || name.starts_with("tootmill-")
}

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            DependencyKind::Development => " (in tests)",
            DependencyKind::Build => " (in its build script)",
            _ => "",
        };
        write!(f, "{} -> {}{kind}", self.from.name, self.to)
    }
}
