//! The jars of Hadoop and HBase: fetched by Maven, once for every state of the poms.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Error, cache,
    error::{at, starting},
};

/// Path below the folder of poms, and content.
const POMS: [(&str, &str); 3] = [
    ("pom.xml", include_str!("../jars/pom.xml")),
    ("hadoop/pom.xml", include_str!("../jars/hadoop/pom.xml")),
    ("hbase/pom.xml", include_str!("../jars/hbase/pom.xml")),
];

/// A folder with all jars.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Jars {
    folder: PathBuf,
}

impl Jars {
    /// Those in the project's cache, which are fetched if they aren't there.
    pub fn installed() -> Result<Self, Error> {
        let cache = cache::folder()?;
        let jars = Self { folder: cache.join("cluster").join(format!("jars-{}", digest())) };
        // They appear by a rename: a folder that is there is complete.
        if !jars.folder.exists() {
            let _alone = cache::lock(&cache)?;
            if !jars.folder.exists() {
                install(&jars.folder)?;
            }
        }
        Ok(jars)
    }

    /// The classpath of Hadoop, but for its configuration.
    pub(crate) fn hadoop(&self) -> String {
        format!("{}:{}", self.folder.join("web-pages").display(), self.hadoop_jars())
    }

    /// Its jars alone, which is what containers need.
    pub(crate) fn hadoop_jars(&self) -> String {
        format!("{}/*", self.folder.join("hadoop").display())
    }

    /// The classpath of HBase, but for its configuration.
    pub(crate) fn hbase(&self) -> String {
        format!("{}/*", self.folder.join("hbase").display())
    }

    #[cfg(test)]
    pub(crate) fn of_test() -> Self {
        Self { folder: "/jars".into() }
    }
}

/// Names a state of the poms.
fn digest() -> String {
    let mut digest = Sha256::new();
    for (path, text) in POMS {
        for part in [path, text] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Fetches aside, and renames what is complete.
fn install(folder: &Path) -> Result<(), Error> {
    let aside = folder.with_extension("unfinished");
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(at("removing", &aside))?;
    }
    for (path, text) in POMS {
        let path = aside.join("poms").join(path);
        let write = || fs::create_dir_all(path.parent().unwrap_or(&aside)).and_then(|()| fs::write(&path, text));
        write().map_err(at("writing", &path))?;
    }
    eprintln!("fetching the jars of Hadoop and HBase by Maven: about 220 MB, once");
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--file"]).arg(aside.join("poms/pom.xml")).arg("package");
    maven.arg(format!("-Djars={}", aside.display()));
    let start = Instant::now();
    let jars = run(&mut maven)?;
    eprintln!("fetched {jars} jars in {:.0} s into {}", start.elapsed().as_secs_f64(), folder.display());
    fs::rename(&aside, folder).map_err(at("finishing", folder))
}

/// Runs Maven, says from time to time how far it is, and counts the jars.
fn run(maven: &mut Command) -> Result<usize, Error> {
    const EVERY: Duration = Duration::from_secs(3);
    const TAIL: usize = 30;
    let mut child = maven.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(starting("mvn"))?;
    let (mut downloaded, mut copied, mut said, mut tail) = (0, 0, Instant::now(), VecDeque::new());
    let lines = child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines());
    for line in lines.map_while(Result::ok) {
        downloaded += usize::from(line.contains("Downloaded from"));
        copied += usize::from(line.contains("] Copying "));
        if said.elapsed() > EVERY {
            eprintln!("  {downloaded} files downloaded, {copied} jars in place");
            said = Instant::now();
        }
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    let status = child.wait().map_err(starting("mvn"))?;
    if status.success() { Ok(copied) } else { Err(Error::Maven { status, tail: Vec::from(tail).join("\n") }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned() {
        for (path, text) in POMS {
            let versions: Vec<&str> =
                text.split("<version>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
            assert!(!versions.is_empty(), "{path} names no version");
            for version in versions {
                let property = version.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
                let value = property.and_then(|name| {
                    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
                    POMS.iter().find_map(|(_, text)| text.split_once(&open)?.1.split_once(&close))
                });
                let version = value.map_or(version, |(value, _)| value);
                let pinned = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains("SNAPSHOT");
                assert!(pinned, "{path} has the version {version}");
            }
            let artifacts = text.matches("<dependency>").count();
            let with_version = text.split("<dependency>").skip(1).filter(|rest| {
                rest.split("</dependency>").next().is_some_and(|dependency| dependency.contains("<version>"))
            });
            assert_eq!(with_version.count(), artifacts, "{path} has a dependency without a version");
        }
    }
}
