//! `tootmill metrics new`: a new plugin crate, ready to test.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use tootmill_metric::Registry;

use crate::{failure::Failure, output::with_stdout};

/// Write a new plugin crate into plugins/NAME, and its line into the hub.
///
/// The new metric counts replies until it is changed to count something else; its tests pass at once.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  tootmill metrics new reply_depth && cargo test -p tootmill-plugin-reply-depth")]
pub(crate) struct New {
    /// The metric's name, of a-z, 0-9 and _
    #[arg(value_name = "NAME", value_parser = parse_name)]
    name: String,
}

const MANIFEST: &str = include_str!("../../../templates/plugin.toml");
const SOURCE: &str = include_str!("../../../templates/plugin.rs");

fn parse_name(name: &str) -> Result<String, String> {
    let sound = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && name.split('_').all(|word| !word.is_empty());
    if sound {
        Ok(name.into())
    } else {
        Err("a name is words of a-z and 0-9 with a _ between them, such as reply_depth".into())
    }
}

impl New {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let name = &self.name;
        if Registry::linked()?.get(name).is_ok() {
            return Err(Failure::permanent(format!("there is a metric `{name}` already")));
        }
        let plugins = plugins_folder(&std::env::current_dir()?)?;
        let folder = plugins.join(name);
        if folder.exists() {
            return Err(Failure::permanent(format!("there is a folder `{}` already", folder.display())));
        }
        let hub = plugins.join("Cargo.toml");
        let manifest = fs::read_to_string(&hub).map_err(|error| cannot("read", &hub, &error))?;
        let with_line = with_dependency(&manifest, name)
            .ok_or_else(|| Failure::permanent(format!("`{}` has no section [dependencies]", hub.display())))?;
        let write =
            |path: &Path, content: &str| fs::write(path, content).map_err(|error| cannot("write", path, &error));
        let source = folder.join("src");
        fs::create_dir_all(&source)
            .map_err(|error| cannot("create", &source, &error))
            .and_then(|()| write(&folder.join("Cargo.toml"), &filled(MANIFEST, name)))
            .and_then(|()| write(&source.join("lib.rs"), &filled(SOURCE, name)))
            .and_then(|()| write(&hub, &with_line))
            .inspect_err(|_| {
                // So that another try begins as this one did.
                let _ = fs::remove_dir_all(&folder);
            })?;
        with_stdout(|output| {
            writeln!(output, "plugins/{name} is a metric now, and plugins/Cargo.toml names it. Next:")?;
            writeln!(output, "  cargo test -p {}", package(name))?;
            Ok(writeln!(output, "  $EDITOR plugins/{name}/src/lib.rs")?)
        })
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::permanent(format!("cannot {what} `{}`: {error}", path.display()))
}

/// The folder `plugins` of the checkout that a folder is in.
fn plugins_folder(folder: &Path) -> Result<PathBuf, Failure> {
    let found =
        folder.ancestors().map(|folder| folder.join("plugins")).find(|plugins| plugins.join("build.rs").exists());
    found.ok_or_else(|| {
        Failure::permanent(
            "this is no checkout of Tootmill; a metric of your own needs none: examples/own-metric shows how",
        )
    })
}

fn package(name: &str) -> String {
    format!("tootmill-plugin-{}", name.replace('_', "-"))
}

/// The template with the metric's name in it.
fn filled(template: &str, name: &str) -> String {
    let of_type: String = name
        .split('_')
        .flat_map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)))
        .collect();
    // A name that the template's imports have already, or that cannot be one.
    let of_type = match &*of_type {
        "About" | "Count" | "Emit" | "Members" | "Metric" | "Post" | "Row" | "Self" | "Table" => of_type + "Metric",
        _ => of_type,
    };
    template.replace("{{name}}", name).replace("{{Type}}", &of_type).replace("{{package}}", &package(name))
}

/// The hub's manifest with one more line, in its place by name.
fn with_dependency(manifest: &str, name: &str) -> Option<String> {
    let line = format!("{}.path = \"{name}\"\n", package(name));
    let start = manifest.find("[dependencies]\n")? + "[dependencies]\n".len();
    let (before, section) = manifest.split_at(start);
    let length = section.find("\n[").map_or(section.len(), |end| end + 1);
    let dependencies = section.get(..length)?;
    let place = dependencies.split_inclusive('\n').take_while(|other| **other < *line && !other.trim().is_empty());
    let place: usize = place.map(str::len).sum();
    let (less, greater) = section.split_at(place);
    Some([before, less, &line, greater].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_gets_one_line_in_its_place() {
        let manifest = "[package]\nname = \"hub\"\n\n[dependencies]\ntootmill-plugin-b.path = \"b\"\ntootmill-plugin-d.path = \"d\"\n\n[lints]\n";
        for (name, place) in [("a", 0), ("c", 1), ("e", 2)] {
            let with_line = with_dependency(manifest, name).unwrap();
            let lines: Vec<&str> = with_line.lines().collect();
            assert_eq!(lines[4 + place], format!("tootmill-plugin-{name}.path = \"{name}\""));
            assert_eq!(with_line.len(), manifest.len() + lines[4 + place].len() + 1);
        }
        assert_eq!(with_dependency("[package]\n", "a"), None);
    }

    #[test]
    fn names_are_words() {
        assert!(parse_name("reply_depth2").is_ok());
        for wrong in ["", "Reply", "2nd", "a__b", "a_", "_a", "a-b", "é"] {
            assert!(parse_name(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            filled("{{Type}} {{name}} {{package}}", "reply_depth"),
            "ReplyDepth reply_depth tootmill-plugin-reply-depth"
        );
    }
}
